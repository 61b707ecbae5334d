"""`llmcost report --basis whole` and `--seats`, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.run import llmcost

MONTH = ("--month", "--as-of", "2026-11-01T00:00:00Z", "--tz", "UTC")
WHOLE = ("report", "--basis", "whole", *MONTH)
SEATS = ("report", "--seats", *MONTH)


def line(number: int, app: str, user: str, cost: str | None, **fields: Any) -> str:
    """A request of 100 tokens whose cost the log tells; None: there is no price."""
    return json.dumps({
        "timestamp": f"2026-10-{number:02}T12:00:00Z", "request_id": f"r{number}", "provider": "mine", "model": "m",
        "app": app, "user": user, "input_tokens": 90, "output_tokens": 10,
        **({} if cost is None else {"reported_cost_usd": cost}), **fields,
    }) + "\n"  # fmt: skip


@pytest.fixture(autouse=True)
def ledger() -> None:
    Path("log.jsonl").write_text(
        line(1, "chat", "carl", "30") + line(2, "search", "dora", "10") + line(3, "code", "ann", "150", unmetered=True)
        + line(4, "code", "ann", "6") + line(5, "code", "bob", "2", unmetered=True) + line(6, "chat", "carl", None)
    )  # fmt: skip
    assert llmcost("ingest", "log.jsonl", "--tz", "UTC").code == 0
    for cost in (
        ("gpu", "--amount", "310", "--category", "infrastructure", "--where", "app=chat", "--where", "app=search"),
        ("credit", "--amount", "-4", "--per", "once", "--category", "inference", "--allocate", "cost"),
        ("=staff", "--amount", "100", "--category", "operations", "--to", "app=chat:60,search:40"),
        ("ann", "--amount", "100", "--user", "ann", "--tool", "jsonl"),
        ("ann 2", "--amount", "39", "--user", "ann", "--tool", "copilot"),
        ("bob", "--amount", "100", "--user", "bob", "--tool", "jsonl"),
    ):
        ran = llmcost("costs", "add", *cost, "--start", "2026-10-01")
        assert ran.code == 0, ran.err


def test_the_whole_cost_by_app() -> None:
    ran = llmcost(*WHOLE, "--json")
    assert (ran.code, ran.err) == (0, "")
    document = ran.json
    assert document["period"] == {"start": "2026-10-01T00:00:00Z", "end": "2026-11-01T00:00:00Z"}
    assert (document["basis"], document["by"], document["compacted_before"]) == ("whole", ["app"], None)
    assert (document["covered_requests"], document["covered_usd"]) == (2, "152")
    assert document["total"] == {
        "infrastructure_usd": "310", "inference_usd": "42", "operations_usd": "339", "total_usd": "691",
        "requests_usd": "46", "commitments_usd": "-4", "tools_usd": "100", "seats_usd": "239",
        "requests": 6, "tokens": 600, "unpriced_requests": 1,
    }  # fmt: skip
    # The GPU by 200 and 100 tokens; the credit by 30, 10 and 6 dollars.
    shown = [
        (group["key"], *(group[f"{part}_usd"] for part in ("infrastructure", "inference", "operations", "total")))
        for group in document["groups"]
    ]
    assert shown == [
        ({"app": "chat"}, "206.666666667", "27.391304348", "60", "294.057971015"),
        ({"app": "code"}, "0", "5.478260869", "200", "205.478260869"),
        ({"app": "search"}, "103.333333333", "9.130434783", "40", "152.463768116"),
        (None, "0", "0", "39", "39"),
    ]
    assert [group["allocated"] for group in document["groups"]] == [True, True, True, False]
    copilot = next(each for each in document["costs"] if each["name"] == "ann 2")
    assert (copilot["in_period_usd"], copilot["unallocated_usd"]) == ("39", "39")


def test_the_whole_cost_as_a_table_csv_and_markdown() -> None:
    shown = llmcost(*WHOLE, "--no-color").out.splitlines()
    assert shown[:4] == [
        "$691.00 altogether, 1 Oct - 31 Oct 2026",
        "infrastructure $310.00 + inference $42.00 (requests $46.00) + operations $339.00 (seats $239.00)",
        "without a price, so not in it: 1 request",
        "covered by subscriptions, so not in it: 2 requests ($152.00 at API prices)",
    ]
    assert shown[11].split() == ["total", "$310.00", "$42.00", "$339.00", "$691.00", "100.0%", "6"]
    assert shown[10].split() == ["(unallocated)", "$0.00", "$0.00", "$39.00", "$39.00", "5.6%", "0"]
    written = llmcost(*WHOLE, "--by", "user,team", "--format", "csv").out.splitlines()
    assert written[0] == (
        "user,team,infrastructure_usd,inference_usd,operations_usd,total_usd,requests_usd,commitments_usd,tools_usd,"
        "seats_usd,requests,tokens,unpriced_requests"
    )
    assert written[-1].startswith("(unallocated),,0,0,39,39,")
    marked = llmcost(*WHOLE, "--format", "markdown").out
    assert marked.startswith("## $691.00 altogether, 1 Oct - 31 Oct 2026\n")
    assert "| =staff | operations | $100.00 | app=chat:60,search:40 |  |" in marked


def test_seats_against_their_use() -> None:
    document = llmcost(*SEATS, "--json").json
    assert document["summary"] == {
        "price_usd": "239", "api_value_usd": "152", "overage_usd": "6", "underused_seats": 2,
    }  # fmt: skip
    assert document["seats"] == [
        {"user": "ann", "tool": "copilot", "price_usd": "39", "api_value_usd": "0", "utilisation": 0.0,
         "underused": True, "requests": 0, "unpriced_requests": 0, "last_active": None},
        {"user": "ann", "tool": "jsonl", "price_usd": "100", "api_value_usd": "150", "utilisation": 1.5,
         "underused": False, "requests": 1, "unpriced_requests": 0, "last_active": "2026-10-03T12:00:00Z"},
        {"user": "bob", "tool": "jsonl", "price_usd": "100", "api_value_usd": "2", "utilisation": 0.02,
         "underused": True, "requests": 1, "unpriced_requests": 0, "last_active": "2026-10-05T12:00:00Z"},
    ]  # fmt: skip
    assert document["people"] == [
        {"user": "ann", "overage_usd": "6", "overage_requests": 1, "unpriced_requests": 0},
        {"user": "bob", "overage_usd": "0", "overage_requests": 0, "unpriced_requests": 0},
    ]


def test_seats_as_a_table_csv_and_markdown() -> None:
    shown = llmcost(*SEATS, "--no-color").out.splitlines()
    assert shown[:4] == [
        "Seats, 1 Oct - 31 Oct 2026",
        "seats $239.00; what they covered would have cost $152.00 at API prices",
        "2 seats worth less than the price",
        "overage, paid by the token beside them: $6.00",
    ]
    assert [each.split() for each in shown[7:]] == [
        ["ann", "copilot", "$39.00", "$0.00", "0.0%", "0", "-", "$6.00", "not", "used"],
        ["ann", "jsonl", "$100.00", "$150.00", "150.0%", "1", "2026-10-03"],
        ["bob", "jsonl", "$100.00", "$2.00", "2.0%", "1", "2026-10-05", "-", "underused"],
    ]
    assert llmcost(*SEATS, "--format", "csv").out.splitlines()[1:] == [
        "ann,copilot,39,0,0.0,true,0,0,,6,1",
        "ann,jsonl,100,150,1.5,false,1,0,2026-10-03T12:00:00Z,,",
        "bob,jsonl,100,2,0.02,true,1,0,2026-10-05T12:00:00Z,0,0",
    ]
    assert (
        "| bob | jsonl | $100.00 | $2.00 | 2.0% | 1 | 2026-10-05 | - | underused |"
        in llmcost(*SEATS, "--format", "markdown").out
    )


def test_what_covered_requests_would_have_cost_is_unknown_without_a_price() -> None:
    Path("more.jsonl").write_text(line(7, "code", "eve\x1b[2J", None, unmetered=True) + line(8, "code", "ann", None))
    llmcost("ingest", "more.jsonl", "--tz", "UTC")
    shown = llmcost(*SEATS, "--no-color").out
    assert "\x1b" not in shown
    assert "so the worth is at least this: 1 covered request" in shown
    assert "so the overage is at least this: 1 request" in shown
    assert "no seat entered" in shown
    eve = llmcost(*SEATS, "--json").json["seats"][-1]
    assert (eve["price_usd"], eve["api_value_usd"], eve["underused"]) == (None, None, None)


def test_a_period_without_anything_says_what_brings_some() -> None:
    early = ("--since", "2026-01-01", "--until", "2026-02-01", "--tz", "UTC")
    ran = llmcost("report", "--basis", "whole", *early)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "$0.00 altogether, 1 Jan - 31 Jan 2026")
    assert "`llmcost costs add` enters one" in ran.err
    ran = llmcost("report", "--seats", *early)
    assert ran.code == 0
    assert "no seats and no use of any in this period" in ran.err


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--basis", "hole"), "unknown basis 'hole'; did you mean 'whole'?"),
        (("--basis", "whole", "--where", "app=x"), "--basis whole and --where exclude each other"),
        (("--basis", "whole", "--format", "html"), "unknown format 'html'"),
        (("--basis", "whole", "--by", "ap"), "unknown dimension 'ap'"),
        (("--basis", "whole", "--seats"), "--seats and --basis exclude each other"),
        (("--seats", "--by", "user"), "--seats and --by exclude each other"),
        (("--seats", "--blocks"), "--seats and --blocks exclude each other"),
    ],
)
def test_what_does_not_go_together_is_said_in_two_lines(options: tuple[str, ...], error: str) -> None:
    ran = llmcost("report", *options, *MONTH)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {error}")
    assert ran.err.splitlines()[1].startswith("hint: ")
