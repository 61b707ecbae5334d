"""`llmcost ingest`: logs in."""

from __future__ import annotations

import io
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmcost.ingest.files import Found
    from llmcost.ingest.installed import Installed
    from llmcost.ledger.protocol import Ledger


def ingest(
    env: Env,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files and folders; - for standard input. Default: the logs of every known tool on this machine.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option("--source", metavar="NAME", help="The log format, when it is not to be recognised by content."),
    ] = "auto",
    app: Annotated[
        str, typer.Option("--app", metavar="NAME", help="App of requests whose log names none.", show_default=False)
    ] = "",
    user: Annotated[
        str, typer.Option("--user", metavar="NAME", help="User of requests whose log names none.", show_default=False)
    ] = "",
    team: Annotated[
        str, typer.Option("--team", metavar="NAME", help="Team of requests whose log names none.", show_default=False)
    ] = "",
    environment: Annotated[
        str,
        typer.Option("--env", metavar="NAME", help="Environment of requests whose log names none.", show_default=False),
    ] = "",
    project: Annotated[
        str,
        typer.Option("--project", metavar="NAME", help="Project of requests whose log names none.", show_default=False),
    ] = "",
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag", metavar="KEY=VALUE", help="A tag for every request; may be repeated.", show_default=False
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="What a column of your own log means; or a YAML file of such pairs.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME|mtime", help="Time of requests whose log has none.", show_default=False)
    ] = "",
    subscription: Annotated[
        bool,
        typer.Option("--subscription", help="A subscription pays for these requests, whatever the API would charge."),
    ] = False,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn", help="Keep what a router learns from of each prompt the log holds: numbers and hashes, no text."
        ),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Read every file, also those already read; exit with 6 when lines were skipped or requests are"
            " unpriced.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    pull: Annotated[
        str,
        typer.Option(
            "--pull",
            metavar="NAME",
            help="Fetch openai's or anthropic's usage and cost pages with an admin key.",
            show_default=False,
        ),
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="With --pull: from this day on, or the last 30d.")
    ] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="With --pull: up to this day.")] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: read what is appended and what is new, until interrupted.")
    ] = False,
    interval: Annotated[
        float | None,
        typer.Option("--interval", metavar="SECONDS", help="With --watch: how often to look; 2.", show_default=False),
    ] = None,
) -> int:
    """Read logs into the ledger. A file already read is left alone, one that has grown is continued; a request that
    comes again adds nothing, and a fuller version of it replaces it."""
    from llmcost.cli.pulling import fetch
    from llmcost.cli.watching import follow, named_again, seconds_between
    from llmcost.ingest.files import Found, find_files
    from llmcost.ingest.pipeline import Ingest, Labels
    from llmcost.ledger.connect import MEMORY
    from llmcost.ledger.sqlite import SqliteLedger
    from llmcost.sources import source_named
    from llmcost.sources.reader import ReadOptions

    env.choose_format("table", "json")
    excluded = {"standard input": "-" in (paths or ()), "--strict": strict, "--dry-run": dry_run, "--pull": pull}
    seconds = seconds_between(interval, watch=watch, others={**excluded, "--output": env.given.get("output")})
    if source != "auto":
        source_named(source)
    options = ReadOptions(
        mapping=_mapping(mapping or []),
        undated=_undated(env, at),
        undated_mtime=at == "mtime",
    )
    tags = tuple(sorted(_pair(item, "--tag") for item in tag or []))
    labels = Labels(app, user, team, environment, project, tags, subscription)
    fetched = fetch(env, pull, since, until, paths)
    if pull:
        found = Found([], [])
    elif paths:
        named = [Path(path) for path in paths if path != "-"]
        found = find_files(named) if named else Found([], [])
    else:
        found = _installed(env)
    book = env.book

    def begin(ledger: Ledger, now_us: int) -> Ingest:
        return Ingest(
            ledger, book, labels=labels, options=options, source=source,
            label=" ".join(paths or [f"(pulled from {pull})" if pull else "(this machine's tools)"])[:500],
            now_us=now_us,
            learnt=_learnt() if learn else None, incremental=not strict, rules=env.rules,
        )  # fmt: skip

    if watch:
        return follow(env, found, partial(named_again, named) if paths else partial(_tools, env), begin, seconds)
    if dry_run and _is_missing_or_empty(env.ledger_path):
        ledger = SqliteLedger(MEMORY, write=True)
    else:
        ledger = env.open_ledger(write=True)
    with closing(ledger), ledger.rehearsal() if dry_run else nullcontext():
        job = begin(ledger, env.now_us)
        for problem in found.problems:
            job.result.skip(problem)
        if env.interactive and found.files:
            from llmcost.reporting.progress import progress

            with progress("reading", env.stderr) as show:
                job.paths(found.files, show)
        else:
            job.paths(found.files)
        if paths and "-" in paths:
            import sys

            job.stream(sys.stdin.buffer, "-")
        for path, page in fetched:
            job.stream(io.BytesIO(page), path)
        result = job.finish()

    from llmcost.reporting import ingested

    if env.format == "json":
        env.emit(ingested.as_json(result, dry_run=dry_run))
    else:
        env.emit(ingested.as_text(result, dry_run=dry_run))
        for line in ingested.remarks(result):
            env.note(line)
    if strict and (result.skipped or result.unpriced):
        return ExitCode.DATA
    return ExitCode.OK


