from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.evidence_file import parse_evidence
from llmcost.breakeven.rates import rates
from llmcost.core.errors import UsageError

#: fp8: 10,000 in and 2,000 out per second on 2 GPUs, measured at 1/2 and 8/9; bf16 at one mix, 2/3; fp4 contradicts.
EVIDENCE = parse_evidence(
    """
gpus:
  - {name: h100, memory_gb: 80, source: sheet, date: 2026-01-01}
  - {name: l4, memory_gb: 24, source: sheet, date: 2026-01-01}
models: [{name: llama-70b, parameters: 70e9, source: card, date: 2026-01-01}]
throughput:
  - model: llama-70b
    gpu: h100
    gpus: 2
    precision: fp8
    engine: vLLM 1
    source: two mixes
    date: 2026-01-01
    runs:
      - {input_tokens: 5000, output_tokens: 5000, output_tok_s: 1666.6666666666666666666666, concurrency: 64}
      - {input_tokens: 8000, output_tokens: 1000, output_tok_s: 769.2307692307692307692307, concurrency: 32}
      - {input_tokens: 8000, output_tokens: 1000, output_tok_s: 50, concurrency: 1}
  - model: llama-70b
    gpu: h100
    gpus: 4
    precision: bf16
    engine: SGLang 1
    assumption: true
    reason: a guess
    runs: [{input_tokens: 512, output_tokens: 256, output_tok_s: 1000, input_tok_s: 2000}]
  - model: llama-70b
    gpu: h100
    precision: fp4
    engine: vLLM 1
    source: noise
    date: 2026-01-01
    runs: [{input_tokens: 100, output_tokens: 100, output_tok_s: 100},
           {input_tokens: 900, output_tokens: 100, output_tok_s: 200}]
""",
    "evidence.yaml",
)


def test_two_mixes_give_both_rates() -> None:
    found = rates(EVIDENCE, "llama-70b", "h100", input_share=Fraction(3, 4))
    assert (found.input_tps, found.output_tps) == (Fraction(10_000), Fraction(2000))
    assert (found.gpus, found.precision) == (2, "fp8")
    assert [row.concurrency for row in found.rows] == [64, 32]
    assert found.method == (
        "vLLM 1, fp8, 2 x h100: fitted to 2 runs at 50% to 89% input, 32 to 64 requests at a time, each met within 0%; "
        "two mixes (2026-01-01)"
    )


def test_one_mix_gives_the_combined_rate() -> None:
    found = rates(EVIDENCE, "llama-70b", "h100", input_share=Fraction(7, 10), precision="BF16")
    assert (found.input_tps, found.output_tps, found.gpus) == (Fraction(3000), Fraction(3000), 4)
    assert found.method == (
        "SGLang 1, bf16, 4 x h100: combined rate at 67% input; one mix does not tell reading from writing; "
        "assumption: a guess"
    )


def test_the_most_tokens_per_gpu_is_chosen() -> None:
    # At 2/3 input: fp8 1 / (2/3/10000 + 1/3/2000) / 2 = 2,143 per GPU, bf16 3,000 / 4 = 750.
    assert rates(EVIDENCE, "llama-70b", "h100", input_share=Fraction(2, 3)).precision == "fp8"
    assert rates(EVIDENCE, "llama-70b", "h100", input_share=Fraction(2, 3), engine="sglang").precision == "bf16"


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ({"gpu": "l4"}, "no measurement of llama-70b on l4", "it is measured on h100;"),
        (
            {"share": "0.3"},
            "no measurement of llama-70b on h100 with 30% input tokens",
            "measured with 50% to 89%, 67%",
        ),
        (
            {"share": "0.9"},
            "no measurement of llama-70b on h100 with 90% input tokens",
            "measured with 50% to 89%, 67%",
        ),
        (
            {"share": "0.5", "precision": "bf16"},
            "no measurement of llama-70b on h100 with 50% input tokens",
            "measured with 67% input;",
        ),
        (
            {"precision": "fp16"},
            "no measurement of llama-70b on h100 with precision 'fp16'; did you mean 'bf16'?",
            "there is fp8, bf16, fp4;",
        ),
        (
            {"engine": "TGI"},
            "no measurement of llama-70b on h100 with engine 'TGI'",
            "there is vLLM 1, SGLang 1;",
        ),
        (
            {"precision": "fp4"},
            "no measurement of llama-70b on h100 with 75% input tokens",
            "its runs contradict each other;",
        ),
        ({"gpu": "h1000"}, "unknown GPU 'h1000'; did you mean 'h100'?", "known are h100, l4"),
        (
            {"model": "llama-7b"},
            "no measurements of model 'llama-7b'; did you mean 'llama-70b'?",
            "known are llama-70b;",
        ),
    ],
)
def test_no_match_is_an_error(asked: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        rates(
            EVIDENCE, asked.get("model", "llama-70b"), asked.get("gpu", "h100"),
            input_share=Fraction(asked.get("share", "0.75")),
            precision=asked.get("precision"), engine=asked.get("engine"),
        )  # fmt: skip
    assert caught.value.message == message
    assert caught.value.hint.startswith(hint)


@given(st.fractions(0, 1))
def test_a_mix_is_answered_within_what_was_measured_and_nowhere_else(share: Fraction) -> None:
    inside = Fraction(1, 2) <= share <= Fraction(8, 9)
    near = abs(share - Fraction(2, 3)) <= Fraction(1, 10)
    try:
        found = rates(EVIDENCE, "llama-70b", "h100", input_share=share)
    except UsageError:
        assert not inside
        assert not near
    else:
        assert found.precision == "fp8" if inside else near
