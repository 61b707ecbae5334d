"""`--record ID`: keep what was foretold, for `llmcost scorecard` to hold against what came."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.core.errors import UsageError
from llmcost.core.text import clean_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmcost.cli.environment import Env
    from llmcost.estimate.scorecard import Bands
    from llmcost.ledger.protocol import Prediction

MAX_ID = 100
#: More are a folder times a price list, not predictions anybody will look at.
MAX_KEPT = 10_000
Record = Annotated[
    str | None,
    typer.Option(
        "--record", metavar="ID", help="Keep the prediction for `llmcost scorecard`.", show_default=False
    ),
]  # fmt: skip


def record_id(text: str | None) -> str:
    """The id of `--record` as it is stored; empty without that option.

    Raises:
        UsageError: it is blank, or longer than `MAX_ID` characters.
    """
    if text is None:
        return ""
    name = clean_field(text.strip())
    if not name:
        raise UsageError("--record is blank", "name what is recorded, for instance the pull request: --record pr-12")
    if len(name) > MAX_ID:
        raise UsageError(f"--record has {len(name)} characters: {name[:40]!r}…", f"use at most {MAX_ID}")
    return name


def bands(env: Env) -> Bands | None:
    """What the predictions judged so far say of the next ones; None where there is no ledger."""
    if not env.ledger_path.is_file():
        return None
    from llmcost.estimate.scorecard import Bands, judge, same_model

    with closing(env.open_ledger()) as ledger:
        return Bands(judge(ledger, now_us=env.now_us, same_model=same_model(env.book)))


def keep(env: Env, name: str, predictions: Sequence[Prediction]) -> None:
    """Store the predictions under `name` in place of those it had, as of now.

    Raises:
        UsageError: there are more than `MAX_KEPT`.
        LedgerError: the ledger cannot be written.
    """
    from llmcost.reporting.numbers import counted

    if not predictions:
        env.note(f"nothing to record as {name}: no prompt has a cost")
        return
    if len(predictions) > MAX_KEPT:
        raise UsageError(
            f"too many predictions to record as {name}: {len(predictions):,}, at most {MAX_KEPT:,} are kept",
            "name fewer files or models",
        )
    stamped = [_stored(each, name, env.now_us) for each in predictions]
    with closing(env.open_ledger(write=True)) as ledger:
        newest = {(each.path, each.where): each.name for each in ledger.predictions()}
        ledger.predict(stamped)
    env.note(f"recorded as {name}: {counted(len(stamped), 'prediction')}")
    ended = {each.path: newest[each.path, each.where] for each in stamped if (each.path, each.where) in newest}
    _tell_ended(env, {path: before for path, before in ended.items() if before != name})


def _tell_ended(env: Env, ended: dict[str, str]) -> None:
    """A path says nothing of its folder, so that two prompts may take each other's place unseen."""
    if ended:
        path, before = next(iter(ended.items()))
        more = f" (and {len(ended) - 1:,} more)" if len(ended) > 1 else ""
        env.note(
            f"{path}{more}: ends the prediction {before}; another prompt of that path needs a `name` in prompts.yaml"
        )


def _stored(each: Prediction, name: str, now_us: int) -> Prediction:
    """With its id and time, and texts as the ledger's rows have them. A band without width, of an exact count, is none:
    it would claim to know the length of the answers."""
    banded = each.low_nano != each.high_nano
    return each._replace(
        name=name, recorded_us=now_us, path=clean_field(each.path), model=clean_field(each.model),
        where=tuple((dimension, clean_field(value)) for dimension, value in each.where),
        low_nano=each.low_nano if banded else None, high_nano=each.high_nano if banded else None,
    )  # fmt: skip
