from __future__ import annotations

import json
from collections import Counter

from llmcost.ingest.calibrate import Calibration, Line
from llmcost.reporting.tokens import as_json, as_text, remarks, times
from llmcost.tokens.ratios import Band

MADE = Calibration(
    (Line("anth\x1bropic", "grok", "code", Band(98, None, None, 3), Band(110)),), 4, 1_234, Counter({"of x": 2})
)


def test_percent_as_a_factor() -> None:
    assert [times(percent) for percent in (5, 100, 121, 1_000)] == ["0.05", "1.00", "1.21", "10.00"]


def test_what_is_not_known_is_said() -> None:
    shown = " ".join(as_text(MADE, least=20, width=None, color=False).split())
    assert shown.endswith("anth\ufffdropic grok code 0.98 fewer than 20 texts 3 1.10 an assumption")


def test_json_says_what_is_saved() -> None:
    found = json.loads(as_json(MADE, saved_to="x", least=20, skipped={"binary": 1}))
    assert found["ratios"][0] == {
        "provider": "anth\ufffdropic", "family": "grok", "class": "code", "percent": 98, "p5": None, "p95": None,
        "n": 3, "saved": False, "before": {"percent": 110, "p5": None, "p95": None, "n": 0},
    }  # fmt: skip


def test_remarks() -> None:
    assert list(remarks(MADE, {"binary": 1})) == [
        "4 texts matched 1,234 requests of the ledger",
        "left out: 2 requests of x",
        "skipped: 1 binary",
    ]
