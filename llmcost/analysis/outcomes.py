"""Cost per outcome: merged pull requests, tickets or customers, joined through what the requests say of themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from llmcost.core.errors import DataError, UsageError, nearest
from llmcost.core.money import nano_from_usd
from llmcost.core.text import clean_field
from llmcost.ledger.measures import Group

COLUMNS = ("key", "value_usd", "status", "kind")
State = Literal["succeeded", "failed", "open"]
#: What a file may say of an outcome; nothing: it succeeded.
STATES: dict[str, State] = {
    **dict.fromkeys(("", "succeeded", "success", "merged", "done", "resolved", "completed", "won"), "succeeded"),
    **dict.fromkeys(("failed", "failure", "closed", "rejected", "abandoned", "cancelled", "lost"), "failed"),
    **dict.fromkeys(("open", "draft", "pending", "running"), "open"),
}
#: Of several outcomes under one key, the first that is among them counts.
_RANK: tuple[State, ...] = ("succeeded", "open", "failed")


class Outcome(NamedTuple):
    key: str
    """The branch, tag, user … that its requests carry."""
    value: int | None = None
    """nano-USD; None: not told."""
    state: State = "succeeded"
    kind: str = ""

    def plus(self, other: Outcome) -> Outcome:
        """Two of one key (two pull requests of one branch) are one that succeeded if either did."""
        values = [each for each in (self.value, other.value) if each is not None]
        state = min(self.state, other.state, key=_RANK.index)
        return Outcome(self.key, sum(values) if values else None, state, self.kind or other.kind)


class Told(NamedTuple):
    """An outcome and what it cost."""

    outcome: Outcome
    cost: int
    requests: int
    unpriced: int


class Outcomes(NamedTuple):
    by: str
    told: tuple[Told, ...]
    """Those with requests, dearest first."""
    without_cost: int
    """Outcomes no request carries."""
    unattributed: int
    """nano-USD of requests that carry no outcome's key."""
    unattributed_requests: int

    @property
    def succeeded(self) -> tuple[Told, ...]:
        return tuple(each for each in self.told if each.outcome.state == "succeeded")

    @property
    def lost(self) -> int:
        """nano-USD of outcomes that failed."""
        return sum(each.cost for each in self.told if each.outcome.state == "failed")

    @property
    def per_outcome(self) -> Fraction | None:
        """nano-USD of all requests of outcomes that are over, failures included, for each success among them."""
        count = len(self.succeeded)
        over = sum(each.cost for each in self.told if each.outcome.state != "open")
        return Fraction(over, count) if count else None


def outcomes(given: Mapping[str, Outcome], by: str, groups: Sequence[Group]) -> Outcomes:
    """Join outcomes with the totals by the dimension `by`; what is told and what is unattributed is all of the cost."""
    told = []
    rest = requests = 0
    seen = set()
    for group in groups:
        key, sums = group.key[0], group.sums
        outcome = given.get(key) if key else None
        if outcome is None:
            rest += sums["cost"]
            requests += sums["requests"]
        else:
            seen.add(key)
            told.append(Told(outcome, sums["cost"], sums["requests"], sums["unpriced"]))
    told.sort(key=lambda each: (-each.cost, each.outcome.key))
    return Outcomes(by, tuple(told), len(given.keys() - seen), rest, requests)


def read(lines: Iterable[str], name: str) -> dict[str, Outcome]:
    """Outcomes of a CSV file called `name`, by key.

    Raises:
        UsageError: columns are missing or unknown.
        DataError: a line cannot be read.
    """
    rows = csv.DictReader(lines, strict=True)
    found: dict[str, Outcome] = {}
    try:
        header = [column.strip() for column in rows.fieldnames or ()]
        unknown = [each for each in header if each not in COLUMNS]
        if unknown or "key" not in header or len(set(header)) < len(header):
            what = "two columns of one name" if "key" in header else "no column 'key'"
            what = f"an unknown column {unknown[0]!r}" if unknown else what
            raise UsageError(f"{name} has {what}", f"use {', '.join(COLUMNS)}")
        rows.fieldnames = header
        for row in rows:
            if None in row:
                raise DataError(f"{name}:{rows.line_num}: more cells than columns", "quote cells that hold a comma")
            outcome = _outcome({key: (value or "").strip() for key, value in row.items()})
            earlier = found.get(outcome.key)
            found[outcome.key] = earlier.plus(outcome) if earlier else outcome
    except ValueError as error:
        raise DataError(f"{name}:{rows.line_num}: {error}", "correct the line") from None
    except csv.Error as error:
        raise DataError(f"{name} is no CSV: {error}", "write RFC 4180 in UTF-8") from None
    return found


def _outcome(row: Mapping[str, str]) -> Outcome:
    # As the ledger keeps names, so that they meet.
    key = clean_field(row["key"])
    if not key:
        raise ValueError("an outcome without a key")
    value = nano_from_usd(row["value_usd"]) if row.get("value_usd") else None
    if value is not None and value < 0:
        raise ValueError(f"a value below zero: {row['value_usd']!r}")
    status = row.get("status", "").lower()
    if status not in STATES:
        raise ValueError(
            f"unknown status {status[:40]!r}{nearest(status, STATES)}; known: {', '.join(filter(None, STATES))}"
        )
    return Outcome(key, value, STATES[status], clean_field(row.get("kind", "")))
