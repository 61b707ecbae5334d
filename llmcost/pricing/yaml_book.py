"""One pricing.yaml compiled to a price layer. The format is described in docs/pricing.md and schema.json."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from llmcost.core.money import FEMTO_PER_USD, round_half_even
from llmcost.core.providers import canonical_provider
from llmcost.core.record import TIERS
from llmcost.pricing.entry import Entry, Hours, Layer, Prices, Rate, Variant
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.tree import Mapping, Node, decode, parse, read_bytes

#: A price's rate keys (currency per million tokens) -> our bucket.
RATE_BUCKETS = {
    "input": "input",
    "cached_input": "cached",
    "cache_write": "write_5m",
    "cache_write_1h": "write_1h",
    "output": "output",
    "reasoning": "reasoning",
    "input_audio": "input_audio",
    "cached_audio": "cached_audio",
    "input_image": "input_image",
    "output_audio": "output_audio",
    "output_image": "output_image",
}
FEE_KEYS = ("per_request", "per_web_search")
TOP_KEYS = ("version", "currencies", "models")
CURRENCY_KEYS = ("usd", "date")
PRICE_KEYS = (*RATE_BUCKETS, *FEE_KEYS, "valid_from", "valid_to", "hours", "context_tiers", "tiers", "self_hosted")
MODEL_KEYS = (
    "model", "provider", "aliases", "source", "checked", "context_window", "note",
    "currency", "fx", "discount", "regional_multiplier", "prices", *PRICE_KEYS,
)  # fmt: skip
FX_KEYS = ("rate", "date")
HOURS_KEYS = ("from", "to", "tz", "days")
CONTEXT_KEYS = ("above", "from", "mode", *RATE_BUCKETS)
TIER_KEYS = ("discount", "multiplier", "valid_from", *RATE_BUCKETS, *FEE_KEYS, "context_tiers")
SELF_HOSTED_KEYS = ("gpu_hour_usd", "gpus", "input_tokens_per_second", "output_tokens_per_second", "utilisation")
TIER_NAMES = TIERS[1:]
MODES = ("whole", "marginal")
_CODE = re.compile(r"[A-Z]{3}")


class _Raw(NamedTuple):
    """A rate in USD per million tokens before any factor, exact."""

    base: Fraction
    steps: tuple[tuple[int, Fraction], ...] = ()


class _Terms(NamedTuple):
    """What a model's contract does to its list prices."""

    tokens: Fraction
    """USD charged per listed unit of currency, for token rates."""
    fees: Fraction
    currency: str


class _Price(NamedTuple):
    line: int
    prices: Prices
    variants: tuple[Variant, ...]


def load_yaml(path: Path, *, name: str) -> Layer:
    """Parse and validate one price file.

    Raises:
        ConfigError: the file cannot be read or breaks a rule; the message names file, line and value.
    """
    return compile_yaml(decode(read_bytes(path), str(path)), str(path), name=name)


def compile_yaml(text: str, origin: str, *, name: str) -> Layer:
    """As `load_yaml`, from text; `origin` stands for the path in errors."""
    top = Fields(parse(text, origin), origin, TOP_KEYS, "a price file")
    if (version := top.text("version")) != "1":
        given = "has no 'version'" if version is None else f"has version {version!r}"
        raise top.error(top.line_of("version"), f"the price file {given}", "write `version: 1`")
    entries: list[Entry] = []
    seen: dict[tuple[str, str], int] = {}
    for node in top.items("models"):
        entry = _model(node, origin)
        key = (entry.provider, entry.model.lower())
        if key in seen:
            raise top.error(
                node.span.line, f"model {entry.model!r} of {entry.provider!r} is also on line {seen[key]}",
                "keep one entry per model; list its prices by date under `prices:`",
            )  # fmt: skip
        seen[key] = node.span.line
        entries.append(entry)
    return Layer(name=name, origin=origin, entries=tuple(entries), currencies=_currencies(top))


