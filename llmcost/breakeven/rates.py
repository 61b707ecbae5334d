"""Which measurements hold for a model, a GPU and a mix, and what a replica does by them. Nothing is extrapolated."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from llmcost.breakeven.evidence import OWN_RATES, Evidence, Throughput, listed
from llmcost.breakeven.throughput import ONE_MIX, Fitted, fit_runs
from llmcost.core.errors import UsageError, nearest

#: A combined rate of one mix stands for mixes this near to it; further off, reading and writing must be told apart.
NEAR_MIX = Fraction(1, 10)


class Rates(NamedTuple):
    """What a replica reads and writes per second when it does nothing else, and by what evidence."""

    input_tps: Fraction
    output_tps: Fraction
    gpus: int
    """Per replica."""
    precision: str
    engine: str
    fitted: Fitted
    rows: tuple[Throughput, ...]
    method: str
    """One phrase for a list of assumptions."""


def rates(
    evidence: Evidence,
    model: str,
    gpu: str,
    *,
    input_share: Fraction,
    precision: str | None = None,
    engine: str | None = None,
) -> Rates:
    """Tokens per second of a replica of `model` on `gpu` for a mix.

    Of several benchmarks that measured mixes on both sides of it (or, with one mix, within 10 points), the one
    with the most tokens per second and GPU: `Rates.method` says which.

    Raises:
        UsageError: model or GPU are unknown, or no benchmark covers the mix; says what has been measured.
    """
    known, chip = evidence.model(model).name, evidence.gpu(gpu).name
    what = f"{known} on {chip}"
    rows = [row for row in evidence.throughput if row.model == known]
    if not any(row.gpu == chip for row in rows):
        raise _unmeasured(what, "it is measured on", (row.gpu for row in rows))
    rows = [row for row in rows if row.gpu == chip]
    if precision is not None:
        there = [row.precision for row in rows]
        rows = [row for row in rows if row.precision == precision.lower()]
        if not rows:
            close = nearest(precision.lower(), there)
            raise _unmeasured(f"{what} with precision {precision[:40]!r}{close}", "there is", there)
    if engine is not None:
        there = [row.engine for row in rows]
        rows = [row for row in rows if row.engine.lower().startswith(engine.lower())]
        if not rows:
            raise _unmeasured(f"{what} with engine {engine[:40]!r}{nearest(engine, there)}", "there is", there)
    return _best(what, rows, input_share)


def _best(what: str, rows: list[Throughput], share: Fraction) -> Rates:
    settings: dict[tuple[str, str, int, str, str, str], list[Throughput]] = {}
    for row in rows:
        settings.setdefault(row.setting, []).append(row)
    covering: list[tuple[Fraction, Rates]] = []
    measured: list[str] = []
    for group in settings.values():
        try:
            fitted = fit_runs([row.run for row in group])
        except ValueError:
            continue
        measured.append(span(fitted))
        if covers(fitted, share):
            rates = _rates(group, fitted)
            covering.append((1 / fitted.seconds(share) / rates.gpus, rates))
    if covering:
        return max(covering, key=lambda found: found[0])[1]
    raise UsageError(
        f"no measurement of {what} with {_percent(share)} input tokens",
        f"measured with {listed(measured)} input; {OWN_RATES}"
        if measured
        else f"its runs contradict each other; {OWN_RATES}",
    )


def covers(fitted: Fitted, share: Fraction) -> bool:
    """Whether the rates hold for a mix of that input share."""
    if fitted.input_tps is None:
        return fitted.lowest - NEAR_MIX <= share <= fitted.highest + NEAR_MIX
    return fitted.lowest <= share <= fitted.highest


def _rates(group: list[Throughput], fitted: Fitted) -> Rates:
    rows = tuple(row for row in group if row.run in fitted.used)
    first = rows[0]
    loads = sorted({row.concurrency for row in rows if row.concurrency is not None})
    load = f", {_range(loads)} requests at a time" if loads else ""
    if fitted.input_tps is None or fitted.output_tps is None:
        how = f"combined rate at {span(fitted)} input{load}; one mix does not tell reading from writing"
        both = (fitted.combined_tps, fitted.combined_tps)
    else:
        how = f"fitted to {len(rows)} runs at {span(fitted)} input{load}, each met within {_percent(fitted.worst)}"
        both = (fitted.input_tps, fitted.output_tps)
    method = f"{first.engine}, {first.precision}, {first.gpus} x {first.gpu}: {how}; {first.source}"
    return Rates(*both, first.gpus, first.precision, first.engine, fitted, rows, method)


def span(fitted: Fitted) -> str:
    """The input shares that were measured."""
    low, high = _percent(fitted.lowest), _percent(fitted.highest)
    return low if fitted.highest - fitted.lowest < ONE_MIX else f"{low} to {high}"


def _range(values: list[int]) -> str:
    return str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}"


def _percent(share: Fraction) -> str:
    return f"{round(share * 100)}%"


def _unmeasured(what: str, there_is: str, values: Iterable[str]) -> UsageError:
    return UsageError(f"no measurement of {what}", f"{there_is} {listed(values)}; {OWN_RATES}")
