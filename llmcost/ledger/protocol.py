"""What every ledger engine offers. `tests/ledger/contract.py` is the suite each engine must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import NamedTuple, Protocol

from llmcost.core.record import Record
from llmcost.ledger.alerts import Outbox
from llmcost.ledger.billing import Billing
from llmcost.ledger.bookmarks import Bookmarks
from llmcost.ledger.costs import Costs
from llmcost.ledger.labels import Labels
from llmcost.ledger.measures import Amounts, Group
from llmcost.ledger.ruled import Ruled

#: card ids that are no card.
UNPRICED, REPORTED = "unpriced", "reported"


class Basis(NamedTuple):
    """What a row was priced with: a card (its id, how the name matched, the layer, the card as JSON).

    `assumed`: no price list states a rate that was used: the served tier has none of its own and pays standard ones,
    or a Claude's cache writes pay the documented multiple of its input rate.
    """

    card_id: str
    match: str = ""
    layer: str = ""
    body: str = ""
    assumed: bool = False


class PricedRecord(NamedTuple):
    """A request and its cost: ours, else what was reported (basis REPORTED), else None (basis UNPRICED)."""

    record: Record
    cost: int | None
    """nano-USD."""
    parts: tuple[int, ...]
    """nano-USD per COST_PARTS, adding up to `cost`; empty where cost is None."""
    basis: Basis


class Added(NamedTuple):
    """What became of the rows handed to `Ledger.add`."""

    new: int = 0
    updated: int = 0
    """Known requests for which a fuller version arrived."""
    duplicate: int = 0
    unpriced: int = 0
    """Of the new and updated rows, those without a cost."""
    cost: int = 0
    """nano-USD of the new and updated rows."""
    clashes: int = 0
    """Versions with a short id that lost to one of another app or model: perhaps other requests, numbered alike."""
    compacted: int = 0
    """Left out, because the ledger keeps no rows of their time any more (`Ledger.compact`)."""

    def plus(self, other: Added) -> Added:
        return Added(*(a + b for a, b in zip(self, other, strict=True)))


class Query(NamedTuple):
    """Requests with start <= ts < end (microseconds UTC), filtered and grouped by dimensions.

    `where` pairs are ANDed; several values of one dimension are ORed. Dimensions are those of
    `core.record.DIMENSIONS`, or `tag.KEY`.
    """

    start: int
    end: int
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()


class Spread(NamedTuple):
    """Costs of an app's priced requests, nano-USD."""

    requests: int
    percentile: Fraction
    mean: Fraction


class StoredRequest(NamedTuple):
    """One row as it stands in the ledger."""

    priced: PricedRecord
    batch: int


class Covered(NamedTuple):
    """Requests that a subscription or provisioned throughput pays for, not their price."""

    requests: int = 0
    cost: int = 0
    """nano-USD that they would have cost."""


class CoveredGroup(NamedTuple):
    """The covered requests that share `key`, whose values stand in the order of `Query.by`."""

    key: tuple[str, ...]
    requests: int
    unpriced: int
    cost: int
    """nano-USD that the priced ones would have cost."""
    last_us: int
    """Timestamp of the newest."""


class Dear(NamedTuple):
    """The requests above a threshold."""

    requests: int
    cost: int
    """nano-USD."""
    top: tuple[StoredRequest, ...]
    """Those furthest above it, that one first."""


class Names(NamedTuple):
    """What attribution goes by, and what it gives (app, environment, team)."""

    provider: str
    model: str
    app: str
    environment: str
    team: str
    user: str
    project: str
    branch: str
    machine: str
    source: str


class Prediction(NamedTuple):
    """What calls of one prompt were foretold to cost, to be held later against the rows that `where` selects."""

    name: str
    """The id it was recorded under; recording the same id again replaces all of it."""
    recorded_us: int
    kind: str
    """`estimate` or `diff`."""
    path: str
    model: str
    where: tuple[tuple[str, str], ...]
    """(dimension, value) pairs, as in `Query.where`."""
    input_tokens: int
    output_tokens: int | None
    """None: not part of the foretold cost."""
    call_nano: int
    """nano-USD of one call."""
    low_nano: int | None = None
    high_nano: int | None = None
    """The band of `call_nano`; None where none is known."""
    calls_per_month: int | None = None


class BatchInfo(NamedTuple):
    id: int
    started_us: int
    label: str
    rows: int
    """Rows the ledger still holds from it."""
    undone: bool


class LedgerInfo(NamedTuple):
    location: str
    version: int
    requests: int
    first_us: int | None
    last_us: int | None
    unpriced: int
    size_bytes: int
    batches: tuple[BatchInfo, ...]
    raw_since_us: int | None = None
    """Rows before were compacted."""


