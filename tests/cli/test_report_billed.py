"""Providers' own pages: read, restated, taken back, reported; never among the requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.run import llmcost

AS_OF = ("--as-of", "2026-05-10T00:00:00Z", "--tz", "UTC")
REPORT = ("report", "--basis", "billed", "--since", "2026-05-01", "--until", "2026-05-08", *AS_OF)
DAY = 1_777_593_600


def page(day: int, *costs: tuple[str, str, str]) -> str:
    """OpenAI's costs of the day `day` of May: (amount, currency, line item)."""
    start = DAY + (day - 1) * 86_400
    results = ",".join(
        f'{{"object":"organization.costs.result","amount":{{"value":{amount},"currency":"{currency}"}},'
        f'"line_item":{json.dumps(item)}}}'
        for amount, currency, item in costs
    )
    return f'{{"object":"bucket","start_time":{start},"end_time":{start + 86_400},"results":[{results}]}}\n'


def used(day: int) -> str:
    start = DAY + (day - 1) * 86_400
    result = {"object": "organization.usage.completions.result", "model": "gpt-4o", "num_model_requests": 2,
              "input_tokens": 10, "input_cached_tokens": 4, "output_tokens": 3}  # fmt: skip
    return json.dumps({"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": [result]}) + "\n"


def ingest(content: str, name: str = "page.json") -> dict[str, Any]:
    Path(name).write_text(content)
    ran = llmcost("ingest", name, "--json", *AS_OF)
    assert (ran.code, ran.err) == (0, "")
    billed: dict[str, Any] = ran.json
    return billed


def totals(*options: str) -> dict[str, str]:
    costs: dict[str, str] = llmcost(*REPORT, *options, "--json").json["total"]["costs"]
    return costs


def test_what_was_billed_to_the_last_digit_and_apart_from_requests() -> None:
    done = ingest(page(1, ("0.1234567890123456789", "usd", "gpt-4o, input"), ("2", "eur", "tool")) + used(2))
    assert done["billed"] == {"lines": 3, "replaced": 0, "unchanged": 0, "left_out": 0}
    assert (done["read"], done["new"], done["cost_usd"]) == (0, 0, "0")
    document = llmcost(*REPORT, "--by", "model,day", "--json").json
    assert document == {
        "schema_version": 1, "basis": "billed",
        "period": {"start": "2026-05-01T00:00:00Z", "end": "2026-05-08T00:00:00Z"},
        "by": ["model", "day"], "sources": ["openai-admin"],
        "total": {
            "costs": {"EUR": "2", "USD": "0.1234567890123456789"}, "requests": 2, "input_tokens": 10,
            "cached_input_tokens": 4, "output_tokens": 3, "lines": 3,
        },
        "groups": [
            {"model": "", "day": "2026-05-01", "costs": {"EUR": "2"}, "requests": None, "input_tokens": None,
             "cached_input_tokens": None, "output_tokens": None, "lines": 1},
            {"model": "gpt-4o", "day": "2026-05-02", "costs": {}, "requests": 2, "input_tokens": 10,
             "cached_input_tokens": 4, "output_tokens": 3, "lines": 1},
            {"model": "gpt-4o", "day": "2026-05-01", "costs": {"USD": "0.1234567890123456789"}, "requests": None,
             "input_tokens": None, "cached_input_tokens": None, "output_tokens": None, "lines": 1},
        ],
    }  # fmt: skip
    requests = llmcost("report", "--since", "2026-05-01", "--until", "2026-05-08", *AS_OF)
    assert "report --basis billed" in requests.err
    assert llmcost("ledger", "check").code == 0


def test_a_restated_bucket_replaces_itself_and_no_other() -> None:
    ingest(page(1, ("1", "usd", "a")) + page(2, ("10", "usd", "a")))
    assert totals() == {"USD": "11"}
    assert ingest(page(2, ("12.5", "usd", "a"), ("-1", "usd", "credit")))["billed"] == {
        "lines": 2, "replaced": 1, "unchanged": 0, "left_out": 0,
    }  # fmt: skip
    assert totals() == {"USD": "12.5"}
    again = ingest(page(2, ("-1", "usd", "credit"), ("12.5", "usd", "a")))
    assert again["billed"] == {"lines": 0, "replaced": 0, "unchanged": 2, "left_out": 0}
    assert again["batch"] == 0
    # Usage of the same bucket is another view of it: costs stay.
    ingest(used(2))
    assert totals() == {"USD": "12.5"}


def test_pages_of_one_bucket_stand_together_and_a_page_twice_is_one() -> None:
    Path("one.json").write_text(page(1, ("1", "usd", "a")))
    Path("two.json").write_text(page(1, ("2", "usd", "b")))
    Path("copy.json").write_text(page(1, ("2", "usd", "b")))
    assert llmcost("ingest", "one.json", "two.json", "copy.json", *AS_OF).code == 0
    assert totals() == {"USD": "3"}
    assert llmcost("ingest", "one.json", "two.json", "--json", *AS_OF).json["billed"]["unchanged"] == 2


def test_two_lines_that_say_the_same_are_two() -> None:
    """Grouped by API key, which is not kept, two keys may have used the same."""
    ingest(page(1, ("1", "usd", "a"), ("1", "usd", "a")))
    assert totals() == {"USD": "2"}
    assert ingest(page(1, ("1", "usd", "a"), ("1", "usd", "a")))["billed"]["unchanged"] == 2
    assert ingest(page(1, ("1", "usd", "a")))["billed"] == {"lines": 1, "replaced": 2, "unchanged": 0, "left_out": 0}
    assert totals() == {"USD": "1"}


