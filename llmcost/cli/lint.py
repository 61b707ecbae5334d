"""`llmcost lint`: what in prompts costs tokens without meaning anything."""

from __future__ import annotations

import os
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.declared import Declared, prompts_file
from llmcost.cli.environment import Env
from llmcost.cli.estimate_options import CallsOption, Models, PerOption, calls_of, measure_in
from llmcost.cli.options import single
from llmcost.core.errors import ExitCode, LlmcostError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

    from llmcost.estimate.find import Input
    from llmcost.estimate.lint.check import Checked
    from llmcost.estimate.lint.page import Page
    from llmcost.estimate.models import Model
    from llmcost.estimate.terms import Calls, Terms


def lint(
    env: Env,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Prompt files, folders and patterns; - for standard input. Default: this folder's prompts.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="NAME", help="The model that is paid for.", show_default=False)
    ] = "",
    fix: Annotated[bool, typer.Option("--fix", help="Rewrite the files where that keeps their meaning.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would change, and change nothing.")] = False,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", metavar="NAME", help="Only this rule.", show_default=False)
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="NAME", help="Not this rule.", show_default=False)
    ] = None,
    calls: CallsOption = None,
    per: PerOption = None,
    fail_over_usd: Annotated[
        str,
        typer.Option(
            "--fail-over-usd", metavar="USD", help="Exit with 3 when more a month could be saved.", show_default=False
        ),
    ] = "",
) -> int:
    """Find what in prompts costs tokens without meaning anything, and what that costs a month.

    Findings are no errors: the exit code is 0, unless --fail-over-usd says otherwise.
    """
    from llmcost.estimate.lint.check import check
    from llmcost.estimate.lint.rules import chosen
    from llmcost.reporting import lint as report

    form = env.choose_format("table", "json")
    if fix and diff:
        raise UsageError("--fix and --diff exclude each other", "--diff shows what --fix would change")
    limit = _limit(fail_over_usd)
    rules = chosen(rule or [], ignore or [])
    prompts = prompts_file()
    calling = _Calling(env, model, calls_of(calls, per), prompts)
    pages, skipped = _pages(paths or [], prompts, fix=fix)
    found: list[Checked] = []
    failed: list[str] = []
    for path, folder, page in pages:
        paid, terms, source = calling.of(page)
        checked = check(page, paid, rules, terms, calls_from=source)
        if checked.fixed is not None and diff:
            before = page.parts[0].text
            shown = report.unified(page.path, page.head + before, page.head + checked.fixed)
            checked = checked._replace(diff=shown)
        elif checked.fixed is not None and fix:
            why = _fix(page, checked.fixed, Path(folder or os.path.dirname(path)))  # noqa: PTH120 - "" is here
            failed += why
            checked = checked._replace(written=not why)
        found.append(checked._replace(fixed=None))
    if not found:
        held = ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in skipped.items() if number)
        raise UsageError(
            f"no prompts in {', '.join(paths) if paths else 'this folder'}" + (f" (skipped: {held})" if held else ""),
            "name files, or say in prompts.yaml which files are prompts",
        )
    if form == "json":
        env.emit(report.as_json(found, skipped, now_us=env.now_us))
    else:
        env.emit(report.as_text(found, width=env.width, diff=diff))
    of_file = prompts.remarks() if prompts else []
    for remark in (*calling.remarks(), *of_file, *failed, *report.remarks(found, skipped)):
        env.note(remark)
    if failed:
        return ExitCode.FAILURE
    return ExitCode.OK if limit is None else _gate(env, found, limit)


def _limit(text: str) -> int | None:
    """nano-USD of --fail-over-usd."""
    from llmcost.core.money import nano_from_usd

    if not text:
        return None
    try:
        limit = nano_from_usd(text.removeprefix("$"))
    except ValueError:
        limit = -1
    if limit < 0:
        raise UsageError(f"--fail-over-usd {text!r} is no amount of USD", "write --fail-over-usd 5")
    return limit


