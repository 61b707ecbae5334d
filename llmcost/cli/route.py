"""`llmcost route`: the cheapest model that is good enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.core.errors import DataError, UsageError, nearest

if TYPE_CHECKING:
    from fractions import Fraction

    from llmcost.routing.policy import Candidate, Policy
    from llmcost.tokens.prompt import Prompt

#: An argument that ends like this and has no spaces is a file name, also when there is no such file.
_FILE_ENDINGS = frozenset({".txt", ".md", ".json", ".jsonl", ".prompt", ".j2", ".jinja", ".yaml", ".yml"})


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
        str, typer.Option("--min-quality", metavar="Q", help="Least quality, from 0 to 1.", show_default=False)
    ] = "",
    max_usd: Annotated[
        str, typer.Option("--max-usd", metavar="USD", help="Most that the request may cost.", show_default=False)
    ] = "",
    require: Annotated[
        str, typer.Option("--require", metavar="NAME,…", help="What it must have: tools, vision.", show_default=False)
    ] = "",
    output_tokens: Annotated[
        int | None,
        typer.Option("--output-tokens", metavar="N", help="Tokens of the answer.", min=0, show_default=False),
    ] = None,
    no_complexity: Annotated[
        bool, typer.Option("--no-complexity", help="No higher floor for prompts that look hard.")
    ] = False,
) -> None:
    """Choose the cheapest model that meets every constraint and the quality floor; 6 when none does."""
    from fractions import Fraction

    from llmcost.reporting import route as report
    from llmcost.routing.complexity import classify
    from llmcost.routing.decide import Constraints, decide, floor_for
    from llmcost.routing.policy import OUTPUT_TOKENS

    env.choose_format("table", "json")
    rules = _policy(policy)
    asked = _min_quality(min_quality)
    limit = _max_nano(max_usd)
    needed = _require(require) | rules.require
    taken, content = _prompt(prompt)
    complexity = classify(content.body)
    output = rules.output_tokens if output_tokens is None else output_tokens
    limits = Constraints(
        OUTPUT_TOKENS if output is None else output,
        max(asked, rules.min_quality),
        Fraction(0) if no_complexity else floor_for(complexity, rules.floors),
        rules.max_nano if limit is None else limit,
        needed,
    )
    decision = decide(env.book, _candidates(candidates, rules), content, limits, complexity, env.now_us)

    env.note(f"input: taken as {'a file: ' + prompt if taken == 'file' else _TAKEN[taken]}")
    env.note(f"policy: {rules.origin}")
    if output_tokens is None:
        env.note(f"output: {limits.output_tokens} tokens are assumed; --output-tokens N says otherwise")
    for note in content.notes:
        env.note(note)
    if env.format == "json":
        env.emit(
            report.as_json(
                decision, taken=taken, path=prompt, policy=rules.origin, assumed_output=output_tokens is None
            )
        )
    else:
        env.emit(report.as_text(decision, assumed_output=output_tokens is None))
    if decision.chosen is None:
        reasons = "; ".join(f"{each.candidate.model}: {', '.join(each.rejected_because)}" for each in decision.judged)
        raise DataError(f"no candidate is left: {reasons}", "relax a constraint, or add a candidate")


_TAKEN = {"prompt": "the prompt's own text", "stdin": "standard input"}


def _policy(named: str) -> Policy:
    from llmcost.routing.policy import load_policy, packaged_policy

    if named:
        return load_policy(Path(named).expanduser())
    local = Path("routing.yaml")
    return load_policy(local if local.is_file() else packaged_policy())


def _candidates(given: str, rules: Policy) -> tuple[Candidate, ...]:
    if not given:
        return rules.candidates
    names = dict.fromkeys(name.strip() for name in given.split(",") if name.strip())
    if not names:
        raise UsageError(f"--candidates {given!r} names no model", "write --candidates gpt-4o,gpt-4o-mini")
    return tuple(rules.candidate(name) for name in names)


def _min_quality(given: str) -> Fraction:
    from fractions import Fraction

    from llmcost.core.money import decimal_of

    try:
        value = Fraction(decimal_of(given)) if given else Fraction(0)
    except ValueError:
        value = Fraction(-1)
    if not 0 <= value <= 1:
        raise UsageError(f"--min-quality {given!r} is no number from 0 to 1", "write --min-quality 0.8")
    return value


def _max_nano(given: str) -> int | None:
    from llmcost.core.money import nano_from_usd

    if not given:
        return None
    try:
        value = nano_from_usd(given.removeprefix("$"))
    except ValueError:
        value = -1
    if value < 0:
        raise UsageError(f"--max-usd {given!r} is no amount in USD", "write --max-usd 0.01")
    return value


def _require(given: str) -> frozenset[str]:
    from llmcost.routing.policy import CAPABILITIES

    names = frozenset(name.strip() for name in given.split(",") if name.strip())
    for name in sorted(names):
        if name not in CAPABILITIES:
            raise UsageError(
                f"unknown capability {name!r}{nearest(name, CAPABILITIES)}", f"use {', '.join(CAPABILITIES)}"
            )
    return names


def _prompt(given: str) -> tuple[str, Prompt]:
    """What the argument was taken for (`stdin`, `file`, `prompt`), and the prompt."""
    import sys

    from llmcost.tokens.decode import Text, read_file, read_stream
    from llmcost.tokens.prompt import parse

    if given == "-":
        taken, source, is_json = "stdin", read_stream(sys.stdin.buffer, "standard input"), True
    elif _exists(given):
        taken, source, is_json = "file", read_file(Path(given)), given.lower().endswith(".json")
    elif Path(given).suffix.lower() in _FILE_ENDINGS and not any(map(str.isspace, given)):
        raise UsageError(f"no such file: {given}", "check the path; a prompt may also be piped in: llmcost route -")
    else:
        taken, source, is_json = "prompt", Text(given), False
    content = parse(source, json_allowed=is_json)
    if content.complete and not content.body.strip():
        raise UsageError("the prompt is empty", "give a text, a file or -")
    return taken, content


def _exists(given: str) -> bool:
    try:
        path = Path(given)
        if path.is_dir() and given:
            raise UsageError(f"{given} is a folder", "name one file; `llmcost estimate` takes folders")
        return bool(given) and path.exists()
    except (OSError, ValueError):
        # Too long for a file name, or a NUL byte: a prompt.
        return False


app = single(route)
