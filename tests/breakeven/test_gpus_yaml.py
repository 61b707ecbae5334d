"""The gpus.yaml that ships with llmcost."""

from __future__ import annotations

import csv
import re
from datetime import date
from fractions import Fraction
from itertools import chain
from pathlib import Path

import pytest

from llmcost.breakeven.evidence import Source
from llmcost.breakeven.evidence_file import load, parse_evidence
from llmcost.breakeven.memory import require_fit
from llmcost.breakeven.rates import rates
from llmcost.breakeven.throughput import ONE_MIX

EVIDENCE = load()
READ_ON = date(2026, 11, 26)
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "breakeven" / "vllm_cost_meter_results.csv"
SOURCES: list[tuple[str, Source]] = [
    *((gpu.name, gpu.source) for gpu in EVIDENCE.gpus),
    *((f"{gpu.name} {price.provider}", price.source) for gpu in EVIDENCE.gpus for price in gpu.prices),
    *((model.name, model.source) for model in EVIDENCE.models),
    *((str(row.setting), row.source) for row in EVIDENCE.throughput),
    *((assumption.name, assumption.source) for assumption in EVIDENCE.assumptions),
]
NAMES = {
    "people-api-fte", "people-hosted-fte", "people-owned-fte", "fte-year-usd",
    "monitoring-api-usd", "monitoring-hosted-usd", "monitoring-owned-usd",
    "disaster-recovery-api-share", "disaster-recovery-hosted-share", "disaster-recovery-owned-share",
    "egress-usd-per-gb", "egress-bytes-per-token", "storage-usd-per-gb-month", "storage-gb",
    "pue", "electricity-usd-per-kwh", "colocation-usd-per-kw-month", "maintenance-share-year",
    "amortisation-months", "residual-share", "network-capex-share",
    "server-gpus", "server-usd-beside-gpus", "server-kw-average", "server-kw-rated", "autoscale-overhead-share",
}  # fmt: skip


def test_every_row_has_a_source_and_a_date_or_is_an_assumption_with_a_reason() -> None:
    for name, source in SOURCES:
        assert date(2023, 1, 1) <= date.fromisoformat(source.date) <= READ_ON, name
        if source.assumption:
            assert len(source.text) >= 15, name
        else:
            assert source.text.startswith("https://"), name


def test_throughput_of_many_gpus_with_a_70b_model_its_precision_and_concurrency() -> None:
    sourced = [row for row in EVIDENCE.throughput if not row.source.assumption]
    assert len(sourced) >= 20
    assert len({row.gpu for row in sourced}) >= 3
    assert len({row.gpu for row in sourced if row.model == "llama-3.1-70b"}) >= 3
    assert any(row.model == "llama-3.1-70b" and row.precision == "fp8" and row.concurrency for row in sourced)


def test_the_gpus_people_ask_for() -> None:
    asked = [
        "A100",
        "A100-40GB",
        "H100",
        "H200",
        "B200",
        "L40S",
        "L4",
        "MI300X",
        "RTX 4090",
        "RTX 5090",
        "TPU v5e",
        "v6e",
    ]
    gpus = [EVIDENCE.gpu(name) for name in asked]
    assert all(gpu.quote("on-demand") for gpu in gpus)
    assert all(gpu.power_watts for gpu in gpus if gpu.kind == "gpu")
    assert [gpu.name for gpu in gpus if gpu.kind == "tpu"] == ["tpu-v5e", "tpu-v6e"]
    h100 = EVIDENCE.gpu("h100")
    assert (h100.memory_gb, h100.power_watts) == (Fraction(80), Fraction(700))
    reserved, rented, bought = h100.quote("reserved"), h100.quote("on-demand"), h100.quote("bought")
    assert reserved is not None
    assert rented is not None
    assert bought is not None
    assert reserved.usd < rented.usd < bought.usd
    assert rented.lowest <= Fraction("2.95") <= rented.highest


