"""Against reference cases and measured runs kept outside the project."""

import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from llmcost.breakeven.api import Rates, api_cost
from llmcost.breakeven.hosted import Deployment, hosted_cost, load
from llmcost.breakeven.traffic import SECONDS_MONTH, Mix

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "breakeven"
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="shared data is not here")
TOLERANCE = Fraction("0.005")


def case(name: str) -> tuple[dict[str, Any], dict[str, Fraction]]:
    import yaml

    document = yaml.safe_load((DATA / "reference_cases.yaml").read_text("utf-8"))
    found = next(item for item in document["cases"] if item["id"] == name)
    return found["inputs"], {key: Fraction(str(value)) for key, value in found["expected"].items()}


def near(value: Fraction, expected: Fraction) -> bool:
    return abs(value - expected) <= TOLERANCE


def test_api_month() -> None:
    given, expected = case("api_mix_cache_batch")
    tokens = given["input_tokens"] + given["output_tokens"]
    share = Fraction(given["input_tokens"], tokens)
    million = 10**6
    cached_rate = Fraction(given["price_cached_in"]) / million
    rates = Rates(Fraction(given["price_in"]) / million, cached_rate, None, Fraction(given["price_out"]) / million)
    mix = Mix(share, Fraction(given["cached_share"]))
    batch = {"batch_share": Fraction(given["batch_share"]), "batch_discount": Fraction(given["batch_discount"])}
    assert near(api_cost(tokens, Mix(share), rates).total, expected["list_no_discounts"])
    assert near(api_cost(tokens, mix, rates).total, expected["with_cache"])
    month = api_cost(tokens, mix, rates, **batch).total
    assert near(month, expected["api_month"])
    assert near(month / tokens * million, expected["blended_per_1M"])


def test_hosted_static_steps() -> None:
    given, expected = case("hosted_static_steps")
    rate = Fraction(given["tok_s_total"])
    deployment = Deployment(
        Fraction(given["gpu_hour"]),
        given["gpus_per_replica"],
        rate,
        rate,
        Fraction(given["peak_to_avg"]),
        Fraction(given["max_util"]),
        min_replicas=given["min_replicas"],
        spare_replicas=given["spare_replicas"],
    )
    assert given["volumes_M"]
    for volume in given["volumes_M"]:
        cost = hosted_cost(volume * 10**6, Mix(Fraction(2, 3)), deployment)
        assert cost.replicas == expected[f"{volume}M_provisioned"]
        assert near(cost.total, expected[f"{volume}M_cost"])
        assert near(cost.total / volume, expected[f"{volume}M_usd_per_1M"])


def test_capacity_of_the_owned_cluster() -> None:
    given, expected = case("owned_cluster")
    tokens = given["input_tokens"] + given["output_tokens"]
    mix = Mix(Fraction(given["input_tokens"], tokens))
    deployment = Deployment(
        Fraction(1),
        given["gpus_per_replica"],
        Fraction(given["tok_s_in"]),
        Fraction(given["tok_s_out"]),
        Fraction(given["peak_to_avg"]),
        Fraction(given["max_util"]),
        min_replicas=given["min_replicas"],
        spare_replicas=given["spare_replicas"],
    )
    assert load(tokens, mix, deployment) == expected["replica_seconds"]
    assert abs(load(tokens, mix, deployment) / SECONDS_MONTH - expected["avg_replicas"]) < Fraction(1, 10**6)
    cost = hosted_cost(tokens, mix, deployment)
    assert cost.replicas - deployment.spare_replicas == expected["peak_replicas"]
    assert cost.replicas == expected["provisioned"]
    assert cost.gpus == expected["gpus"]


def test_measured_runs() -> None:
    """USD per 1M output tokens of a saturated replica: USD/h / (tokens/s x 3600) x 10^6."""
    text = (DATA / "vllm_cost_meter_results.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 140
    for row in rows:
        rate = Fraction(row["tps_output"])
        full = Deployment(Fraction(row["gpu_cost_hr"]), 1, rate, rate, Fraction(1), Fraction(1))
        tokens = rate * SECONDS_MONTH
        per_million = hosted_cost(tokens, Mix(Fraction(0)), full).total / tokens * 10**6
        assert abs(per_million - Fraction(row["c_eff_per_mtok"])) < Fraction(row["c_eff_per_mtok"]) / 10**6
