"""Against reference cases and measured runs kept outside the project, through the functions."""

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from llmcost.breakeven.assumed import described
from llmcost.breakeven.capacity import Capacity
from llmcost.breakeven.comparison import compare
from llmcost.breakeven.fields import MODES, Mode
from llmcost.breakeven.hosted import Hosted
from llmcost.breakeven.layers import Layer
from llmcost.breakeven.plan import Plan, inputs_of, plan
from llmcost.breakeven.scenario import read
from llmcost.breakeven.traffic import SECONDS_MONTH, Mix
from tests.breakeven.books import BOOK, NOW
from tests.breakeven.test_plan import BASE

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "breakeven"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="shared data is not here")
TOLERANCE = Fraction("0.005")


def case(name: str) -> tuple[dict[str, Any], dict[str, Fraction]]:
    import yaml

    document = yaml.safe_load((DATA / "reference_cases.yaml").read_text("utf-8"))
    found = next(item for item in document["cases"] if item["id"] == name)
    return found["inputs"], {key: Fraction(str(value)) for key, value in found["expected"].items()}


def planned(mode: Mode, given: dict[str, Any]) -> Plan:
    """The case's mode, beside others that do not matter."""
    import yaml

    found = read(yaml.safe_dump({mode: given}), "case.yaml")
    others = Layer({}, {other: BASE.modes[other] for other in MODES if other != mode})
    return plan(*inputs_of([described(found.stated), others, Layer(found.traffic, found.modes)]), BOOK, NOW)


def near(value: Fraction, expected: Fraction) -> bool:
    return abs(value - expected) <= TOLERANCE


def test_api_month() -> None:
    given, expected = case("api_mix_cache_batch")
    for without, key in (
        (("cached_share", "batch_share"), "list_no_discounts"), (("batch_share",), "with_cache"), ((), "api_month"),
    ):  # fmt: skip
        outcome = compare(planned("api", {**given, **dict.fromkeys(without, 0)})).outcomes["api"]
        assert near(outcome.total, expected[key])
    assert near(outcome.total / outcome.tokens * 10**6, expected["blended_per_1M"])


def test_hosted_static_steps() -> None:
    given, expected = case("hosted_static_steps")
    found = compare(planned("hosted", given))
    assert len(found.volumes) == len(given["volumes_M"]) > 0
    for outcomes in found.volumes:
        outcome, volume = outcomes["hosted"], outcomes["hosted"].tokens // 10**6
        assert outcome.size is not None
        assert outcome.size.replicas == expected[f"{volume}M_provisioned"]
        assert near(outcome.total, expected[f"{volume}M_cost"])
        assert near(outcome.total / volume, expected[f"{volume}M_usd_per_1M"])


def test_owned_cluster() -> None:
    given, expected = case("owned_cluster")
    outcome = compare(planned("owned", given)).outcomes["owned"]
    size = outcome.size
    assert size is not None
    assert size.load == expected["replica_seconds"]
    assert abs(size.average - expected["avg_replicas"]) < Fraction(1, 10**6)
    assert [size.peak, size.replicas, size.gpus, size.servers] == [
        expected[key] for key in ("peak_replicas", "provisioned", "gpus", "servers")
    ]
    for part in ("amortisation", "power", "colo", "maintenance", "staff", "other"):
        assert near(outcome.parts[part], expected[part])
    assert near(outcome.total, expected["cost"])
    assert near(outcome.total / outcome.tokens * 10**6, expected["usd_per_1M"])
    assert near(outcome.parts["staff"] / outcome.total * 100, expected["staff_share_pct"])


def test_measured_runs() -> None:
    """USD per 1M output tokens of a saturated replica: USD/h / (tokens/s x 3600) x 10^6."""
    text = (DATA / "vllm_cost_meter_results.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 140
    for row in rows:
        rate = Fraction(row["tps_output"])
        full = Hosted(Capacity(rate, rate), Fraction(row["gpu_cost_hr"]))
        tokens = rate * SECONDS_MONTH
        per_million = full.curve(Mix(Fraction(0))).cost(tokens) / tokens * 10**6
        assert abs(per_million - Fraction(row["c_eff_per_mtok"])) < Fraction(row["c_eff_per_mtok"]) / 10**6
