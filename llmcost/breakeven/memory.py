"""Whether a model fits the memory of the GPUs it is to run on."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from llmcost.breakeven.evidence import Gpu, Model
from llmcost.core.errors import UsageError, nearest

#: precision -> bytes per parameter. fp4 (NVFP4) has an 8-bit scale for each 16 values: 4.5 bits.
#: Source: NVIDIA, "Introducing NVFP4 for Efficient and Accurate Low-Precision Inference" (2025).
BYTES: dict[str, Fraction] = {
    "fp32": Fraction(4), "fp16": Fraction(2), "bf16": Fraction(2), "fp8": Fraction(1), "int8": Fraction(1),
    "fp4": Fraction(9, 16), "int4": Fraction(1, 2),
}  # fmt: skip
#: Of a GPU's memory, what an engine takes; the rest is for activations and the runtime.
#: Source: vLLM's default `--gpu-memory-utilization`.
USABLE = Fraction(9, 10)
#: Tokens of KV cache a replica must hold at the least: one long request.
MIN_KV_TOKENS = 8192
_GB = 10**9
_KV_BYTES = 2
_MOST_GPUS = 8


class Fit(NamedTuple):
    """GB are 10^9 bytes."""

    weights_gb: Fraction
    kv_gb: Fraction
    """KV cache of `MIN_KV_TOKENS` in 16 bits; 0 where the model's shape is not known."""
    usable_gb: Fraction
    """GPUs x memory x `USABLE`."""

    @property
    def needed_gb(self) -> Fraction:
        return self.weights_gb + self.kv_gb


def memory(model: Model, precision: str, gpu: Gpu, gpus: int) -> Fit:
    """weights = parameters x bytes; KV cache = 2 x layers x KV heads x head size x 2 bytes x tokens.

    Source: the tensors' shapes; every parameter is in memory, those of unused experts too.

    Raises:
        UsageError: an unknown precision.
    """
    if precision.lower() not in BYTES:
        raise UsageError(
            f"unknown precision {precision[:40]!r}{nearest(precision.lower(), BYTES)}", f"use one of {', '.join(BYTES)}"
        )
    weights = model.parameters * BYTES[precision.lower()] / _GB
    kv = Fraction((model.kv_values or 0) * _KV_BYTES * MIN_KV_TOKENS, _GB)
    return Fit(weights, kv, gpus * gpu.memory_gb * USABLE)


def require_fit(model: Model, precision: str, gpu: Gpu, gpus: int) -> Fit:
    """The memory of a replica that fits.

    Raises:
        UsageError: it does not fit, with the sum; or an unknown precision.
    """
    fit = memory(model, precision, gpu, gpus)
    if fit.needed_gb <= fit.usable_gb:
        return fit
    cache = f" + KV cache {_gb(fit.kv_gb)} GB for {MIN_KV_TOKENS:,} tokens" if fit.kv_gb else ""
    raise UsageError(
        f"{model.name} at {precision.lower()} does not fit {gpus} x {gpu.name}: weights {_gb(_billions(model))}B x "
        f"{_gb(BYTES[precision.lower()])} bytes = {_gb(fit.weights_gb)} GB{cache}; of {gpus} x {_gb(gpu.memory_gb)} GB "
        f"an engine has {_gb(USABLE * 100)}%, {_gb(fit.usable_gb)} GB",
        _way_out(model, gpu, fit),
    )


def _way_out(model: Model, gpu: Gpu, fit: Fit) -> str:
    gpus = ceil(fit.needed_gb / (gpu.memory_gb * USABLE))
    if gpus <= _MOST_GPUS:
        # Engines split a model over a power of two of GPUs.
        return f"use {1 << (gpus - 1).bit_length()} GPUs per replica, or a precision of fewer bytes"
    return f"no server of {_MOST_GPUS} x {gpu.name} holds it: use a GPU with more memory, or a precision of fewer bytes"


def _billions(model: Model) -> Fraction:
    return Fraction(model.parameters, _GB)


def _gb(value: Fraction) -> str:
    """To one decimal, without one where it is whole."""
    tenths = round(value * 10) if value >= 1 else round(value * 1000) / Fraction(100)
    return f"{float(tenths / 10):g}"
