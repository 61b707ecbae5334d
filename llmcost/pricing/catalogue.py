"""The `genai-prices` catalogue compiled to our own entries. Its calculator is never called per row."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from llmcost.core.instants import to_us
from llmcost.core.money import femto_per_unit
from llmcost.pricing.entry import Entry, Hours, Layer, Pattern, Prices, Rate, Variant

#: The catalogue's price keys -> (our bucket, units per price).
_KEYS: dict[str, tuple[str, int]] = {
    "input_mtok": ("input", 10**6),
    "cache_read_mtok": ("cached", 10**6),
    "cache_write_mtok": ("write_5m", 10**6),
    "cache_write_5m_mtok": ("write_5m", 10**6),
    "cache_write_1h_mtok": ("write_1h", 10**6),
    "input_audio_mtok": ("input_audio", 10**6),
    "cache_audio_read_mtok": ("cached_audio", 10**6),
    "input_image_mtok": ("input_image", 10**6),
    "output_mtok": ("output", 10**6),
    "output_reasoning_mtok": ("reasoning", 10**6),
    "output_audio_mtok": ("output_audio", 10**6),
    "output_image_mtok": ("output_image", 10**6),
    "web_searches_kcount": ("web_searches", 10**3),
}
#: Request context of a catalogue variant -> the service tier it stands for. Others (routes) have no bucket yet.
_TIERS = {
    ("processing", "batch"): "batch",
    ("service_tier", "flex"): "flex",
    ("service_tier", "priority"): "priority",
    ("service_tier", "fast"): "fast",
    ("speed", "fast"): "fast",
}
_SIGNIFICANT_DIGITS = 12
#: OpenAI's models that search the web in every request and bill each search beside the tokens (from $10 to $50 per
#: 1,000 by date and context size, https://platform.openai.com/docs/pricing). The catalogue has their token rates
#: only, and a chat completion does not count its searches: by tokens alone they would look nearly free.
_SEARCH_FEE_UNKNOWN = re.compile(r"(?:.*/)?gpt-[a-z0-9.-]+-search-(?:preview|api)(?:-.*)?")


def compile_catalogue() -> Layer | None:
    """The installed catalogue as a layer; None when genai-prices is not installed."""
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        return None
    from importlib.metadata import version

    providers = get_snapshot().providers
    return Layer(
        name="catalogue",
        origin=f"genai-prices {version('genai-prices')}",
        entries=tuple(
            _entry(provider, model)
            for provider in providers
            for model in provider.models
            if not _SEARCH_FEE_UNKNOWN.fullmatch(model.id)
        ),
        provider_models=tuple(
            (provider.id, patterns)
            for provider in providers
            if provider.model_match is not None and (patterns := _provider_patterns(provider.model_match))
        ),
        fallbacks={
            provider.id: tuple(provider.fallback_model_providers)
            for provider in providers
            if provider.fallback_model_providers
        },
        provider_urls={provider.id: provider.pricing_urls[0] for provider in providers if provider.pricing_urls},
    )


def _entry(provider: Any, model: Any) -> Entry:
    aliases: list[str] = []
    patterns: list[Pattern] = []
    _collect(model.match, aliases, patterns)
    raw = model.prices if isinstance(model.prices, list) else [None]
    prices = tuple(
        _prices(model.prices, None) if item is None else _prices(item.prices, item.constraint) for item in raw
    )
    variants = tuple(
        Variant(tier, _prices(variant.prices, variant.constraint), verified=True)
        for variant in model.price_variants or ()
        if len(variant.when) == 1 and (tier := _TIERS.get(next(iter(variant.when.items()))))
    )
    sources = [item.prices if item is not None else model.prices for item in raw]
    unmodelled = {key for price in sources for key, value in vars(price).items() if value is not None} - _KEYS.keys()
    return Entry(
        provider=provider.id,
        model=model.id,
        prices=prices,
        variants=variants,
        aliases=tuple(a for a in aliases if a != model.id and not _SEARCH_FEE_UNKNOWN.fullmatch(a)),
        patterns=tuple(patterns),
        context_window=model.context_window,
        note=model.price_comments or "",
        unmodelled=tuple(sorted(unmodelled - {"requests_kcount"})),
        deprecated=bool(model.deprecated),
    )


def _clean(value: Decimal) -> Decimal:
    """A rate without binary float noise: 0.19999999999999998 was meant as 0.2."""
    if len(value.as_tuple().digits) <= _SIGNIFICANT_DIGITS:
        return value
    return Decimal(f"{value:.{_SIGNIFICANT_DIGITS - 1}e}")


def _rate(value: Any, units: int) -> Rate:
    if isinstance(value, Decimal):
        return Rate(femto_per_unit(_clean(value), units))
    steps = tuple((tier.start, femto_per_unit(_clean(tier.price), units)) for tier in value.tiers)
    return Rate(femto_per_unit(_clean(value.base), units), steps)


def _prices(model_price: Any, constraint: Any) -> Prices:
    rates: dict[str, Rate] = {}
    per_request = 0
    for key, value in vars(model_price).items():
        if value is None:
            continue
        if key == "requests_kcount":
            per_request = _rate(value, 10**3).base
        elif key in _KEYS:
            bucket, units = _KEYS[key]
            rates[bucket] = _rate(value, units)
    valid_from = hours = None
    if constraint is not None and hasattr(constraint, "start_date"):
        valid_from = to_us(datetime.combine(constraint.start_date, time(0), tzinfo=UTC))
    elif constraint is not None:
        hours = Hours(_utc_minute(constraint.start_time), _utc_minute(constraint.end_time))
    return Prices(rates=rates, valid_from=valid_from, hours=hours, per_request=per_request)


def _utc_minute(value: time) -> int:
    if value.tzinfo is not None:
        value = datetime.combine(datetime(1970, 1, 2, tzinfo=UTC), value).astimezone(UTC).timetz()
    return value.hour * 60 + value.minute


def _collect(clause: Any, aliases: list[str], patterns: list[Pattern]) -> None:
    """Split a catalogue match into exact names and loose patterns."""
    if hasattr(clause, "equals"):
        aliases.append(clause.equals.lower())
    elif hasattr(clause, "or_"):
        for part in clause.or_:
            _collect(part, aliases, patterns)
    elif hasattr(clause, "and_"):
        positive = [part for part in clause.and_ if not hasattr(part, "regex")]
        also = tuple(part.regex for part in clause.and_ if hasattr(part, "regex"))
        if len(positive) == 1 and (simple := _pattern(positive[0])):
            patterns.append(Pattern(simple.how, simple.text, also))
    elif pattern := _pattern(clause):
        patterns.append(pattern)


def _pattern(clause: Any) -> Pattern | None:
    if hasattr(clause, "starts_with"):
        return Pattern("starts", clause.starts_with.lower())
    if hasattr(clause, "ends_with"):
        return Pattern("ends", clause.ends_with.lower())
    if hasattr(clause, "contains"):
        return Pattern("contains", clause.contains.lower())
    if hasattr(clause, "regex"):
        return Pattern("regex", clause.regex)
    return None


def _provider_patterns(clause: Any) -> tuple[Pattern, ...]:
    aliases: list[str] = []
    patterns: list[Pattern] = []
    _collect(clause, aliases, patterns)
    return (*patterns, *(Pattern("regex", f"^{re.escape(alias)}$") for alias in aliases))
