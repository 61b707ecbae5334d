from __future__ import annotations

from fractions import Fraction

import pytest

from llmcost.breakeven.evidence import Evidence, Gpu, Model, Price, PriceKind, Source, simple
from llmcost.core.errors import UsageError

SOURCE = Source("https://example.com", "2026-11-24")


def gpu(name: str, *prices: tuple[PriceKind, str], aliases: tuple[str, ...] = ()) -> Gpu:
    made = tuple(Price("cloud", kind, Fraction(usd), SOURCE) for kind, usd in prices)
    return Gpu(name, aliases, "gpu", Fraction(80), None, made, SOURCE)


EVIDENCE = Evidence(
    (gpu("h100", aliases=("h100-80gb",)), gpu("a100-80gb", aliases=("a100",))),
    (Model("llama-3.1-70b", ("llama-3.3-70b",), 70_600_000_000, None, SOURCE),),
    (),
    (),
)


@pytest.mark.parametrize("name", ["h100", "H100", " NVIDIA H100 ", "nvidia_h100", "H100 80GB", "h100-80GB"])
def test_a_gpu_by_any_of_its_names(name: str) -> None:
    assert EVIDENCE.gpu(name).name == "h100"


@pytest.mark.parametrize(
    "name", ["llama-3.1-70b", "meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Meta-Llama-3.1-70B", "Llama 3.3 70B"]
)
def test_a_model_by_any_of_its_names(name: str) -> None:
    assert EVIDENCE.model(name).name == "llama-3.1-70b"


def test_unknown_names_name_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        EVIDENCE.gpu("h1000")
    assert caught.value.message == "unknown GPU 'h1000'; did you mean 'h100'?"
    assert caught.value.hint == "known are h100, a100-80gb"
    with pytest.raises(UsageError) as caught:
        EVIDENCE.model("lama-3.1-70b")
    assert caught.value.message == "no measurements of model 'lama-3.1-70b'; did you mean 'llama-3.1-70b'?"
    with pytest.raises(UsageError, match=r"unknown GPU 'abacus'$"):
        EVIDENCE.gpu("abacus")
    with pytest.raises(KeyError):
        EVIDENCE.assumption("people")


def test_a_quote_is_the_median_with_its_range() -> None:
    odd = gpu("g", ("on-demand", "7"), ("on-demand", "2.95"), ("reserved", "1"), ("on-demand", "3.99"))
    quote = odd.quote("on-demand")
    assert quote is not None
    assert (quote.usd, quote.lowest, quote.highest) == (Fraction("3.99"), Fraction("2.95"), Fraction(7))
    even = gpu("g", ("bought", "8000"), ("bought", "15000")).quote("bought")
    assert even is not None
    assert even.usd == 11_500
    assert odd.quote("bought") is None


def test_a_source_says_when_it_is_none() -> None:
    assert str(SOURCE) == "https://example.com (2026-11-24)"
    assert str(Source("a guess", "", assumption=True)) == "assumption: a guess"


def test_a_name_of_decoration_only_stays() -> None:
    assert simple("nvidia-") == "nvidia-"
    assert simple("org/") == ""
