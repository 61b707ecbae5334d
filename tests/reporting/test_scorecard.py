"""The scorecard as text and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from llmcost.estimate.scorecard import Judged
from llmcost.ledger.protocol import Prediction
from llmcost.reporting.scorecard import as_json, as_text
from tests.ledger.samples import DAY, T0

NOW = T0 + 10 * DAY
WHERE = (("prompt_id", "a.txt"), ("app", "shop"))


def one(
    name: str = "pr-1", *, cost_nano: int = 27_000_000, judged: dict[str, Any] | None = None, **fields: Any
) -> Judged:
    """Twenty calls in ten days; a call foretold at $0.0012, a month of 60 calls at $0.072."""
    prediction = Prediction(name, T0, "diff", "a.txt", "gpt-4o", WHERE, 100, 50, 1_200_000, 1_000_000, 1_300_000, 60)
    made = Judged(
        prediction._replace(**fields), T0, NOW + 1, "", 20, 20, 20, cost_nano, (), cost_nano, 10 * DAY,
    )  # fmt: skip
    return made._replace(**(judged or {}))


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        (UTC, "2026-03-02T00:00:00Z", "2026-03-12T00:00:00.000001Z"),
        # Daylight saving begins in New York within the stretch.
        (ZoneInfo("America/New_York"), "2026-03-01T19:00:00-05:00", "2026-03-11T20:00:00.000001-04:00"),
        (ZoneInfo("Asia/Kolkata"), "2026-03-02T05:30:00+05:30", "2026-03-12T05:30:00.000001+05:30"),
    ],
)
def test_json_by_hand(zone: tzinfo, start: str, end: str) -> None:
    """27,000,000 / 20 = 1,350,000 nano-USD a call: +12.5%. 20 calls in 10 days are 60.83 a month, for $0.082125."""
    document = json.loads(as_json([one()], now_us=NOW, min_requests=20, zone=zone))
    assert document.pop("as_of")[:10] in {"2026-03-12", "2026-03-11"}
    score = {
        "n": 1, "median_error_pct": "12.5", "bias_pct": "12.5", "with_band": 1, "in_band": 0, "n_monthly": 1,
        "median_monthly_error_pct": "14.0625", "monthly_bias_pct": "14.0625",
    }  # fmt: skip
    assert document == {
        "schema_version": 1,
        "min_requests": 20,
        "predictions": [
            {
                "id": "pr-1", "recorded": start, "kind": "diff", "path": "a.txt", "model": "gpt-4o",
                "where": [{"dimension": "prompt_id", "value": "a.txt"}, {"dimension": "app", "value": "shop"}],
                "input_tokens": 100, "output_tokens": 50, "cost_covers": "input and output", "state": "judged",
                "from": start, "until": end, "ended_by": None, "requests": 20, "uncounted_requests": 0,
                "other_models": [],
                "call": {
                    "predicted_usd": "0.0012", "low_usd": "0.001", "high_usd": "0.0013", "actual_usd": "0.00135",
                    "error_pct": "12.5", "in_band": False,
                },
                "calls_per_month": {"predicted": 60, "actual": 61, "error_pct": "1.3889"},
                "monthly": {"predicted_usd": "0.072", "actual_usd": "0.082125", "error_pct": "14.0625"},
            }
        ],
        "score": score,
        "models": [{"model": "gpt-4o", **score}],
    }  # fmt: skip


def test_what_is_unknown_is_null() -> None:
    few = {"requests": 19, "counted": 19, "others": (("gpt-5", 3),), "ended_by": "pr-2"}
    prediction: dict[str, Any] = {"output_tokens": None, "low_nano": None, "high_nano": None, "calls_per_month": None}
    document = json.loads(as_json([one(judged=few, **prediction)], now_us=NOW, min_requests=20, zone=UTC))
    (found,) = document["predictions"]
    assert (found["state"], found["cost_covers"], found["ended_by"]) == ("open", "input", "pr-2")
    assert found["other_models"] == [{"model": "gpt-5", "requests": 3}]
    nothing = dict.fromkeys(("low_usd", "high_usd", "actual_usd", "error_pct", "in_band"))
    assert found["call"] == {"predicted_usd": "0.0012", **nothing}
    assert found["calls_per_month"] == {"predicted": None, "actual": None, "error_pct": None}
    assert found["monthly"] == {"predicted_usd": None, "actual_usd": None, "error_pct": None}
    assert document["score"]["n"] == 0
    assert document["score"]["median_error_pct"] is None
    assert document["models"] == []


def test_errors_below_and_beyond() -> None:
    for cost, text in ((24_000_000, "0"), (23_999_999, "0"), (23_999_000, "-0.0042"), (16_000_000, "-33.3333")):
        document = json.loads(as_json([one(cost_nano=cost)], now_us=NOW, min_requests=20, zone=UTC))
        assert document["score"]["bias_pct"] == text


def test_text() -> None:
    rows = [one(), one("pr-2", cost_nano=23_000_000, path="b.txt"), one("pr-3", judged={"requests": 3, "counted": 3})]
    assert as_text(rows, width=None, color=False) == TEXT


TEXT = """\
3 predictions: 2 judged, 1 open
id    prompt  model   requests  per    predicted     actual   error  band  state
─────────────────────────────────────────────────────────────────────────────────
pr-1  a.txt   gpt-4o        20  call   $0.001200  $0.001350  +12.5%  out   judged
                                month    $0.0720    $0.0821  +14.1%