class Ledger(Protocol):
    """A store of priced requests. Writers may be many; each call below is atomic."""

    @property
    def outbox(self) -> Outbox:
        """What budgets have to tell."""

    @property
    def labels(self) -> Labels:
        """How good answers were."""

    @property
    def bookmarks(self) -> Bookmarks:
        """How far log files have been read."""

    @property
    def billing(self) -> Billing:
        """What providers billed."""

    @property
    def costs(self) -> Costs:
        """What is paid beside the requests."""

    @property
    def ruled(self) -> Ruled:
        """The names that rules gave."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is read and written within is one step: nobody writes between, and all of it holds or nothing."""

    def begin_batch(self, label: str, now_us: int) -> int:
        """Register an ingest and return its number, which `undo` takes."""

    def end_batch(self, batch: int) -> bool:
        """Say that a batch is complete; whether it stays on record. One that changed nothing leaves no trace."""

    def add(self, rows: Sequence[PricedRecord], batch: int) -> Added:
        """Add rows under the identity and merge rules (docs/ledger.md); idempotent, and independent of order.

        Raises:
            UsageError: there is no such batch, or it is undone.
        """

    def sums(self, query: Query) -> list[Group]:
        """Totals per group, unordered; without `by`, exactly one group with an empty key.

        Raises:
            UsageError: it needs rows that were compacted.
        """

    def series(self, query: Query, cuts: Sequence[int], *, tokens: bool = True) -> dict[tuple[str, ...], list[Amounts]]:
        """Amounts of each group between each two successive cuts (ascending microseconds UTC).

        Of `query` only `by` and `where` count. Stretches of whole quarter-hours are read from roll-ups. Without
        `tokens`, which take eleven columns, those are zero.
        """

    def requests(
        self, query: Query, *, order: str, limit: int | None, without_card: bool = False
    ) -> Iterator[StoredRequest]:
        """Single rows; `order` is one of cost, time, tokens, latency (largest first; time: oldest first).

        `without_card`: only those no price of ours was found for (unpriced, or with a reported cost only).
        """

    def token_percentiles(self, query: Query, side: str, percents: Sequence[int]) -> tuple[int, ...] | None:
        """Nearest-rank percentiles (1-100) of tokens per whole, successful request; None when there is none.

        `side`: `input` (cached and cache writes included) or `output` (reasoning included). `query.by` is ignored.
        """

    def cost_percentiles(self, start: int, end: int, share: Fraction) -> dict[str, Spread]:
        """App -> the cost at this share (0 to 1) of its priced requests, as SQL's PERCENTILE_CONT defines it."""

    def covered(self, query: Query) -> Covered:
        """The query's requests that are unmetered, of those whose rows are there; `query.by` is ignored."""

    def covered_groups(self, query: Query) -> list[CoveredGroup]:
        """The query's requests that are unmetered, of those whose rows are there, per group; unordered."""

    def dear(self, query: Query, above: Mapping[str, int], limit: int) -> Dear:
        """The query's requests that cost more than `above` says of their app, in nano-USD; `query.by` is ignored.

        Raises:
            UsageError: it needs rows that were compacted.
        """

    def predict(self, predictions: Sequence[Prediction]) -> None:
        """Keep predictions; those recorded earlier under the same names are replaced.

        Raises:
            UsageError: a filter names a forgotten user.
        """

    def predictions(self) -> list[Prediction]:
        """Every prediction, oldest first."""

    def bounds(self) -> tuple[int, int] | None:
        """Timestamps of the oldest and the newest row; None for an empty ledger."""

    def newest_at(self, us: int) -> int | None:
        """Timestamp of the newest row at or before `us`."""

    def withdraw(self, us: int, identity: str) -> bool:
        """Take out the row of this moment and id, for one that stands under another id; False when there is none."""

    def reprice(self, rows: Sequence[PricedRecord]) -> int:
        """Replace the cost of rows already in the ledger; the number of rows whose cost or basis changed."""

    def relabel(self, start: int, end: int, renamed: Callable[[Names], Names]) -> int:
        """Give the rows of [start, end) the app, environment and team that `renamed` says; how many changed.

        `renamed` is asked once for each combination of names; nothing else of a row may change.
        """

    def undo(self, batch: int) -> int:
        """Take back what a batch added; rows it replaced return. The number of rows taken back.

        Raises:
            UsageError: there is no such batch, or it is undone already.
        """

    def compact(self, us: int) -> int:
        """Let go of the rows before the UTC midnight at or before `us`; how many there were. Roll-ups stay for ever.

        Rows from before that time are left out from then on (`Added.compacted`), its batches cannot be undone, and
        queries that need such rows are refused.
        """

    def raw_since(self) -> int | None:
        """Rows before this time (microseconds UTC) are gone; None: every row is there."""

    def forget_user(self, user: str) -> int:
        """Erase a user's name and what could identify them, now and in rows to come; costs stay. The number of rows.

        Raises:
            UsageError: the name is empty or the one that stands for forgotten users.
        """

    def info(self) -> LedgerInfo: ...

    def check(self) -> list[str]:
        """Everything that is wrong with the stored data, one sentence each; empty when sound."""

    def price_layers(self) -> list[str]:
        """Names of the price layers whose cards priced anything, in alphabetical order."""

    def digest_key(self) -> bytes:
        """The ledger's own secret for keyed digests of texts."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Reads within see one state of the ledger."""

    def close(self) -> None: ...
