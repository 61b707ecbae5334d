"""Cost per outcome: merged pull requests, tickets or customers, joined through what the requests say of themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from llmcost.core.errors import DataError, UsageError
from llmcost.core.money import nano_from_usd
from llmcost.ledger.protocol import Group

COLUMNS = ("key", "value_usd", "status", "kind")
_FAILED = {"failed", "failure", "closed", "rejected", "abandoned", "cancelled"}


class Outcome(NamedTuple):
    key: str
    """The branch, tag, user … that its requests carry."""
    value: int | None = None
    """nano-USD; None: not told."""
    failed: bool = False
    kind: str = ""


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
        return tuple(each for each in self.told if not each.outcome.failed)

    @property
    def lost(self) -> int:
        """nano-USD of outcomes that failed."""
        return sum(each.cost for each in self.told if each.outcome.failed)

    @property
    def per_outcome(self) -> Fraction | None:
        """nano-USD of all attributed requests, those of failures included, for each success among them."""
        count = len(self.succeeded)
        return Fraction(sum(each.cost for each in self.told), count) if count else None


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
        DataError: a line cannot be read, or a key comes twice.
    """
    rows = csv.DictReader(lines, strict=True)
    found: dict[str, Outcome] = {}
    try:
        header = [column.strip() for column in rows.fieldnames or ()]
        unknown = [each for each in header if each not in COLUMNS]
        if unknown or "key" not in header:
            what = f"an unknown column {unknown[0]!r}" if unknown else "no column 'key'"
            raise UsageError(f"{name} has {what}", f"use {', '.join(COLUMNS)}")
        rows.fieldnames = header
        for row in rows:
            outcome = _outcome({key: (value or "").strip() for key, value in row.items() if isinstance(key, str)})
            if outcome.key in found:
                raise DataError(f"{name}:{rows.line_num}: {outcome.key!r} comes twice", "one line for each outcome")
            found[outcome.key] = outcome
    except ValueError as error:
        raise DataError(f"{name}:{rows.line_num}: {error}", "correct the line") from None
    except csv.Error as error:
        raise DataError(f"{name} is no CSV: {error}", "write RFC 4180 in UTF-8") from None
    return found


def _outcome(row: Mapping[str, str]) -> Outcome:
    if not row["key"]:
        raise ValueError("an outcome without a key")
    value = nano_from_usd(row["value_usd"]) if row.get("value_usd") else None
    return Outcome(row["key"], value, row.get("status", "").lower() in _FAILED, row.get("kind", ""))
