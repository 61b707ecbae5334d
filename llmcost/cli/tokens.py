"""`llmcost tokens`: how exact token counts are, on your own requests."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from llmcost.cli.environment import Env, expanded, write_whole
from llmcost.cli.options import command, group
from llmcost.core.errors import UsageError

app = group()


def calibrate(
    env: Env,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Prompt files, or logs with texts and ids.", show_default=False),
    ] = None,
    least: Annotated[
        int, typer.Option("--min", metavar="N", min=2, max=10**6, help="How many texts a saved ratio needs.")
    ] = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be learned; save nothing.")] = False,
) -> None:
    """Learn token ratios from requests of the ledger whose text is in the files named.

    Later estimates use them for models that are counted by a ratio. Texts are not kept.
    """
    from llmcost.ingest.calibrate import calibrate as learn
    from llmcost.ingest.features import Features
    from llmcost.ingest.files import find_files
    from llmcost.ingest.texts import Texts
    from llmcost.reporting import tokens as report
    from llmcost.tokens.calibration import FILE, dumped, load

    env.choose_format("table", "json")
    if not paths:
        raise UsageError("no texts named", "name prompt files, or logs that hold texts beside request ids")
    target = env.folder("config") / FILE
    known = load(target)
    found = find_files([expanded(path) for path in paths])
    with closing(env.open_ledger()) as ledger, ledger.snapshot():
        texts = Texts(Features(ledger.digest_key()))
        for file in found.files:
            texts.read(Path(file))
        made = learn(ledger, texts, least=least)
    learned = {(line.provider, line.family, line.kind): line.learned for line in made.lines if line.learned.low}
    saved = bool(learned) and not dry_run
    if saved:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, [dumped({**known, **learned})])
    if env.format == "json":
        env.emit(report.as_json(made, saved_to=str(target) if saved else None, least=least, skipped=texts.skipped))
    else:
        env.emit(report.as_text(made, least=least, width=env.width, color=env.color))
    for line in report.remarks(made, texts.skipped):
        env.note(line)
    if saved:
        env.note(f"saved to {target}; estimates use these ratios from now on")
    elif learned:
        env.note("nothing saved: --dry-run")
    else:
        env.note(f"nothing saved: no ratio rests on {least} texts")


app.command("calibrate")(command(calibrate))
