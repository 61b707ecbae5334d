"""Five-hour blocks: every request in exactly one, wherever a period cuts them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.blocks import BLOCK_US, HOUR_US, Block, Blocks, Burn, Gap, blocks, starts
from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, Period
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.measures import Sums
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord, Query
from llmcost.ledger.sqlite import SqliteLedger

START = 1_764_028_800_000_000  # 2025-11-25T00:00:00Z
MINUTE_US = HOUR_US // 60
_USAGE = Usage(input=70, cached=20, output=10)
CARD = Basis("c0ffee", "exact", "test", "{}")
LATE = START + 1000 * DAY_US


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def row(ts: int, number: int, *, cost: int | None = 10**9, model: str = "m", source: str = "claude-code",
        usage: Usage = _USAGE) -> PricedRecord:  # fmt: skip
    record = Record(ts, f"anthropic:{number}", "anthropic", model, usage, app="claude-code", source=source)
    return PricedRecord(
        record, cost, () if cost is None else (cost, *(0,) * 12), Basis(UNPRICED) if cost is None else CARD
    )


def ledger_of(rows: list[PricedRecord]) -> closing[SqliteLedger]:
    ledger = SqliteLedger(MEMORY, write=True)
    ledger.add(rows, ledger.begin_batch("test", 0))
    return closing(ledger)


def at(*moments: str, **changes: object) -> list[PricedRecord]:
    return [row(us(moment), number, **changes) for number, moment in enumerate(moments)]  # type: ignore[arg-type]


def found(rows: list[PricedRecord], period: Period, now: int = LATE, where: tuple[tuple[str, str], ...] = ()) -> Blocks:
    with ledger_of(rows) as ledger:
        return blocks(ledger, period, where, now)


def whole(start: str = "2026-01-01T00:00:00Z", end: str = "2026-02-01T00:00:00Z") -> Period:
    return Period(us(start), us(end), UTC, "period")


def edges(answer: Blocks) -> list[tuple[str, str]]:
    return [(text(block.start), text(block.end)) for block in answer.blocks]


def text(moment: int) -> str:
    return datetime.fromtimestamp(moment / 10**6, UTC).strftime("%d %H:%M")


def test_a_block_begins_at_the_hour_of_its_first_request_and_ends_five_hours_later() -> None:
    answer = found(at("2026-01-09T10:40:00Z", "2026-01-09T14:59:59Z", "2026-01-09T15:00:00Z"), whole())
    assert edges(answer) == [("09 10:00", "09 15:00"), ("09 15:00", "09 20:00")]
    assert [block.sums["requests"] for block in answer.blocks] == [2, 1]
    assert answer.gaps == ()
    assert (answer.blocks[0].first, answer.blocks[0].last) == (us("2026-01-09T10:40:00Z"), us("2026-01-09T14:59:59Z"))


def test_a_gap_lasts_from_five_hours_after_a_request_to_the_next() -> None:
    answer = found(at("2026-01-09T10:40:00Z", "2026-01-09T11:10:00Z", "2026-01-09T17:30:00Z"), whole())
    assert edges(answer) == [("09 10:00", "09 15:00"), ("09 17:00", "09 22:00")]
    assert answer.gaps == (Gap(us("2026-01-09T16:10:00Z"), us("2026-01-09T17:30:00Z")),)
    # Five hours to the second are no gap.
    assert found(at("2026-01-09T10:40:00Z", "2026-01-09T15:40:00Z"), whole()).gaps == ()


def test_the_running_block_has_a_rate_and_what_it_comes_to() -> None:
    rows = at("2026-01-09T10:10:00Z", "2026-01-09T11:10:00Z")
    (block,) = found(rows, whole("2026-01-09", "2026-01-10"), us("2026-01-09T12:00:00Z")).blocks
    # 200 tokens and $2 within 60 minutes; three hours are left.
    assert block.left == 3 * HOUR_US
    assert block.burn == Burn(Fraction(200, 60), 2 * 10**9, 200 + 600, 8 * 10**9)
    (one,) = found(rows[:1], whole("2026-01-09", "2026-01-10"), us("2026-01-09T12:00:00Z")).blocks
    assert (one.left, one.burn) == (3 * HOUR_US, None)
    (over,) = found(rows, whole("2026-01-09", "2026-01-10"), us("2026-01-09T15:00:00Z")).blocks
    assert (over.left, over.burn) == (None, None)


def test_without_prices_a_rate_has_no_cost() -> None:
    rows = at("2026-01-09T10:10:00Z", "2026-01-09T11:10:00Z", cost=None)
    answer = found(rows, whole("2026-01-09", "2026-01-10"), us("2026-01-09T12:00:00Z"))
    assert answer.active is not None
    assert answer.active.burn == Burn(Fraction(200, 60), None, 800, None)
    assert answer.sums["unpriced"] == 2


def test_a_free_model_costs_nothing_an_hour_which_is_not_unknown() -> None:
    rows = at("2026-01-09T10:10:00Z", "2026-01-09T11:10:00Z", cost=0)
    (block,) = found(rows, whole("2026-01-09", "2026-01-10"), us("2026-01-09T12:00:00Z")).blocks
    assert block.burn == Burn(Fraction(200, 60), 0, 800, 0)


def test_nothing_after_now_counts_but_all_of_a_block_that_outlasts_the_period_does() -> None:
    rows = at("2026-01-09T22:10:00Z", "2026-01-10T01:00:00Z", "2026-01-10T02:30:00Z")
    day = whole("2026-01-09T00:00:00Z", "2026-01-10T00:00:00Z")
    assert found(rows, day).sums["requests"] == 3
    assert found(rows, day, us("2026-01-10T02:30:00Z")).sums["requests"] == 2
    # It belongs to the day it starts on, and to no other.
    assert found(rows, whole("2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z")).blocks == ()


def test_the_models_are_named_dearest_first() -> None:
    rows = [
        row(us("2026-01-09T10:00:00Z"), n, model=m, cost=c) for n, (m, c) in enumerate([("a", 1), ("b", 2), ("c", 2)])
    ]
    assert found(rows, whole()).blocks[0].models == ("b", "c", "a")


def test_filters_decide_where_blocks_begin() -> None:
    rows = [row(us("2026-01-09T09:30:00Z"), 1, source="codex"), row(us("2026-01-09T11:30:00Z"), 2)]
    assert edges(found(rows, whole())) == [("09 09:00", "09 14:00")]
    for where in ((("source", "claude-code"),), (("source", "claude-code"), ("app", "claude-code"))):
        assert edges(found(rows, whole(), where=where)) == [("09 11:00", "09 16:00")]
    with pytest.raises(UsageError, match="unknown dimension 'sauce'"):
        found(rows, whole(), where=(("sauce", "x"),))


def test_an_empty_ledger_has_no_blocks() -> None:
    answer = found([], whole())
    assert (answer.blocks, answer.gaps, answer.sums, answer.active) == ((), (), Sums(), None)


@pytest.mark.parametrize(
    ("hours", "want"),
    [
        (4, [("05 03:00", "05 08:00"), ("05 12:00", "05 17:00"), ("05 20:00", "06 01:00")]),
        (0, [("05 08:00", "05 13:00"), ("05 16:00", "05 21:00")]),
    ],
)
def test_blocks_are_found_back_to_the_last_pause_however_far_that_is(hours: int, want: list[tuple[str, str]]) -> None:
    """Forty days without a pause of five hours: where a block begins depends on the first of them."""
    first = us("2026-01-01T00:00:00Z") + hours * HOUR_US
    rows = [row(first + number * (4 * HOUR_US + 7 * MINUTE_US), number) for number in range(240)]
    every = found(rows, Period(0, LATE, UTC, "all")).blocks
    day = whole("2026-02-05T00:00:00Z", "2026-02-06T00:00:00Z")
    assert found(rows, day).blocks == tuple(block for block in every if day.start <= block.start < day.end)
    assert edges(found(rows, day)) == want


@pytest.mark.parametrize(
    ("zone", "day", "want"),
    [
        ("UTC", "2026-10-25", ["25 00:00", "25 05:00"]),
        # The local day begins at 22:00 UTC of the day before, and has 25 hours.
        ("Europe/Berlin", "2026-10-25", ["24 23:00", "25 04:00"]),
        # 18:30 UTC of the day before: the block that begins at the hour before local midnight is the day before's.
        ("Asia/Kolkata", "2026-10-25", ["24 23:00", "25 04:00"]),
    ],
)
def test_days_are_local_and_blocks_last_five_hours_across_a_change(zone: str, day: str, want: list[str]) -> None:
    moments = {
        "UTC": ("2026-10-25T00:10:00Z", "2026-10-25T05:10:00Z"),
        "Europe/Berlin": ("2026-10-24T23:10:00Z", "2026-10-25T04:10:00Z"),
        "Asia/Kolkata": ("2026-10-24T18:10:00Z", "2026-10-24T23:10:00Z", "2026-10-25T04:10:00Z"),
    }[zone]
    local = ZoneInfo(zone)
    midnight = datetime.fromisoformat(day).replace(tzinfo=local)
    after = midnight.replace(day=midnight.day + 1)
    period = Period(round(midnight.timestamp()) * 10**6, round(after.timestamp()) * 10**6, local, "day")
    answer = found(at(*moments), period)
    assert [text(block.start) for block in answer.blocks] == want
    assert {block.end - block.start for block in answer.blocks} == {BLOCK_US}


def test_an_hour_with_thousands_of_requests_tells_its_last_one() -> None:
    rows = [row(START + number * 700_001, number) for number in range(5_000)]
    (block,) = found(rows, Period(START, START + DAY_US, UTC, "day")).blocks
    assert (block.first, block.last) == (START, START + 4_999 * 700_001)
    assert block.sums["requests"] == 5_000


def test_two_moments_a_century_apart_are_two_blocks() -> None:
    rows = [row(us("2000-01-01T00:00:00Z"), 1), row(us("2099-12-31T23:59:59Z"), 2)]
    assert len(found(rows, Period(0, 2**62, UTC, "all")).blocks) == 2


def reference(times: Iterable[int]) -> list[list[int]]:
    """The rule as it is told: a block is over five hours after its start, or after a request."""
    made: list[list[int]] = []
    start = 0
    for ts in sorted(times):
        if made and ts - start < BLOCK_US and ts - made[-1][-1] < BLOCK_US:
            made[-1].append(ts)
        else:
            start = ts // HOUR_US * HOUR_US
            made.append([ts])
    return made


@st.composite
def rows(draw: st.DrawFn) -> list[PricedRecord]:
    """Requests of some days, in bursts and alone, on whole hours and within them."""
    moment = st.integers(0, 4 * 24).map(lambda hour: hour * HOUR_US) | st.integers(0, 4 * DAY_US)
    return [
        row(
            START + ts, number, cost=draw(st.none() | st.integers(0, 10**12)), model=draw(st.sampled_from("ab")),
            source=draw(st.sampled_from(["claude-code", "codex"])),
            usage=Usage(input=draw(st.integers(0, 999)), output=draw(st.integers(0, 999))),
        )
        for number, ts in enumerate(draw(st.lists(moment, max_size=25)))
    ]  # fmt: skip


def times(made: Iterable[PricedRecord]) -> Iterator[int]:
    return (each.record.ts for each in made)


def summed(answers: Iterable[Block]) -> Sums:
    return sum((block.sums for block in answers), Sums())


@given(rows(), st.sampled_from([(), (("source", "codex"),), (("model", "a"),)]))
def test_every_request_is_in_exactly_one_block_and_their_sums_are_those_of_all(
    made: list[PricedRecord], where: tuple[tuple[str, str], ...]
) -> None:
    chosen = [each for each in made if all(getattr(each.record, name) == value for name, value in where)]
    period = Period(START, START + 5 * DAY_US, UTC, "period")
    with ledger_of(made) as ledger:
        answer = blocks(ledger, period, where, LATE)
        everything = ledger.sums(Query(0, LATE, where=where))[0].sums
    held = [[ts for ts in sorted(times(chosen)) if block.start <= ts < block.end] for block in answer.blocks]
    assert held == reference(times(chosen))
    assert [(block.first, block.last) for block in answer.blocks] == [(each[0], each[-1]) for each in held]
    assert [block.sums["requests"] for block in answer.blocks] == [len(each) for each in held]
    assert answer.sums == everything == summed(answer.blocks)
    assert answer.gaps == tuple(Gap(a[-1] + BLOCK_US, b[0]) for a, b in pairwise(held) if b[0] - a[-1] > BLOCK_US)


@given(rows(), st.lists(st.integers(0, 5 * DAY_US), max_size=6))
def test_periods_that_follow_each_other_share_the_blocks_out(made: list[PricedRecord], cuts: list[int]) -> None:
    cuts = sorted({0, 5 * DAY_US, *cuts})
    with ledger_of(made) as ledger:
        every = blocks(ledger, Period(START, START + 5 * DAY_US, UTC, "all"), (), LATE).blocks
        parts = [blocks(ledger, Period(START + a, START + b, UTC, "part"), (), LATE).blocks for a, b in pairwise(cuts)]
    assert tuple(block for part in parts for block in part) == every


@given(st.sets(st.integers(0, 500)))
def test_hours_are_in_the_block_that_began_last(hours: set[int]) -> None:
    ordered = [hour * HOUR_US for hour in sorted(hours)]
    begun = starts(ordered)
    assert all(sum(start <= hour < start + BLOCK_US for start in begun) == 1 for hour in ordered)
    assert set(begun) <= set(ordered)


def test_compacted_rows_leave_the_blocks_as_they_were_to_the_quarter_of_an_hour() -> None:
    made = at("2026-01-09T10:40:00Z", "2026-01-09T11:10:00Z", "2026-01-09T17:29:00Z", "2026-01-10T23:10:00Z",
              "2026-01-11T00:10:00Z", "2026-01-11T06:30:00Z")  # fmt: skip
    with ledger_of(made) as ledger:
        for where in ((), (("app", "claude-code"),)):
            before = blocks(ledger, whole(), where, LATE)
            assert edges(before) == [
                ("09 10:00", "09 15:00"), ("09 17:00", "09 22:00"), ("10 23:00", "11 04:00"), ("11 06:00", "11 11:00"),
            ]  # fmt: skip
        by_source = blocks(ledger, whole("2026-01-11", "2026-01-12"), (("source", "claude-code"),), LATE)
        ledger.compact(us("2026-01-11T00:00:00Z"))
        for where in ((), (("app", "claude-code"),)):
            after = blocks(ledger, whole(), where, LATE)
            assert edges(after) == edges(before)
            assert [block.sums for block in after.blocks] == [block.sums for block in before.blocks]
            assert [(text(block.first), text(block.last)) for block in after.blocks] == [
                ("09 10:30", "09 11:00"), ("09 17:15", "09 17:15"), ("10 23:00", "11 00:10"), ("11 06:30", "11 06:30"),
            ]  # fmt: skip
        # What only rows tell begins with them: here the block of 23:00 is unknown, and 00:10 begins one.
        assert edges(by_source) == [("11 06:00", "11 11:00")]
        rest = blocks(ledger, whole("2026-01-11", "2026-01-12"), (("source", "claude-code"),), LATE)
        assert edges(rest) == [("11 00:00", "11 05:00"), ("11 06:00", "11 11:00")]
        with pytest.raises(UsageError, match="were compacted"):
            blocks(ledger, whole(), (("source", "claude-code"),), LATE)
