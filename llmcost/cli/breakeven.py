"""`llmcost breakeven`: API, hosted GPUs or our own servers at a volume."""

# Without `from __future__ import annotations`: typer would compile each of the options anew at every start (2 ms).
from typing import Annotated, Any

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.period import Where
from llmcost.core.errors import ExitCode, UsageError

_Text = str | None


def _option(name: str, metavar: str, text: str, *more: str) -> Any:
    return typer.Option(f"--{name}", *more, metavar=metavar, help=text, show_default=False)


def breakeven(
    env: Env,
    monthly_tokens: Annotated[
        _Text, _option("monthly-tokens", "N", "Tokens a month, input and output: 500M, 1.2B, 750k.")
    ] = None,
    from_ledger: Annotated[
        _Text, _option("from-ledger", "SPAN", "The traffic the ledger has measured in a time: 30d.")
    ] = None,
    where: Where = None,
    scenario: Annotated[_Text, _option("scenario", "FILE", "Inputs of the three modes in YAML.")] = None,
    input_share: Annotated[_Text, _option("input-share", "SHARE", "Input tokens of all tokens.")] = None,
    output_ratio: Annotated[
        _Text, _option("output-ratio", "R", "Output tokens per input token, instead of --input-share.")
    ] = None,
    cached_share: Annotated[
        _Text, _option("cached-share", "SHARE", "Tokens from the prompt cache, of the input tokens.")
    ] = None,
    cache_write_share: Annotated[
        _Text, _option("cache-write-share", "SHARE", "Tokens written to the prompt cache, of the input tokens.")
    ] = None,
    batch_share: Annotated[_Text, _option("batch-share", "SHARE", "Requests sent as batches, of all.")] = None,
    input_per_request: Annotated[
        _Text, _option("input-per-request", "N", "Input tokens of a request, for prices by context length.")
    ] = None,
    model: Annotated[_Text, _option("model", "NAME", "The API's model.")] = None,
    against: Annotated[_Text, _option("against", "MODEL", "The model that would run on GPUs instead.")] = None,
    gpu: Annotated[_Text, _option("gpu", "NAME", "The GPU or TPU it would run on.")] = None,
    precision: Annotated[_Text, _option("precision", "NAME", "The precision it would run in: fp16, fp8.")] = None,
    gpu_hour: Annotated[_Text, _option("gpu-hour", "USD", "Price of one rented GPU for an hour.")] = None,
    gpus: Annotated[_Text, _option("gpus", "N", "GPUs per replica.")] = None,
    input_tps: Annotated[_Text, _option("input-tps", "N", "Input tokens per second a replica reads.")] = None,
    output_tps: Annotated[_Text, _option("output-tps", "N", "Output tokens per second a replica writes.")] = None,
    fit: Annotated[
        list[str] | None,
        typer.Option(
            "--fit", metavar="FILE", help="Throughput from your own vLLM benchmark (JSON).", show_default=False
        ),
    ] = None,
    evidence: Annotated[
        list[str] | None,
        typer.Option(
            "--evidence", metavar="FILE", help="Your own GPUs, prices and throughput in YAML.", show_default=False
        ),
    ] = None,
    peak: Annotated[
        _Text, _option("peak", "N", "Traffic of the busiest hour over the average.", "--peak-to-average")
    ] = None,
    max_utilisation: Annotated[
        _Text, _option("max-utilisation", "SHARE", "How busy a replica may be at the peak.")
    ] = None,
    min_replicas: Annotated[_Text, _option("min-replicas", "N", "Replicas that run whatever the traffic.")] = None,
    spare_replicas: Annotated[_Text, _option("spare-replicas", "N", "Replicas beyond what the peak needs.")] = None,
    autoscaled: Annotated[
        bool, typer.Option("--autoscaled", help="Rent GPUs for the hours they are needed, not all month.")
    ] = False,
    fixed: Annotated[_Text, _option("fixed", "USD", "Further monthly cost of hosting.")] = None,
    modes: Annotated[bool, typer.Option("--modes", help="When each of the three modes fits, for this volume.")] = False,
    seed_article: Annotated[
        bool, typer.Option("--seed-article", help="The break-even claim that llmcost grew from, put right.")
    ] = False,
) -> int:
    """Compare a month by API, on rented GPUs and on servers of one's own, and say where the cheapest one changes."""
    from llmcost.cli.breakeven_options import Sources, of_options, planned

    form = env.choose_format("table", "json", "markdown", "csv")
    typed = of_options(
        {
            "monthly-tokens": monthly_tokens, "input-share": input_share, "cached-share": cached_share,
            "cache-write-share": cache_write_share, "batch-share": batch_share,
            "input-per-request": input_per_request, "model": model, "gpu-hour": gpu_hour, "gpus": gpus,
            "input-tps": input_tps, "output-tps": output_tps, "peak": peak, "max-utilisation": max_utilisation,
            "min-replicas": min_replicas, "spare-replicas": spare_replicas, "fixed": fixed,
        },
        output_ratio,
        autoscaled=autoscaled,
    )  # fmt: skip
    if seed_article:
        return _article(env, form)
    sources = Sources(
        scenario=scenario, ledger=from_ledger, where=where, fit=fit or [], evidence=evidence or [],
        against=against, gpu=gpu, precision=precision,
    )  # fmt: skip
    plan, remarks = planned(env, typed, sources)
    for remark in remarks:
        env.note(remark)
    if modes:
        from llmcost.reporting import breakeven_modes

        env.emit(breakeven_modes.render(plan, form, width=env.width, color=env.color))
        return ExitCode.OK
    from llmcost.breakeven.comparison import compare

    found = compare(plan)
    if form == "json":
        from llmcost.reporting.breakeven_json import as_json

        env.emit(as_json(found, remarks, as_of=env.now_us, zone=env.zone))
    elif form == "csv":
        from llmcost.reporting.breakeven_export import as_csv

        env.emit(as_csv(found))
    elif form == "markdown":
        from llmcost.reporting.breakeven_export import as_markdown

        env.emit(as_markdown(found))
    else:
        from llmcost.reporting.breakeven_text import as_text

        env.emit(as_text(found, width=env.width, color=env.color))
    return ExitCode.OK


def _article(env: Env, form: str) -> int:
    from llmcost.reporting import breakeven_article

    if form == "csv":
        raise UsageError("--seed-article has no CSV form", "use --format markdown or --json")
    env.emit(breakeven_article.render(form, width=env.width, color=env.color))
    return ExitCode.OK


app = single(breakeven)
