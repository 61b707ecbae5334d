from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.evidence_file import load, packaged_path, parse_evidence
from llmcost.breakeven.throughput import Run
from llmcost.core.errors import ConfigError

GPU = "gpus: [{name: g, memory_gb: 80, source: s, date: 2026-01-01}]\n"
MODEL = "models: [{name: m, parameters: 7e9, source: s, date: 2026-01-01}]\n"
ROW = """\
throughput:
  - model: m
    gpu: g
    precision: fp8
    engine: vLLM
    source: s
    date: 2026-01-01
    runs:
      - {input_tokens: 300, output_tokens: 100, output_tok_s: 12.5}
"""
BASE = parse_evidence(
    GPU.replace("memory", "prices: [{provider: p, usd: 2, source: s, date: 2026-01-01}, {provider: q, kind: bought, "
                          "usd: 9e3, source: s, date: 2026-01-01}], memory")
    + MODEL + ROW + "assumptions: [{name: pue, value: 1.5, unit: ratio, assumption: true, reason: guess}]\n",
    "base.yaml",
)  # fmt: skip


def test_a_row() -> None:
    (row,) = parse_evidence(GPU + MODEL + ROW, "own.yaml").throughput
    assert (row.model, row.gpu, row.gpus, row.precision, row.engine) == ("m", "g", 1, "fp8", "vLLM")
    assert (row.concurrency, row.requests_s) == (None, None)
    # 300 tokens are read for every 100 written.
    assert row.run == Run(Fraction(300), Fraction(100), Fraction("37.5"), Fraction("12.5"))
    assert str(row.source) == "s (2026-01-01)"


def test_a_run_overrides_what_its_entry_says() -> None:
    text = ROW.replace("    runs:", "    concurrency: 8\n    runs:").replace(
        "12.5}", "12.5, input_tok_s: 30, concurrency: 16, requests_s: 0.125}\n"
        "      - {input_tokens: 1, output_tokens: 1, output_tok_s: 1}",
    )  # fmt: skip
    first, second = parse_evidence(GPU + MODEL + text, "own.yaml").throughput
    assert first.run.input_tok_s == 30
    assert (first.concurrency, first.requests_s) == (16, Fraction("0.125"))
    assert second.concurrency == 8


def test_the_size_of_the_kv_cache() -> None:
    shaped = MODEL.replace("7e9", "70.6e9, layers: 80, kv_heads: 8, head_dim: 128")
    (model,) = parse_evidence(shaped, "own.yaml").models
    assert (model.parameters, model.kv_values) == (70_600_000_000, 163_840)
    assert BASE.models[0].kv_values is None


def test_a_users_file_goes_over() -> None:
    own = parse_evidence(
        "gpus: [{name: G, memory_gb: 96, power_watts: 500, source: mine, date: 2026-02-02, "
        "prices: [{provider: me, usd: 1, source: quote, date: 2026-02-02}]}]\n"
        "assumptions: [{name: pue, value: 1.2, unit: ratio, source: meter, date: 2026-02-02}]\n"
        + ROW.replace("12.5", "99"),
        "own.yaml",
        BASE,
    )  # fmt: skip
    (gpu,) = own.gpus
    assert (gpu.name, gpu.memory_gb, gpu.power_watts) == ("g", Fraction(96), Fraction(500))
    assert [(price.provider, price.kind) for price in gpu.prices] == [("me", "on-demand"), ("q", "bought")]
    assert own.assumption("pue").value == Fraction("1.2")
    assert [row.run.output_tok_s for row in own.throughput] == [99]
    assert own.models == BASE.models


def test_other_precisions_stay_beside_a_users_rows() -> None:
    own = parse_evidence(ROW.replace("fp8", "bf16"), "own.yaml", BASE)
    assert [row.precision for row in own.throughput] == ["fp8", "bf16"]


