"""Prices, findings and changes as text and as JSON."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path

import pytest

from llmcost.core.instants import parse_timestamp
from llmcost.pricing.book import PriceBook, Priced
from llmcost.pricing.check import Finding
from llmcost.pricing.diff import Change
from llmcost.pricing.entry import Entry, Hours, Prices
from llmcost.pricing.yaml_book import compile_yaml
from llmcost.reporting import prices
from llmcost.reporting.columns import width_of

AT, _ = parse_timestamp("2026-11-24T12:00:00.123456Z")
BOOK = """\
version: 1
models:
  - model: m
    provider: p
    input: 0.0375
    output: 1
    per_request: 0.01
    per_web_search: 0.025
    context_tiers: [{above: 200000, input: 2.5}]
    note: hello
"""


@pytest.fixture
def shown() -> tuple[Priced, Entry]:
    book = PriceBook([compile_yaml(BOOK, "book.yaml", name="own")])
    resolved = book.resolve("p", "m")
    priced = resolved.at(AT) if resolved is not None else None
    assert priced is not None
    return priced, book.layers[0].entries[0]


def test_show_text(shown: tuple[Priced, Entry]) -> None:
    text = prices.show_text("p/m", AT, *shown, [("catalogue", "m-1", "alias")], zone=UTC, width=None, color=False)
    about, _, rates = text.partition("\n\n")
    assert [line.split(":", 1)[0] for line in about.split("\n")] == [
        "asked for", "found", "layer", "at", "tier", "card", "per request", "note", "also known to",
    ]  # fmt: skip
    assert "at:             2026-11-24T12:00:00Z" in about
    assert "per request:    $0.01" in about
    assert about.endswith("also known to:  catalogue (m-1, alias)")
    lines = rates.split("\n")
    assert lines[0].split() == ["kind", "rate", "unit", "applies"]
    assert lines[2].split() == ["input", "0.0375", "USD", "per", "1M", "tokens"]
    # $0.025 a search is $25 a thousand.
    assert ["web_searches", "25", "USD", "per", "1,000"] in [line.split() for line in lines]
    assert ["input", "2.5", "USD", "per", "1M", "tokens", ">", "200,000", "input", "tokens"] in [
        line.split() for line in lines
    ]  # fmt: skip
    narrow = prices.show_text("p/m", AT, *shown, [], zone=UTC, width=60, color=False)
    assert max(map(width_of, narrow.split("\n"))) <= 60


def test_show_json(shown: tuple[Priced, Entry]) -> None:
    document = json.loads(prices.show_json("p/m", AT, *shown, []))
    assert document["schema_version"] == 1
    assert document["at"] == "2026-11-24T12:00:00.123456Z"
    assert document["per_request_usd"] == "0.01"
    assert document["rates_usd_per_million"][0]["rates"]["input"] == "0.0375"
    assert "web_searches" not in document["rates_usd_per_million"][0]["rates"]
    assert document["web_search_usd_per_1000"] == "25"
    assert document["rates_usd_per_million"][1]["above_input_tokens"] == 200_000
    assert document["history"] == [
        {"valid_from": None, "valid_to": None, "hours": False,
         "rates_usd_per_million": {"input": "0.0375", "output": "1"}, "web_search_usd_per_1000": "25"},
    ]  # fmt: skip
    assert (document["checked"], document["source"], document["note"]) == (None, "", "hello")


def test_a_derived_rate_is_noted() -> None:
    model = "{model: claude-x, provider: openrouter, input: 3, output: 15, cache_write: 3.75, note: hello}"
    text = f"version: 1\nmodels:\n  - {model}\n"
    book = PriceBook([compile_yaml(text, "book.yaml", name="own")])
    resolved = book.resolve("openrouter", "claude-x")
    priced = resolved.at(AT) if resolved is not None else None
    assert priced is not None
    entry = book.layers[0].entries[0]
    document = json.loads(prices.show_json("claude-x", AT, priced, entry, []))
    assert document["note"] == "no write_1h rate listed: 2 times the input rate; hello"
    assert document["rates_usd_per_million"][0]["rates"]["write_1h"] == "6"
    assert document["web_search_usd_per_1000"] is None
    text = prices.show_text("claude-x", AT, priced, entry, [], zone=UTC, width=None, color=False)
    assert "no write_1h rate listed: 2 times the input rate; hello" in text


ROWS = [("p", "a", "1", "", "2", "own", ""), ("provider", "a-long-model-name", "0.0375", "0.01", "10", "catalogue", "")]


def test_list() -> None:
    assert prices.list_text(ROWS, width=None, color=False).split("\n") == [
        "provider  model               input  cached  output  layer",
        "──────────────────────────────────────────────────────────────",
        "p         a                       1               2  own",
        "provider  a-long-model-name  0.0375    0.01      10  catalogue",
    ]
    dated = [(*ROWS[0][:6], "2026-11-24"), ROWS[1]]
    assert "2026-11-24" in prices.list_text(dated, width=74, color=False)
    assert "2026-11-24" not in prices.list_text(dated, width=73, color=False)
    assert json.loads(prices.list_json(ROWS))["prices"][0] == {
        "provider": "p", "model": "a", "input": "1", "cached_input": None, "output": "2", "layer": "own",
        "checked": None,
    }  # fmt: skip


def test_findings() -> None:
    found = [Finding("stale", "own", "p", "m\x1b[2J", "last checked")]
    assert prices.findings_text(found, width=None, color=False).split("\n")[2].split() == [
        "stale", "own", "p", "m\ufffd[2J", "last", "checked",
    ]  # fmt: skip
    assert json.loads(prices.findings_json(found)) == {
        "schema_version": 1,
        "findings": [
            {"kind": "stale", "layer": "own", "provider": "p", "model": "m\x1b[2J", "message": "last checked"}
        ],
    }


def test_changes() -> None:
    changes = [
        Change("changed", "p", "m", "input", "1", "2"), Change("added", "p", "n", new="input 3"),
        Change("changed", "p", "m", "cached", "", "2"),
    ]  # fmt: skip
    lines = prices.changes_text(changes, width=None, color=False).split("\n")
    assert [line.split() for line in lines[2:]] == [
        ["changed", "p", "m", "input:", "1", "->", "2"], ["added", "p", "n", "input", "3"],
        ["changed", "p", "m", "cached:", "-", "->", "2"],
    ]  # fmt: skip
    assert json.loads(prices.changes_json(changes))["changes"][1] == {
        "kind": "added", "provider": "p", "model": "n", "what": "", "old": "", "new": "input 3",
    }  # fmt: skip


def test_added() -> None:
    assert json.loads(prices.added_json("p", "m", Path("/x/y"))) == {
        "schema_version": 1, "provider": "p", "model": "m", "file": "/x/y",
    }  # fmt: skip


DATED = """\
version: 1
models:
  - model: m
    provider: p
    prices:
      - {input: 4, output: 8, valid_to: 2026-08-17}
      - {input: 2, output: 4, valid_from: 2026-08-17, tiers: {batch: {discount: 50%}}}
      - {input: 3, output: 6, hours: {from: "22:00", to: "06:00", tz: Europe/Berlin, days: [fri, sat]}}
