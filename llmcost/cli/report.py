"""`llmcost report`: where the money went."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.analysis.periods import Span, compared
from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.period import Where, filters
from llmcost.core.errors import ExitCode, UsageError, nearest

if TYPE_CHECKING:
    from llmcost.analysis.report import Report
    from llmcost.ledger.measures import Sums

_TOP = 10


def report(
    env: Env,
    span: Span,
    by: Annotated[str, typer.Option("--by", metavar="DIM[,DIM]", help="Group by these dimensions.")] = "",
    where: Where = None,
    granularity: Annotated[
        str, typer.Option("--granularity", metavar="UNIT", help="Of the trend: hour, day, week or month.")
    ] = "",
    top: Annotated[int | None, typer.Option("--top", metavar="N", min=0, help="Groups shown; 0 for all.")] = None,
    section: Annotated[
        list[str] | None, typer.Option("--section", metavar="NAME", help="Only these parts; may be repeated.")
    ] = None,
    charts: Annotated[bool, typer.Option("--charts", help="Four charts instead of tables.")] = False,
    chart: Annotated[str, typer.Option("--chart", metavar="NAME", help="A picture, as png or svg: breakdown.")] = "",
    blocks: Annotated[
        bool, typer.Option("--blocks", help="Five-hour billing blocks, as ccusage counts them, instead of totals.")
    ] = False,
    basis: Annotated[
        str, typer.Option("--basis", metavar="NAME", help="Of what: requests, billed (providers' own totals) or whole.")
    ] = "requests",
    seats: Annotated[bool, typer.Option("--seats", help="Subscriptions against their use, instead of totals.")] = False,
    lang: Annotated[
        str, typer.Option("--lang", metavar="en|zh", help="Language of the labels of HTML and e-mail.")
    ] = "en",
    email: Annotated[
        str, typer.Option("--email", metavar="ADDRESS[,…]", help="Send it by e-mail instead of printing it.")
    ] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 6 when requests have no price.")] = False,
    max_age: Annotated[
        str, typer.Option("--max-age", metavar="SPAN", help="Exit with 6 when the newest request is older.")
    ] = "",
) -> int:
    """Where the money went: totals against the period before, trend, models, apps and metrics."""
    from llmcost.analysis.report import Question, granularity_for
    from llmcost.analysis.report import report as answer
    from llmcost.cli.report_billed import is_billed, show_billed
    from llmcost.core.instants import granularity_named, span_us
    from llmcost.reporting import PICTURES, REPORT_FORMATS
    from llmcost.reporting.view import DEFAULT_SECTIONS, SECTIONS, View

    if is_billed(basis) or basis == "whole" or seats:
        others = {
            "--where": where, "--granularity": granularity, "--top": top is not None, "--section": section,
            "--charts": charts, "--blocks": blocks, "--strict": strict, "--max-age": max_age, "--email": email,
            "--chart": chart,
        }  # fmt: skip
        period = compared(span, env.now_us, env.zone).period
        if seats:
            from llmcost.cli.report_seats import show_seats

            return show_seats(env, period, {"--basis": basis != "requests", "--by": by, **others})
        if basis == "whole":
            from llmcost.cli.report_whole import show_whole

            return show_whole(env, period, _names(by), others)
        return show_billed(env, period, _names(by), others)
    form = env.choose_format(*PICTURES) if chart else env.choose_format(*REPORT_FORMATS, "html", "xlsx", *PICTURES)
    if lang != "en" and not (email or form == "html"):
        raise UsageError("--lang is for HTML and e-mail", "add --format html, or leave it out")
    oldest = span_us(max_age) if max_age else None
    for name in section or ():
        if name not in SECTIONS:
            raise UsageError(f"unknown section {name!r}{nearest(name, SECTIONS)}", f"use one of {', '.join(SECTIONS)}")
    periods = compared(span, env.now_us, env.zone)
    if form in PICTURES:
        from llmcost.cli.report_plot import show_plot

        others = {
            "--by": by, "--top": top is not None, "--section": section, "--charts": charts, "--blocks": blocks,
            "--email": email,
        }  # fmt: skip
        sums, newest = show_plot(env, chart, periods.period, filters(where), granularity, others)
        return _verdict(env, sums, newest, strict=strict, max_age=max_age, oldest=oldest)
    if blocks:
        from llmcost.cli.report_blocks import show_blocks

        others = {
            "--by": by, "--granularity": granularity, "--top": top is not None, "--section": section,
            "--charts": charts, "--email": email,
        }  # fmt: skip
        sums, newest = show_blocks(env, periods.period, filters(where), form, others)
        return _verdict(env, sums, newest, strict=strict, max_age=max_age, oldest=oldest)
    dimensions = _names(by)
    question = Question(
        periods, dimensions or ("model",), filters(where),
        granularity_named(granularity) if granularity else granularity_for(periods.period),
    )  # fmt: skip
    if email or form == "html":
        from llmcost.analysis.breakdown import breakdown
        from llmcost.cli.report_weekly import send, weekly
    with closing(env.open_ledger()) as ledger:
        found = answer(ledger, question)
        newest = ledger.newest_at(env.now_us) if oldest is not None or not found.sums["requests"] else None
        start, end = periods.period[:2]
        made = weekly(env, ledger, found, lang) if email or form == "html" else None
        drawn = breakdown(ledger, periods.period, question.granularity, question.where) if email else None
        billed = not found.sums["requests"] and bool(ledger.billing.between(start, end))
    default = ("summary", "groups", "unpriced") if dimensions else DEFAULT_SECTIONS
    view = View(
        sections=tuple(section or default),
        top=(_TOP if form in ("table", "markdown") else None) if top is None else (top or None),
        width=env.width, color=env.color, charts=charts,
    )  # fmt: skip
    if made is not None and drawn is not None:
        send(env, made, drawn, email)
    elif made is not None:
        from llmcost.reporting.report_html import html
        from llmcost.reporting.weekly import page

        env.emit(html(page(made)))
    elif form == "xlsx":
        from llmcost.reporting.report_xlsx import render as workbook

        env.emit_bytes(workbook(found))
    else:
        env.emit(_render(REPORT_FORMATS[form], found, view))
    if not found.sums["requests"]:
        env.note(_nothing(found, newest, env))
        if billed:
            env.note("providers' own totals are there: `llmcost report --basis billed`")
    return _verdict(env, found.sums, newest, strict=strict, max_age=max_age, oldest=oldest)


def _names(by: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in by.split(",") if part.strip()))


def _verdict(env: Env, sums: Sums, newest: int | None, *, strict: bool, max_age: str, oldest: int | None) -> ExitCode:
    """The exit code, and its reason in words."""
    from llmcost.core.instants import rfc3339
    from llmcost.reporting.numbers import counted

    if strict and (unpriced := sums["unpriced"]):
        env.note(f"--strict: {counted(unpriced, 'request')} without a price")
        return ExitCode.DATA
    if oldest is not None and (newest is None or env.now_us - newest > oldest):
        age = "there is none" if newest is None else f"it is of {rfc3339(newest, env.zone)}"
        env.note(f"the newest request is older than --max-age {max_age}: {age}")
        return ExitCode.DATA
    return ExitCode.OK


def _render(target: str, found: Report, view: object) -> str:
    from importlib import import_module

    module, _, attribute = target.partition(":")
    text: str = getattr(import_module(module), attribute)(found, view)
    return text


def _nothing(found: Report, newest: int | None, env: Env) -> str:
    from llmcost.core.instants import from_us, rfc3339

    period = found.question.compared.period
    if found.question.where:
        return "no such requests in this period: --where leaves none"
    if newest is not None and newest >= period.end:
        day = from_us(newest, env.zone).date()
        wider = "--day=current" if day == from_us(env.now_us, env.zone).date() else f"--since {day}"
        return f"no requests in this period; the newest is of {rfc3339(newest, period.zone)}, after it: use `{wider}`"
    if found.newest_us is None:
        return "no requests in this period, and none before it: `llmcost ingest` reads logs"
    return f"no requests in this period; the last one before its end is of {rfc3339(found.newest_us, period.zone)}"


app = single(report)
