"""One request as a log tells it, before it is priced; and one line that could not be read."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.core.errors import UsageError, nearest
from llmcost.core.usage import Usage

#: Dimensions one may group and filter by, beside `tag.KEY`.
DIMENSIONS: tuple[str, ...] = (
    "provider", "model", "app", "environment", "team", "operation", "tier",
    "user", "project", "session", "branch", "machine", "region", "status", "source", "prompt_id",
)  # fmt: skip

#: Other spellings people type for a dimension.
DIMENSION_ALIASES = {
    "app_id": "app", "env": "environment", "user_id": "user", "service_tier": "tier", "prompt": "prompt_id",
}  # fmt: skip

TIERS = ("standard", "batch", "flex", "priority", "fast")


def dimension(name: str) -> str:
    """The canonical name of a dimension.

    Raises:
        UsageError: there is no such dimension.
    """
    name = DIMENSION_ALIASES.get(name, name)
    if name in DIMENSIONS or (name.startswith("tag.") and len(name) > 4):
        return name
    raise UsageError(
        f"unknown dimension {name!r}{nearest(name, DIMENSIONS)}", f"use one of {', '.join(DIMENSIONS)} or tag.KEY"
    )


class KeptPrice(NamedTuple):
    """The price a row already had when it was exported: a re-ingest keeps it instead of pricing anew."""

    cost_nano: int | None
    card_id: str
    match: str
    parts: tuple[int, ...] = ()
    """nano-USD per COST_PARTS; empty where the export does not say."""
    assumed: bool = False


class Record(NamedTuple):
    """One request. Empty text means "not recorded"; None means the number is not known."""

    ts: int
    """Start of the request, microseconds since the epoch, UTC."""
    id: str
    """`provider:response_id`, or `~` and a hash where the log has no id."""
    provider: str
    model: str
    usage: Usage
    tier: str = "standard"
    """The tier that served the request: standard, batch, flex, priority, fast."""
    app: str = ""
    environment: str = ""
    team: str = ""
    operation: str = ""
    user: str = ""
    project: str = ""
    session: str = ""
    branch: str = ""
    machine: str = ""
    region: str = ""
    status: str = "ok"
    error: str = ""
    source: str = ""
    """Name of the log format it was read from."""
    sidechain: bool = False
    """A subagent's copy of a request; the main thread's wins when both are seen."""
    partial: bool = False
    """A streamed response seen before it was finished."""
    cache_hit: bool | None = None
    """Answered from the caller's own response cache."""
    unmetered: bool = False
    """Covered by a subscription: the cost is what the API would have charged."""
    latency_us: int | None = None
    ttft_us: int | None = None
    """Time to first token, microseconds."""
    reported_nano: int | None = None
    """What the provider or tool said it cost, nano-USD."""
    tags: tuple[tuple[str, str], ...] = ()
    """Sorted (key, value) pairs."""
    prompt_id: str = ""
    """Which prompt or template the request was made from, by the name its caller gives it."""
    prompt_digest: str = ""
    prefix_digest: str = ""
    language: str = ""
    prompt_chars: int | None = None
    prompt_text: str = ""
    """The prompt where the log has it: read for its digests and features at ingest, never stored."""
    kept: KeptPrice | None = None


class Problem(NamedTuple):
    """A line (or a whole file, line 0) that gave no request, and why."""

    file: str
    line: int
    reason: str


def merge_key(record: Record) -> tuple[object, ...]:
    """Total order over versions of one request: the greatest is kept, whole.

    Main thread over sidechain, final over partial, more tokens, then the earlier timestamp, then the one of which
    an app, a team or an environment is said; what is still equal is ordered by its canonical text, so that any
    order of ingest gives the same ledger.
    """
    return (
        not record.sidechain,
        not record.partial,
        record.usage.tokens,
        -record.ts,
        said_app(record) != "",
        record.team != "",
        record.environment != "",
        _Canonical(record),
    )


def said_app(record: Record) -> str:
    """Its app; empty where that is only the name of the tool whose log it is, which stands for none."""
    return "" if record.app == record.source else record.app


class _Canonical:
    """A record's content in the order of its text, which is written only when everything else is equal."""

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    def _text(self) -> str:
        return repr(self._record[2:-2])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Canonical) and self._text() == other._text()

    def __lt__(self, other: _Canonical) -> bool:
        return self._text() < other._text()

    def __gt__(self, other: _Canonical) -> bool:
        return self._text() > other._text()

    def __hash__(self) -> int:
        return hash(self._text())
