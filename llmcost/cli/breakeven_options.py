"""What the options of `llmcost breakeven` mean: layers of inputs from options, files, evidence and the ledger."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from llmcost.breakeven.fields import MODES, Given, Inputs, Mode
from llmcost.breakeven.layers import Layer
from llmcost.breakeven.plan import inputs_of, plan
from llmcost.breakeven.traffic import mix_of
from llmcost.cli.environment import Env
from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from llmcost.breakeven.measured import Measured
    from llmcost.breakeven.plan import Plan
    from llmcost.breakeven.throughput import Fitted

_GPUS: tuple[Mode, ...] = ("hosted", "owned")
_ALL: frozenset[Mode] = frozenset(MODES)
#: option -> (the modes it is an input of; none: of the traffic, the input's name).
OPTIONS: dict[str, tuple[tuple[Mode, ...], str]] = {
    "monthly-tokens": ((), "monthly_tokens"),
    "input-share": ((), "input_share"),
    "cached-share": ((), "cached_share"),
    "cache-write-share": ((), "cache_write_share"),
    "batch-share": ((), "batch_share"),
    "input-per-request": ((), "input_per_request"),
    "model": (("api",), "model"),
    "gpu-hour": (("hosted",), "gpu_hour"),
    "fixed": (("hosted",), "other_month"),
    "gpus": (_GPUS, "gpus_per_replica"),
    "input-tps": (_GPUS, "tok_s_in"),
    "output-tps": (_GPUS, "tok_s_out"),
    "peak": (_GPUS, "peak_to_avg"),
    "max-utilisation": (_GPUS, "max_util"),
    "min-replicas": (_GPUS, "min_replicas"),
    "spare-replicas": (_GPUS, "spare_replicas"),
}


class Sources(NamedTuple):
    """Where inputs come from beside the options that are inputs themselves."""

    scenario: str | None
    ledger: str | None
    where: list[str] | None
    fit: list[str]
    evidence: list[str]
    against: str | None
    gpu: str | None
    precision: str | None


def of_options(given: Mapping[str, str | None], output_ratio: str | None, *, autoscaled: bool) -> Layer:
    """What was typed.

    Raises:
        UsageError: an option is empty, or two say the same.
    """
    traffic: dict[str, Given] = {}
    modes: dict[Mode, dict[str, Given]] = {mode: {} for mode in MODES}
    for option, text in given.items():
        if text is None:
            continue
        _not_empty(option, text)
        of, name = OPTIONS[option]
        value = Given(text, f"--{option}", "option")
        for target in [modes[mode] for mode in of] or [traffic]:
            target[name] = value
    if output_ratio is not None:
        if "input_share" in traffic:
            raise UsageError(
                "--input-share and --output-ratio both say what the traffic is made of", "give one of them"
            )
        traffic["mix"] = Given(f"1:{output_ratio.strip()}", "--output-ratio", "option")
    if autoscaled:
        modes["hosted"]["autoscaled"] = Given("yes", "--autoscaled", "option")
    return Layer(traffic, modes)


def _not_empty(option: str, text: str | None) -> None:
    if text is not None and not text.strip():
        raise UsageError(f"--{option} is empty", "give it a value or leave it out")


def planned(env: Env, typed: Layer, sources: Sources) -> tuple[Plan, list[str]]:
    """The modes to compare, and remarks on what they rest on.

    Raises:
        UsageError, DataError: an input is missing or wrong; the ledger has no traffic.
    """
    from llmcost.breakeven.assumed import TRAFFIC, described
    from llmcost.breakeven.evidence_store import Question, answer

    for option in ("scenario", "ledger", "against", "gpu", "precision"):
        _not_empty("from-ledger" if option == "ledger" else option, getattr(sources, option))
    remarks: list[str] = []
    scenario, stated = of_scenario(Path(sources.scenario), typed) if sources.scenario else (Layer(), frozenset())
    upper = [scenario]
    if sources.ledger:
        layer, measured = of_ledger(env, sources.ledger, sources.where)
        upper.append(layer)
        if measured.model_share < 1 and "model" not in typed.modes["api"]:
            remarks.append(f"{_percent(measured.model_share)} of the tokens are {measured.model}'s; all are priced so")
    elif sources.where:
        raise UsageError("--where without --from-ledger", "it chooses rows of the ledger: add --from-ledger 30d")
    fitted, rates = of_fit(sources.fit) if sources.fit else (Layer(), None)
    own = [fitted, typed]
    lower = [described(stated)]
    ownable = True
    asked = bool(sources.against or sources.gpu or sources.precision)
    if asked or sources.evidence or stated != _ALL:
        traffic, modes = inputs_of([*lower, Layer(TRAFFIC), *upper, *own])
        _, owns = inputs_of(own)
        # Asked for by name, measured rates go before a scenario's, but not before a person's own.
        lacking = [mode for mode in _GPUS if not _has_rates(owns[mode] if asked else modes[mode])]
        needed = frozenset(mode for mode in lacking if asked or mode not in stated)
        question = Question(
            sources.against or "", sources.gpu or "", sources.precision or "", mix_of(traffic).input_share,
            _gpus(owns["hosted"] if needed else modes["hosted"]), bool(needed),
        )  # fmt: skip
        found = answer(question, [Path(path) for path in sources.evidence], cache_dir=env.folder("cache"))
        lower.append(found.operations.without(stated))
        if sources.gpu:
            upper.append(found.hardware)
        else:
            lower.append(found.hardware.without(stated))
        (upper if asked else lower).append(found.throughput.without(_ALL - needed))
        ownable = not found.not_ownable or "owned" in stated
        if not ownable:
            remarks.append(f"servers of one's own are left out: {found.not_ownable}")
    traffic, modes = inputs_of([*lower, *upper, *own])
    remarks.append(_of_stated(stated, modes))
    if rates is not None:
        remarks.append(_of_mix(rates, mix_of(traffic).input_share))
    return plan(traffic, modes, env.book, env.now_us, ownable=ownable), [*filter(None, remarks)]


def _has_rates(given: Inputs) -> bool:
    return given.has("tok_s_total") or (given.has("tok_s_in") and given.has("tok_s_out"))


def _gpus(given: Inputs) -> int | None:
    return given.count("gpus_per_replica") if given.has("gpus_per_replica") else None


def _of_stated(stated: frozenset[Mode], modes: Mapping[Mode, Inputs]) -> str:
    """Modes of a scenario that run by themselves, beside others that people run."""
    alone = [mode for mode in MODES if mode in stated and not modes[mode].has("fte")]
    if not alone or stated == _ALL:
        return ""
    return (
        f"the scenario has no people for {' and '.join(alone)}, which the other modes are assumed to need:"
        " add `fte` and `fte_year` there to compare like with like"
    )


def _of_mix(fitted: Fitted, share: Fraction) -> str:
    from llmcost.breakeven.rates import covers, span

    if covers(fitted, share):
        return ""
    return (
        f"the benchmarks measured {span(fitted)} input tokens, of the traffic {_percent(share)} are:"
        " the rates may not hold for it"
    )


def of_scenario(path: Path, typed: Layer) -> tuple[Layer, frozenset[Mode]]:
    """A scenario file's inputs, and the modes it describes.

    Raises:
        UsageError: its sections state different volumes, and no option says which holds.
    """
    from llmcost.breakeven.scenario import ONE_VOLUME, read
    from llmcost.yamlfile.tree import read_text

    found = read(read_text(path), str(path))
    if (conflict := found.conflict) is not None:
        mixed = conflict.same_mix or "input_share" in typed.traffic or "mix" in typed.traffic
        if "monthly_tokens" not in typed.traffic or not mixed:
            raise UsageError(conflict.message, ONE_VOLUME)
    return Layer(found.traffic, found.modes), found.stated


def of_ledger(env: Env, span: str, where: list[str] | None) -> tuple[Layer, Measured]:
    """The month that the ledger has seen.

    Raises:
        UsageError: not a span of time.
        DataError: the ledger has no tokens in it.
    """
    from llmcost.breakeven.measured import measured
    from llmcost.cli.period import filters
    from llmcost.core.instants import span_us
    from llmcost.core.record import dimension

    pairs = tuple((dimension(name), value) for name, value in filters(where))
    length = span_us(span)
    with closing(env.open_ledger()) as ledger:
        found = measured(ledger, now_us=env.now_us, span_us=length, where=pairs)
    source = f"ledger: {found.requests:,} requests in {found.hours:,} hours"

    def given(text: str) -> Given:
        return Given(text, "--from-ledger", source)

    traffic = {
        "input_tokens": given(str(found.input_tokens)),
        "output_tokens": given(str(found.output_tokens)),
        "cached_share": given(_decimal(found.cached_share)),
        "cache_write_share": given(_decimal(found.write_share)),
        "batch_share": given(_decimal(found.batch_share)),
    }
    if found.input_per_request:
        traffic["input_per_request"] = given(str(found.input_per_request))
    peak = {"peak_to_avg": given(_decimal(found.peak_to_average))}
    return Layer(traffic, {"api": {"model": given(found.model)}, "hosted": peak, "owned": peak}), found


def _decimal(value: Fraction) -> str:
    """Cut after six decimals, so that shares never add up to more than they did."""
    millionths = value.numerator * 10**6 // value.denominator
    return f"{millionths // 10**6}.{millionths % 10**6:06d}"


def _percent(value: Fraction) -> str:
    return f"{value.numerator * 100 // value.denominator}%"


def of_fit(paths: list[str]) -> tuple[Layer, Fitted]:
    """Throughput fitted to a person's own benchmarks."""
    from llmcost.breakeven.fit import fit
    from llmcost.tokens.decode import read_file

    rates = fit([(path, read_file(Path(path)).text) for path in paths]).rates
    source = f"fitted to {', '.join(paths)}"
    if rates.input_tps is None or rates.output_tps is None:
        values = {"tok_s_total": Given(_decimal(rates.combined_tps), "--fit", f"{source}: one mix, the combined rate")}
    else:
        values = {
            "tok_s_in": Given(_decimal(rates.input_tps), "--fit", source),
            "tok_s_out": Given(_decimal(rates.output_tps), "--fit", source),
        }
    return Layer({}, {"hosted": values, "owned": values}), rates