def _currencies(top: Fields) -> dict[str, tuple[str, str]]:
    node = top.get("currencies")
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        raise top.error(
            node.span.line, "'currencies' must be a mapping", "write `currencies: {EUR: {usd: 1.16, date: 2026-11-24}}`"
        )
    rates = {}
    for code, value in node.values.items():
        if not _CODE.fullmatch(code) or code == "USD":
            raise top.error(
                node.keys[code].line, f"not a currency of its own: {code[:10]!r}", "use an ISO code such as EUR or CNY"
            )
        fields = Fields(value, top.origin, CURRENCY_KEYS, f"currency {code!r}")
        fields.required_positive("usd")
        fields.required("date")
        rates[code] = (fields.required("usd"), fields.day("date"))
    return rates


def _model(node: Node, origin: str) -> Entry:
    fields = Fields(node, origin, MODEL_KEYS, "a model")
    model = fields.required("model")
    provider = canonical_provider(fields.required("provider"))
    terms, remark = _terms(fields)
    nodes: Sequence[Node] = fields.items("prices")
    direct = [key for key in PRICE_KEYS if fields.has(key)]
    if nodes and direct:
        raise fields.error(
            fields.line_of(direct[0]), f"model {model!r} has both 'prices' and its own {direct[0]!r}",
            "move every rate into the `prices:` list",
        )  # fmt: skip
    if direct:
        own = fields.node
        nodes = [Mapping({k: own.values[k] for k in direct}, {k: own.keys[k] for k in direct}, own.span)]
    if not nodes:
        raise fields.error(fields.line, f"model {model!r} has no price", "give it `input:` and `output:`")
    compiled = _ordered([_price(item, origin, terms) for item in nodes], fields)
    note = fields.text("note") or ""
    return Entry(
        provider=provider,
        model=model,
        prices=tuple(item.prices for item in compiled),
        variants=_variants(compiled),
        aliases=tuple(dict.fromkeys(fields.texts("aliases"))),
        context_window=fields.count("context_window"),
        source=fields.text("source") or "",
        checked=fields.day("checked"),
        note="; ".join(part for part in (note, remark) if part),
    )


def _terms(fields: Fields) -> tuple[_Terms, str]:
    currency = (fields.text("currency") or "USD").upper()
    rate = Fraction(1)
    remarks = []
    fx = fields.get("fx")
    if currency != "USD":
        if fx is None:
            raise fields.error(
                fields.line_of("currency"),
                f"currency {currency!r} has no 'fx'",
                "add `fx: {rate: 1.08, date: 2026-11-24}`",
            )
        exchange = Fields(fx, fields.origin, FX_KEYS, "fx")
        rate = exchange.required_positive("rate")
        exchange.required("date")
        remarks.append(f"1 {currency} = {exchange.text('rate')} USD on {exchange.day('date')}")
    elif fx is not None:
        raise fields.error(
            fields.line_of("fx"), "'fx' is given but the currency is USD", "set `currency:`, or remove `fx`"
        )
    discount = fields.share("discount") or Fraction(0)
    region = fields.positive("regional_multiplier") or Fraction(1)
    if discount:
        remarks.append(f"{fields.text('discount')} off list")
    if region != 1:
        remarks.append(f"x{fields.text('regional_multiplier')} regional")
    fees = rate * (1 - discount)
    return _Terms(fees * region, fees, currency), ", ".join(remarks)


def _price(node: Node, origin: str, terms: _Terms) -> _Price:
    fields = Fields(node, origin, PRICE_KEYS, "a price")
    valid_from, valid_to = fields.moment("valid_from"), fields.moment("valid_to")
    if valid_from is not None and valid_to is not None and valid_to <= valid_from:
        raise fields.error(
            fields.line_of("valid_to"),
            f"'valid_to' {fields.text('valid_to')} is not after 'valid_from' {fields.text('valid_from')}",
            "a price holds from valid_from up to, not including, valid_to",
        )  # fmt: skip
    modes: set[str] = set()
    raw = _self_hosted(fields, terms) if fields.has("self_hosted") else _rates(fields, modes, None)
    if "input" not in raw and "output" not in raw:
        raise fields.error(fields.line, "the price has neither 'input' nor 'output'", "rates are per million tokens")
    base = Prices(
        rates=_compile(raw, terms.tokens) | _web_search(fields, terms),
        valid_from=valid_from,
        valid_to=valid_to,
        hours=_hours(fields),
        per_request=_fee(fields, "per_request", terms),
    )
    variants = _tiers(fields, raw, base, terms, modes)
    if "marginal" in modes:
        base = Prices(
            rates=base.rates, valid_from=valid_from, valid_to=valid_to, hours=base.hours,
            per_request=base.per_request, marginal=True,
        )  # fmt: skip
    return _Price(fields.line, base, variants)