def test_no_name_stands_for_two_things() -> None:
    for items in (EVIDENCE.gpus, EVIDENCE.models):
        names = list(chain.from_iterable((item.name, *item.aliases) for item in items))
        assert len(set(names)) == len(names)
    for gpu in EVIDENCE.gpus:
        assert all(EVIDENCE.gpu(name) == gpu for name in (gpu.name, *gpu.aliases))
    for model in EVIDENCE.models:
        assert all(EVIDENCE.model(name) == model for name in (model.name, *model.aliases))


def test_running_a_model_costs_something_in_every_mode() -> None:
    assert {assumption.name for assumption in EVIDENCE.assumptions} == NAMES
    assert all(assumption.value > 0 for assumption in EVIDENCE.assumptions)
    for what in ("people-{}-fte", "monitoring-{}-usd", "disaster-recovery-{}-share"):
        values = [EVIDENCE.assumption(what.format(mode)).value for mode in ("api", "hosted", "owned")]
        assert values == sorted(set(values))


def test_what_was_measured_fits_the_memory() -> None:
    for row in EVIDENCE.throughput:
        require_fit(EVIDENCE.model(row.model), row.precision, EVIDENCE.gpu(row.gpu), row.gpus)


def test_every_setting_gives_rates_at_each_mix_it_measured() -> None:
    for row in EVIDENCE.throughput:
        found = rates(EVIDENCE, row.model, row.gpu, input_share=row.run.input_share, precision=row.precision)
        assert found.input_tps >= found.output_tps > 0
        assert found.fitted.worst < 1
        if found.fitted.highest - found.fitted.lowest >= ONE_MIX:
            assert found.input_tps > found.output_tps


def test_the_article_s_model_on_the_article_s_gpu() -> None:
    found = rates(EVIDENCE, "Llama-2-70B", "A100", input_share=Fraction(1, 2))
    assert (found.gpus, found.precision) == (4, "fp16")
    assert 6000 < found.input_tps < 7000
    assert 3000 < found.output_tps < 3300


def test_the_example_in_the_documentation_goes_over_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "gpus.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    own = parse_evidence(example[1], "docs/gpus.md", EVIDENCE)
    assert rates(own, "our-13b", "h100", input_share=Fraction(3, 4)).engine == "vLLM 0.19"
    assert own.assumption("people-hosted-fte").value == Fraction(1, 4)
    prices, runs = sum(len(gpu.prices) for gpu in EVIDENCE.gpus), len(EVIDENCE.throughput)
    assert f"bought: {prices} |" in page
    assert f"| {runs} runs:" in page


@pytest.mark.skipif(not DATA.exists(), reason="shared data is not here")
def test_restated_runs_are_the_measured_ones() -> None:
    runs = {(row["config"], row["rps"]): row for row in csv.DictReader(DATA.read_text("utf-8").splitlines())}
    restated = [row for row in EVIDENCE.throughput if "vllm-cost-meter" in row.source.text]
    assert len(restated) == 15
    for row in restated:
        config = row.source.note.removeprefix("run ").partition(",")[0]
        measured = runs[config, str(row.requests_s)]
        assert int(measured["gpus"]) == row.gpus
        assert measured["precision"].replace("float", "fp") == row.precision
        assert row.gpu == ("h100" if measured["hardware"] == "H100" else "a100-80gb")
        assert row.engine.lower().startswith(measured["engine"])
        assert EVIDENCE.model(measured["model"]).name == row.model
        assert abs(row.run.output_tok_s - Fraction(measured["tps_output"])) <= Fraction("0.05")
        # The restated rate costs what the measured one does.
        per_million = Fraction(measured["gpu_cost_hr"]) / (row.run.output_tok_s * 3600) * 10**6
        assert abs(per_million / Fraction(measured["c_eff_per_mtok"]) - 1) < Fraction(1, 10**4)
