"""`llmcost diff`: what a change of prompts costs; a gate for pull requests."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env, expanded
from llmcost.cli.options import single
from llmcost.cli.recording import Record, keep, record_id
from llmcost.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from llmcost.estimate.diff.sides import Known
    from llmcost.estimate.models import Model
    from llmcost.estimate.prompts import PromptFile
    from llmcost.estimate.scorecard import Band
    from llmcost.estimate.traffic import Traffic
    from llmcost.ledger.protocol import Ledger

MAX_AGE = "7d"
#: Traffic of as many days before now is looked at.
DAYS = 30


def diff(
    env: Env,
    revisions: Annotated[
        str | None,
        typer.Argument(
            metavar="[BASE[..HEAD]]",
            help="What to compare; by default the files here with where they left main.",
            show_default=False,
        ),
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Compare with what is staged, not with the files.")] = False,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="NAME", help="For prompts no model is known of.", show_default=False),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="FILE", help="Use this prompts.yaml for both sides.", show_default=False),
    ] = None,
    fail_over_usd: Annotated[
        str | None,
        typer.Option(
            "--fail-over-usd",
            metavar="USD",
            help="Exit with 3 when the total increase per month is above.",
            show_default=False,
        ),
    ] = None,
    fail_over_pct: Annotated[
        str | None,
        typer.Option(
            "--fail-over-pct",
            metavar="PERCENT",
            help="Exit with 3 when the total increases by more.",
            show_default=False,
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 6 when a cost is not known, or the ledger empty or stale.")
    ] = False,
    max_age: Annotated[str, typer.Option("--max-age", metavar="SPAN", help="What --strict calls stale.")] = MAX_AGE,
    record: Record = None,
) -> int:
    """What a change of prompts, models and limits costs: every prompt that differs, per call and per month.

    Reads two commits, or one and the files here, through git; needs no network.
    """
    from llmcost.core.instants import rfc3339, span_us
    from llmcost.estimate.diff.changes import changes
    from llmcost.estimate.diff.compare import diff as make
    from llmcost.estimate.diff.compare import judge, predictions
    from llmcost.estimate.diff.git import Repository
    from llmcost.reporting import diff as report
    from llmcost.reporting.diff_json import as_json

    format_ = env.choose_format("table", "json", "markdown")
    name = record_id(record)
    over_usd, over_pct = _usd(fail_over_usd), _percent(fail_over_pct)
    age = span_us(max_age)
    rules = _config(config)
    repository = Repository(Path.cwd(), env.environ)
    compared = repository.compare(revisions or "", staged=staged)
    with repository.contents() as contents:
        found = changes(repository, compared, contents, rules)
    with closing(env.open_ledger()) if env.ledger_path.exists() else nullcontext() as ledger:
        known = _known(env, ledger, model or "")
        made = make(found, known, compared)
        newest = ledger.newest_at(env.now_us) if ledger else None
    problem = ""
    if newest is None:
        problem = "no ledger" if not env.ledger_path.exists() else "the ledger has no request up to now"
    elif env.now_us - newest > age:
        problem = f"the newest request is of {rfc3339(newest, env.zone)}, older than {max_age}"
    verdict = judge(made, over_usd=over_usd, over_pct=over_pct, strict=strict, ledger_problem=problem)
    if format_ == "json":
        env.emit(as_json(made, verdict, as_of=rfc3339(env.now_us, env.zone)))
    else:
        env.emit((report.as_markdown if format_ == "markdown" else report.as_text)(made))
    for line in report.remarks(made, problem):
        env.note(line)
    if name:
        keep(env, name, predictions(made))
    if over_usd is not None or over_pct is not None or strict:
        env.stderr.write(report.verdict_line(made, verdict, over_usd, over_pct) + "\n")
    return {"ok": ExitCode.OK, "over": ExitCode.BREACH, "data": ExitCode.DATA}[verdict.word]


def _usd(text: str | None) -> int | None:
    from llmcost.core.money import nano_from_usd

    if text is None:
        return None
    try:
        nano = nano_from_usd(text.strip().removeprefix("$"))
    except ValueError:
        nano = -1
    if nano < 0:
        raise UsageError(f"--fail-over-usd {text!r} is not an amount", "write dollars a month: --fail-over-usd 50")
    return nano


def _percent(text: str | None) -> Fraction | None:
    from fractions import Fraction

    from llmcost.core.money import decimal_of

    if text is None:
        return None
    try:
        value = Fraction(decimal_of(text.strip().removesuffix("%")))
    except ValueError:
        value = Fraction(-1)
    if not 0 <= value <= 10**6:
        raise UsageError(f"--fail-over-pct {text!r} is not a percentage", "write --fail-over-pct 10")
    return value


def _config(given: str | None) -> PromptFile | None:
    from llmcost.estimate.prompts import read
    from llmcost.yamlfile.tree import read_text

    return None if given is None else read(read_text(expanded(given)), given)


def _known(env: Env, ledger: Ledger | None, default_model: str) -> Known:
    from functools import cache

    from llmcost.cli.estimate_options import RATIOS_FILE
    from llmcost.estimate.diff.sides import Known
    from llmcost.estimate.models import priced_model
    from llmcost.estimate.scorecard import judge, learned_band, same_model
    from llmcost.tokens.calibration import load

    if default_model:
        priced_model(env.book, default_model, "standard", env.now_us)
    judged = judge(ledger, now_us=env.now_us, same_model=same_model(env.book)) if ledger else []

    @cache
    def price(name: str, provider: str) -> Model | str:
        try:
            return priced_model(env.book, name, "standard", env.now_us, provider=provider, named_by="")
        except UsageError as error:
            return error.message

    def learn(path: str, name: str) -> Band | None:
        return learned_band(judged, path, name)

    ratios = load(env.folder("config") / RATIOS_FILE)
    return Known(price, _measure(env, ledger), learn, default_model, ratios)


def _measure(env: Env, ledger: Ledger | None) -> Callable[[tuple[tuple[str, str], ...]], Traffic | None]:
    from functools import cache

    from llmcost.core.instants import DAY_US
    from llmcost.estimate.traffic import measured
    from llmcost.ledger.protocol import Query

    window = Query(env.now_us - DAYS * DAY_US, env.now_us + 1, by=("prompt_id",))
    named = {group.key[0] for group in ledger.sums(window)} if ledger else set()

    @cache
    def measure(where: tuple[tuple[str, str], ...]) -> Traffic | None:
        # Thousands of changed files are thousands of names the ledger has never heard of.
        if ledger is None or any(key == "prompt_id" and value not in named for key, value in where):
            return None
        return measured(ledger, where, now_us=env.now_us, days=DAYS)

    return measure


app = single(diff)