def _learnt() -> Callable[[str], bytes]:
    from llmcost.routing.features import features, packed

    return lambda text: packed(features(text))


def _pair(text: str, option: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"{option} {text!r} is not KEY=VALUE", f"write {option} name=value")
    return key.strip(), value.strip()


def _mapping(given: list[str]) -> dict[str, str]:
    from llmcost.core.errors import nearest
    from llmcost.sources.columns import FIELDS

    mapping: dict[str, str] = {}
    for item in given:
        if "=" not in item:
            mapping.update(_mapping_file(Path(item)))
        else:
            column, field = _pair(item, "--map")
            mapping[column] = field
    for column, field in mapping.items():
        if field not in FIELDS:
            raise UsageError(
                f"--map {column}={field}: unknown field {field!r}{nearest(field, FIELDS)}",
                "docs/sources.md lists the fields",
            )
    return mapping


def _mapping_file(path: Path) -> dict[str, str]:
    from llmcost.yamlfile.tree import Mapping, Scalar, parse, read_text

    if not path.is_file():
        raise UsageError(f"--map {path}: no such file, and not COLUMN=FIELD", "write --map tokens_in=input_tokens")
    node = parse(read_text(path), str(path))
    pairs = node.values.items() if isinstance(node, Mapping) else ()
    mapping = {column: field.text.strip() for column, field in pairs if isinstance(field, Scalar)}
    if not mapping or len(mapping) < len(pairs):
        raise UsageError(f"{path} is not a table of columns and fields", "write one `column: field` per line")
    return mapping


def _is_missing_or_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:
        return not path.exists()


def _undated(env: Env, at: str) -> int | None:
    from llmcost.core.instants import parse_when

    return parse_when(at, env.zone) if at and at != "mtime" else None


def _installed(env: Env) -> Found:
    """The logs of every tool on this machine, which it tells."""
    from llmcost.ingest.installed import TOOLS, installed

    tools = installed(env.home, env.environ)
    if not tools:
        known = ", ".join(tool.source for tool in TOOLS)
        raise UsageError(
            f"no logs of {known} for {env.home}",
            "name the files or folders to read; docs/sources.md says where it looks",
        )
    counts = ", ".join(f"{tool.source} ({len(tool.files)} file{'s' * (len(tool.files) != 1)})" for tool in tools)
    env.note(f"found {counts}")
    return _together(tools)


def _tools(env: Env) -> Found:
    """The same, untold, and nothing where there are none."""
    from llmcost.ingest.installed import installed

    return _together(installed(env.home, env.environ))


def _together(tools: list[Installed]) -> Found:
    from llmcost.ingest.files import Found

    return Found(
        [path for tool in tools for path in tool.files], [problem for tool in tools for problem in tool.problems]
    )


app = single(ingest)
