"""What a comparison of modes says, in sentences and numbers that every format shares."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from llmcost.breakeven.rounding import nano
from llmcost.core.text import printable, redact
from llmcost.reporting.numbers import count, decimal, percent, usd

if TYPE_CHECKING:
    from llmcost.breakeven.comparison import Comparison, Pair
    from llmcost.breakeven.fields import Mode
    from llmcost.breakeven.plan import Plan

MILLION = 10**6
_SIZES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
NAMES: dict[Mode, str] = {"api": "API", "hosted": "hosted GPUs", "owned": "own servers"}
_SUBJECT: dict[Mode, str] = {"api": "the API is", "hosted": "hosted GPUs are", "owned": "own servers are"}
_THAN: dict[Mode, str] = {"api": "the API", "hosted": "hosted GPUs", "owned": "own servers"}
SHOWN_CROSSINGS = 6
PARTS = {
    "input": "input tokens", "cached": "cached input", "write": "cache writes", "output": "output tokens",
    "fees": "request fees", "gpus": "GPUs", "amortisation": "servers written off", "power": "power",
    "colo": "colocation", "maintenance": "maintenance", "staff": "people", "monitoring": "monitoring",
    "recovery": "disaster recovery", "storage": "storage", "network": "network", "other": "other",
}  # fmt: skip


def tokens_text(tokens: int | Fraction) -> str:
    """12.3M: three figures at most below a thousand of a unit, rounded half-even."""
    for size, unit in _SIZES:
        if tokens >= size:
            value = Fraction(tokens) / size
            places = 2 if value < 10 else 1 if value < 100 else 0
            text = decimal(value, places)
            return (text.rstrip("0").rstrip(".") if places else text) + unit
    return decimal(tokens, 0)


def money(amount: Fraction) -> str:
    return usd(nano(amount))


def per_million(month: Fraction, tokens: int) -> int:
    """nano-USD per million tokens."""
    return nano(month * MILLION / tokens)


def share(part: Fraction, whole: Fraction) -> str:
    ratio = part / whole if whole else Fraction(0)
    return percent(ratio.numerator, ratio.denominator)


def verdict(found: Comparison) -> str:
    """One sentence with its margin."""
    first, second = found.ranked[:2]
    at = f"At {tokens_text(first.tokens)} tokens a month"
    if found.cheapest is None:
        return f"{at} {_THAN[first.mode]} and {_THAN[second.mode]} cost the same, {money(first.total)}."
    margin = f"{money(found.saving)} a month ({share(found.saving, second.total)}) less than {_THAN[second.mode]}"
    return f"{at} {_SUBJECT[first.mode]} cheapest: {money(first.total)}, {margin}."


def turning(found: Comparison) -> list[str]:
    """For each two modes, where the cheaper one changes."""
    return [_pair(found, pair) for pair in found.pairs]


def _pair(found: Comparison, pair: Pair) -> str:
    crossed, modes = pair.crossings, pair.between
    end = crossed.in_the_end
    if not crossed.found:
        if end is None:
            return f"{NAMES[modes[0]]} and {NAMES[modes[1]]} cost the same at every volume."
        slopes = [per_million(found.curves[modes[side]].slope, 1) for side in (end, 1 - end)]
        return (
            f"{_capital(_SUBJECT[modes[end]])} cheaper than {_THAN[modes[1 - end]]} at every volume: in the long run"
            f" 1M more tokens cost {usd(slopes[0])} against {usd(slopes[1])}."
        )
    if len(crossed.found) == 1:
        only = crossed.found[0]
        return (
            f"{_capital(_SUBJECT[modes[only.cheaper_above]])} cheaper than {_THAN[modes[1 - only.cheaper_above]]} above"
            f" {volume(only.tokens)} tokens a month."
        )
    start = [] if crossed.at_first is None else [f"{NAMES[modes[crossed.at_first]]} first"]
    steps = [f"{NAMES[modes[each.cheaper_above]]} above {tokens_text(each.tokens)}" for each in crossed.found]
    shown = [*start, *steps[:SHOWN_CROSSINGS]]
    if len(steps) > SHOWN_CROSSINGS or not crossed.complete:
        shown.append("… changing with each further step …")
        if crossed.last is not None:
            shown.append(f"{NAMES[modes[crossed.last.cheaper_above]]} above {volume(crossed.last.tokens)} for good")
    return f"{_capital(NAMES[modes[0]])} or {NAMES[modes[1]]}, the cheaper: {', '.join(shown)} tokens a month."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def volume(tokens: Fraction) -> str:
    """The last whole volume before a change."""
    whole = tokens.numerator // tokens.denominator
    return f"{count(whole)} ({tokens_text(whole)})" if whole >= 1000 else count(whole)


def traffic(plan: Plan) -> str:
    mix, given = plan.mix, plan.tokens * plan.mix.input_share
    kinds = [("cached", mix.cached_share), ("cache writes", mix.write_share)]
    told = ", ".join(f"{tokens_text(given * part)} {kind}" for kind, part in kinds if part)
    batch = f", {share(plan.api.batch_share, Fraction(1))} in batches" if plan.api.batch_share else ""
    inside = f" ({told})" if told else ""
    return (
        f"{count(plan.tokens)} tokens a month: {tokens_text(given)} in{inside},"
        f" {tokens_text(plan.tokens * mix.output_share)} out{batch}"
    )


def price(plan: Plan) -> str:
    """What the API charges, and where that is from."""
    rates = plan.api.rates
    named = (("in", rates.input), ("cached", rates.cached), ("cache write", rates.write), ("out", rates.output))
    shown = ", ".join(f"{usd(nano(rate * MILLION))} {name}" for name, rate in named if rate is not None)
    if plan.priced is None:
        return f"Price per 1M tokens: {shown} (the scenario's)"
    card, held = plan.priced.card, ""
    if plan.traffic_inputs.has("input_per_request"):
        held = f" for requests of {decimal(plan.traffic_inputs.number('input_per_request'), 0)} input tokens"
    elif len(card.bands) > 1:
        held = f" for requests of up to {count(card.bands[1][0])} input tokens"
    model = f"{cell(card.provider)} {cell(card.model)}"
    return f"Price per 1M tokens of {model}{held}: {shown} ({plan.priced.match} match, {cell(plan.priced.layer)})"


def assumptions(plan: Plan) -> list[tuple[str, str, str, str, str]]:
    """(modes, name, value, unit, source) of every input; what several modes share stands once."""
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    every = [("", plan.traffic_inputs), *((mode, plan.inputs[mode]) for mode in plan.modes)]
    for mode, inputs in every:
        for name, given in inputs.given.items():
            row = (name, cell(given.text), inputs.unit(name), cell(given.source))
            rows.setdefault(row, []).append(mode)
    return [(", ".join(filter(None, modes)), *row) for row, modes in rows.items()]


def cell(text: str) -> str:
    return printable(redact(text))