def _rates(fields: Fields, modes: set[str], base: dict[str, _Raw] | None) -> dict[str, _Raw]:
    """The rates a price or tier states, with its context tiers; `base` lends a tier the rates it leaves out."""
    own = {bucket: value for key, bucket in RATE_BUCKETS.items() if (value := fields.number(key)) is not None}
    steps: dict[str, list[tuple[int, Fraction]]] = {bucket: [] for bucket in RATE_BUCKETS.values()}
    last = 0
    for node in fields.items("context_tiers"):
        tier = Fields(node, fields.origin, CONTEXT_KEYS, "a context tier")
        above = _threshold(tier)
        if above <= last:
            raise tier.error(
                tier.line, f"context tier above {above} does not ascend from {last}", "order tiers by rising threshold"
            )
        last = above
        modes.add(tier.choice("mode", MODES, "whole"))
        if len(modes) > 1:
            raise tier.error(
                tier.line, "context tiers mix 'whole' and 'marginal'", "a price uses one mode for all of its tiers"
            )
        stated = [key for key in RATE_BUCKETS if tier.has(key)]
        if not stated:
            raise tier.error(tier.line, f"context tier above {above} has no rate", "give it `input:` and `output:`")
        for key in stated:
            bucket = RATE_BUCKETS[key]
            if bucket not in own:
                if base is None or bucket not in base:
                    raise tier.error(
                        tier.line_of(key),
                        f"context tier has {key!r} but the price itself has not",
                        f"add `{key}:` beside context_tiers",
                    )
                own[bucket] = base[bucket].base
            value = tier.number(key)
            steps[bucket].append((above, value if value is not None else Fraction(0)))
    return {bucket: _Raw(value, tuple(steps[bucket])) for bucket, value in own.items()}


def _threshold(tier: Fields) -> int:
    above, start = tier.count("above"), tier.count("from")
    if (above is None) == (start is None):
        raise tier.error(
            tier.line,
            "a context tier needs either 'above' or 'from'",
            "write `above: 200000` (or, inclusive, `from: 200001`)",
        )
    value = above if above is not None else (start or 0) - 1
    if value < 1:
        raise tier.error(tier.line, "a context tier cannot start at the first token", "make it the price's own rate")
    return value


def _self_hosted(fields: Fields, terms: _Terms) -> dict[str, _Raw]:
    """USD per million tokens = gpu_hour_usd x gpus / (3600 x tokens per second x utilisation) x 10**6.

    A request occupies the GPUs for input/input_tps + output/output_tps seconds; idle time is shared by utilisation.
    """
    if stated := [key for key in (*RATE_BUCKETS, "context_tiers") if fields.has(key)]:
        raise fields.error(
            fields.line_of(stated[0]), f"'self_hosted' and {stated[0]!r} exclude each other", "keep one of them"
        )
    if terms.currency != "USD":
        raise fields.error(
            fields.line_of("self_hosted"), f"'self_hosted' is in USD, not {terms.currency}", "remove `currency`"
        )
    node = fields.get("self_hosted")
    assert node is not None  # noqa: S101 - the caller saw it
    host = Fields(node, fields.origin, SELF_HOSTED_KEYS, "self_hosted")
    utilisation = host.positive("utilisation") or Fraction(1)
    if utilisation > 1:
        raise host.error(
            host.line_of("utilisation"), f"'utilisation' is above 1: {host.text('utilisation')}", "write 0.3 for 30%"
        )
    hourly = host.required_positive("gpu_hour_usd") * (host.count("gpus") or 1)
    return {
        bucket: _Raw(hourly * 10**6 / (3600 * host.required_positive(f"{bucket}_tokens_per_second") * utilisation))
        for bucket in ("input", "output")
    }