pr-2  b.txt   gpt-4o        20  call   $0.001200  $0.001150   -4.2%  in    judged
                                month    $0.0720    $0.0700   -2.8%
pr-3  a.txt   gpt-4o         3  call   $0.001200          -       -        open
                                month    $0.0720          -       -

model   per    predictions  median error   bias  in their band
──────────────────────────────────────────────────────────────
all     call             2          8.3%  +4.2%         1 of 2
        month            2          8.4%  +5.6%
gpt-4o  call             2          8.3%  +4.2%         1 of 2
        month            2          8.4%  +5.6%"""


def test_remarks_say_what_qualifies_a_row() -> None:
    others = (("gpt-5", 7), ("o3", 2), ("x", 1), ("y", 1), ("z", 1))
    out = as_text(
        [
            one("swap", judged={"others": others, "ended_by": "later"}),
            one("gap", judged={"counted": 19, "requests": 21}),
            one("input", output_tokens=None, judged={"requests": 23}),
        ],
        width=None,
        color=False,
    )
    assert out.split("\n\n")[-1].split("\n") == [
        "swap, a.txt: other models were called too: gpt-5 (7), o3 (2), x (1) and 2 more models",
        "swap, a.txt: judged until later foretold the prompt anew",
        "gap, a.txt: 2 requests not in the cost of a call: no price",
        "input, a.txt: 3 requests not in the cost of a call: no price for the input alone",
        "input, a.txt: the cost of the input alone, foretold and actual",
    ]


def test_many_remarks_are_cut_short() -> None:
    out = as_text([one(f"pr-{n}", judged={"ended_by": "x"}) for n in range(25)], width=None, color=False)
    assert out.split("\n\n")[-1].count("\n") == 20
    assert out.endswith("… and 5 more remarks; --json has what they say")


def test_hostile_texts_are_shown_harmless() -> None:
    evil = "\x1b[31m\u202eid sk-ant-0123456789abcdefghij"
    row = one(evil, path=evil, model=evil, where=(("app", evil),), judged={"others": ((evil, 1),), "ended_by": evil})
    for text in (as_text([row], width=60, color=False), as_json([row], now_us=NOW, min_requests=20, zone=UTC)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "0123456789" not in text


def test_a_narrow_terminal_does_without_what_is_expendable() -> None:
    assert "requests" in as_text([one()], width=80, color=False).split("\n")[1]
    long = one("support-prompt-2026-11", path="prompts/support.md", model="claude-sonnet-4-5-20250929")
    out = as_text([long], width=80, color=False)
    assert max(map(len, out.split("\n"))) <= 80
    assert "requests" not in out.split("\n")[1]
    assert "+12.5%" in out


def test_a_month_of_which_nothing_is_known_has_no_line() -> None:
    assert "month" not in as_text([one(calls_per_month=None, judged={"month_nano": None})], width=None, color=False)
