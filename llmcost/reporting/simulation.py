"""A simulated policy as text and as JSON (keys: docs/routing.md)."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.core.instants import rfc3339
from llmcost.core.money import usd_text
from llmcost.core.text import printable, redact
from llmcost.reporting.console import fitting, render, table
from llmcost.reporting.numbers import count, counted, percent, usd
from llmcost.routing.floor import share_text
from llmcost.routing.simulate import LEVEL, RESAMPLES, SEED, Fixed, Labelled, Saving, Simulated, saving

if TYPE_CHECKING:
    from llmcost.routing.policy import Policy

_HEAD = ("", "model", "cost", "p(good), prior", "saved by the policy", "percent", f"{LEVEL}% interval")
_EXPENDABLE = ("saved by the policy", "p(good), prior")


class Shown(NamedTuple):
    found: Simulated
    policy: Policy
    start: int
    end: int
    zone: tzinfo


def as_json(shown: Shown) -> str:
    found = shown.found
    tagged = found.by_propensity
    best = found.best_fixed
    document = {
        "schema_version": 1,
        "from": rfc3339(shown.start, shown.zone),
        "until": rfc3339(shown.end, shown.zone),
        "policy": _safe(shown.policy.origin),
        "requests": found.requests,
        "excluded": [{"reason": reason, "requests": number} for reason, number in sorted(found.excluded.items())],
        "actual": {
            "cost_usd": usd_text(found.actual), "p_good": _p(found.actual_p),
            "p_good_known_requests": found.actual_known,
        },
        "routed": {
            "cost_usd": usd_text(found.routed), "p_good": _p(found.routed_p), "escalated": found.escalated,
            "models": [{"model": _safe(model), "requests": number} for model, number in found.models.items()],
        },
        "best_fixed": None if best is None else {**_fixed(best), "as_good_as_routed": found.as_good},
        "adequate_fixed": None if found.sufficient is None else _fixed(found.fixed[found.sufficient]),
        "cheapest_adequate": {"cost_usd": usd_text(found.adequate)},
        "fixed": [_fixed(each) for each in found.fixed],
        "saving": {
            "vs_actual": _saving(saving(found, 0)),
            "vs_best_fixed": None if found.best is None else _saving(saving(found, 2 + found.best)),
            "vs_adequate_fixed": None if found.sufficient is None else _saving(saving(found, 2 + found.sufficient)),
        },
        "interval": {"level": LEVEL, "method": "bootstrap", "resamples": RESAMPLES, "seed": SEED},
        "evidence": {
            "moved_requests": found.moved,
            "without_counterfactual_requests": found.no_evidence,
            "without_counterfactual_share": round(found.no_evidence / found.requests, 6),
            "labels": {
                "actual": {"requests": found.judged_actual.requests, "quality": _p(found.judged_actual.quality)},
                "routed": {"requests": found.judged_routed.requests, "quality": _p(found.judged_routed.quality)},
            },
            "complexity_recorded": found.with_level,
            "by_propensity": {
                "requests": tagged.requests, "matched": tagged.matched, "effective": round(tagged.effective, 1),
                "actual_usd": usd_text(tagged.actual_nano),
                "cost_usd": None if tagged.nano is None else usd_text(tagged.nano),
            },
        },
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def _fixed(each: Fixed) -> dict[str, Any]:
    return {
        "model": each.candidate.model, "cost_usd": usd_text(each.nano), "p_good": _p(each.p),
        "unable_requests": each.unable, "inadequate_requests": each.inadequate,
    }  # fmt: skip


def _saving(each: Saving) -> dict[str, Any]:
    return {
        "usd": usd_text(each.nano), "percent": _pct(each.share),
        "low_percent": _pct(each.low_share), "high_percent": _pct(each.high_share),
        "low_usd": None if each.low_nano is None else usd_text(each.low_nano),
        "high_usd": None if each.high_nano is None else usd_text(each.high_nano),
        "over": each.units or None,
    }  # fmt: skip


def as_text(shown: Shown, *, width: int | None, color: bool) -> str:
    found = shown.found
    actual = saving(found, 0)
    rows = [("actual", "", usd(found.actual), _shown_p(found.actual_p), *_cells(actual))]
    rows.append(("routed", "", usd(found.routed), _shown_p(found.routed_p), "", "", ""))
    named = (("best fixed model", found.best), ("adequate fixed model", found.sufficient))
    for name, at in named:
        if at is not None:
            each = found.fixed[at]
            cells = _cells(saving(found, 2 + at))
            rows.append((name, _safe(each.candidate.model), usd(each.nano), _shown_p(each.p), *cells))
    rows.append(("cheapest adequate", "", usd(found.adequate), "", "", "", ""))
    for at, each in enumerate(found.fixed):
        if at not in {found.best, found.sufficient}:
            unable = f" (not {counted(each.unable, 'request')})" if each.unable else ""
            rows.append(("all to", _safe(each.candidate.model) + unable, usd(each.nano), _shown_p(each.p), "", "", ""))
    head, cells_ = fitting(_HEAD, rows, expendable=_EXPENDABLE, width=width)
    right = [at for at, name in enumerate(head) if name not in {"", "model"}]
    shown_table = table(head, cells_, right=right, tight=True)
    shown_table.columns[0].no_wrap = True
    return render([shown_table, "", *_remarks(shown, actual)], width=width, color=color)


def _cells(each: Saving) -> tuple[str, str, str]:
    share = f"{each.share * 100:.1f}%"
    if each.low_share is None or each.high_share is None:
        return usd(each.nano), share, "n/a"
    return usd(each.nano), share, f"{each.low_share * 100:.1f}% to {each.high_share * 100:.1f}%"


def _remarks(shown: Shown, actual: Saving) -> list[str]:
    found = shown.found
    total = found.requests
    lines = [f"{counted(total, 'request')} from {rfc3339(shown.start, shown.zone)} to {rfc3339(shown.end, shown.zone)}"]
    routed = ", ".join(f"{_safe(model)} {percent(number, total)}" for model, number in _often(found))
    lines.append(
        f"routed to: {routed}{f'; escalation for {percent(found.escalated, total)}' if found.escalated else ''}"
    )
    if found.excluded:
        lines.append(
            "left out: " + ", ".join(f"{count(number)} {reason}" for reason, number in sorted(found.excluded.items()))
        )
    lines.append(
        f"without counterfactual evidence: {percent(found.no_evidence, total)} of the requests. The policy treats them "
        "otherwise than they were: their cost is that of the same tokens at the other price, their quality a prior"
    )
    if found.judged_actual.requests or found.judged_routed.requests:
        lines.append(f"labels: actual {_labelled(found.judged_actual)}; routed {_labelled(found.judged_routed)}")
    if found.with_level < total:
        lines.append(
            f"complexity: recorded for {percent(found.with_level, total)} (tag route_complexity); "
            "the others count as medium, since the ledger keeps no prompt"
        )
    if found.best is not None and not found.as_good:
        lines.append("no single model is as good as the routed mix: the best fixed model is the best there is")
    lines.append(
        f"interval: bootstrap over {actual.units}, {count(RESAMPLES)} draws"
        if actual.units
        else "interval: n/a, too few days and hours"
    )
    lines.append(_propensities(found))
    return lines


def _labelled(each: Labelled) -> str:
    return f"{_shown_p(each.quality)} (n = {each.requests:,})" if each.requests else "none"


def _propensities(found: Simulated) -> str:
    tagged = found.by_propensity
    if not tagged.requests:
        return (
            "propensity: no request has the tag route_propensity, so that nothing corrects for how it was routed before"
        )
    if tagged.nano is None:
        return f"propensity: of {counted(tagged.requests, 'request')} with one, none went where the policy sends it"
    cost = f"{counted(tagged.requests, 'request')} that were paid {usd(tagged.actual_nano)} cost {usd(tagged.nano)}"
    there = f"from {count(tagged.matched)} that went there (worth {tagged.effective:.0f})"
    return f"propensity: weighted by it, {cost} under the policy, {there}"


def _often(found: Simulated) -> list[tuple[str, int]]:
    return sorted(found.models.items(), key=lambda item: (-item[1], item[0]))


def _shown_p(p: float | None) -> str:
    return "unknown" if p is None else share_text(p)


def _p(p: float | None) -> float | None:
    return None if p is None else round(p, 6)


def _pct(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 2)


def _safe(text: str) -> str:
    return printable(redact(text))
