"""`prices`: what a model costs and why, a price of one's own, doubts and differences."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.run import llmcost

AT = "2026-11-24T12:00:00Z"
LOG = (
    '{"timestamp":"2026-11-20T10:00:00Z","request_id":"1","provider":"acme","model":"brand-new","input_tokens":1000000,'
    '"cached_input_tokens":400000,"output_tokens":200000}\n'
    '{"timestamp":"2026-11-20T11:00:00Z","request_id":"2","provider":"acme","model":"brand-new","input_tokens":2000}\n'
)
BOOK = """\
version: 1
models:
  - model: alpha
    provider: acme
    aliases: [alpha-latest]
    source: https://example.com/prices
    checked: 2026-11-01
    context_window: 200000
    input: 2
    cached_input: 0.2
    output: 8
    context_tiers:
      - {above: 100000, input: 4, output: 12}
    tiers:
      batch: {discount: 50%}
    note: "\\e[31mred\\e[0m"
  - model: beta
    provider: acme
    prices:
      - {valid_to: 2026-06-01, input: 3, output: 9}
      - {valid_from: 2026-06-01, valid_to: 2027-01-01, input: 1, output: 5}
"""


@pytest.fixture
def book(isolated: Path) -> str:
    path = isolated / "book.yaml"
    path.write_text(BOOK)
    return str(path)


def ingest(text: str = LOG, name: str = "log.jsonl") -> None:
    Path(name).write_text(text, "utf-8")
    assert llmcost("ingest", name, "-q").code == 0


def spend() -> dict[str, object]:
    info = llmcost("export").out
    rows = [json.loads(line) for line in info.splitlines()]
    return {row["request_id"]: row["cost_usd"] for row in rows}


def test_add_then_reprice(isolated: Path) -> None:
    """The road of a model released today: unpriced, an override, priced; $2.50 and $10 per million tokens."""
    ingest()
    assert spend() == {"1": None, "2": None}
    ran = llmcost("prices", "add", "brand-new", "--input", "2.50", "--output", "10", "--cached-input", "0.25")
    own = isolated / ".config" / "llmcost" / "pricing.yaml"
    assert ran == (
        0, f"acme/brand-new has a price in {own}\n", "`llmcost reprice` gives it to the rows that had none\n",
    )  # fmt: skip
    # 0.6 x 2.50 + 0.4 x 0.25 + 0.2 x 10 = 3.60; 2,000 x 2.50 / 10**6 = 0.005
    assert llmcost("reprice").out == "changed 2 of 2 requests: $0.00 -> $3.60; 0 still unpriced\n"
    assert spend() == {"1": "3.6", "2": "0.005"}
    assert llmcost("ledger", "check").code == 0
    assert llmcost("reprice").out == "changed 0 of 0 requests: $0.00 -> $0.00; 0 still unpriced\n"


def test_add_into_a_named_file(isolated: Path) -> None:
    ran = llmcost("prices", "add", "m", "--provider", "Acme", "--input", "1", "--prices", "sub/own.yaml", "--json")
    assert ran.code == 0
    assert ran.json == {"schema_version": 1, "provider": "Acme", "model": "m", "file": "sub/own.yaml"}
    assert (isolated / "sub" / "own.yaml").is_file()
    assert not (isolated / ".config").exists()
    shown = llmcost("prices", "show", "m", "--prices", "sub/own.yaml", "--json").json
    assert (shown["provider"], shown["layer"]) == ("acme", "--prices")
    assert llmcost("prices", "show", "m").code == 2


def test_add_keeps_what_it_was_told(isolated: Path) -> None:
    llmcost(
        "prices", "add", "m", "--provider", "acme", "--input", "1", "--cache-write", "1.25", "--cache-write-1h", "2",
        "--source", "https://example.com/x", "--valid-from", "2026-11-01", "--as-of", "2026-11-05T23:30:00-05:00",
        "--tz", "Asia/Shanghai",
    )  # fmt: skip
    shown = llmcost("prices", "show", "m", "--json", "--at", "2026-11-02").json
    assert (shown["source"], shown["checked"]) == ("https://example.com/x", "2026-11-06")
    rates = shown["rates_usd_per_million"][0]["rates"]
    assert (rates["input"], rates["write_5m"], rates["write_1h"]) == ("1", "1.25", "2")
    assert shown["history"][0]["valid_from"] == "2026-11-01T00:00:00Z"
    ran = llmcost("prices", "show", "m", "--at", "2026-10-31")
    assert ran.code == 2
    assert ran.err.startswith("error: no price for 'm' at 2026-10-31T00:00:00Z\n")


def test_a_second_price_needs_its_date() -> None:
    add = ["prices", "add", "m", "--provider", "acme"]
    assert llmcost(*add, "--input", "1").code == 0
    ran = llmcost(*add, "--input", "2")
    assert ran.code == 2
    assert "model 'm' already has a price\nhint: say from when the new one holds: --valid-from DATE\n" in ran.err
    assert llmcost(*add, "--input", "2", "--valid-from", "2026-11-01").code == 0
    rates = [
        llmcost("prices", "show", "m", "--json", "--at", at).json["rates_usd_per_million"][0]["rates"]["input"]
        for at in ("2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z")
    ]
    assert rates == ["1", "2"]


@pytest.mark.parametrize(
    ("model", "rows", "owner"),
    [
        ("gpt-77", "", "openai"),
        ("claude-77-sonnet", "", "anthropic"),
        ("gemini-77-pro", "", "google"),
        ("gpt-77", "azure", "azure"),
        ("brand-new", "acme", "acme"),
        ("brand-new", "reported", "acme"),
    ],
)
def test_the_provider_is_found(model: str, rows: str, owner: str) -> None:
    if rows:
        cost = ',"cost_usd":1' if rows == "reported" else ""
        provider = "acme" if rows == "reported" else rows
        ingest(f'{{"timestamp":"2026-11-20","provider":"{provider}","model":"{model}","input_tokens":1{cost}}}\n')
    ran = llmcost("prices", "add", model, "--input", "1", "--json")
    assert ran.code == 0
    assert ran.json["provider"] == owner
    if rows:
        assert llmcost("reprice", "--strict").code == 0


def test_the_provider_is_demanded() -> None:
    ran = llmcost("prices", "add", "brand-new", "--input", "1")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: whose model 'brand-new' is cannot be told from its name\nhint: add --provider NAME\n"
    )  # fmt: skip
    ingest(LOG + '{"timestamp":"2026-11-20","provider":"other","model":"brand-new","input_tokens":1}\n')
    ran = llmcost("prices", "add", "brand-new", "--input", "1")
    assert ran.err == "error: 'brand-new' is unpriced for acme and other\nhint: add --provider NAME\n"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([], "no price given for 'm'"),
        (["--cached-input", "1"], "no price given for 'm'"),
        (["--input", "abc"], "'input' is not a number: 'abc'"),
        (["--input", "-1"], "'input' cannot be negative: '-1'"),
        (["--input", "nan"], "'input' is not a number: 'nan'"),
        (["--input", "1e-300"], "'input' is not a number: '1e-300'"),
        (["--input", ""], "no price given for 'm'"),
        (["--input", "1", "--output", ""], "'output' is not a number: ''"),
        (["--input", "1\n  x: 2"], "'input' is not a number: '1\\n  x: 2'"),
        (["--input", "1", "--valid-from", "soon"], "'valid_from' is not a time: 'soon'"),
    ],
)
def test_a_price_that_is_none(given: list[str], error: str, isolated: Path) -> None:
    ran = llmcost("prices", "add", "m", "--provider", "acme", *given)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {error}\nhint: ")
    assert len(ran.err.splitlines()) == 2
    assert not (isolated / ".config").exists()


def test_show_json(book: str) -> None:
    shown = llmcost("prices", "show", "alpha-latest", "--prices", book, "--at", AT, "--json").json
    assert shown["schema_version"] == 1
    assert (shown["asked"], shown["provider"], shown["model"]) == ("alpha-latest", "acme", "alpha")
    assert (shown["match"], shown["layer"], shown["at"], shown["tier"]) == ("alias", "--prices", AT, "standard")
    assert (shown["source"], shown["checked"], shown["context_window"]) == (
        "https://example.com/prices", "2026-11-01", 200000,
    )  # fmt: skip
    low, high = shown["rates_usd_per_million"]
    assert (low["above_input_tokens"], high["above_input_tokens"]) == (0, 100000)
    assert {key: low["rates"][key] for key in ("input", "cached", "output")} == {
        "input": "2", "cached": "0.2", "output": "8",
    }  # fmt: skip
    assert (high["rates"]["input"], high["rates"]["output"]) == ("4", "12")
    batch = llmcost("prices", "show", "acme/alpha", "--prices", book, "--tier", "batch", "--json").json
    assert batch["rates_usd_per_million"][0]["rates"]["input"] == "1"
    flex = llmcost("prices", "show", "alpha", "--provider", "acme", "--prices", book, "--tier", "flex", "--json").json
    assert flex["rates_usd_per_million"][0]["rates"]["input"] == "2"
    assert "no flex rate known: standard rates" in flex["note"]
    assert flex["asked"] == "acme/alpha"


def test_show_text(book: str) -> None:
    ran = llmcost("prices", "show", "alpha", "--prices", book, "--as-of", AT, "--tz", "Asia/Shanghai")
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    about = dict(line.split(":", 1) for line in ran.out.splitlines()[:9])
    assert {key: value.strip() for key, value in about.items()} == {
        "asked for": "alpha", "found": "acme/alpha (exact)", "layer": "--prices",
        "at": "2026-11-24T20:00:00+08:00", "tier": "standard", "card": about["card"].strip(),
        "source": "https://example.com/prices", "checked": "2026-11-01", "context window": "200,000 tokens",
    }  # fmt: skip
    assert "note:" in ran.out
    assert "[31mred" in ran.out
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["input", "2", "USD", "per", "1M", "tokens"] in rows
    assert ["output", "12", "USD", "per", "1M", "tokens", ">", "100,000", "input", "tokens"] in rows


def test_show_history(book: str) -> None:
    ran = llmcost("prices", "show", "beta", "--prices", book, "--at", "2026-05-31T23:59:59Z")
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["input", "3", "USD", "per", "1M", "tokens"] in rows
    assert ["-", "2026-06-01", "3", "9"] in rows
    assert ["2026-06-01", "2027-01-01", "1", "5"] in rows
    ran = llmcost("prices", "show", "beta", "--prices", book, "--at", "2027-01-01")
    assert ran == (
        2, "", "error: no price for 'beta' at 2027-01-01T00:00:00Z\nhint: leave --at out for the price of today\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["alpah"], "no price for 'alpah'; did you mean 'alpha'?"),
        (["claude-sonnet-4-5-thinking-ultra"], "no price for 'claude-sonnet-4-5-thinking-ultra'"),
        (["alpha", "--tier", "btach"], "unknown tier 'btach'; did you mean 'batch'?"),
        (["alpha", "--at", "yesterday"], "not a time: 'yesterday'"),
        (["alpha", "--provider", "nobody"], "no price for 'alpha'"),
    ],
)
def test_show_knows_what_it_does_not_know(arguments: list[str], error: str, book: str) -> None:
    ran = llmcost("prices", "show", *arguments, "--prices", book)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {error}")
    assert len(ran.err.splitlines()) == 2


def test_list(book: str) -> None:
    ran = llmcost("prices", "list", "--prices", book, "--layer", "--prices", "--as-of", AT)
    assert ran.err == "2 prices\n"
    lines = ran.out.splitlines()
    assert lines[0].split() == ["provider", "model", "input", "cached", "output", "layer", "checked"]
    assert [line.split() for line in lines[2:]] == [
        ["acme", "alpha", "2", "0.2", "8", "--prices", "2026-11-01"], ["acme", "beta", "1", "5", "--prices"],
    ]  # fmt: skip
    assert lines[2].index(" 8 ") == lines[3].index(" 5 ")
    shown = llmcost("prices", "list", "ALP", "--provider", "acme", "--prices", book, "--json").json
    assert shown == {
        "schema_version": 1, "unit": "USD per million tokens",
        "prices": [{"provider": "acme", "model": "alpha", "input": "2", "cached_input": "0.2", "output": "8",
                    "layer": "--prices", "checked": "2026-11-01"}],
    }  # fmt: skip
    ran = llmcost("prices", "list", "acme/", "--prices", book, "--at", "2026-01-01", "--format", "csv", "-q")
    assert ran.err == ""
    assert list(csv.reader(io.StringIO(ran.out))) == [
        ["provider", "model", "input", "cached_input", "output", "layer", "checked"],
        ["acme", "alpha", "2", "0.2", "8", "'--prices", "2026-11-01"],
        ["acme", "beta", "3", "", "9", "'--prices", ""],
    ]


def test_list_of_nothing(book: str) -> None:
    assert llmcost("prices", "list", "no-such-model") == (0, "", "0 prices\n")
    assert llmcost("prices", "list", "beta", "--prices", book, "--layer", "--prices").err == "1 price\n"
    ran = llmcost("prices", "list", "--provider", "anthropc")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2, "error: no prices of provider 'anthropc'; did you mean 'anthropic'?",
    )  # fmt: skip
    ran = llmcost("prices", "list", "--layer", "packagd")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2, "error: no price layer or file 'packagd'; did you mean 'packaged'?",
    )  # fmt: skip


def test_list_of_everything_is_whole() -> None:
    out = llmcost("prices", "list", "-q").out
    assert out.isprintable() or "\x1b" not in out
    assert len(out.splitlines()) > 1_000
    assert "…" not in out


def test_check(isolated: Path) -> None:
    path = isolated / "own.yaml"
    path.write_text(
        "version: 1\nmodels:\n  - model: gpt-4o\n    provider: openai\n    checked: 2026-07-01\n    input: 7\n"
        "  - {model: old, provider: acme, valid_to: 2026-01-01, input: 1}\n"
    )
    check = ["prices", "check", "--prices", str(path), "--as-of", AT]
    found = [item for item in llmcost(*check, "--json").json["findings"] if item["layer"] == "--prices"]
    assert [(item["kind"], item["model"]) for item in found] == [
        ("stale", "gpt-4o"), ("contradicts", "gpt-4o"), ("expired", "old"),
    ]  # fmt: skip
    assert found[0]["message"] == "last checked 2026-07-01, 146 days ago"
    assert found[1]["message"] == "input is 7 USD here and 2.5 USD in the catalogue"
    ran = llmcost(*check)
    assert ran.code == 0
    assert ran.err.endswith(" findings\n")
    assert "its last price ended 2026-01-01T00:00:00Z" in ran.out
    assert llmcost(*check, "--strict").code == 6


def test_check_is_strict_about_mistakes_only() -> None:
    ran = llmcost("prices", "check", "--strict", "--as-of", AT, "--json")
    assert {item["kind"] for item in ran.json["findings"]} <= {"unmodelled"}
    assert ran.code == 0


def test_diff(isolated: Path, book: str) -> None:
    changed = BOOK.replace("input: 2\n", "input: 2.5\n").replace("model: beta", "model: gamma")
    (isolated / "new.yaml").write_text(changed)
    diff = ["prices", "diff", book, "new.yaml", "--at", AT]
    assert llmcost(*diff, "--json").json == {
        "schema_version": 1,
        "changes": [
            {"kind": "changed", "provider": "acme", "model": "alpha", "what": "input", "old": "2", "new": "2.5"},
            {"kind": "changed", "provider": "acme", "model": "alpha", "what": "batch input", "old": "1",
             "new": "1.25"},
            {"kind": "removed", "provider": "acme", "model": "beta", "what": "", "old": "input 1, output 5", "new": ""},
            {"kind": "added", "provider": "acme", "model": "gamma", "what": "", "old": "", "new": "input 1, output 5"},
        ],
    }  # fmt: skip
    ran = llmcost(*diff)
    assert ran.err == "4 changes\n"
    assert ran.out.splitlines()[0].split() == ["change", "provider", "model", "rates"]
    assert llmcost("prices", "diff", book, book) == (0, "", "0 changes\n")
    assert llmcost("prices", "diff", "--prices", book, "packaged", "packaged").err == "0 changes\n"
    assert llmcost("prices", "diff", "packaged", "catalogue", "-q").code == 0
    ran = llmcost("prices", "diff", book, "catalgue")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2, "error: no price layer or file 'catalgue'; did you mean 'catalogue'?",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("version: 1\nmodels:\n  - model: m\n    provider: p\n    input: [1]\n", "pricing.yaml:5", "input"),
        ("version: 1\nmodels:\n  - model: m\n    provider: p\n    outptu: 1\n", "pricing.yaml:5", "output"),
        ("version: 1\nmodels: 3\n", "pricing.yaml:2", "models"),
        ("version: 1\nmodels:\n  - model: [\n", "pricing.yaml:4", ""),
        ("version: 2\n", "pricing.yaml:1", "version"),
        ("- a\n", "pricing.yaml:1", ""),
        ("version: 1\nmodels:\n  - &a {model: m, provider: p, input: 1, tiers: *a}\n", "pricing.yaml:3", ""),
    ],
)
def test_a_bad_price_file_stops_everything_before_the_ledger(text: str, place: str, word: str, isolated: Path) -> None:
    ingest()
    ledger = isolated / ".local" / "share" / "llmcost" / "ledger.db"
    before = llmcost("export").out
    (isolated / "pricing.yaml").write_text(text)
    Path("more.jsonl").write_text(LOG.replace('"request_id":"1"', '"request_id":"3"'))
    for line in (["ingest", "more.jsonl"], ["prices", "list"], ["prices", "check"], ["reprice"]):
        ran = llmcost(*line)
        assert (ran.code, ran.out) == (2, ""), line
        assert ran.err.startswith(f"error: {place}: "), ran.err
        assert word in ran.err
        assert len(ran.err.splitlines()) == 2
    (isolated / "pricing.yaml").unlink()
    assert llmcost("export").out == before
    assert llmcost("ledger", "info", "--json").json["requests"] == 2
    assert ledger.exists()


def test_add_says_which_rates_of_the_price_it_replaces_are_lost() -> None:
    ran = llmcost("prices", "add", "gpt-4o", "--input", "1", "--output", "2", "--as-of", "2026-11-05", "--tz", "UTC")
    assert ran.code == 0
    assert "also has rates for " in ran.err
    assert "cached" in ran.err
    again = llmcost("prices", "add", "brand-new", "--provider", "acme", "--input", "1")
    assert "also has rates" not in again.err


def test_show_names_the_provider_that_has_no_such_model() -> None:
    ran = llmcost("prices", "show", "gpt-4o", "--provider", "groq")
    assert (ran.code, ran.err.split("\n")[0]) == (2, "error: no price for 'gpt-4o' of provider 'groq'")


def test_show_names_where_a_catalogue_price_is_published() -> None:
    assert llmcost("prices", "show", "gpt-4o", "--json").json["source"].startswith("https://")
    assert "source: " in llmcost("prices", "show", "gpt-4o").out
