"""`llmcost ingest --pull`: whose pages, and of which time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from llmcost.cli.environment import Env


def fetch(env: Env, name: str, since: str, until: str, paths: Sequence[str] | None) -> list[tuple[str, bytes]]:
    """(path, page) of all that is asked for, before anything is written; nothing where nothing is pulled.

    Raises:
        UsageError: options that do not go together, or a time that makes no sense.
        LlmcostError: the provider does not answer as it should.
    """
    if not name:
        if since or until:
            raise UsageError("--since and --until of an ingest need --pull", "add --pull openai or --pull anthropic")
        return []
    if paths:
        raise UsageError("--pull and a path exclude each other", "run two commands")
    if not since:
        raise UsageError("--pull needs --since", "add --since 30d, or a day")
    from llmcost.core.instants import parse_start, parse_when
    from llmcost.ingest.pull import pages, prepared

    end = parse_when(until, env.zone) if until else env.now_us
    start = parse_start(since, env.zone, end)
    if end <= start:
        raise UsageError(f"the period from {since} to {until or 'now'} is empty", "--until must be later than --since")
    pull = prepared(name, env.environ)
    found = list(pages(pull, start, end, time.sleep))
    env.note(f"fetched {len(found)} page{'s' * (len(found) != 1)} from {name}")
    return found
