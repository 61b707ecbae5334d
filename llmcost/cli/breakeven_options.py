"""What the options of `llmcost breakeven` mean: layers of inputs, from options, files and the ledger."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from llmcost.breakeven import defaults
from llmcost.breakeven.fields import Given, Mode
from llmcost.breakeven.plan import Layer
from llmcost.cli.environment import Env
from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from fractions import Fraction

    from llmcost.breakeven.measured import Measured
    from llmcost.breakeven.scenario import Scenario

_GPUS: tuple[Mode, ...] = ("hosted", "owned")
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


def of_options(given: dict[str, str | None], output_ratio: str | None, *, autoscaled: bool) -> Layer:
    """What was typed.

    Raises:
        UsageError: an option is empty, or two say the same.
    """
    traffic: dict[str, Given] = {}
    modes: dict[Mode, dict[str, Given]] = {"api": {}, "hosted": {}, "owned": {}}
    for option, text in given.items():
        if text is None:
            continue
        if not text.strip():
            raise UsageError(f"--{option} is empty", "give it a value or leave it out")
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


def of_scenario(path: Path) -> tuple[Layer, Scenario]:
    from llmcost.breakeven.scenario import read
    from llmcost.yamlfile.tree import read_text

    found = read(read_text(path), str(path))
    return Layer(found.traffic, found.modes), found


def of_fit(paths: list[str]) -> Layer:
    """Throughput fitted to a person's own benchmarks."""
    from llmcost.breakeven.fit import fit
    from llmcost.tokens.decode import read_file

    texts = [(path, read_file(Path(path)).text) for path in paths]
    rates = fit(texts).rates
    source = f"fitted to {', '.join(paths)}"
    if rates.input_tps is None or rates.output_tps is None:
        values = {"tok_s_total": Given(_decimal(rates.combined_tps), "--fit", f"{source}: one mix, the combined rate")}
    else:
        values = {
            "tok_s_in": Given(_decimal(rates.input_tps), "--fit", source),
            "tok_s_out": Given(_decimal(rates.output_tps), "--fit", source),
        }
    return Layer({}, {"hosted": values, "owned": values})
