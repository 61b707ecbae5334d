"""budgets.yaml, read strictly: every error names the file, the line and the value. Format: docs/budgets.md."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from llmcost.budgets.channels import CHANNEL_KEYS, channel
from llmcost.budgets.limits import LIMIT_KEYS, contradictions, limits, thresholds
from llmcost.budgets.model import Budget, Channel, Waiver
from llmcost.core.errors import ConfigError, UsageError, nearest
from llmcost.core.record import dimension
from llmcost.core.text import clean_field
from llmcost.pricing.currency import USD, Currency
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.packaged import packaged
from llmcost.yamlfile.tree import Mapping, Node, Scalar, Sequence, parse, read_text

TOP_KEYS = ("budgets", "channels", "timezone", "currency")
BUDGET_KEYS = (
    "app_id", "name", "scope", "owner", *LIMIT_KEYS, "limits", "throttle_at", "alert_thresholds",
    "notification_channels", "waivers", "timezone", "currency",
)  # fmt: skip
WAIVER_KEYS = ("until", "by", "reason")
#: The word that stands for every request.
ALL = "all"
_EXAMPLE = "`llmcost budget list --example` prints a file to start from"

#: A currency's rate by its ISO code; None where the price book states none.
Rates = Callable[[str], Currency | None]


class Remark(NamedTuple):
    """What a file may say, but hardly means."""

    line: int
    text: str


class BudgetFile(NamedTuple):
    path: str
    budgets: tuple[Budget, ...]
    remarks: tuple[Remark, ...] = ()


def packaged_path() -> Path | None:
    """The example shipped with llmcost."""
    return packaged(__file__, "budgets.yaml")


def load(path: Path, rates: Rates = lambda _: None) -> BudgetFile:
    """The budgets of one file.

    Raises:
        ConfigError: the file cannot be read, breaks a rule, or holds no budget.
    """
    return parse_budgets(read_text(path), str(path), rates)


def parse_budgets(text: str, origin: str, rates: Rates = lambda _: None) -> BudgetFile:
    """As `load`, from text; `origin` stands for the path in errors."""
    root = parse(text, origin)
    if isinstance(root, Scalar) and root.is_null:
        raise ConfigError(f"{origin}: the file is empty", _EXAMPLE)
    for key, span in root.keys.items() if isinstance(root, Mapping) else ():
        if key in BUDGET_KEYS and key not in TOP_KEYS:
            raise ConfigError(f"{origin}:{span.line}: {key!r} stands outside the list under `budgets:`", _EXAMPLE)
    top = Fields(root, origin, TOP_KEYS, "a budget file")
    shared = _Shared(top, rates)
    budgets: list[Budget] = []
    remarks: list[Remark] = []
    seen: dict[object, int] = {}
    for node in top.items("budgets"):
        budget = _budget(node, shared)
        for what, value in (("name", budget.name), ("scope", budget.scope)):
            if (what, value) in seen:
                taken = f"the {what} of the budget {budget.name!r} is taken by the one on line {seen[what, value]}"
                raise top.error(budget.line, taken, "keep one budget per scope, with all of its limits")
            seen[what, value] = budget.line
        budgets.append(budget)
        remarks += [
            Remark(budget.line, f"{budget.name!r}: {text}") for text in contradictions(budget.limits, budget.currency)
        ]
    if not budgets:
        raise top.error(top.line_of("budgets"), "the file holds no budget", _EXAMPLE)
    return BudgetFile(origin, tuple(budgets), tuple(remarks))


class _Shared:
    """What the top of a file states for all of its budgets."""

    def __init__(self, top: Fields, rates: Rates) -> None:
        self.origin = top.origin
        self._rates = rates
        self.timezone = top.zone("timezone") if top.has("timezone") else ""
        self.currency = self.currency_of(top, USD)
        self.channels = _named_channels(top)

    def currency_of(self, fields: Fields, default: Currency) -> Currency:
        code = (fields.text("currency") or "").upper()
        if code in {"", default.code}:
            return default
        if code == USD.code:
            return USD
        found = self._rates(code)
        if found is None:
            raise fields.error(
                fields.line_of("currency"), f"no rate for the currency {code[:10]!r}",
                "state it in pricing.yaml, below `version: 1`: "
                f"`currencies: {{{code[:3]}: {{usd: 1.16, date: 2026-11-24}}}}`",
            )  # fmt: skip
        return found


def _named_channels(top: Fields) -> dict[str, Channel]:
    node = top.get("channels")
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        raise top.error(node.span.line, "'channels' must be a mapping", "write `channels: {name: {type: slack, …}}`")
    return {name: channel(value, top.origin) for name, value in node.values.items()}


def _budget(node: Node, shared: _Shared) -> Budget:
    fields = Fields(node, shared.origin, BUDGET_KEYS, "a budget")
    name, scope, line = _scope(fields)
    currency = shared.currency_of(fields, shared.currency)
    return Budget(
        name=name,
        scope=scope,
        limits=limits(fields, currency, name),
        thresholds=thresholds(fields),
        channels=tuple(_channel(item, shared) for item in fields.items("notification_channels")),
        owner=fields.text("owner") or "",
        waivers=tuple(_waiver(item, shared.origin) for item in fields.items("waivers")),
        timezone=fields.zone("timezone") if fields.has("timezone") else shared.timezone,
        currency=currency,
        line=line,
    )


def _scope(fields: Fields) -> tuple[str, tuple[tuple[str, str], ...], int]:
    """Name, scope and line. Names are cleaned on the way into the ledger; only the same spelling can match there."""
    if fields.has("app_id"):
        if fields.has("scope"):
            raise fields.error(fields.line_of("scope"), "a budget has both 'app_id' and 'scope'", "keep one of them")
        app = clean_field(fields.required("app_id"))
        return fields.text("name") or app, (("app", app),), fields.line_of("app_id")
    node = fields.get("scope")
    name = fields.required("name") if node is not None else fields.text("name") or ""
    if isinstance(node, Scalar) and node.text.strip() == ALL:
        return name, (), fields.line_of("name")
    if not isinstance(node, Mapping) or not node.values:
        raise fields.error(
            fields.line_of("scope") if node is not None else fields.line, "a budget has no scope",
            "add `app_id: …`, or a `name:` and `scope: {team: …}` (or `scope: all`)",
        )  # fmt: skip
    pairs: list[tuple[str, str]] = []
    for key, value in node.values.items():
        try:
            dim = dimension(key)
        except UsageError as error:
            raise fields.error(node.keys[key].line, error.message, error.hint) from None
        for item in value.items if isinstance(value, Sequence) else (value,):
            if not isinstance(item, Scalar) or item.is_null:
                raise fields.error(
                    item.span.line, f"{key!r} in 'scope' must be a name or a list of names",
                    'write text; "" stands for requests that do not say',
                )  # fmt: skip
            pairs.append((dim, clean_field(item.text.strip())))
    if not pairs:
        raise fields.error(fields.line_of("scope"), "'scope' names nothing", "write `scope: all` for every request")
    return name, tuple(sorted(set(pairs))), fields.line_of("name")


def _channel(node: Node, shared: _Shared) -> Channel:
    if not isinstance(node, Scalar):
        return channel(node, shared.origin)
    name = node.text.strip()
    if name not in shared.channels:
        fields = Fields(Mapping({}, {}, node.span), shared.origin, CHANNEL_KEYS, "a notification channel")
        raise fields.error(
            node.span.line, f"no channel {name[:40]!r}{nearest(name, shared.channels)}",
            "define it under `channels:`, or write `type: slack` and so on here",
        )  # fmt: skip
    return shared.channels[name]


def _waiver(node: Node, origin: str) -> Waiver:
    fields = Fields(node, origin, WAIVER_KEYS, "a waiver")
    fields.required("until")
    return Waiver(
        until=date.fromisoformat(fields.day("until")),
        by=fields.required("by"),
        reason=fields.required("reason"),
        line=fields.line_of("until"),
    )
