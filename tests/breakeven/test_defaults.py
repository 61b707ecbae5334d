"""The lowest layers of inputs, from a small body of evidence."""

from fractions import Fraction

import pytest

from llmcost.breakeven.assumed import described
from llmcost.breakeven.defaults import answer, decimal, hardware, operations, throughput
from llmcost.breakeven.evidence import Evidence
from llmcost.breakeven.evidence_file import load, parse_evidence
from llmcost.breakeven.evidence_store import Question
from llmcost.breakeven.fields import MODES, SECTIONS, Mode
from llmcost.breakeven.layers import Layer
from llmcost.core.errors import UsageError

OWN = """
gpus:
  - name: big
    memory_gb: 100
    power_watts: 900
    source: somewhere
    date: 2026-01-01
    prices:
      - {provider: a, usd: 2, source: s, date: 2026-01-01}
      - {provider: b, usd: 3, source: s, date: 2026-01-01}
      - {provider: c, kind: bought, usd: 20000, source: s, date: 2026-01-01}
  - name: chip
    kind: tpu
    memory_gb: 16
    source: somewhere
    date: 2026-01-01
    prices: [{provider: a, usd: 1.5, source: s, date: 2026-01-01}]
models:
  - {name: m-70b, parameters: 70e9, source: s, date: 2026-01-01}
throughput:
  - model: m-70b
    gpu: big
    gpus: 2
    precision: fp16
    engine: e 1
    source: s
    date: 2026-01-01
    runs:
      - {input_tokens: 1000, output_tokens: 1000, output_tok_s: 500}
      - {input_tokens: 3000, output_tokens: 1000, output_tok_s: 400}
"""


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return parse_evidence(OWN, "own.yaml", load())


def texts(evidence: Evidence, mode: Mode) -> dict[str, str]:
    return {name: given.text for name, given in operations(evidence).modes[mode].items()}


def test_nothing_is_free(evidence: Evidence) -> None:
    """People, tools and recovery in every mode, network and storage where one runs machines; all of it sourced."""
    for mode in MODES:
        found = texts(evidence, mode)
        assert set(found) <= set(SECTIONS[mode])
        for name in ("fte", "fte_year", "monitoring_month", "recovery_share"):
            assert Fraction(found[name]) > 0
        if mode != "api":
            assert Fraction(found["network_per_1M_out"]) > 0
            assert Fraction(found["storage_month"]) > 0
    every = operations(evidence)
    assert all(given.source for inputs in (every.traffic, *every.modes.values()) for given in inputs.values())


def test_network_and_storage_are_products(evidence: Evidence) -> None:
    def value(name: str) -> Fraction:
        return evidence.assumption(name).value

    found = texts(evidence, "hosted")
    # bytes a token x 10^6 tokens / 10^9 bytes a GB
    assert Fraction(found["network_per_1M_out"]) == value("egress-bytes-per-token") * value("egress-usd-per-gb") / 1000
    assert Fraction(found["storage_month"]) == value("storage-gb") * value("storage-usd-per-gb-month")


def test_described_modes_keep_only_their_peaks() -> None:
    low = described(frozenset({"api", "owned"}))
    assert {mode: set(inputs) for mode, inputs in low.modes.items()} == {"owned": {"peak_to_avg", "max_util"}}


def test_an_answer_has_rates_where_they_are_asked_for(evidence: Evidence) -> None:
    asked = Question("m-70b", "big", "", Fraction(3, 5))
    found = answer(evidence, asked)
    assert found == (operations(evidence), hardware(evidence, asked)[0], throughput(evidence, asked), "")
    assert answer(evidence, Question(gpu="chip", rates=False))[2:] == (Layer(), "chip: no purchase price is known")


def test_measured_throughput(evidence: Evidence) -> None:
    """A second reads 500 and writes 500, or reads 1,200 and writes 400: 1/4000 s a token read, 7/4000 s one written."""
    found = throughput(evidence, Question("m-70b", "big", "", Fraction(3, 5)))
    hosted = found.modes["hosted"]
    assert (hosted["tok_s_in"].text, hosted["tok_s_out"].text) == ("4000", "571.428571")
    assert hosted["gpus_per_replica"].text == "2"
    assert hosted["tok_s_in"].source.startswith("m-70b, e 1, fp16, 2 x big")
    assert found.modes["owned"] == hosted


