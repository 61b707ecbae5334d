"""`llmcost breakeven`: API or own GPUs at a volume."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from llmcost.breakeven.defaults import Assumption
    from llmcost.breakeven.hosted import Deployment
    from llmcost.breakeven.traffic import Mix


def _option(name: str, metavar: str, text: str) -> Any:
    return typer.Option(f"--{name}", metavar=metavar, help=text, show_default=False)


def breakeven(
    env: Env,
    monthly_tokens: Annotated[
        str, _option("monthly-tokens", "N", "Tokens a month, input and output: 500M, 1.2B, 750k.")
    ],
    input_share: Annotated[str, _option("input-share", "SHARE", "Input tokens of all tokens. Default 0.75.")] = "",
    output_ratio: Annotated[
        str, _option("output-ratio", "R", "Output tokens per input token, instead of --input-share.")
    ] = "",
    cached_share: Annotated[
        str, _option("cached-share", "SHARE", "Cached tokens of the input tokens. Default 0.")
    ] = "",
    model: Annotated[str, _option("model", "NAME", "The API's model. Default gpt-4o-mini.")] = "",
    gpu_hour: Annotated[str, _option("gpu-hour", "USD", "Price of one GPU for an hour. Default 1.50.")] = "",
    gpus: Annotated[str, _option("gpus", "N", "GPUs per replica. Default 2.")] = "",
    input_tps: Annotated[str, _option("input-tps", "N", "Input tokens per second a replica reads. Default 5000.")] = "",
    output_tps: Annotated[
        str, _option("output-tps", "N", "Output tokens per second a replica writes. Default 1700.")
    ] = "",
    peak_to_average: Annotated[
        str, _option("peak-to-average", "N", "Traffic of the busiest hour over the average. Default 3.")
    ] = "",
    max_utilisation: Annotated[
        str, _option("max-utilisation", "SHARE", "How busy a replica may be at the peak. Default 0.8.")
    ] = "",
    fixed: Annotated[str, _option("fixed", "USD", "Monthly cost of the GPUs' side beside the GPUs. Default 0.")] = "",
) -> int:
    """Compare an API's monthly cost with rented GPUs that serve the same traffic, and where the cheaper one turns."""
    from llmcost.breakeven.comparison import compare, price_of
    from llmcost.breakeven.defaults import CONSTANTS, NOT_MODELLED
    from llmcost.breakeven.quantities import parse_tokens
    from llmcost.reporting import breakeven as shown

    env.choose_format("table", "json")
    tokens = parse_tokens(monthly_tokens, "--monthly-tokens")
    inputs = _Inputs(
        {
            "model": model, "input-share": input_share, "cached-share": cached_share, "gpu-hour": gpu_hour,
            "gpus": gpus, "input-tps": input_tps, "output-tps": output_tps, "peak-to-average": peak_to_average,
            "max-utilisation": max_utilisation, "fixed": fixed,
        }
    )  # fmt: skip
    mix = inputs.mix(output_ratio)
    deployment = inputs.deployment()
    found = compare(tokens, mix, price_of(env.book, inputs.text("model"), env.now_us), deployment)
    assumptions = (*inputs.assumptions(output_ratio), *CONSTANTS)
    if env.format == "json":
        env.emit(shown.as_json(found, assumptions, NOT_MODELLED, as_of=env.now_us, zone=env.zone))
    else:
        env.emit(shown.as_text(found, assumptions, NOT_MODELLED, width=env.width, color=env.color))
    return ExitCode.OK


class _Inputs:
    """Options as typed, with the default of each that was not."""

    def __init__(self, given: dict[str, str]) -> None:
        self._given = given

    def text(self, name: str) -> str:
        from llmcost.breakeven.defaults import DEFAULTS

        return self._given[name] or DEFAULTS[name].value

    def amount(self, name: str, *, zero: bool = False) -> Fraction:
        from llmcost.breakeven.quantities import parse_amount

        return parse_amount(self.text(name), f"--{name}", zero=zero)

    def share(self, name: str, *, zero: bool = True) -> Fraction:
        from llmcost.breakeven.quantities import parse_share

        return parse_share(self.text(name), f"--{name}", zero=zero)

    def mix(self, output_ratio: str) -> Mix:
        from llmcost.breakeven.quantities import parse_amount
        from llmcost.breakeven.traffic import Mix, mix_of_ratio

        if output_ratio and self._given["input-share"]:
            raise UsageError(
                "--input-share and --output-ratio both say what the traffic is made of", "give one of them"
            )
        if output_ratio:
            input_share = mix_of_ratio(parse_amount(output_ratio, "--output-ratio", zero=True))
        else:
            input_share = self.share("input-share")
        return Mix(input_share, self.share("cached-share"))

    def deployment(self) -> Deployment:
        from llmcost.breakeven.hosted import Deployment

        gpus = self.amount("gpus")
        if gpus.denominator != 1:
            raise UsageError(f"--gpus {self.text('gpus')!r} is not a whole number", "GPUs are whole: write --gpus 2")
        peak = self.amount("peak-to-average")
        if peak < 1:
            raise UsageError(
                f"--peak-to-average {self.text('peak-to-average')!r} is below 1", "a peak is no lower than the average"
            )
        return Deployment(
            gpu_hour=self.amount("gpu-hour"),
            gpus=gpus.numerator,
            input_tps=self.amount("input-tps"),
            output_tps=self.amount("output-tps"),
            peak_to_average=peak,
            max_utilisation=self.share("max-utilisation", zero=False),
            fixed=self.amount("fixed", zero=True),
        )

    def assumptions(self, output_ratio: str) -> list[Assumption]:
        """Every input with its value and origin."""
        from llmcost.breakeven.defaults import DEFAULTS, Assumption

        stated = []
        for name, default in DEFAULTS.items():
            if name == "input-share" and output_ratio:
                stated.append(Assumption("output-ratio", output_ratio, "output per input token", "option"))
            elif given := self._given[name]:
                stated.append(Assumption(name, given, default.unit, "option"))
            else:
                stated.append(default._replace(source=f"default: {default.source}"))
        return stated


app = single(breakeven)
