from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.evidence import Gpu, Model, Source
from llmcost.breakeven.memory import BYTES, Fit, memory, require_fit
from llmcost.core.errors import UsageError

SOURCE = Source("https://example.com", "2026-11-24")
GPU = Gpu("h100", (), "gpu", Fraction(80), Fraction(700), (), SOURCE)
#: 2 x 80 layers x 8 heads x 128.
MODEL = Model("llama-70b", (), 70_000_000_000, 163_840, SOURCE)


def test_seventy_billion_in_sixteen_bits_are_140_gb() -> None:
    fit = memory(MODEL, "fp16", GPU, 2)
    # 163,840 values x 2 bytes x 8,192 tokens
    assert fit == Fit(Fraction(140), Fraction(2_684_354_560, 10**9), Fraction(144))
    assert require_fit(MODEL, "fp16", GPU, 2) == fit


def test_what_does_not_fit_is_refused_with_the_sum() -> None:
    with pytest.raises(UsageError) as caught:
        require_fit(MODEL, "FP16", GPU, 1)
    assert caught.value.message == (
        "llama-70b at fp16 does not fit 1 x h100: weights 70B x 2 bytes = 140 GB + KV cache 2.7 GB for 8,192 tokens; "
        "of 1 x 80 GB an engine has 90%, 72 GB"
    )
    assert caught.value.hint == "use 2 GPUs per replica, or a precision of fewer bytes"


def test_fewer_bytes_fit() -> None:
    assert require_fit(MODEL, "fp4", GPU, 1).weights_gb == Fraction("39.375")
    # 70 GB and the cache are more than 72.
    with pytest.raises(UsageError, match=r"weights 70B x 1 bytes = 70 GB"):
        require_fit(MODEL, "fp8", GPU, 1)


def test_more_than_a_server_holds() -> None:
    large = Model("large", (), 2 * 10**12, None, SOURCE)
    with pytest.raises(UsageError) as caught:
        require_fit(large, "fp16", GPU, 8)
    assert "weights 2000B x 2 bytes = 4000 GB; of 8 x 80 GB" in caught.value.message
    assert caught.value.hint.startswith("no server of 8 x h100 holds it")


def test_gpus_are_split_by_powers_of_two() -> None:
    with pytest.raises(UsageError) as caught:
        require_fit(Model("m", (), 100_000_000_000, None, SOURCE), "fp16", GPU, 1)  # 200 / 72 = 2.8
    assert caught.value.hint.startswith("use 4 GPUs")


def test_an_unknown_precision() -> None:
    with pytest.raises(UsageError) as caught:
        memory(MODEL, "fp61", GPU, 1)
    assert caught.value.message == "unknown precision 'fp61'; did you mean 'fp16'?"


@given(st.integers(1, 10**13), st.sampled_from(sorted(BYTES)), st.integers(1, 8))
def test_what_fits_fits_more_gpus_and_the_way_out_leads_there(parameters: int, precision: str, gpus: int) -> None:
    model = Model("m", (), parameters, 163_840, SOURCE)
    try:
        require_fit(model, precision, GPU, gpus)
    except UsageError as error:
        if error.hint.startswith("use "):
            require_fit(model, precision, GPU, int(error.hint.split()[1]))
        else:
            assert memory(model, precision, GPU, 8).needed_gb > memory(model, precision, GPU, 8).usable_gb
    else:
        require_fit(model, precision, GPU, gpus + 1)