def test_an_empty_file_changes_nothing() -> None:
    assert parse_evidence("{}", "own.yaml", BASE) == BASE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "own.yaml:1: an evidence file must be a mapping of keys to values"),
        ("version: 2", "own.yaml:1: unknown version '2'"),
        ("gpu: []", "own.yaml:1: unknown key 'gpu'; did you mean 'gpus'?"),
        ("gpus:\n  - {name: g}", "own.yaml:2: a GPU has no 'memory_gb'"),
        ("gpus:\n  - {name: g, memory_gb: 0}", "own.yaml:2: 'memory_gb' must be greater than zero"),
        ("gpus:\n  - {name: g, memory_gb: 80}", "own.yaml:2: a GPU has no 'source'"),
        ("gpus:\n  - {name: g, memory_gb: 80, source: s}", "own.yaml:2: a GPU has no 'date'"),
        ("gpus:\n  - {name: g, memory_gb: 80, source: s, date: soon}", "own.yaml:2: 'date' is not a date: 'soon'"),
        ("gpus:\n  - {name: g, memory_gb: 80, assumption: true}", "own.yaml:2: a GPU has no 'reason'"),
        ("gpus:\n  - {name: g, memory_gb: 80, assumption: yes}", "own.yaml:2: unknown assumption 'yes'"),
        ("gpus:\n  - {name: g, memory_gb: 80, kind: npu}", "own.yaml:2: unknown kind 'npu'"),
        (
            "gpus:\n- name: g\n  memory_gb: 80\n  prices:\n  - {provider: p, usd: -1}",
            "own.yaml:5: 'usd' cannot be negative: -1",
        ),
        (
            "gpus:\n- name: g\n  memory_gb: 80\n  prices:\n  - {provider: p, usd: 1, kind: rent}",
            "own.yaml:5: unknown kind 'rent'",
        ),
        ("models:\n  - {name: m, parameters: 0.5}", "own.yaml:2: a model needs its whole number of 'parameters'"),
        ("models:\n  - {name: m, parameters: 1e16}", "own.yaml:2: implausible 'parameters': 1e16"),
        (
            "models:\n  - {name: m, parameters: 7e9, layers: 2}",
            "own.yaml:2: give all of layers, kv_heads and head_dim, or none",
        ),
        (MODEL + ROW.replace("gpu: g", "gpu: gg"), "own.yaml:3: unknown GPU 'gg'"),
        (GPU + ROW, "own.yaml:3: no measurements of model 'm'"),
        (GPU + MODEL + ROW.replace("fp8", "fp9"), "own.yaml:6: unknown precision 'fp9'; did you mean 'fp8'?"),
        (GPU + MODEL + ROW.replace("    precision: fp8\n", ""), "own.yaml:4: a throughput entry has no 'precision'"),
        (GPU + MODEL + ROW.replace("    engine: vLLM\n", ""), "own.yaml:4: a throughput entry has no 'engine'"),
        (GPU + MODEL + ROW.replace("    source: s\n", ""), "own.yaml:4: a throughput entry has no 'source'"),
        (GPU + MODEL + ROW[: ROW.index("    runs")], "own.yaml:4: a throughput entry has no 'runs'"),
        (GPU + MODEL + ROW.replace("12.5", "12.5 tok/s"), "own.yaml:11: 'output_tok_s' is not a number: '12.5 tok/s'"),
        (GPU + MODEL + ROW.replace("output_tokens: 100, ", ""), "own.yaml:11: a run has no 'output_tokens'"),
        (GPU + MODEL + ROW.replace("12.5}", "1, tok_s: 1}"), "own.yaml:11: unknown key 'tok_s'"),
        (
            "assumptions:\n  - {name: pu, value: 1, unit: ratio}",
            "own.yaml:2: unknown assumption 'pu'; did you mean 'pue'?",
        ),
        ("assumptions:\n  - {name: pue, value: 1, unit: percent}", "own.yaml:2: 'pue' is in 'ratio', not 'percent'"),
        ("assumptions:\n  - {name: pue, unit: ratio}", "own.yaml:2: assumption 'pue' has no 'value'"),
        ("gpus: &a []", "own.yaml:1: anchors and aliases are not supported"),
        ("gpus: [", "own.yaml:"),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_line(text: str, message: str) -> None:
    under = BASE if text.startswith("assumptions") else None
    with pytest.raises(ConfigError) as caught:
        parse_evidence(text, "own.yaml", under)
    assert caught.value.message.startswith(message), caught.value.message
    assert caught.value.hint


def test_a_price_of_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"own.yaml:1: 'usd' must be greater than zero"):
        parse_evidence("gpus: [{name: g, memory_gb: 8, prices: [{provider: p, usd: 0}]}]", "own.yaml")


def test_files_are_read_in_order(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.yaml").write_text(
            f"assumptions: [{{name: storage-gb, value: {number}, unit: GB, source: mine, date: 2026-01-01}}]", "utf-8"
        )
    assert load([tmp_path / "1.yaml", tmp_path / "2.yaml"]).assumption("storage-gb").value == 2
    with pytest.raises(ConfigError, match=r"cannot read .*none.yaml"):
        load([tmp_path / "none.yaml"])


def test_the_packaged_file_is_at_the_root_of_a_checkout() -> None:
    assert packaged_path() == Path(__file__).parents[2] / "gpus.yaml"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_evidence(text, "own.yaml", BASE)
    except ConfigError as error:
        assert error.message.startswith("own.yaml")  # noqa: PT017