def test_what_is_not_measured_is_an_error(evidence: Evidence) -> None:
    def asked(question: Question, share: Fraction = Fraction(3, 5), gpus: int | None = None) -> UsageError:
        with pytest.raises(UsageError) as caught:
            throughput(evidence, question._replace(input_share=share, gpus=gpus))
        return caught.value

    assert "did you mean 'm-70b'?" in asked(Question("m-70", "big")).message
    assert "unknown GPU 'bgi'; did you mean 'big'?" in asked(Question("m-70b", "bgi")).message
    assert "no measurement of m-70b on chip" in asked(Question("m-70b", "chip")).message
    assert (
        "no measurement of m-70b on big with 95% input tokens"
        in asked(Question("m-70b", "big"), Fraction(19, 20)).message
    )
    assert asked(Question("m-70b", "big"), gpus=4).message == (
        "m-70b on big is measured with 2 GPUs per replica, not with 4"
    )


def test_a_model_that_does_not_fit_says_the_sum(evidence: Evidence) -> None:
    with pytest.raises(UsageError) as caught:
        throughput(evidence, Question("m-70b", "big", "fp16", Fraction(3, 5), 1))
    assert caught.value.message.startswith("m-70b at fp16 does not fit 1 x big: weights 70B x 2 bytes = 140 GB")


def test_the_sum_stands_before_what_is_measured_only_where_nothing_is(evidence: Evidence) -> None:
    def asked(precision: str, share: Fraction = Fraction(3, 5), *, rates: bool = True) -> str:
        with pytest.raises(UsageError) as caught:
            answer(evidence, Question("m-70b", "big", precision, share, rates=rates))
        return caught.value.message

    assert asked("fp32").startswith("m-70b at fp32 does not fit 1 x big: weights 70B x 4 bytes = 280 GB")
    assert asked("int8").startswith("no measurement of m-70b on big with precision 'int8'")
    assert asked("fp16", Fraction(19, 20)) == "no measurement of m-70b on big with 95% input tokens"
    assert asked("FP16", rates=False).startswith("m-70b at fp16 does not fit 1 x big")
    for fits in (Question("m-70b", "big", "int8", rates=False), Question("m-70b", "big", "fp16", gpus=2, rates=False)):
        assert answer(evidence, fits).throughput == Layer()


def test_hardware(evidence: Evidence) -> None:
    """The median of 2 and 3; 8 x 20,000 and what stands beside; 200 W more each than an H100: 1.6 kW a server."""
    layer, why = hardware(evidence, Question(gpu="big"))
    assert not why
    assert layer.modes["hosted"]["gpu_hour"].text == "2.5"
    owned = layer.modes["owned"]
    beside = evidence.assumption("server-usd-beside-gpus").value
    assert Fraction(owned["server_price"].text) == 160_000 + beside
    rated = evidence.assumption("server-kw-rated").value
    assert Fraction(owned["server_kw_rated"].text) == rated + Fraction(8, 5)
    drawn = (rated + Fraction(8, 5)) * evidence.assumption("server-kw-average").value / rated
    assert abs(Fraction(owned["server_kw_avg"].text) - drawn) < Fraction(1, 1000)
    assert "900 W instead of 700 W" in owned["server_kw_avg"].source


def test_what_nobody_sells_is_not_owned(evidence: Evidence) -> None:
    layer, why = hardware(evidence, Question(gpu="chip"))
    assert why == "chip: no purchase price is known"
    assert layer.modes["hosted"]["gpu_hour"].text == "1.5"
    assert not layer.modes["owned"]


@pytest.mark.parametrize(("value", "text"), [("0", "0"), ("2.50", "2.5"), ("1/3", "0.333333333333"), ("70", "70")])
def test_decimals(value: str, text: str) -> None:
    assert decimal(Fraction(value)) == text
