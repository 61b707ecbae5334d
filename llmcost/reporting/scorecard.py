"""The scorecard as text and as JSON (keys: docs/scorecard.md)."""

from __future__ import annotations

import json
from collections import Counter
from datetime import tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from llmcost.core.instants import rfc3339
from llmcost.core.money import round_half_even, usd_text
from llmcost.core.text import printable, redact
from llmcost.estimate.scorecard import Score, score, scores_by_model
from llmcost.reporting.numbers import count, counted, percent, usd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from llmcost.estimate.scorecard import Judged

SHOWN_REMARKS = 20
_HEAD = ("id", "prompt", "model", "requests", "per", "predicted", "actual", "error", "band", "state")
_TEXTS = ("id", "prompt", "model", "per", "band", "state")
_EXPENDABLE = ("band", "requests")
_SCORE_HEAD = ("model", "per", "predictions", "median error", "bias", "in their band")


def as_json(judged: Sequence[Judged], *, now_us: int, min_requests: int, zone: tzinfo) -> str:
    document = {
        "schema_version": 1,
        "as_of": rfc3339(now_us, zone),
        "min_requests": min_requests,
        "predictions": [_judged(each, zone) for each in judged],
        "score": _score(score(judged)),
        "models": [{"model": _shown(model), **_score(each)} for model, each in scores_by_model(judged).items()],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _judged(each: Judged, zone: tzinfo) -> dict[str, Any]:
    foretold = each.prediction
    return {
        "id": _shown(foretold.name),
        "recorded": rfc3339(foretold.recorded_us, zone),
        "kind": foretold.kind,
        "path": _shown(foretold.path),
        "model": _shown(foretold.model),
        "where": [{"dimension": _shown(name), "value": _shown(value)} for name, value in foretold.where],
        "input_tokens": foretold.input_tokens,
        "output_tokens": foretold.output_tokens,
        "cost_covers": "input" if foretold.output_tokens is None else "input and output",
        "state": each.state,
        "from": rfc3339(each.start_us, zone),
        "until": rfc3339(each.end_us, zone),
        "ended_by": _shown(each.ended_by) or None,
        "requests": each.requests,
        "uncounted_requests": each.requests - each.counted,
        "other_models": [{"model": _shown(model), "requests": number} for model, number in each.others],
        "call": {
            "predicted_usd": usd_text(foretold.call_nano),
            "low_usd": _usd(foretold.low_nano),
            "high_usd": _usd(foretold.high_nano),
            "actual_usd": _usd(each.call_nano),
            "error_pct": _pct(each.call_error),
            "in_band": each.in_band,
        },
        "calls_per_month": {
            "predicted": foretold.calls_per_month,
            "actual": None if each.calls_per_month is None else _whole(each.calls_per_month),
            "error_pct": _pct(each.calls_error),
        },
        "monthly": {
            "predicted_usd": _usd(each.predicted_monthly_nano),
            "actual_usd": _usd(each.monthly_nano),
            "error_pct": _pct(each.monthly_error),
        },
    }


def _score(each: Score) -> dict[str, Any]:
    return {
        "n": each.n,
        "median_error_pct": _pct(each.median_error),
        "bias_pct": _pct(each.bias),
        "with_band": each.banded,
        "in_band": each.in_band,
        "n_monthly": each.n_monthly,
        "median_monthly_error_pct": _pct(each.median_monthly_error),
        "monthly_bias_pct": _pct(each.monthly_bias),
    }


def as_text(judged: Sequence[Judged], *, width: int | None, color: bool) -> str:
    """Every prediction, then the error of those that are judged."""
    from rich.text import Text

    from llmcost.reporting.console import fitting, render, table

    states = Counter(each.state for each in judged)
    lines = [line for each in judged for line in _lines(each)]
    head, rows = fitting(_HEAD, lines, expendable=_EXPENDABLE, width=width, folding=range(3))
    numeric = [index for index, name in enumerate(head) if name not in _TEXTS]
    parts: list[RenderableType] = [
        Text(f"{counted(len(judged), 'prediction')}: {', '.join(f'{count(n)} {name}' for name, n in states.items())}"),
        table(head, rows, right=numeric, tight=True),
    ]
    if (overall := score(judged)).n:
        scores = [("all", overall), *scores_by_model(judged).items()]
        lines = [line for name, each in scores for line in _score_lines(name, each)]
        parts += [Text(""), table(_SCORE_HEAD, lines, right=range(2, 6), tight=True)]
    if remarks := _remarks(judged):
        if (left := len(remarks) - SHOWN_REMARKS) > 0:
            remarks[SHOWN_REMARKS:] = [f"… and {counted(left, 'more remark')}; --json has what they say"]
        parts += [Text(""), Text("\n".join(remarks))]
    return render(parts, width=width, color=color)


def _lines(each: Judged) -> list[tuple[str, ...]]:
    """The cost of a call, and below it that of a month where either is known."""
    foretold = each.prediction
    call = (
        _shown(foretold.name), _shown(foretold.path), _shown(foretold.model), count(each.requests),
        "call", usd(foretold.call_nano), _money(each.call_nano), _percent(each.call_error),
        {None: "", True: "in", False: "out"}[each.in_band], each.state,
    )  # fmt: skip
    if each.predicted_monthly_nano is None and each.monthly_nano is None:
        return [call]
    month = (_money(each.predicted_monthly_nano), _money(each.monthly_nano), _percent(each.monthly_error))
    return [call, ("", "", "", "", "month", *month, "", "")]


def _score_lines(name: str, each: Score) -> list[tuple[str, ...]]:
    band = f"{count(each.in_band)} of {count(each.banded)}" if each.banded else "-"
    call = (count(each.n), _percent(each.median_error, sign=False), _percent(each.bias), band)
    lines: list[tuple[str, ...]] = [(_shown(name), "call", *call)]
    if each.n_monthly:
        month = (_percent(each.median_monthly_error, sign=False), _percent(each.monthly_bias))
        lines.append(("", "month", count(each.n_monthly), *month, ""))
    return lines


def _remarks(judged: Sequence[Judged]) -> list[str]:
    """What qualifies a row, one line each."""
    lines = []
    for each in judged:
        name = f"{_shown(each.prediction.name)}, {_shown(each.prediction.path)}"
        if each.others:
            models = ", ".join(f"{_shown(model)} ({count(number)})" for model, number in each.others[:3])
            more = f" and {counted(len(each.others) - 3, 'more model')}" if len(each.others) > 3 else ""
            lines.append(f"{name}: other models were called too: {models}{more}")
        if left := each.requests - each.counted:
            what = "no price" if each.prediction.output_tokens is not None else "no price for the input alone"
            lines.append(f"{name}: {counted(left, 'request')} not in the cost of a call: {what}")
        if each.ended_by:
            lines.append(f"{name}: judged until {_shown(each.ended_by)} foretold the prompt anew")
        if each.prediction.output_tokens is None:
            lines.append(f"{name}: the cost of the input alone, foretold and actual")
    return lines


def _money(nano: int | Fraction | None) -> str:
    return "-" if nano is None else usd(_whole(nano))


def _percent(error: Fraction | None, *, sign: bool = True) -> str:
    return "-" if error is None else percent(error.numerator, error.denominator, sign=sign)


def _usd(nano: int | Fraction | None) -> str | None:
    return None if nano is None else usd_text(_whole(nano))


def _whole(number: int | Fraction) -> int:
    return round_half_even(number.numerator, number.denominator)


def _pct(error: Fraction | None) -> str | None:
    """In percent as decimal text, rounded to four places."""
    if error is None:
        return None
    units = round_half_even(error.numerator * 10**6, error.denominator)
    whole, part = divmod(abs(units), 10**4)
    return f"{'-' if units < 0 else ''}{whole}.{part:04d}".rstrip("0").rstrip(".")


def _shown(text: str) -> str:
    return printable(redact(text))