"""


@pytest.mark.parametrize("tier", ["standard", "batch"])
def test_the_history_has_every_price_its_end_and_its_hours(tier: str) -> None:
    book = PriceBook([compile_yaml(DATED, "book.yaml", name="own")])
    resolved = book.resolve("p", "m", tier)
    priced = resolved.at(AT) if resolved is not None else None
    assert priced is not None
    text = prices.show_text("p/m", AT, priced, book.layers[0].entries[0], [], zone=UTC, width=None, color=False)
    title, *lines = text.partition("\nhistory")[2].splitlines()
    assert title == {"standard": "", "batch": " of the standard tier"}[tier] + " (USD per 1M tokens)"
    assert [line.split() for line in lines if "─" not in line] == [
        ["from", "to", "(excluded)", "input", "cached", "output", "hours"],
        ["-", "2026-08-17", "4", "8"],
        ["2026-08-17", "-", "2", "4"],
        ["-", "-", "3", "6", "22:00-06:00", "Europe/Berlin", "Fri,", "Sat"],
    ]


def test_a_price_ends_where_a_later_one_goes_before_it() -> None:
    first, second, closed, peak = (
        Prices(valid_from=1), Prices(valid_from=5), Prices(valid_from=7, valid_to=8), Prices(hours=Hours(60, 240)),
    )  # fmt: skip
    assert [prices._end([first, second, closed, peak], at) for at in range(4)] == [5, None, 8, None]
