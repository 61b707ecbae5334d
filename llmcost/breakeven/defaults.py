"""What a comparison takes for granted unless told otherwise: the evidence's figures as the lowest layers of inputs."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from llmcost.breakeven.assumed import API, SIZING, TRAFFIC, given
from llmcost.breakeven.evidence_store import Answer, Question
from llmcost.breakeven.fields import Given, Mode
from llmcost.breakeven.layers import Layer
from llmcost.breakeven.memory import require_fit
from llmcost.breakeven.rates import rates
from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from llmcost.breakeven.evidence import Assumption, Evidence, Gpu

MODEL, GPU = "llama-3.1-70b", "h100"
#: A server's power beside its GPUs is that of a DGX H100, whose eight GPUs draw 700 W each.
_H100_KW = Fraction(7, 10)


_REPLICAS = given(
    min_replicas=("1", "assumption: the model is up all month"),
    spare_replicas=("0", "assumption: an outage is waited out"),
    gpus_per_replica=("1", "assumption: the throughput is that of one GPU"),
)
#: input -> the evidence's assumption, for each mode.
_OPERATIONS: Mapping[Mode, Mapping[str, str]] = {
    "api": {
        "fte": "people-api-fte",
        "fte_year": "fte-year-usd",
        "monitoring_month": "monitoring-api-usd",
        "recovery_share": "disaster-recovery-api-share",
    },
    "hosted": {
        "fte": "people-hosted-fte",
        "fte_year": "fte-year-usd",
        "monitoring_month": "monitoring-hosted-usd",
        "recovery_share": "disaster-recovery-hosted-share",
        "overhead": "autoscale-overhead-share",
    },
    "owned": {
        "fte": "people-owned-fte",
        "fte_year": "fte-year-usd",
        "monitoring_month": "monitoring-owned-usd",
        "recovery_share": "disaster-recovery-owned-share",
        "gpus_per_server": "server-gpus",
        "network_capex_share": "network-capex-share",
        "residual": "residual-share",
        "months": "amortisation-months",
        "pue": "pue",
        "kwh": "electricity-usd-per-kwh",
        "colo_kw_month": "colocation-usd-per-kw-month",
        "maint_year": "maintenance-share-year",
    },
}


def answer(evidence: Evidence, question: Question) -> Answer:
    """What the evidence says.

    Raises:
        UsageError: the model or GPU is not known, not measured for the mix, or the one does not fit the other.
    """
    machines, why = hardware(evidence, question)
    rated = throughput(evidence, question) if question.rates else _own_rates(evidence, question)
    return Answer(operations(evidence), machines, rated, why)


def operations(evidence: Evidence) -> Layer:
    """People, tools, recovery, network and storage, and what owning servers takes."""
    modes: dict[Mode, dict[str, Given]] = {"api": dict(API), "hosted": dict(_REPLICAS), "owned": dict(_REPLICAS)}
    for mode, names in _OPERATIONS.items():
        modes[mode].update((name, _assumed(evidence.assumption(of))) for name, of in names.items())
    sold, size = evidence.assumption("egress-usd-per-gb"), evidence.assumption("egress-bytes-per-token")
    space, price = evidence.assumption("storage-gb"), evidence.assumption("storage-usd-per-gb-month")
    both = {
        # 10^6 tokens x bytes / 10^9 bytes per GB x USD per GB
        "network_per_1M_out": _product(size.value * sold.value / 1000, size, sold),
        "storage_month": _product(space.value * price.value, space, price),
        **SIZING,
    }
    modes["hosted"].update(both)
    modes["owned"].update(both)
    return Layer(TRAFFIC, modes)


def throughput(evidence: Evidence, question: Question) -> Layer:
    """What a replica does for the mix, and its GPUs, which are as measured.

    Raises:
        UsageError: not measured, or the model does not fit the GPUs' memory.
    """
    model, gpu, gpus = evidence.model(question.model or MODEL), evidence.gpu(question.gpu or GPU), question.gpus
    if question.precision and (gpus is not None or not _measured(evidence, model.name, gpu.name, question.precision)):
        require_fit(model, question.precision, gpu, gpus or 1)
    found = rates(
        evidence, model.name, gpu.name, input_share=question.input_share, precision=question.precision or None
    )
    require_fit(model, found.precision, gpu, gpus or found.gpus)
    if gpus not in (None, found.gpus):
        raise UsageError(
            f"{model.name} on {gpu.name} is measured with {found.gpus} GPUs per replica, not with {gpus}",
            "give --input-tps and --output-tps for it, or measure it and --fit",
        )
    values = {
        "tok_s_in": Given(decimal(found.input_tps), "the measured rate", f"{model.name}, {found.method}"),
        "tok_s_out": Given(decimal(found.output_tps), "the measured rate", f"{model.name}, {found.method}"),
        "gpus_per_replica": Given(str(found.gpus), "the measured replica", "as measured"),
    }
    return Layer({}, {"hosted": values, "owned": values})


def _measured(evidence: Evidence, model: str, gpu: str, precision: str) -> bool:
    asked = (model, gpu, precision.lower())
    return any((row.model, row.gpu, row.precision) == asked for row in evidence.throughput)


def _own_rates(evidence: Evidence, question: Question) -> Layer:
    """Nothing; but a model must fit its GPUs, whoever says how fast it is there.

    Raises:
        UsageError: it does not.
    """
    gpu = evidence.gpu(question.gpu or GPU)
    if question.model and question.precision:
        try:
            model = evidence.model(question.model)
        except UsageError:  # one's own, whose size is not known
            return Layer()
        require_fit(model, question.precision, gpu, question.gpus or 1)
    return Layer()


def hardware(evidence: Evidence, question: Question) -> tuple[Layer, str]:
    """What the GPU costs to rent and, in servers, to own; and why nobody can own it, if so."""
    gpu = evidence.gpu(question.gpu or GPU)
    modes: dict[Mode, dict[str, Given]] = {"hosted": {}, "owned": {}}
    if rented := gpu.quote("on-demand"):
        spread = f"{decimal(rented.lowest)} to {decimal(rented.highest)}"
        source = f"{gpu.name} on demand: the median of {len(rented.prices)} prices, {spread}; see gpus.yaml"
        modes["hosted"]["gpu_hour"] = Given(decimal(rented.usd), "the evidence's price", source)
    why = _server(evidence, gpu, modes["owned"])
    return Layer({}, modes), why


def _server(evidence: Evidence, gpu: Gpu, values: dict[str, Given]) -> str:
    bought = gpu.quote("bought")
    if bought is None or gpu.power_watts is None:
        return f"{gpu.name}: no purchase price is known" if bought is None else f"{gpu.name}: its power is not known"
    number, beside = evidence.assumption("server-gpus"), evidence.assumption("server-usd-beside-gpus")
    price = number.value * bought.usd + beside.value
    source = (
        f"{decimal(number.value)} x {gpu.name} at {decimal(bought.usd)} ({bought.prices[0].source}) and"
        f" {decimal(beside.value)} beside ({beside.source})"
    )
    values["server_price"] = Given(decimal(price), "the evidence's price", source)
    more = number.value * (gpu.power_watts / 1000 - _H100_KW)
    rated, average = evidence.assumption("server-kw-rated"), evidence.assumption("server-kw-average")
    drawn = (rated.value + more) * average.value / rated.value
    note = "" if not more else f"; with {decimal(number.value)} x {decimal(gpu.power_watts)} W instead of 700 W"
    values["server_kw_rated"] = _assumed(rated, rated.value + more, note)
    values["server_kw_avg"] = _assumed(average, Fraction(round(drawn * 1000), 1000), note)
    return ""


def _assumed(assumption: Assumption, value: Fraction | None = None, note: str = "") -> Given:
    text = decimal(assumption.value if value is None else value)
    return Given(text, f"the assumption {assumption.name!r}", f"{assumption.source}{note}")


def _product(value: Fraction, *of: Assumption) -> Given:
    told = " x ".join(f"{decimal(each.value)} {each.unit} ({each.source})" for each in of)
    return Given(decimal(value), f"the assumption {of[0].name!r}", told)


def decimal(value: Fraction) -> str:
    """A finite decimal, exactly; one that is not is cut after twelve places."""
    scaled = value * 10**12
    digits = f"{scaled.numerator // scaled.denominator:013d}"
    return f"{digits[:-12]}.{digits[-12:]}".rstrip("0").rstrip(".")
