from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmcost.core.usage import Usage
from llmcost.ledger.protocol import PricedRecord
from tests.budgets.rows import ledger, row
from tests.estimate.books import PRICES
from tests.run import Ran, llmcost

POLICY = """
quality_floor: {low: 0, medium: 0.5, high: 0.75}
candidates:
  - {model: gpt-4o, provider: openai, quality: 0.8, context_window: 128000}
  - {model: gpt-4o-mini, provider: openai, quality: 0.6, context_window: 128000}
"""


@pytest.fixture(autouse=True)
def files(isolated: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("pricing.yaml").write_text(PRICES, "utf-8")
    Path("routing.yaml").write_text(POLICY, "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "prices-cache"))


def request(day: int, level: str, **more: Any) -> PricedRecord:
    # 1,000 x 2.5 and 100 x 10 $/M
    return row(
        f"2026-05-{day:02}T12:00:00Z", "shop", more.pop("paid", 3_500_000), provider="openai", model="gpt-4o",
        usage=Usage(input=1_000, output=100), tags=(("route_complexity", level),), **more,
    )  # fmt: skip


def simulated(*arguments: str) -> Ran:
    return llmcost("routing", "simulate", "--ledger", "ledger.db", "--as-of", "2026-06-01T00:00:00Z", *arguments)


def kept(*rows: PricedRecord) -> None:
    ledger(*rows, path=Path("ledger.db")).close()


def test_the_ledger_under_a_policy() -> None:
    kept(request(10, "low"), request(11, "high"), request(12, "low", paid=None), request(1, "high"))
    ran = simulated("--since", "2026-05-05", "--json")
    assert (ran.code, ran.json["schema_version"], ran.json["requests"]) == (0, 1, 2)
    assert ran.json["excluded"] == [{"reason": "unpriced", "requests": 1}]
    assert ran.json["actual"]["cost_usd"] == "0.007"
    assert (ran.json["routed"]["cost_usd"], ran.json["routed"]["p_good"]) == ("0.00371", 0.7)
    # Mini is not as good as the mix of both.
    assert (ran.json["best_fixed"]["model"], ran.json["best_fixed"]["as_good_as_routed"]) == ("gpt-4o", True)
    assert ran.json["saving"]["vs_best_fixed"]["usd"] == "0.00329"
    assert ran.json["saving"]["vs_best_fixed"]["percent"] == 47.0
    assert ran.json["evidence"]["without_counterfactual_share"] == 0.5
    assert "policy: routing.yaml" in ran.err


def test_the_text_says_what_is_not_known() -> None:
    kept(*(request(day, "low" if day % 2 else "high") for day in range(1, 21)), request(21, "?"))
    text = " ".join(simulated("--since", "40d").out.split())
    assert "best fixed model gpt-4o $0.0735 0.8" in text
    assert "without counterfactual evidence: 52.4% of the requests" in text
    assert "complexity: recorded for 95.2%" in text
    assert "interval: bootstrap over 21 days, 2,000 draws" in text
    assert "no request has the tag route_propensity" in text


def test_only_the_requests_that_are_asked_for() -> None:
    kept(request(10, "low"), request(11, "high", team="ops"))
    assert simulated("--where", "team=ops", "--json").json["requests"] == 1
    assert simulated("--since", "2026-05-09", "--until", "2026-05-11", "--json").json["requests"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--since", "soon"), 2, "not a time: 'soon'"),
        (("--since", "2026-07-01"), 2, "the period from 2026-07-01 to now is empty"),
        (("--since", "1h"), 6, "no request of this period can be simulated"),
        (("--where", "team"), 2, "--where 'team' is not DIMENSION=VALUE"),
        (("--where", "colour=red"), 2, "unknown dimension 'colour'"),
        (("--policy", "unpriced.yaml"), 2, "no price for candidate 'gpt-4x' (unpriced.yaml:1)"),
        (("--policy", "strict.yaml"), 6, "can be simulated (1 no candidate fits)"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], code: int, message: str) -> None:
    Path("unpriced.yaml").write_text("candidates: [{model: gpt-4x}]", "utf-8")
    Path("strict.yaml").write_text("min_quality: 0.9\ncandidates: [{model: gpt-4o, quality: 0.8}]", "utf-8")
    kept(request(10, "low"))
    ran = simulated(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err
    assert ran.err.splitlines()[-1].startswith("hint: ")


def test_no_ledger() -> None:
    ran = simulated()
    assert (ran.code, ran.err.splitlines()[-2]) == (2, "error: no ledger at ledger.db")
