"""`llmcost routing`: learn from labels which prompts need the strong model, and test it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env, expanded, write_whole
from llmcost.cli.options import command, group
from llmcost.cli.route_options import LEARNED_FILE, load_router
from llmcost.cli.routing_simulate import simulate
from llmcost.core.errors import DataError, ExitCode, UsageError, nearest
from llmcost.reporting.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmcost.reporting.routing import Evaluation
    from llmcost.routing.labels import Gathered, Line

app = group()

LabelsFile = Annotated[
    str,
    typer.Option("--labels", metavar="FILE", help="CSV or JSON Lines of labels, not the ledger's.", show_default=False),
]


def train(
    env: Env,
    labels: LabelsFile = "",
    save: Annotated[str, typer.Option("--save", metavar="FILE", help="Where to keep the router.")] = LEARNED_FILE,
) -> None:
    """Learn each model's quality from labels; the router decides only where it beats prompt length beyond chance."""
    from llmcost.reporting import routing as report
    from llmcost.routing.gate import pairs, ranked, router
    from llmcost.routing.learned import dump
    from llmcost.routing.training import train as learn

    env.choose_format("table", "json")
    found = _gathered(env, labels)
    trained = learn(found.examples, ranked(found.examples), _progress(env))
    judged = pairs(found.examples, trained.held_out)
    made = router(trained, judged, len(found.examples))
    write_whole(expanded(save), [dump(made)])
    _show(env, report.Evaluation(judged, found, "five-fold cross-validation", made.on))
    env.note(f"{expanded(save)}: written, {'on' if made.on else 'off: `route` goes by the prior'}")


def evaluate(
    env: Env,
    labels: LabelsFile = "",
    saved: Annotated[
        str,
        typer.Option("--router", metavar="FILE", help=f"A trained router; {LEARNED_FILE}.", show_default=False),
    ] = "",
    cross_validate: Annotated[
        bool, typer.Option("--cross-validate", help="Train on four fifths and test on the rest, five times.")
    ] = False,
    min_apgr: Annotated[
        float | None,
        typer.Option("--min-apgr", metavar="A", min=0, max=1, help="Exit with 6 below this.", show_default=False),
    ] = None,
    pair: Annotated[
        str,
        typer.Option("--pair", metavar="STRONG,WEAK", help="Only these two models.", show_default=False),
    ] = "",
) -> int:
    """How well a router sends the right prompts to the strong model, beside length, cue words, the prior and a coin."""
    from llmcost.reporting import routing as report
    from llmcost.routing.gate import as_saved, pairs, predicted, ranked
    from llmcost.routing.training import train as learn

    env.choose_format("table", "json")
    if saved and cross_validate:
        raise UsageError("--router and --cross-validate exclude each other", "keep one of them")
    found = _gathered(env, labels)
    strong, weak = _pair(pair, ranked(found.examples))
    path = expanded(saved or LEARNED_FILE)
    if saved or (path.is_file() and not cross_validate):
        kept = load_router(path)
        judged = as_saved(pairs(found.examples, predicted(kept, found.examples), strong), kept)
        how = f"the router {path}, which must not have seen these labels"
    else:
        trained = learn(found.examples, ranked(found.examples), _progress(env))
        judged = pairs(found.examples, trained.held_out, strong)
        how = "five-fold cross-validation"
    judged = [each for each in judged if weak in {"", each.weak}]
    _show(env, report.Evaluation(judged, found, how, any(each.on for each in judged)))
    if min_apgr is None:
        return ExitCode.OK
    for each in judged:
        row = each.row(each.decides)
        reached = None if row is None else row.figures.apgr
        if reached is None or reached < min_apgr:
            value = each.why if reached is None else f"APGR {reached:.3f} ({each.decides}) is below {min_apgr:g}"
            raise DataError(f"{each.strong} and {each.weak}: {value}", "label more prompts, or lower --min-apgr")
    return ExitCode.OK


def _gathered(env: Env, path: str) -> Gathered:
    """Labels of the file, what they lack taken from the ledger where there is one; or the ledger's."""
    from llmcost.routing.labels import from_ledger, from_lines

    if not path:
        with closing(env.open_ledger()) as ledger, ledger.snapshot():
            kept = ledger.labels.all()
            found = from_ledger(kept, ledger.labels.answered({each.key for each in kept}))
        if not kept:
            raise DataError(
                "the ledger holds no labels", "`llmcost label ID good` makes one; --labels FILE reads others"
            )
    else:
        lines = read_labels(env, path)
        ids = {line.id for line in lines if line.id and not (line.prompt and line.model)}
        if ids and env.ledger_path.exists():
            with closing(env.open_ledger()) as ledger, ledger.snapshot():
                stored = {each.key: each.features for each in ledger.labels.all()}
                found = from_lines(lines, stored, ledger.labels.answered(ids))
        else:
            found = from_lines(lines, {}, {})
    if found.featureless:
        are = (
            "is left out: nothing is known of its prompt"
            if found.featureless == 1
            else "are left out: nothing is known of their prompts"
        )
        env.note(
            f"{found.featureless:,} of {counted(found.labels, 'label')} {are} or model; `llmcost label --file` tells"
        )
    if found.contradicting:
        have = "has" if found.contradicting == 1 else "have"
        env.note(
            f"{counted(found.contradicting, 'answer')} {have} labels that contradict each other; their mean counts"
        )
    return found


def read_labels(env: Env, path: str) -> list[Line]:
    """The lines of a file of labels (`-`: standard input), with a remark on those left out."""
    import sys

    from llmcost.routing.labels import read
    from llmcost.tokens.decode import read_file, read_stream

    text = read_stream(sys.stdin.buffer, "standard input") if path == "-" else read_file(expanded(path))
    lines = read(text.text, path)
    for problem in lines.problems:
        env.note(f"{path}: {problem}")
    if lines.skipped:
        env.note(f"{path}: {counted(lines.skipped, 'line')} left out")
    return lines.lines


def _pair(given: str, known: list[str]) -> tuple[str, str]:
    if not given:
        return "", ""
    names = [name.strip() for name in given.split(",")]
    if len(names) != 2 or names[0] == names[1]:
        raise UsageError(f"--pair {given!r} is not two models", "write --pair gpt-4o,gpt-4o-mini")
    for name in names:
        if name not in known:
            raise UsageError(f"no labels of model {name!r}{nearest(name, known)}", f"there are: {', '.join(known)}")
    return names[0], names[1]


def _progress(env: Env) -> Callable[[str], None]:
    return env.note if env.interactive else lambda _: None


def _show(env: Env, evaluation: Evaluation) -> None:
    from llmcost.reporting import routing as report

    env.emit(report.as_json(evaluation) if env.format == "json" else report.as_text(evaluation))


app.command("train")(command(train))
app.command("eval")(command(evaluate))
app.command("simulate")(command(simulate))
