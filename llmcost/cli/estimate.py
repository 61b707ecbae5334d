"""`llmcost estimate`: what prompts will cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.core.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmcost.estimate.estimate import Calls
    from llmcost.tokens.prompt import Prompt


def estimate(
    env: Env,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Files and folders of prompts; - for standard input.", show_default=False
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME", help="A model; several are compared.", show_default=False),
    ] = None,
    output_tokens: Annotated[
        int | None,
        typer.Option("--output-tokens", metavar="N", help="Tokens of each answer.", min=0, show_default=False),
    ] = None,
    calls: Annotated[
        int | None,
        typer.Option("--calls", metavar="N", help="How often each prompt is sent.", min=1, show_default=False),
    ] = None,
    per: Annotated[
        str | None,
        typer.Option("--per", metavar="day|month", help="What --calls counts by; a month.", show_default=False),
    ] = None,
    tier: Annotated[
        str, typer.Option("--tier", metavar="NAME", help="Service tier: standard, batch, flex, priority or fast.")
    ] = "standard",
) -> None:
    """Count the tokens of prompts and price them, before anything is sent.

    A plain text is one user message; a JSON file of chat messages is counted as such.
    """
    from llmcost.core.record import TIERS
    from llmcost.core.usage import MAX_TOKENS
    from llmcost.estimate.estimate import estimate as make
    from llmcost.estimate.models import DEFAULT_MODEL, DEFAULT_REASON, Model, priced_model
    from llmcost.reporting import estimate as report

    env.choose_format("table", "json")
    if tier not in TIERS:
        raise UsageError(f"unknown tier {tier!r}{nearest(tier, TIERS)}", f"use one of {', '.join(TIERS)}")
    if max(output_tokens or 0, calls or 0) > MAX_TOKENS:
        raise UsageError(f"implausible number: {max(output_tokens or 0, calls or 0)}", "check the number of digits")
    often = _calls(calls, per)
    prompts, skipped = _prompts(paths or [])
    models = [priced_model(env.book, name, tier, env.now_us) for name in dict.fromkeys(model or [])]
    assumed = False

    def fallback(prompt: Prompt) -> Model:
        nonlocal assumed
        if prompt.model:
            return priced_model(env.book, prompt.model, tier, env.now_us, named_by="the request's own `model`")
        assumed = True
        return priced_model(env.book, DEFAULT_MODEL, tier, env.now_us, named_by="the default model")

    made = make(prompts, models, fallback=fallback, output_tokens=output_tokens, calls=often)
    if not made.items:
        raise UsageError(
            f"no text files in {', '.join(paths or [])}",
            f"skipped: {', '.join(f'{n} {kind}' for kind, n in skipped.items() if n) or 'nothing, it is empty'}",
        )
    if env.format == "json":
        env.emit(report.as_json(made, now_us=env.now_us, skipped=skipped))
    else:
        env.emit(report.as_text(made))
    if assumed:
        env.note(f"model: {DEFAULT_REASON}")
    for line in report.remarks(made, skipped):
        env.note(line)


def _calls(calls: int | None, per: str | None) -> Calls | None:
    from llmcost.estimate.estimate import Calls

    if per is not None and per not in {"day", "month"}:
        raise UsageError(f"unknown --per {per!r}", "use day or month")
    if calls is None:
        if per is not None:
            raise UsageError(f"--per {per} without --calls", f"write --calls 20000 --per {per}")
        return None
    return Calls(calls, per or "month")


def _prompts(paths: list[str]) -> tuple[Iterable[tuple[str, Prompt]], Mapping[str, int]]:
    import sys

    from llmcost.estimate.find import Found
    from llmcost.tokens.decode import read_stream
    from llmcost.tokens.prompt import parse

    if "-" in paths or (not paths and not sys.stdin.isatty()):
        if len(paths) > 1:
            raise UsageError("- stands for standard input and cannot be mixed with paths", "give either")
        return [("-", parse(read_stream(sys.stdin.buffer, "standard input"), json_allowed=True))], {}
    if not paths:
        raise UsageError("nothing to estimate", "name files or folders, or - for standard input")
    found = Found(paths)
    return found, found.skipped


app = single(estimate)
