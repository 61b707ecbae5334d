"""`export`: every row, in a form that `ingest` reads back exactly."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from contextlib import closing
from datetime import tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.core.record import TIERS, Record
from llmcost.core.text import clean_field
from llmcost.core.usage import COST_PARTS, Usage
from llmcost.ingest.pipeline import Ingest, Ingested
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis, PricedRecord, Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.pricing.book import PriceBook
from llmcost.reporting.requests import csv_lines, jsonl
from tests.run import llmcost

LOG = """\
{"timestamp":"2026-11-20T10:00:00.25Z","request_id":"1","provider":"openai","model":"gpt-4o","input_tokens":1000,\
"cached_input_tokens":200,"output_tokens":300,"app":"=1+1","user":"'-x","tags":{"k":"=v","Ключ":"值"},"latency_ms":12.5}
{"timestamp":"2026-11-20T11:00:00Z","model":"nameless","input_tokens":0,"app":"None","cache_hit":false}
{"timestamp":"2026-11-20T11:00:00Z","model":"nameless","input_tokens":0,"app":"None","cache_hit":false}
{"timestamp":"2026-11-21T12:00:00Z","provider":"acme","model":"x","input_tokens":5,"cost_usd":"0.000000007"}
{"timestamp":"2026-11-22T12:00:00Z","provider":"acme","model":"x","status":"error","error":"429 @x","input_tokens":0}
"""


def fill(ledger: str = "one.db", text: str = LOG, name: str = "log.jsonl") -> dict[str, Any]:
    Path(name).write_text(text, "utf-8")
    ran = llmcost("ingest", name, "--ledger", ledger, "--json")
    assert ran.code == 0
    document: dict[str, Any] = ran.json
    return document


def export(ledger: str, *options: str) -> str:
    ran = llmcost("export", "--ledger", ledger, *options)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_read_back_is_the_same_ledger(form: str) -> None:
    fill()
    first = export("one.db", "--format", form)
    done = fill("two.db", first, f"export.{form}")
    assert (done["new"], done["skipped"], done["read"]) == (5, 0, 5)
    for each in ("jsonl", "csv"):
        assert export("two.db", "--format", each) == export("one.db", "--format", each)
    assert llmcost("ledger", "check", "--ledger", "two.db").code == 0
    reports = [
        llmcost("report", "--since", "2026-11-01", "--until", "2026-12-01", "--ledger", name, "--json").json
        for name in ("one.db", "two.db")
    ]
    assert reports[0]["summary"] == reports[1]["summary"]
    # Into the same ledger it adds nothing.
    assert fill("one.db", first, f"export.{form}")["duplicate"] == 5
    assert export("one.db", "--format", form) == first


def test_a_line_of_the_export() -> None:
    fill()
    lines = [json.loads(line) for line in export("one.db", "--tz", "Asia/Shanghai").splitlines()]
    assert lines[0].pop("priced_as").endswith(" exact")
    # 800 x 2500 + 200 x 1250 + 300 x 10000 nano-dollars.
    assert lines[0] == {
        "timestamp": "2026-11-20T18:00:00.250000+08:00", "request_id": "1", "provider": "openai", "model": "gpt-4o",
        "app": "=1+1", "user": "'-x", "status": "ok", "tier": "standard", "input_tokens": 1000,
        "cached_input_tokens": 200, "output_tokens": 300, "latency_ms": 12.5, "tags": {"k": "=v", "Ключ": "值"},
        "source": "jsonl", "identity": "openai:1", "cost_usd": "0.00525", "cost_nano_usd": 5_250_000,
        "cost_parts_nano": {"input": 2_000_000, "cached": 250_000, "output": 3_000_000},
    }  # fmt: skip
    # Two equal lines without an id are two requests.
    assert {lines[1]["identity"], lines[2]["identity"]} == {lines[1]["identity"], f"{lines[1]['identity']}.1"}
    assert lines[1]["identity"].startswith("~")
    assert (lines[1]["cost_usd"], lines[1]["cost_nano_usd"], lines[1]["priced_as"]) == (None, None, "unpriced")
    assert "request_id" not in lines[1]
    assert (lines[3]["cost_nano_usd"], lines[3]["reported_cost_usd"], lines[3]["priced_as"]) == (
        7, "0.000000007", "reported",
    )  # fmt: skip
    assert (lines[4]["cost_usd"], lines[4]["priced_as"]) == ("0", "nothing-used error")


def test_csv_runs_no_formula() -> None:
    fill()
    text = export("one.db", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (rows[0]["app"], rows[0]["user"], rows[0]["tags"]) == ("'=1+1", "''-x", '{"k": "=v", "Ключ": "值"}')
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_which_rows() -> None:
    fill()
    assert [json.loads(line)["timestamp"][:10] for line in export("one.db").splitlines()] == [
        "2026-11-20", "2026-11-20", "2026-11-20", "2026-11-21", "2026-11-22",
    ]  # fmt: skip
    assert len(export("one.db", "--since", "2026-11-21", "--until", "2026-11-22").splitlines()) == 1
    assert len(export("one.db", "--where", "model=x").splitlines()) == 2
    assert len(export("one.db", "--where", "model=x", "--day", "--as-of", "2026-11-23").splitlines()) == 1
    assert export("one.db", "--where", "model=' OR 1=1") == ""
    assert len(export("one.db", "--where", "model=none", "--format", "csv").splitlines()) == 1


def test_to_a_file(isolated: Path) -> None:
    fill()
    assert llmcost("export", "--ledger", "one.db", "--output", "out.jsonl") == (0, "", "")
    assert (isolated / "out.jsonl").read_text("utf-8") == export("one.db")
    ran = llmcost("export", "--ledger", "none.db", "--output", "out.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert (isolated / "out.jsonl").read_text("utf-8") == export("one.db")
    assert not (isolated / "none.db").exists()


def test_formats() -> None:
    fill()
    for form in ("table", "markdown"):
        ran = llmcost("export", "--ledger", "one.db", "--format", form)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"error: unknown format '{form}'")
    lines = [json.loads(line) for line in llmcost("export", "--ledger", "one.db").out.splitlines()]
    assert llmcost("export", "--ledger", "one.db", "--json").json == {"schema_version": 1, "requests": lines}


def test_an_empty_ledger() -> None:
    fill(text='{"timestamp":"2026-11-20","model":"m","input_tokens":1}\n')
    llmcost("ledger", "undo", "1", "--ledger", "one.db")
    assert export("one.db") == ""
    assert export("one.db", "--format", "csv").startswith("timestamp,request_id,")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ('{"input":6}', "cost_parts_nano adds up to '6', not to the cost '7'"),
        ('{"input":8,"output":-1}', "cost_parts_nano holds something else than whole numbers"),
        ('{"input":7.0}', "cost_parts_nano holds something else than whole numbers"),
        ('{"input":true,"output":6}', "cost_parts_nano holds something else than whole numbers"),
        ('{"input":"7"}', "cost_parts_nano holds something else than whole numbers"),
        ('{"inptu":7}', "cost_parts_nano is not an object of a cost's parts"),
        ("[7]", "cost_parts_nano is not an object of a cost's parts"),
        ("7", "cost_parts_nano is not an object of a cost's parts"),
        ('"{"', "cost_parts_nano is not an object of a cost's parts"),
    ],
)
def test_parts_that_make_no_sense_are_a_problem(parts: str, reason: str) -> None:
    line = (
        '{"timestamp":"2026-11-20","model":"m","input_tokens":1,"cost_nano_usd":7,"priced_as":"abc exact",'
        f'"cost_parts_nano":{parts}}}\n'
    )
    done = fill(text=line)
    assert (done["new"], done["skipped"]) == (0, 1)
    assert done["problems"][0]["reason"].startswith(reason)
    assert done["problems"][0]["line"] == 1


def test_parts_without_a_cost() -> None:
    done = fill(
        text='{"timestamp":"2026-11-20","model":"m","input_tokens":1,"priced_as":"unpriced",'
        '"cost_parts_nano":{"input":0}}\n'
    )
    assert done["problems"][0]["reason"] == "cost_parts_nano adds up to '0', not to the cost 'None'"


def test_an_unpriced_row_stays_unpriced_until_repriced() -> None:
    done = fill(text='{"timestamp":"2026-11-20","model":"gpt-4o","input_tokens":1000000,"priced_as":"unpriced"}\n')
    assert (done["unpriced"], done["unpriced_reasons"]) == (1, {"exported without a price": 1})
    assert llmcost("reprice", "--ledger", "one.db").out == (
        "changed 1 of 1 request: $0.00 -> $2.50; 0 still unpriced\n"
    )  # fmt: skip


MONTHS = """\
{"timestamp":"2026-10-31T20:00:00Z","request_id":"1","provider":"acme","model":"x","app":"7","user":"u",\
"input_tokens":5,"cost_usd":"0.25"}
{"timestamp":"2026-11-30T20:00:00Z","request_id":"2","provider":"acme","model":"x","input_tokens":5,"cost_usd":"0.5"}
"""


def focus(*options: str) -> tuple[list[str], str]:
    """The months and costs of the charges, and what was said about them."""
    ran = llmcost("export", "--ledger", "one.db", "--format", "focus", "--as-of", "2026-12-20", *options)
    assert ran.code == 0
    charges = csv.DictReader(io.StringIO(ran.out))
    return [f"{charge['BillingPeriodStart'][:7]} {charge['BilledCost']}" for charge in charges], ran.err


def test_focus_goes_by_the_months_of_bills() -> None:
    fill(text=MONTHS)
    both = ["2026-10 0.25", "2026-11 0.5"]
    assert focus() == (both, "")
    # In Shanghai the first is of November and the second of December.
    november = ("--since", "2026-11-01", "--until", "2026-12-01", "--tz", "Asia/Shanghai")
    assert focus(*november) == (both[1:], "")
    assert focus("--since", "2026-10-01") == (both, "")
    part = "not all of each month; `llmcost ingest` takes such a file for the whole month's bill\n"
    assert focus("--since", "2026-10-15", "--until", "2026-12-01") == (both, part)
    assert focus("--since", "2026-10-01", "--until", "2026-11-15") == (both[:1], part)
    assert focus("--where", "user=u") == (both[:1], part)
    assert focus("--where", "app=none") == ([], part)


def test_months_of_focus_read_back_one_by_one_are_all_there() -> None:
    fill(text=MONTHS)
    for month, following in (("2026-10", "2026-11"), ("2026-11", "2026-12")):
        options = ("--since", f"{month}-01", "--until", f"{following}-01", "--tz", "Asia/Shanghai")
        Path("bill.csv").write_text(export("one.db", "--format", "focus", *options), "utf-8")
        assert llmcost("ingest", "bill.csv", "--ledger", "two.db").code == 0
    billed = ("report", "--basis", "billed", "--since", "2026-10-01", "--until", "2026-12-02", "--json")
    assert llmcost(*billed, "--ledger", "two.db").json["total"]["costs"] == {"USD": "0.75"}


# Any rows at all

TEXT = st.one_of(
    st.sampled_from(["", "chat", "聊天机器人", "=1+1", "'=x", "''", "-5", "+", "@a", "None", "null", "nan", "true", "7",
                     " ", "a,b", 'say "hi"', "＝1", "\u3000全角", "e\u0301", "x" * 600, "\x1b[31m", "a\nb", "\ufeff"]),
    st.text(max_size=12),
).map(clean_field)  # fmt: skip
NAME = TEXT.filter(bool)
BASE = 1_789_000_000_000_000


def _ids(number: int) -> st.SearchStrategy[str]:
    response = NAME.map(lambda text: f"{text[:200]}{number}")
    return st.one_of(
        st.builds(lambda provider, text: f"{provider[:300]}:{text}", TEXT, response),
        st.integers(0, 2**120).map(lambda digest: f"~{digest:032x}.{number}"),
    )


PARTS = st.tuples(*(st.sampled_from([0, 0, 1, 999_999_937]) for _ in COST_PARTS))
MATCHES = st.sampled_from(["exact", "alias", "snapshot", "prefix:azure", "reseller:openai"])


@st.composite
def rows(draw: st.DrawFn, number: int) -> PricedRecord:
    record = Record(
        ts=BASE + draw(st.integers(-(10**14), 10**14)),
        id=draw(_ids(number)),
        provider=draw(TEXT), model=draw(TEXT),
        usage=Usage(*(draw(st.sampled_from([0, 0, 1, 123_456])) for _ in Usage._fields)),
        tier=draw(st.sampled_from([*TIERS, "scale"])),
        app=draw(TEXT), environment=draw(TEXT), team=draw(TEXT), operation=draw(TEXT), user=draw(TEXT),
        project=draw(TEXT), session=draw(TEXT), branch=draw(TEXT), machine=draw(TEXT), region=draw(TEXT),
        status=draw(st.one_of(st.just("ok"), NAME)), error=draw(TEXT), source=draw(NAME),
        sidechain=draw(st.booleans()), partial=draw(st.booleans()),
        cache_hit=draw(st.sampled_from([None, True, False])), unmetered=draw(st.booleans()),
        latency_us=draw(st.one_of(st.none(), st.integers(0, 10**12))),
        ttft_us=draw(st.one_of(st.none(), st.integers(0, 10**12))),
        reported_nano=draw(st.one_of(st.none(), st.integers(0, 10**15))),
        tags=tuple(sorted(draw(st.dictionaries(TEXT, TEXT, max_size=3)).items())),
        prompt_id=draw(TEXT), prompt_digest=draw(TEXT), prefix_digest=draw(TEXT), language=draw(TEXT),
        prompt_chars=draw(st.one_of(st.none(), st.integers(0, 10**9))),
    )  # fmt: skip
    kind = draw(st.sampled_from(["unpriced", "reported", "card", "nothing"]))
    lump = (0,) * (len(COST_PARTS) - 1)
    if kind == "unpriced":
        return PricedRecord(record, None, (), Basis(UNPRICED))
    if kind == "reported" and record.reported_nano is not None:
        return PricedRecord(record, record.reported_nano, (*lump, record.reported_nano), Basis(REPORTED))
    if kind == "nothing":
        return PricedRecord(record, 0, (*lump, 0), Basis("nothing-used", "error"))
    parts = draw(PARTS)
    basis = Basis(f"{draw(st.integers(0, 2**64 - 1)):016x}", draw(MATCHES), "catalogue", "", draw(st.booleans()))
    return PricedRecord(record, sum(parts), parts, basis)


LEDGERS = st.integers(0, 4).flatmap(lambda size: st.tuples(*(rows(number) for number in range(size))))


def _content(ledger: SqliteLedger) -> list[tuple[Any, ...]]:
    """Everything but what an export leaves out: the layer of a card and the card itself."""
    stored = ledger.requests(Query(0, 2**62), order="time", limit=None)
    return [
        (row.record, row.cost, row.parts, row.basis.card_id, row.basis.match, row.basis.assumed)
        for row in (each.priced for each in stored)
    ]


def _exported(ledger: SqliteLedger, form: str, zone: tzinfo) -> bytes:
    stored = ledger.requests(Query(0, 2**62), order="time", limit=None)
    return "".join((jsonl if form == "jsonl" else csv_lines)(stored, zone)).encode()


def _ingested(ledger: SqliteLedger, data: bytes) -> Ingested:
    job = Ingest(ledger, PriceBook([]))
    job.stream(io.BytesIO(data), "export")
    return job.finish()


@settings(max_examples=150, deadline=None)
@given(LEDGERS, st.sampled_from(["jsonl", "csv"]), st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]))
def test_any_export_comes_back_exactly(priced: Sequence[PricedRecord], form: str, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    with closing(SqliteLedger(MEMORY, write=True)) as one, closing(SqliteLedger(MEMORY, write=True)) as two:
        one.add(priced, one.begin_batch("made up", 0))
        first = _exported(one, form, zone)
        done = _ingested(two, first)
        if priced:
            assert done.problems == []
        assert _content(two) == _content(one)
        assert _exported(two, form, zone) == first
        assert two.check() == []
        again = _ingested(one, first)
        assert (again.added.new, again.added.updated) == (0, 0)
        assert _exported(one, form, zone) == first
