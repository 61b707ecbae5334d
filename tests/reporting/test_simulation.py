from __future__ import annotations

import json
from datetime import UTC

from llmcost.reporting.simulation import Shown, as_json, as_text
from llmcost.routing.counterfactual import Repricer
from llmcost.routing.policy_file import parse_policy
from llmcost.routing.replay import Replay
from llmcost.routing.simulate import simulate
from tests.estimate.books import NOW, book
from tests.routing.test_simulate import POLICY, request

RULES = parse_policy(POLICY + "escalation: {check_usd: 0.0001, check_accuracy: 1}\n", "r\x1b.yaml")
ROWS = [request("low" if day % 3 else "high", day=day, route_propensity="0.5") for day in range(1, 13)]


def shown(count: int = len(ROWS)) -> Shown:
    replay = Replay(ROWS[:count], RULES, Repricer(book(), RULES.candidates, NOW))
    labels = {(row.record.id, "gpt-4o"): 0.9 for row in ROWS[:2]}
    return Shown(simulate(replay, RULES.candidates, labels), RULES, 0, NOW, UTC)


def test_as_json() -> None:
    document = json.loads(as_json(shown()))
    assert document["routed"]["escalated"] == 4
    assert document["policy"] == "r\ufffd.yaml"
    assert document["adequate_fixed"]["model"] == "gpt-4o"
    assert document["saving"]["vs_actual"]["over"] == "12 days"
    saved = document["saving"]["vs_adequate_fixed"]
    assert saved["low_percent"] < saved["percent"] < saved["high_percent"]
    assert document["evidence"]["labels"]["actual"] == {"requests": 2, "quality": 0.9}
    assert document["evidence"]["by_propensity"]["cost_usd"] is None
    assert json.loads(as_json(shown(1)))["saving"]["vs_actual"]["low_percent"] is None


def test_as_text() -> None:
    text = as_text(shown(), width=None, color=False)
    assert "escalation for 33.3%" in text
    assert "labels: actual 0.9 (n = 2); routed none" in text
    assert "none went where the policy sends it" in text
    assert "interval: n/a, too few days and hours" in as_text(shown(1), width=None, color=False)


def test_a_narrow_terminal_keeps_costs_and_intervals() -> None:
    lines = as_text(shown(), width=80, color=False).split("\n")
    assert max(map(len, lines)) <= 80
    assert "95% interval" in lines[0]
    assert "saved by the policy" not in lines[0]
