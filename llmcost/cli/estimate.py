"""`llmcost estimate`: what prompts will cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.declared import prompts_file
from llmcost.cli.environment import Env
from llmcost.cli.estimate_options import (
    CallsOption,
    Models,
    PerOption,
    calls_of,
    counter,
    few,
    inputs_of,
    not_empty,
    tier_of,
    told_of,
)
from llmcost.cli.options import single
from llmcost.cli.period import Where
from llmcost.cli.recording import Record, bands, keep, record_id
from llmcost.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmcost.estimate.estimate import Estimate
    from llmcost.estimate.terms import Told
    from llmcost.estimate.totals import Item
    from llmcost.ledger.protocol import Prediction

#: Items that --json lists; the totals are of all.
_MAX_ITEMS = 1_000_000


def estimate(
    env: Env,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files, folders and patterns of prompts; - for standard input.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME", help="A model; several are compared.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Compare every text model that has a price.")] = False,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="NAME", help="Who serves the models.", show_default=False)
    ] = None,
    output_tokens: Annotated[
        str | None,
        typer.Option(
            "--output-tokens",
            metavar="N|mean|p50|p90",
            help="Tokens of each answer, or as the ledger measured them.",
            show_default=False,
        ),
    ] = None,
    app_name: Annotated[
        str | None, typer.Option("--app", metavar="NAME", help="Ask the ledger about this app.", show_default=False)
    ] = None,
    where: Where = None,
    cached_share: Annotated[
        str | None,
        typer.Option(
            "--cached-share", metavar="SHARE", help="Part of the input from the prompt cache: 80%.", show_default=False
        ),
    ] = None,
    calls: CallsOption = None,
    per: PerOption = None,
    tier: Annotated[
        str, typer.Option("--tier", metavar="NAME", help="Service tier: standard, batch, flex, priority or fast.")
    ] = "standard",
    batch: Annotated[bool, typer.Option("--batch", help="Short for --tier batch.")] = False,
    var: Annotated[
        list[str] | None,
        typer.Option(
            "--var",
            metavar="NAME=TEXT",
            help="What the placeholder NAME stands for; =@FILE reads it.",
            show_default=False,
        ),
    ] = None,
    no_ignore: Annotated[bool, typer.Option("--no-ignore", help="Count what .gitignore leaves out, too.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Ask the provider for counts that are estimates here; needs its key.")
    ] = False,
    top: Annotated[int, typer.Option("--top", metavar="N", min=0, max=10**9, help="Rows of a table; 0 for all.")] = 20,
    record: Record = None,
) -> None:
    """Count the tokens of prompts and price them, before anything is sent.

    A plain text is one user message; JSON and JSON Lines of chat messages or requests are counted as such.
    """
    from llmcost.cli.spool import Spool
    from llmcost.estimate.estimate import estimate as make
    from llmcost.estimate.reading import Reader
    from llmcost.reporting import estimate as report
    from llmcost.reporting.estimate_json import document, item_lines

    form = env.choose_format("table", "json")
    not_empty({"provider": provider, "output-tokens": output_tokens, "app": app_name, "cached-share": cached_share})
    name = record_id(record)
    often = calls_of(calls, per)
    declared = prompts_file()
    told = told_of(env, output_tokens or "", app_name or "", where, cached_share or "", often, var or [], declared)
    models = Models(env, tier_of(tier, batch=batch), provider or "", told.options)
    chosen = models.chosen(model or [], every=every)
    reader = Reader(told)
    inputs, skipped = inputs_of(paths or [], reader, ignored=no_ignore)
    counted = counter(env, exact=exact, every=every)
    if exact:
        inputs = few(env, inputs, chosen)
    spool = Spool(_MAX_ITEMS)
    line = item_lines()

    recorded: list[Prediction] = []

    def each(item: Item) -> None:
        if form == "json":
            spool.add(line(item))
        if name:
            from llmcost.estimate.foretold import foretold

            recorded.append(foretold(item))

    made = make(
        inputs,
        chosen,
        fallback=models.of_request,
        terms=told,
        counted=counted,
        bands=bands(env) if name or told.measures else None,
        each=each if name or form == "json" else None,
        keep=top,
    )
    _check(made, told, paths or [], skipped)
    remarks = [*models.remarks(), *(declared.remarks() if declared else ()), *reader.remarks]
    if told.silent:
        remarks.append(f"no requests in the ledger for {len(told.silent):,} prompts: their output is not included")
    try:
        if form == "json":
            env.emit_all(
                document(
                    made, spool, now_us=env.now_us, calls=often, skipped=skipped, remarks=remarks,
                    left_out=lambda: spool.left_out,
                )
            )  # fmt: skip
        else:
            env.emit(report.as_text(made, width=env.width, top=top))
        for remark in (*remarks, *report.remarks(made, skipped)):
            env.note(remark)
    finally:
        # Also where the reader of the output is gone.
        if name:
            keep(env, name, recorded)


def _check(made: Estimate, told: Told, paths: list[str], skipped: Mapping[str, int]) -> None:
    """That something was found, and that of it which the ledger was asked for."""
    if not made.n_items:
        held = ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in skipped.items() if number)
        raise UsageError(f"no text files in {', '.join(paths)}", f"skipped: {held or 'nothing, it is empty'}")
    if len(told.silent) == made.prompts:
        raise DataError(
            f"the ledger has no whole request of {', '.join(list(told.silent)[:3])} in the last 30 days",
            "select its rows with --app or --where, ingest their log, or write --output-tokens N",
        )


app = single(estimate)