def _gate(env: Env, found: list[Checked], limit: int) -> int:
    """3 over the limit; 6 where what is not known could be over it."""
    from llmcost.core.money import usd_text

    monthly = [checked.monthly(checked.together.nano) for checked in found if checked.findings]
    known = sum(nano for nano in monthly if nano is not None)
    if known > limit:
        env.note(f"${usd_text(known)} a month could be saved, more than ${usd_text(limit)}")
        return ExitCode.BREACH
    if unknown := monthly.count(None):
        env.note(
            f"not known how often {unknown:,} of the prompts with findings are sent: no verdict; --calls N says it"
        )
        return ExitCode.DATA
    return ExitCode.OK


class _Calling:
    """Which model a prompt is sent to, and how often: by the options, prompts.yaml, and the ledger."""

    def __init__(self, env: Env, model: str, calls: Calls | None, prompts: Declared | None) -> None:
        from llmcost.estimate.terms import Terms, Told

        self._env = env
        self._calls = calls
        options = Terms(calls=calls)
        self._told = Told(
            options,
            declared=None if prompts is None else prompts.calls,
            measure=measure_in(env, asked=False),
        )
        self._models = Models(env, "standard", "", options)
        self._named = self._models.chosen([model] if model else [], every=False)
        self.remarks = self._models.remarks

    def of(self, page: Page) -> tuple[Model, Terms, str]:
        """(model, terms, where the number of calls is from)."""
        from llmcost.estimate.models import priced_model
        from llmcost.estimate.terms import Calls

        terms = self._told(_relative(page.path))
        traffic = self._told.measured(terms.where)
        source = "" if terms.calls is None else "prompts.yaml" if self._calls is None else "--calls"
        if traffic is not None:
            usage = traffic.sums.usage
            if terms.calls is None:
                terms, source = terms._replace(calls=Calls(traffic.calls_per_month, "month")), "ledger"
            if terms.cached_share is None and usage.input_total:
                terms = terms._replace(cached_share=Fraction(usage.cached_total, usage.input_total))
        if self._named:
            return self._named[0], terms, source
        if traffic is None or page.prompt.model or terms.model:
            return self._models.of_request(page.prompt, terms), terms, source
        env = self._env
        model = priced_model(
            env.book, traffic.model, "standard", env.now_us, provider=traffic.provider, named_by="that of its calls"
        )
        return model, terms, source


def _relative(path: str) -> str:
    """`path` as prompts.yaml and the ledger write it."""
    return path if path == "-" else Path(os.path.relpath(path)).as_posix()


def _pages(paths: list[str], prompts: Declared | None, *, fix: bool) -> tuple[Iterable[Input[Page]], Mapping[str, int]]:
    """The files to look at, and what is skipped on the way to them (filled in while they are read)."""
    from llmcost.estimate.find import Found, Input
    from llmcost.estimate.lint.page import page, reads
    from llmcost.estimate.prompts import PromptFile

    if "-" in paths:
        if len(paths) > 1:
            raise UsageError("- stands for standard input and cannot be mixed with paths", "give either")
        if fix:
            raise UsageError("--fix cannot rewrite standard input", "--diff shows what it would change")
        return [Input("-", "", page("-", sys.stdin.buffer))], Counter()
    declared = prompts or Declared(PromptFile(), ".")
    others: Counter[str] = Counter()

    def read(path: str, stream: BinaryIO) -> Iterator[Page]:
        prompt = declared.file.is_prompt(declared.name(path))
        if not paths:
            if prompt and reads(path, prompt=True):
                yield page(_relative(path), stream)
        elif path in paths or reads(path, prompt=prompt):
            yield page(path, stream)
        else:
            others["not_a_prompt"] += 1

    found = Found(paths or ["."], read)
    found.skipped = others
    return found, others


def _fix(page: Page, text: str, within: Path) -> list[str]:
    """Rewrite the file; why it was not, where it was not."""
    from llmcost.estimate.lint.rewrite import outside, rewrite

    path = Path(page.path)
    if outside(path, within):
        return [f"not fixed: {path} leads to a file outside of {within}"]
    try:
        rewrite(path, page.data, page.rewritten(text))
    except LlmcostError as error:
        return [f"not fixed: {error.message}"]
    return []


app = single(lint)
