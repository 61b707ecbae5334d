"""`llmcost route`: the cheapest model that is good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.route_input import is_lines, opened, prompt_of
from llmcost.cli.route_options import Routing
from llmcost.core.errors import DataError, ExitCode, UsageError
from llmcost.core.text import printable, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmcost.routing.decide import Decision
    from llmcost.routing.lines import Line
    from llmcost.tokens.prompt import Prompt


def route(
    env: Env,
    prompt: Annotated[
        str, typer.Argument(metavar="PROMPT|FILE", help="The prompt, or a file that holds it; - for standard input.")
    ],
    candidates: Annotated[
        str,
        typer.Option("--candidates", metavar="M,M…", help="Choose among these models only.", show_default=False),
    ] = "",
    policy: Annotated[
        str,
        typer.Option("--policy", metavar="FILE", help="A routing policy; ./routing.yaml.", show_default=False),
    ] = "",
    min_quality: Annotated[
        str, typer.Option("--min-quality", metavar="Q", help="Least P(good), from 0 to 1.", show_default=False)
    ] = "",
    max_usd: Annotated[
        str, typer.Option("--max-usd", metavar="USD", help="Most that the request may cost.", show_default=False)
    ] = "",
    require: Annotated[
        str,
        typer.Option("--require", metavar="NAME,…", help="What it must have: tools, vision, json.", show_default=False),
    ] = "",
    output_tokens: Annotated[
        str,
        typer.Option(
            "--output-tokens",
            metavar="N",
            help="Tokens of the answer; or mean, p50, p90 of --app in the ledger.",
            show_default=False,
        ),
    ] = "",
    cached_share: Annotated[
        str,
        typer.Option(
            "--cached-share", metavar="SHARE", help="Part of the input from a prompt cache: 80%.", show_default=False
        ),
    ] = "",
    app_name: Annotated[
        str,
        typer.Option(
            "--app", metavar="APP", help="The app: overrides, its answers' length, its budget.", show_default=False
        ),
    ] = "",
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A tag, for overrides.", show_default=False)
    ] = None,
    session: Annotated[
        str,
        typer.Option(
            "--session", metavar="ID", help="The session: a switch of model loses its prompt cache.", show_default=False
        ),
    ] = "",
    budgets: Annotated[
        str,
        typer.Option(
            "--budgets", metavar="FILE", help="The budgets, for `on_budget`; ./budgets.yaml.", show_default=False
        ),
    ] = "",
    no_complexity: Annotated[
        bool, typer.Option("--no-complexity", help="No floor for prompts that look hard.")
    ] = False,
    lines: Annotated[
        bool, typer.Option("--lines", help="Each line is a request (JSON Lines); so it is in a file named .jsonl.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say where every number comes from.")] = False,
) -> int:
    """Choose the cheapest model that meets every constraint and the quality floor; 6 when none does."""
    from llmcost.reporting import route as report

    env.choose_format("table", "json")
    routing = Routing(
        env, policy=policy, candidates=candidates, min_quality=min_quality, max_usd=max_usd, require=require,
        output_tokens=output_tokens, cached_share=cached_share, app=app_name, tags=tag or [], session=session,
        budgets=budgets, complexity=not no_complexity,
    )  # fmt: skip
    if lines or is_lines(prompt):
        if explain:
            raise UsageError("--explain tells of one request, and these are many", "leave it out")
        return _many(env, routing, prompt)
    taken, content = prompt_of(prompt)
    decision = routing.decide(content)
    env.note(f"input: taken as {'a file: ' + printable(redact(prompt)) if taken == 'file' else _TAKEN[taken]}")
    for note in (*routing.notes(decision), *content.notes):
        env.note(note)
    shown = report.Shown(decision, taken, prompt, routing.origin, routing.output_from, routing.used)
    if env.format == "json":
        env.emit(report.as_json(shown))
    else:
        env.emit(report.as_text(shown, explain=explain, width=env.width))
    _ended(decision)
    return ExitCode.BREACH if decision.denied else ExitCode.OK


_TAKEN = {"prompt": "the prompt's own text", "stdin": "standard input"}


def _ended(decision: Decision) -> None:
    """
    Raises:
        DataError: no candidate is left.
    """
    if decision.chosen is None and not decision.denied:
        from llmcost.reporting.route import rejections

        raise DataError(f"no candidate is left: {rejections(decision)}", "relax a constraint, or add a candidate")


def _many(env: Env, routing: Routing, named: str) -> int:
    """One decision a line; the exit code."""
    from llmcost.reporting.numbers import counted
    from llmcost.reporting.route_lines import json_line, text_line
    from llmcost.routing.lines import lines
    from llmcost.tokens.counter import ahead

    if routing.session:
        raise UsageError("--session tells of one request, and these are many", "leave it out")
    write = json_line if env.format == "json" else text_line
    bad: list[Line] = []
    tally = {"routed": 0, "bad": 0, "none": 0, "denied": 0}

    def asked() -> Iterator[tuple[Line, Prompt]]:
        with opened(named) as stream:
            for line in lines(stream):
                if line.prompt is not None:
                    yield line, line.prompt
                    continue
                tally["bad"] += 1
                bad.extend([line] if len(bad) < _TOLD else [])

    def decided() -> Iterator[str]:
        for line, content in ahead(asked(), routing.encodings):
            decision = routing.decide(content, given=line.given)
            tally["routed"] += 1
            tally["denied"] += decision.denied
            tally["none"] += decision.chosen is None and not decision.denied
            yield write(line, decision) + "\n"

    env.emit_all(decided())
    for note in routing.notes():
        env.note(note)
    for line in bad:
        env.note(f"line {line.number:,}: {line.problem}")
    if tally["bad"] > len(bad):
        env.note(f"and {counted(tally['bad'] - len(bad), 'more such line')}")
    none = "is none" if tally["bad"] == 1 else "are none"
    env.note(f"{counted(tally['routed'], 'request')}; {counted(tally['bad'], 'line')} {none}")
    if not tally["routed"]:
        raise DataError("no line is a request", 'write lines such as {"prompt": "…"} or request bodies')
    if tally["none"]:
        raise DataError(
            f"no candidate is left for {counted(tally['none'], 'request')}", "each line's `reason` and --json say why"
        )
    return ExitCode.BREACH if tally["denied"] else ExitCode.OK


#: Bad lines that are told one by one.
_TOLD = 20

app = single(route)
