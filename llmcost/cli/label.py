"""`llmcost label`: say how good an answer was."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.core.errors import UsageError
from llmcost.reporting.numbers import counted

if TYPE_CHECKING:
    from llmcost.routing.labels import Line


def label(
    env: Env,
    request: Annotated[
        str, typer.Argument(metavar="[ID]", help="The request's id in the ledger.", show_default=False)
    ] = "",
    verdict: Annotated[
        str,
        typer.Argument(metavar="[QUALITY]", help="good, bad, 0 to 1; none takes back.", show_default=False),
    ] = "",
    model: Annotated[
        str, typer.Option("--model", metavar="M", help="Whose answer it was; the request's.", show_default=False)
    ] = "",
    prompt: Annotated[
        str,
        typer.Option("--prompt", metavar="FILE", help="The prompt, to learn from; - for stdin.", show_default=False),
    ] = "",
    file: Annotated[
        str, typer.Option("--file", metavar="FILE", help="CSV or JSON Lines of labels or prompts.", show_default=False)
    ] = "",
) -> None:
    """Keep how good answers were, for `routing train`. Of prompts only hashed n-grams and figures are kept."""
    from llmcost.cli.routing import read_labels
    from llmcost.routing.labels import Line, quality

    env.choose_format("table", "json")
    if bool(file) == bool(request) or (file and (verdict or model or prompt)):
        raise UsageError("label takes an id and a quality, or --file", "write llmcost label ID good")
    if file:
        _keep(env, read_labels(env, file))
    elif not verdict:
        raise UsageError(f"no quality for {request!r}", "write good, bad, a number from 0 to 1, or none")
    elif verdict.strip().lower() == "none":
        with closing(env.open_ledger(write=True)) as ledger:
            row = ledger.labels.answered([request]).get(request)
            gone = ledger.labels.remove(row.id if row else request)
        _say(env, f"{counted(gone, 'label')} taken back", removed=gone)
    else:
        _keep(env, [Line(request, _text(prompt), model, quality(verdict))])


def _text(prompt: str) -> str:
    import sys
    from pathlib import Path

    from llmcost.tokens.decode import read_file, read_stream

    if not prompt:
        return ""
    return read_stream(sys.stdin.buffer, "standard input").text if prompt == "-" else read_file(Path(prompt)).text


def _keep(env: Env, lines: list[Line]) -> None:
    from llmcost.ingest.features import Features
    from llmcost.ledger.labels import StoredLabel
    from llmcost.routing.features import features, packed

    with closing(env.open_ledger(write=True)) as ledger:
        digest = Features(ledger.digest_key()).digest
        known = ledger.labels.answered({line.id for line in lines if line.id})
        labels, bodies, unknown = [], {}, []
        for line in lines:
            row = known.get(line.id)
            key = (row.id if row else line.id) or f"prompt:{digest(line.prompt)}"
            if line.prompt.strip():
                bodies[key] = packed(features(line.prompt))
            if line.quality is None:
                continue
            model = line.model or (row.model if row else "")
            if model:
                labels.append(StoredLabel(key, model, line.quality, env.now_us))
            else:
                unknown.append(line.id)
        if unknown and not labels:
            raise UsageError(
                f"no request {unknown[0]!r} in the ledger", "`llmcost requests --json` shows ids, --model M says whose"
            )
        new = ledger.labels.add(labels, bodies)
        kept = {each.key: each.features for each in ledger.labels.all()}
    if unknown:
        env.note(f"{counted(len(unknown), 'label')} left out: no such request in the ledger, and no model named")
    if bare := sum(kept.get(each.key) is None for each in labels):
        env.note(
            f"prompts of {counted(bare, 'label')} are not known yet: --prompt FILE, or --file with id and prompt, tells"
        )
    _say(env, f"{counted(new, 'new label')} kept", kept=new, known=len(labels) - new)


def _say(env: Env, text: str, **numbers: int) -> None:
    env.emit(json.dumps({"schema_version": 1, **numbers}) if env.format == "json" else text)


app = single(label)
