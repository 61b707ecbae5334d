"""Budgets for a program's own code: the article's `BudgetManager`, and reservations that cannot overshoot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from os import getpid
from pathlib import Path
from threading import local
from typing import NamedTuple, Self, TypedDict
from uuid import uuid4

from llmcost.budgets.admission import Admission, Denied, Place, cap
from llmcost.budgets.check import Check, Standing, check
from llmcost.budgets.model import Budget, Measure
from llmcost.core.errors import UsageError, nearest
from llmcost.core.instants import SECOND_US, rfc3339, to_us, zone_named
from llmcost.core.money import usd_text
from llmcost.core.record import DIMENSIONS, Record
from llmcost.core.text import clean_field
from llmcost.core.usage import Usage
from llmcost.ingest.pricing import Pricer
from llmcost.ledger.protocol import PricedRecord
from llmcost.ledger.reservations import Reservation, Reservations, reserved_beside
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.live.budget_config import BudgetConfig, Usd, budget_of, nano_usd
from llmcost.live.unsettled import charged, dimensions_of, estimate, most_usage, written
from llmcost.notify.deliver import deliver
from llmcost.notify.outbox import enqueue
from llmcost.notify.service import Service, service_outlet
from llmcost.pricing.book import PriceBook
from llmcost.pricing.store import load_book

#: A request that nobody has heard of for so long is given up; longer than providers let one take.
LEASE_SECONDS = 600


class BudgetStatus(TypedDict):
    """Money in USD; percents as shares (0.5 is half). A limit of zero has the percent 0, as in the article."""

    app_id: str
    daily_usage: Decimal
    daily_limit: Decimal
    daily_percent: float
    monthly_usage: Decimal
    monthly_limit: Decimal
    monthly_percent: float


class BudgetExceededError(UsageError):
    """A request that no limit has room for. `retry_after` is the seconds until the limit's window ends."""

    def __init__(self, denied: Denied, now_us: int) -> None:
        self.denied = denied
        self.retry_after = max(1, -(-(denied.period.end - now_us) // SECOND_US))
        left, asked, unit = denied.remaining, denied.asked, denied.limit.measure
        shown = f"${usd_text(left)} left, ${usd_text(asked)}" if unit == "usd" else f"{left:,} {unit} left, {asked:,}"
        super().__init__(
            f"the budget {denied.budget.name!r} has {shown} asked for in {denied.limit.window.name}"
            f" {denied.period.label}",
            f"the window ends at {rfc3339(denied.period.end, denied.period.zone)}; or raise the limit",
        )


def _now() -> int:
    return to_us(datetime.now(UTC))


class Hold(NamedTuple):
    """What is set aside for one request."""

    reservation: Reservation
    record: Record
    """The request as far as it is known, with the most it may use."""
    nano: int
    """The most it may cost, nano-USD."""


class _Opened(NamedTuple):
    """One thread's connections."""

    ledger: SqliteLedger
    reservations: Reservations
    admission: Admission
    batch: int


class BudgetManager:
    """Checks, throttles and reserves under the budgets it was given. For any number of threads and processes.

    Args:
        metrics_store: the ledger's path; it is made when missing.
        notification_service: told of each threshold once per window, by `send(alert, channels=[…])`.
        tz: the zone of days and months.
        prices: what requests are priced with; without one, the packaged catalogue.
        lease_seconds: after this long without a word from a process, what it reserved is given back.
        clock: microseconds UTC.
    """

    def __init__(
        self,
        metrics_store: str | Path,
        notification_service: Service | None = None,
        *,
        tz: str = "UTC",
        prices: PriceBook | None = None,
        lease_seconds: int = LEASE_SECONDS,
        clock: Callable[[], int] = _now,
    ) -> None:
        self._path = Path(metrics_store)
        self._service = notification_service
        self._zone = zone_named(tz)
        self._prices = prices
        self._lease_us = lease_seconds * SECOND_US
        self._clock = clock
        self._budgets: dict[str, Budget] = {}
        self._channels: dict[str, Sequence[str]] = {}
        self._places: dict[str, Place] = {}
        self._mine = local()

    def set_budget(self, config: BudgetConfig | Budget) -> None:
        """Add a budget, or replace the one of its name."""
        budget = config if isinstance(config, Budget) else budget_of(config)
        self._budgets[budget.name] = budget
        self._channels[budget.name] = () if isinstance(config, Budget) else tuple(config.notification_channels)

    def check_budget(self, app_id: str) -> BudgetStatus | None:
        """How the day and the month of an app stand; None for an app without a budget. Tells of thresholds reached."""
        budget = self._budgets.get(clean_field(app_id))
        if budget is None:
            return None
        standings = self._measured(budget) if self._service is None else self._told(budget, self._service)
        money = {s.limit.window.unit: (s.spent, s.limit.amount) for s in standings if s.limit.measure == "usd"}
        day, day_limit = money.get("day", (0, 0))
        month, month_limit = money.get("month", (0, 0))
        return BudgetStatus(
            app_id=app_id,
            daily_usage=_usd(day),
            daily_limit=_usd(day_limit),
            daily_percent=day / day_limit if day_limit else 0.0,
            monthly_usage=_usd(month),
            monthly_limit=_usd(month_limit),
            monthly_percent=month / month_limit if month_limit else 0.0,
        )

    def standings(self) -> Check:
        """Every limit of every budget, as a report shows it; nobody is told."""
        return check(self._open().ledger, list(self._budgets.values()), now=self._clock(), zone=self._zone)

    def should_throttle(self, app_id: str) -> bool:
        """Whether requests of an app are to be refused: a limit, or its part that `throttle_at` states, is used up."""
        budget = self._budgets.get(clean_field(app_id))
        if budget is None:
            return False
        return any(
            most is not None and standing.spent >= most
            for standing in self._measured(budget)
            if not standing.waived
            for most in (cap(standing.limit),)
        )

    def _told(self, budget: Budget, service: Service) -> Sequence[Standing]:
        """Measure, and tell the notification service what it has not been told of this window."""
        ledger, now = self._open().ledger, self._clock()
        # Each budget's alerts go to its own channels: the service is one outlet for each set of them.
        outlet = service_outlet(service, self._channels[budget.name], name=f"service {budget.name}")
        with ledger.transaction():
            standings = check(ledger, [budget], now=now, zone=self._zone).standings
            enqueue(ledger, standings, now, also=[outlet.key])
        deliver(ledger, [outlet], now_us=now)
        return standings

    def _measured(self, budget: Budget) -> Sequence[Standing]:
        return check(self._open().ledger, [budget], now=self._clock(), zone=self._zone).standings

    def reserve(
        self,
        app_id: str,
        *,
        model: str = "",
        provider: str = "",
        input_tokens: int | None = None,
        max_output_tokens: int | None = None,
        cost_usd: Usd | None = None,
        tags: Mapping[str, str] | None = None,
        **dimensions: str,
    ) -> Hold:
        """Set aside the most a request may cost: `cost_usd`, else what the model charges for the tokens.

        `tags` and `dimensions`: what else budgets go by: user, team, environment, project, operation, session, …

        Raises:
            BudgetExceededError: a limit has no room for it; nothing is set aside then.
            UsageError: an unknown dimension; the model has no price, or the tokens are not known, and no `cost_usd` is
                given; or a limit of tokens applies, and they are not known.
        """
        now = self._clock()
        known = dimensions_of(dimensions)
        usage = most_usage(input_tokens, max_output_tokens, or_cost=cost_usd is not None)
        record = Record(
            now,
            f"~{uuid4().hex}",
            provider,
            model,
            usage,
            app=clean_field(app_id),
            source="live",
            partial=True,
            tags=tuple(sorted((clean_field(key), clean_field(value)) for key, value in (tags or {}).items())),
            **known,
        )
        nano = self._priced(record).cost if cost_usd is None else nano_usd(cost_usd, "cost_usd")
        if nano is None:
            meant = nearest(model, self._book().model_names())
            raise UsageError(
                f"no price for model {model!r}{meant}", "name a model of `llmcost prices list`, or give cost_usd"
            )
        opened = self._open()
        self._look_after(opened, now)
        request = {name: str(getattr(record, name)) for name in DIMENSIONS}
        request |= {f"tag.{key}": value for key, value in record.tags}
        amounts: dict[Measure, int] = {"usd": nano}
        if input_tokens is not None and max_output_tokens is not None:
            amounts["tokens"] = usage.tokens
        found = opened.admission.reserve(list(self._budgets.values()), request, amounts, now=now)
        if isinstance(found, Denied):
            raise BudgetExceededError(found, now)
        return Hold(found, record, nano)

    def sent(self, hold: Hold) -> None:
        """The request goes out now. Should this process die before it settles, the most it may cost is charged.

        Raises:
            UsageError: the reservation has expired, and what it set aside was given back.
        """
        if not self._sent(hold, hold.record):
            raise UsageError(
                "this reservation has expired, and was given back",
                "reserve anew; a longer lease, or `renew`, bears longer pauses",
            )

    def _sent(self, hold: Hold, record: Record) -> bool:
        return self._open().admission.sent(hold.reservation, written(record, hold.nano))

    def settle(
        self,
        hold: Hold,
        usage: Usage | None = None,
        *,
        cost_usd: Usd | None = None,
        request_id: str = "",
        record: Record | None = None,
    ) -> int | None:
        """Write what the request used into the ledger and give back the rest of what was set aside.

        Args:
            usage: the tokens used; priced as any row of the ledger is.
            cost_usd: what the provider said it cost. Without this, usage and record, nobody knows: the most it may cost
                is charged, as an estimate.
            request_id: the provider's own id, under which the same request in another log is the same row.
            record: the whole request instead of all these.

        Returns:
            nano-USD of the row. Where it has no price, that is the most it may cost, charged as an estimate.
        """
        unknown = usage is None and cost_usd is None
        if record is None:
            record = hold.record._replace(
                usage=hold.record.usage if unknown else usage or Usage(),
                partial=unknown,
                status="unknown" if unknown else hold.record.status,
                id=f"{hold.record.provider}:{request_id}" if request_id else hold.record.id,
                reported_nano=None if cost_usd is None else nano_usd(cost_usd, "cost_usd"),
            )
            row = estimate(record, hold.nano) if unknown else self._priced(record)
        else:
            row = self._priced(record)
        if row.cost is None:
            row = estimate(record, hold.nano)
        opened = self._open()
        if record.id != hold.record.id:
            # Should this process die between the ledger's row and the end of its reservation, that row is found again.
            self._sent(hold, hold.record._replace(id=record.id))
        opened.admission.settle(hold.reservation, row, batch=opened.batch, charged=hold.record)
        return row.cost

    def release(self, hold: Hold) -> None:
        """Give back what was set aside: the request was not sent."""
        self._open().admission.release(hold.reservation)

    def renew(self) -> None:
        """Say that this process lives, during a request that takes longer than a lease."""
        self._open().admission.beat(self._clock())

    def close(self) -> None:
        """Close this thread's files."""
        opened: _Opened | None = self._mine.__dict__.pop("opened", None)
        if opened is not None:
            opened.ledger.end_batch(opened.batch)
            opened.ledger.close()
            opened.reservations.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _priced(self, record: Record) -> PricedRecord:
        pricer: Pricer | None = self._mine.__dict__.get("pricer")
        if pricer is None:
            pricer = self._mine.__dict__["pricer"] = Pricer(self._book())
        return pricer.price(record)

    def _book(self) -> PriceBook:
        if self._prices is None:
            self._prices = load_book([], cache_dir=None)
        return self._prices

    def _open(self) -> _Opened:
        opened: _Opened | None = self._mine.__dict__.get("opened")
        # A process forked from this one has connections it must not use.
        if opened is None or self._mine.process != getpid():
            now = self._clock()
            ledger = SqliteLedger(self._path, write=True)
            reservations = Reservations(reserved_beside(self._path), now_us=now)
            admission = Admission(ledger, reservations, self._zone, self._places)
            opened = _Opened(ledger, reservations, admission, ledger.begin_batch("budget manager", now))
            # A process that ends soon looks after what others left, too: at its first reservation.
            self._mine.opened, self._mine.process, self._mine.beat = opened, getpid(), now - self._lease_us
        return opened

    def _look_after(self, opened: _Opened, now: int) -> None:
        """Four times a lease: say that this thread lives, and charge or free what others left."""
        if now - self._mine.beat < self._lease_us // 4:
            return
        self._mine.beat = now
        opened.admission.beat(now)
        for abandoned in opened.admission.expire(now - self._lease_us):
            opened.admission.charge(abandoned, charged(abandoned.request), batch=opened.batch)


def _usd(nano: int) -> Decimal:
    return Decimal(usd_text(nano))