def _hours(fields: Fields) -> Hours | None:
    node = fields.get("hours")
    if node is None:
        return None
    hours = Fields(node, fields.origin, HOURS_KEYS, "hours")
    start, end = hours.clock("from"), hours.clock("to")
    if start in (end, 24 * 60):
        raise hours.error(hours.line, "the window of 'hours' is empty", "leave `hours` out for the whole day")
    return Hours(start, end, hours.zone("tz"), hours.weekdays("days"))


def _tiers(fields: Fields, raw: dict[str, _Raw], base: Prices, terms: _Terms, modes: set[str]) -> tuple[Variant, ...]:
    node = fields.get("tiers")
    if node is None:
        return ()
    tiers = Fields(node, fields.origin, TIER_NAMES, "tiers")
    variants = []
    for tier in tiers.node.values:
        if (value := tiers.get(tier)) is None:
            continue
        own = Fields(value, fields.origin, TIER_KEYS, f"tier {tier!r}")
        if own.has("discount") and own.has("multiplier"):
            raise own.error(
                own.line_of("multiplier"), "'discount' and 'multiplier' exclude each other", "keep one of them"
            )
        discount, factor = own.share("discount"), own.positive("multiplier")
        if discount is not None:
            factor = 1 - discount
        rates = _compile(raw, terms.tokens * factor) if factor is not None else {}
        rates |= _compile(_rates(own, modes, raw), terms.tokens) | _web_search(own, terms)
        per_request = _fee(own, "per_request", terms)
        if not rates and not per_request:
            raise own.error(own.line, f"tier {tier!r} has no price", "write `discount: 50%` or its rates")
        begins = own.moment("valid_from")
        if begins is not None and base.valid_to is not None and begins >= base.valid_to:
            raise own.error(
                own.line_of("valid_from"), f"tier {tier!r} starts after its price ends", "move it to the later price"
            )
        start = max((us for us in (begins, base.valid_from) if us is not None), default=None)
        variants.append(
            Variant(
                tier,
                Prices(
                    rates=rates, valid_from=start, valid_to=base.valid_to, hours=base.hours, per_request=per_request
                ),
            )
        )
    return tuple(variants)


def _compile(raw: dict[str, _Raw], factor: Fraction) -> dict[str, Rate]:
    return {
        bucket: Rate(
            _femto(rate.base * factor, 10**6), tuple((above, _femto(usd * factor, 10**6)) for above, usd in rate.steps)
        )
        for bucket, rate in raw.items()
    }


def _web_search(fields: Fields, terms: _Terms) -> dict[str, Rate]:
    return {"web_searches": Rate(_fee(fields, "per_web_search", terms))} if fields.has("per_web_search") else {}


def _fee(fields: Fields, key: str, terms: _Terms) -> int:
    return _femto((fields.number(key) or Fraction(0)) * terms.fees, 1)


def _femto(usd: Fraction, units: int) -> int:
    exact = usd * FEMTO_PER_USD / units
    return round_half_even(exact.numerator, exact.denominator)


def _ordered(prices: list[_Price], fields: Fields) -> list[_Price]:
    """Rising precedence: prices for all hours by date, then those for some hours in the file's order."""
    whole = sorted(
        (p for p in prices if p.prices.hours is None),
        key=lambda p: (p.prices.valid_from is not None, p.prices.valid_from or 0),
    )
    for earlier, later in itertools.pairwise(whole):
        end, start = earlier.prices.valid_to, later.prices.valid_from
        if end is None or start is None or end > start:
            first, second = sorted((earlier.line, later.line))
            raise fields.error(
                second, f"the price overlaps the one on line {first}",
                "end the older price with `valid_to:` where the newer one starts with `valid_from:`",
            )  # fmt: skip
    return whole + [p for p in prices if p.prices.hours is not None]


def _variants(prices: list[_Price]) -> tuple[Variant, ...]:
    """Variants of the highest precedence first. A price for some hours shields a tier it does not have itself."""
    tiers = dict.fromkeys(variant.tier for price in prices for variant in price.variants)
    variants: list[Variant] = []
    for price in reversed(prices):
        variants.extend(price.variants)
        if price.prices.hours is not None:
            have = {variant.tier for variant in price.variants}
            variants.extend(Variant(tier, price.prices) for tier in tiers if tier not in have)
    return tuple(variants)
