"""What `diff --json` and `budget check --json` wrote, read back for a comment.

The files may come from another job, which others can write: every field is checked. Keys we do not show are ignored.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from llmcost.core.errors import UsageError
from llmcost.core.money import NANO_PER_USD, scaled
from llmcost.core.text import printable, redact, shorten

VERSION = 1
_SHOWN = 200

Money = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,9})?\Z")]
"""USD as a decimal; exact to a nano-dollar."""
Count = Annotated[int, msgspec.Meta(ge=0, le=10**18)]
Moment = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|[+-][0-9:]{5,8})\Z")]
Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]


class Prompt(msgspec.Struct, frozen=True):
    """One changed prompt or call."""

    path: str
    change: Literal["added", "removed", "changed", "moved", "declared"]
    moved_from: str | None
    model_before: str | None
    model_after: str | None
    input_tokens_before: Count | None
    input_tokens_after: Count | None
    exact: bool
    call_usd_before: Money | None
    call_usd_after: Money | None
    calls_per_month_before: Count | None
    calls_per_month: Count | None
    calls_source: str | None
    increase_usd: Money | None
    increase_usd_low: Money | None
    increase_usd_high: Money | None
    unknown: list[str]
    notes: list[str]


class Limits(msgspec.Struct, frozen=True):
    """Another max_tokens."""

    path: str
    before: Count | None
    after: Count | None


class Prefix(msgspec.Struct, frozen=True):
    """A beginning that can no longer be cached."""

    path: str
    line: Count | None
    placeholder: str | None
    cacheable_tokens_before: Count
    cacheable_tokens_after: Count
    lost_usd_per_call: Money
    lost_usd_per_month: Money | None
    basis: Literal["measured", "declared", "at most"]


class Total(msgspec.Struct, frozen=True):
    increase_usd: Money
    increase_usd_low: Money | None
    increase_usd_high: Money | None


class Change(msgspec.Struct, frozen=True):
    """What `llmcost diff --json` writes."""

    as_of: Moment
    base: str
    head: str
    files: list[Prompt]
    max_tokens_changes: list[Limits]
    cache_prefix: list[Prefix]
    total: Total
    unread: list[str]
    verdict: Literal["ok", "over", "data"]
    over: list[Literal["usd", "pct"]]
    problems: list[str]

    @property
    def related(self) -> bool:
        """Whether a prompt, model or limit changed, or may have: an unread file is not nothing."""
        return bool(self.files or self.unread)


class Rate(msgspec.Struct, frozen=True):
    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
    usd: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,30})?\Z")]
    date: str


class Waived(msgspec.Struct, frozen=True):
    until: Day
    by: str
    reason: str
    holds: bool


class Standing(msgspec.Struct, frozen=True):
    """One limit of one budget. Amounts stand under the key of the limit's measure alone."""

    name: str
    owner: str | None
    window: str
    start: Moment
    measure: Literal["usd", "tokens", "requests"]
    state: Literal["ok", "warn", "soft", "forecast", "waived", "breach", "no data"]
    unpriced_requests: Count
    exhausted_on: Day | None
    waiver: Waived | None
    currency: Rate | None
    limit_usd: Money | None = None
    spent_usd: Money | None = None
    forecast_usd: Money | None = None
    limit_tokens: Count | None = None
    spent_tokens: Count | None = None
    forecast_tokens: Count | None = None
    limit_requests: Count | None = None
    spent_requests: Count | None = None
    forecast_requests: Count | None = None

    def __post_init__(self) -> None:
        if self._written("limit") is None or self._written("spent") is None:
            raise ValueError(f"limit_{self.measure} and spent_{self.measure} are needed")

    def _written(self, what: str) -> Any:
        return getattr(self, f"{what}_{self.measure}")

    def amount(self, what: Literal["limit", "spent", "forecast"]) -> int | None:
        """nano-USD, tokens or requests."""
        written = self._written(what)
        return nano(written) if self.measure == "usd" else written


class Budgets(msgspec.Struct, frozen=True):
    """What `llmcost budget check --json` writes."""

    newest_request: Moment | None
    verdict: Literal["ok", "breach", "data", "forecast", "warn"]
    problems: list[str]
    budgets: list[Standing]


def nano(money: str | None) -> int | None:
    return None if money is None else scaled(money, NANO_PER_USD)


_Document = TypeVar("_Document", Change, Budgets)


def read_change(data: bytes, origin: str) -> Change:
    """Raises UsageError: `data` is not what `llmcost diff --json` writes."""
    return _read(data, origin, "llmcost diff --json", Change)


def read_budgets(data: bytes, origin: str) -> Budgets:
    """Raises UsageError: `data` is not what `llmcost budget check --json` writes."""
    return _read(data, origin, "llmcost budget check --json", Budgets)


def _read(data: bytes, origin: str, command: str, kind: type[_Document]) -> _Document:
    hint = f"write it with `{command} --output FILE`"
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise UsageError(f"{origin} is not JSON{' (it is empty)' if not data.strip() else ''}", hint) from None
    if not isinstance(document, dict) or "schema_version" not in document:
        raise UsageError(f"{origin} is not what `{command}` writes: it has no schema_version", hint)
    version = document["schema_version"]
    if type(version) is not int or version != VERSION:
        raise UsageError(
            f"{origin} has schema_version {version!r:.40}, not {VERSION}", "use one llmcost for both steps"
        )
    try:
        return msgspec.convert(document, kind)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        raise UsageError(f"{origin} is not what `{command}` writes: {_plain(str(error))}", hint) from None


def _plain(complaint: str) -> str:
    """`files[0].path: expected str, got int`."""
    said, _, place = complaint.partition(" - at `$.")
    said = said[:1].lower() + said[1:]
    text = f"{place.rstrip('`')}: {said}" if place else said
    return shorten(printable(redact(text.replace("`", ""))), _SHOWN)
