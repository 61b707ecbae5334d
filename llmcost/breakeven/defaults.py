"""What a comparison takes for granted unless told otherwise, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping

from llmcost.breakeven.fields import Given, Mode
from llmcost.breakeven.plan import Layer

MODEL = "llama-3.1-70b"
GPU = "h100"


def _layer(**values: tuple[str, str]) -> dict[str, Given]:
    return {name: Given(text, f"the default {name!r}", f"default: {source}") for name, (text, source) in values.items()}


_SIZING = _layer(
    peak_to_avg=("3", "assumption: office-hours traffic"),
    max_util=("0.8", "assumption: room for bursts"),
    min_replicas=("1", "the model runs all month"),
    spare_replicas=("0", "assumption: an outage is waited out"),
)
_THROUGHPUT = _layer(
    gpus_per_replica=("2", "70B parameters in 16 bits are 140 GB: two A100-80GB"),
    tok_s_in=("5000", "assumption"),
    tok_s_out=("1700", "assumption"),
)
_YEAR = ("200000", "assumption: an engineer with employer's costs")

TRAFFIC = _layer(
    input_share=("0.75", "assumption: three input tokens for each output token"),
    cached_share=("0", "assumption: no prompt caching"),
    cache_write_share=("0", "assumption: no prompt caching"),
    batch_share=("0", "assumption: nobody can wait for a batch"),
)
MODES: Mapping[Mode, Mapping[str, Given]] = {
    "api": _layer(
        model=("gpt-4o-mini", "assumption: a small model of the class an open 70B model replaces"),
        fte=("0.1", "assumption"),
        fte_year=_YEAR,
        monitoring_month=("50", "assumption"),
        recovery_month=("20", "assumption"),
        network_per_1M=("0.0004", "assumption: 4 bytes a token at $0.09 per GB"),
    ),
    "hosted": {
        **_layer(
            gpu_hour=("2.95", "assumption"),
            fte=("0.5", "assumption"),
            fte_year=_YEAR,
            monitoring_month=("200", "assumption"),
            recovery_month=("200", "assumption"),
            storage_month=("50", "assumption"),
            network_per_1M=("0.0004", "assumption: 4 bytes a token at $0.09 per GB"),
        ),
        **_SIZING,
        **_THROUGHPUT,
    },
    "owned": {
        **_layer(
            server_price=("310000", "assumption: eight H100 with network cards"),
            gpus_per_server=("8", "as servers are sold"),
            network_capex_share=("0.12", "assumption"),
            residual=("0.15", "assumption"),
            months=("36", "assumption"),
            server_kw_avg=("6.2", "assumption"),
            server_kw_rated=("10.2", "NVIDIA DGX H100 data sheet"),
            pue=("1.3", "assumption"),
            kwh=("0.10", "assumption"),
            colo_kw_month=("150", "assumption"),
            maint_year=("0.05", "assumption"),
            fte=("1.5", "assumption"),
            fte_year=_YEAR,
            monitoring_month=("200", "assumption"),
            recovery_month=("500", "assumption"),
            storage_month=("100", "assumption"),
        ),
        **_SIZING,
        **_THROUGHPUT,
    },
}


def under(stated: frozenset[Mode]) -> Layer:
    """The lowest layer of inputs. Of a mode that a scenario describes only the sizing is taken for granted: what the
    scenario leaves out there costs nothing."""
    return Layer(TRAFFIC, {mode: _kept(mode) if mode in stated else values for mode, values in MODES.items()})


def _kept(mode: Mode) -> Mapping[str, Given]:
    return {name: given for name, given in MODES[mode].items() if name in ("peak_to_avg", "max_util")}


#: Effects the comparison leaves out; said with every answer.
NOT_MODELLED = (
    "throughput that changes with how full a replica is",
    "prefix caching on the GPUs: cached tokens count as read again there",
    "quality: the models need not answer equally well",
    "taxes, discounts for commitments, the cost of capital",
)
