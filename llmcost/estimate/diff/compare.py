"""The cost of a change: every prompt and call that differs, before and after, per call and per month."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import NamedTuple

from llmcost.estimate.diff.cached import BrokenPrefix
from llmcost.estimate.diff.changes import Changed, Changes
from llmcost.estimate.diff.git import Compared
from llmcost.estimate.diff.sides import Amount, Known, Reading, Side, count_all, lost_prefix, share_cache
from llmcost.estimate.traffic import Traffic
from llmcost.ledger.protocol import Prediction


class File(NamedTuple):
    """One changed prompt or call."""

    name: str
    change: str
    moved_from: str
    before: Side | None
    after: Side | None
    calls_before: int | None
    calls_after: int | None
    calls_source: str
    """`measured`, `declared`, or empty where neither is known."""
    output_source: str
    where: tuple[tuple[str, str], ...]
    broken: BrokenPrefix | None
    notes: tuple[str, ...]
    lacks: tuple[str, ...]
    """Why its cost per month is not known; empty when it is."""

    @property
    def swapped(self) -> bool:
        """Whether another model is called."""
        before, after = self.before, self.after
        return bool(before and after and before.model and after.model and before.model != after.model)

    @property
    def limited(self) -> bool:
        """Whether the limit of the answer is another."""
        return bool(self.before and self.after and self.before.limit != self.after.limit)

    @property
    def same(self) -> bool:
        """Whether a call costs what it did and is made as often, however often that is."""
        before, after = self.before, self.after
        alike = before and after and before.call and before.call == after.call and before.model == after.model
        return bool(alike) and self.calls_before == self.calls_after

    @property
    def month_before(self) -> int | None:
        """nano-USD; 0 for a prompt that was not there."""
        return _month(self.before, self.calls_before)

    @property
    def month_after(self) -> int | None:
        return _month(self.after, self.calls_after)

    @property
    def increase(self) -> Amount | None:
        """nano-USD a month more; negative for a saving."""
        before, after = self.month_before, self.month_after
        if self.same:
            return Amount(0, 0, 0)
        if before is None or after is None:
            return None
        low = high = None
        first, second = _band(self.before, self.calls_before), _band(self.after, self.calls_after)
        if first is not None and second is not None:
            if self.before and self.after and not self.swapped:
                # The same model counts both texts: what its count is off by, it is off by on both sides.
                ends = (second[0] - first[0], second[1] - first[1], after - before)
                low, high = min(ends), max(ends)
            else:
                low, high = second[0] - first[1], second[1] - first[0]
        return Amount(after - before, low, high)


def _month(side: Side | None, calls: int | None) -> int | None:
    if side is None:
        return 0
    return None if side.call is None or calls is None else side.call.point * calls


def _band(side: Side | None, calls: int | None) -> tuple[int, int] | None:
    if side is None:
        return 0, 0
    if side.call is None or calls is None or side.call.low is None or side.call.high is None:
        return None
    return side.call.low * calls, side.call.high * calls


class Diff(NamedTuple):
    files: tuple[File, ...]
    unread: tuple[str, ...]
    compared: Compared

    @property
    def unknown(self) -> tuple[File, ...]:
        """Files whose change in cost per month is not known; they are in no total."""
        return tuple(file for file in self.files if file.lacks)

    @property
    def month_before(self) -> int:
        return sum(file.month_before or 0 for file in self.files if not file.lacks)

    @property
    def month_after(self) -> int:
        return sum(file.month_after or 0 for file in self.files if not file.lacks)

    @property
    def increase(self) -> Amount:
        """Of the files it is known of; the band is the sum of theirs, as if all were off the same way."""
        known = [file.increase for file in self.files if not file.lacks]
        amounts = [amount for amount in known if amount is not None]
        lows = [amount.low for amount in amounts if amount.low is not None]
        highs = [amount.high for amount in amounts if amount.high is not None]
        whole = len(lows) == len(highs) == len(amounts)
        return Amount(self.month_after - self.month_before, sum(lows) if whole else None, sum(highs) if whole else None)


class _Pair(NamedTuple):
    """A change as it is being priced."""

    changed: Changed
    traffic: Traffic | None
    before: Reading | None
    after: Reading | None


def diff(changes: Changes, known: Known, compared: Compared) -> Diff:
    """What `changes` cost."""
    pairs = [_pair(each, known) for each in changes.changed]
    count_all(reading for pair in pairs for reading in (pair.before, pair.after) if reading)
    sharing = Counter(each.declared_after.where for each in changes.changed)
    files = tuple(_file(pair, known, sharing[pair.changed.declared_after.where]) for pair in pairs)
    return Diff(files, changes.unread, compared)


def _pair(each: Changed, known: Known) -> _Pair:
    traffic = known.measure(each.declared_after.where)
    if traffic is None and each.declared_before.where != each.declared_after.where:
        traffic = known.measure(each.declared_before.where)
    before = Reading(each.before, each.declared_before, traffic, known) if each.before else None
    after = Reading(each.after, each.declared_after, traffic, known) if each.after else None
    return _Pair(each, traffic, before, after)


def _file(pair: _Pair, known: Known, sharing: int) -> File:
    each, traffic, before, after = pair
    notes: list[str] = []
    share_cache(before, after)
    for reading in (before, after):
        notes += reading.notes if reading else ()
    sides = [reading.side(known.learn) if reading else None for reading in (before, after)]
    source = "measured" if traffic else "declared"
    calls_before, calls_after = (
        traffic.calls_per_month if traffic else declared.calls_per_month
        for declared in (each.declared_before, each.declared_after)
    )
    if calls_before is None and calls_after is None:
        source = ""
    if traffic and sharing > 1:
        notes.append(f"the requests measured are those of {sharing} changed prompts together")
    if traffic and calls_after != each.declared_after.calls_per_month and each.declared_after.calls_per_month:
        notes.append(f"declared: {each.declared_after.calls_per_month:,} calls a month; the ledger's number is used")
    learned = next((reading.learned for reading in (after, before) if reading and reading.learned), None)
    if learned:
        notes.append(f"band learned from {learned.n} earlier predictions of {_OF[learned.of]}")
    lost = None
    if before and after and sides[0] and sides[1]:
        lost, said = lost_prefix(before, after, calls_after)
        notes += said
    output = next((reading.output_source for reading in (after, before) if reading), "")
    file = File(
        each.name, each.change, each.moved_from, sides[0], sides[1],
        calls_before if each.before else 0, calls_after if each.after else 0, source, output,
        each.declared_after.where, lost, tuple(dict.fromkeys(notes)), (),
    )  # fmt: skip
    return file._replace(lacks=_lacks(file, before, after))


_OF = {"prompt": "this prompt", "model": "this model", "all": "all prompts"}


def _lacks(file: File, *readings: Reading | None) -> tuple[str, ...]:
    lacks = [reading.lack for reading in readings if reading and reading.lack]
    if None in {file.calls_before, file.calls_after} and not file.same:
        lacks.append("calls_per_month is neither measured nor declared in prompts.yaml")
    return tuple(dict.fromkeys(lacks))


class Verdict(NamedTuple):
    word: str
    """`ok`, `over` or `data`."""
    over: tuple[str, ...]
    problems: tuple[str, ...]


def judge(
    made: Diff,
    *,
    over_usd: int | None,
    over_pct: Fraction | None,
    strict: bool,
    ledger_problem: str = "",
) -> Verdict:
    """The gates: an increase per month above `over_usd` (nano-USD) in total, or above `over_pct` percent of what was.

    `strict`: what is not known, and `ledger_problem`, is a failure too.
    """
    increase, base = made.increase.point, made.month_before
    over = []
    if over_usd is not None and increase > over_usd:
        over.append("usd")
    if over_pct is not None and increase * 100 > over_pct * base:
        over.append("pct")
    problems: list[str] = []
    if strict and (made.files or made.unread):
        problems += [f"{file.name}: {', '.join(file.lacks)}" for file in made.unknown]
        problems += made.unread
        if ledger_problem:
            problems.append(ledger_problem)
    return Verdict("over" if over else "data" if problems else "ok", tuple(over), tuple(problems))


def predictions(made: Diff) -> list[Prediction]:
    """What a call of each priced prompt is foretold to cost after the change; `name` and time are left to be filled."""
    return [
        Prediction(
            name="", recorded_us=0, kind="diff", path=file.name, model=side.model, where=file.where,
            input_tokens=side.input_tokens, output_tokens=side.output_tokens, call_nano=side.call.point,
            low_nano=side.call.low, high_nano=side.call.high, calls_per_month=file.calls_after,
        )
        for file in made.files
        if (side := file.after) is not None and side.call is not None and side.input_tokens is not None
    ]  # fmt: skip