def test_undo_in_any_order_brings_back_what_was_billed_before() -> None:
    for amount in ("1", "2", "4"):
        ingest(page(1, (amount, "usd", "a")))
    assert totals() == {"USD": "4"}
    assert llmcost("ledger", "undo", "2").code == 0
    assert totals() == {"USD": "4"}
    assert llmcost("ledger", "undo", "3").code == 0
    assert totals() == {"USD": "1"}
    assert llmcost("ledger", "undo", "1").code == 0
    assert totals() == {}


def test_a_dry_run_says_what_would_be_and_a_damaged_result_does_not_hide_the_others() -> None:
    Path("page.json").write_text(page(1, ("1", "usd", "a"), ("2", "dollars", "b")))
    ran = llmcost("ingest", "page.json", "--dry-run", *AS_OF)
    assert "would take 1 billed lines, in place of 0" in ran.out
    assert "not a currency: 'dollars'" in ran.err
    llmcost("ingest", "page.json", *AS_OF)
    assert totals() == {"USD": "1"}


def test_the_table_and_what_names_must_not_do() -> None:
    ingest(page(1, ("1.50", "usd", "=cmd()"), ("1e3", "usd", "a\x1b[2J")) + used(1))
    shown = llmcost(*REPORT, "--by", "line_item", "--no-color").out
    assert "\x1b" not in shown
    assert shown.splitlines()[0] == "billed by providers: 1001.5 USD (3 lines: openai-admin)"
    assert shown.splitlines()[-1].split() == ["total", "1001.5", "USD", "2", "10", "3"]
    written = llmcost(*REPORT, "--by", "line_item", "--format", "csv").out.splitlines()
    assert written[0] == "line_item,cost,currency,requests,input_tokens,cached_input_tokens,output_tokens,lines"
    assert "'=cmd(),1.5,USD,,,,,1" in written
    assert "usage.completions,,,2,10,4,3,1" in written


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--basis", "bills"), "unknown basis 'bills'; did you mean 'billed'?"),
        (("--basis", "billed", "--by", "modell"), "billed lines have no dimension 'modell'; did you mean 'model'?"),
        (("--basis", "billed", "--where", "model=x"), "--basis billed and --where exclude each other"),
        (("--basis", "billed", "--blocks"), "--basis billed and --blocks exclude each other"),
        (("--basis", "billed", "--format", "markdown"), "unknown format 'markdown'"),
    ],
)
def test_what_does_not_go_together_is_said_in_two_lines(options: tuple[str, ...], error: str) -> None:
    ingest(page(1, ("1", "usd", "a")))
    ran = llmcost("report", *options, *AS_OF)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {error}")
    assert ran.err.splitlines()[1].startswith("hint: ")


def test_a_period_without_lines_says_what_brings_some() -> None:
    ingest(page(20, ("1", "usd", "a")))
    ran = llmcost(*REPORT)
    assert ran.code == 0
    assert "nothing billed in this period" in ran.err
    assert "no cost told (0 lines)" in ran.out


def test_a_damaged_page_takes_no_whole_ones_place() -> None:
    ingest(page(1, ("1", "usd", "a"), ("2", "usd", "b")))
    Path("page.json").write_text(page(1, ("5", "usd", "a"), ("9", "dollars", "b")) + page(2, ("3", "usd", "c")))
    ran = llmcost("ingest", "page.json", *AS_OF)
    assert "left out 1 billed line: others of their bucket or period could not be read" in ran.err
    # The second day is new: what could be read of it is better than nothing.
    assert totals() == {"USD": "6"}


def test_of_two_saved_pages_the_later_one_restates_a_day(tmp_path: Path) -> None:
    def saved(name: str, account: str, *amounts: int) -> str:
        day = 86_400
        buckets = []
        for start, amount in enumerate(amounts):
            result = {
                "object": "organization.costs.result", "amount": {"value": amount, "currency": "usd"},
                "line_item": "gpt-4o, input", "organization_id": account,
            }  # fmt: skip
            at = 1_777_593_600 + start * day
            buckets.append({"object": "bucket", "start_time": at, "end_time": at + day, "results": [result]})
        path = tmp_path / name
        path.write_text(json.dumps({"object": "page", "data": buckets}))
        return str(path)

    def billed(*paths: str) -> str:
        ledger = str(tmp_path / f"{len(list(tmp_path.iterdir()))}.db")
        assert llmcost("ingest", *paths, "--ledger", ledger).code == 0
        found = llmcost("report", "--basis", "billed", "--since", "2026-05-01", "--json", "--ledger", ledger).json
        return str(found["total"]["costs"]["USD"])

    first, second = saved("a.json", "org", 10, 19), saved("b.json", "org", 11, 20)
    assert billed(first, second) == "31"
    # Another organisation's day is no restatement.
    assert billed(first, saved("c.json", "other", 1)) == "30"
    (tmp_path / "d.json").write_text((tmp_path / "b.json").read_text()[:-3] + ', {"cut": 1}]}')
    assert billed(first, str(tmp_path / "d.json")) == "29", "a damaged page restates nothing"
