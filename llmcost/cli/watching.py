"""`llmcost ingest --watch`: files and folders are followed until the process is told to end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost.core.errors import ExitCode, LedgerError, LedgerFileError, UsageError
from llmcost.core.record import Problem

if TYPE_CHECKING:
    from types import FrameType

    from llmcost.cli.environment import Env
    from llmcost.ingest.files import Found
    from llmcost.ingest.pipeline import Ingest
    from llmcost.ledger.protocol import Ledger

_DEFAULT_SECONDS = 2.0
_LEAST_SECONDS, _MOST_SECONDS = 0.1, 86_400.0

Begin = Callable[["Ledger", int], "Ingest"]
"""An ingest into a ledger at a time (microseconds UTC)."""


class Terminated(BaseException):
    """SIGTERM came: unlike an interrupt, the way a service is asked to end."""


def seconds_between(interval: float | None, *, watch: bool, others: Mapping[str, object]) -> float:
    """The time between two rounds.

    Raises:
        UsageError: it makes no sense or is given without --watch, or one of the `others`, which exclude that, is given.
    """
    if interval is not None and not watch:
        raise UsageError("--interval without --watch", "add --watch")
    if watch:
        for what, value in others.items():
            if value:
                raise UsageError(f"--watch and {what} exclude each other", "leave one of them out")
    if interval is None:
        return _DEFAULT_SECONDS
    if not _LEAST_SECONDS <= interval <= _MOST_SECONDS:
        raise UsageError(
            f"--interval {interval:g} is not from 0.1 to 86400 seconds", "leave it out for every 2 seconds"
        )
    return interval


def follow(env: Env, found: Found, look: Callable[[], Found], begin: Begin, seconds: float) -> ExitCode:
    """Read `found`, and every `seconds` what has changed or is new in what `look` finds; returns when terminated."""
    rounds = _Rounds(env, begin)
    with terminated_by_signal():
        try:
            env.note(f"watching {len(found.files):,} file{'s' * (len(found.files) != 1)}; Ctrl-C ends it")
            rounds.read(found)
            while True:
                time.sleep(seconds)
                rounds.read_again(look())
        except Terminated:
            env.note("told to end; what was stored before stays")
    return ExitCode.OK


def named_again(paths: Sequence[Path]) -> Found:
    """What the named files and folders hold now; one that is away, as in the middle of a rotation, holds nothing."""
    from llmcost.ingest.files import Found, find_files

    try:
        return find_files([path for path in paths if path.exists()])
    except UsageError:
        return Found([], [])


class _Rounds:
    """What was seen so far, so that a round opens only files that have changed since."""

    def __init__(self, env: Env, begin: Begin) -> None:
        self._env = env
        self._begin = begin
        self._seen: dict[Path, tuple[int, int, int]] = {}
        self._told: set[Problem] = set()
        self._trouble = ""

    def read_again(self, found: Found) -> None:
        """As `read`; a ledger that another process has locked is tried again in the next round."""
        try:
            self.read(found)
        except LedgerFileError:
            raise
        except LedgerError as error:
            if error.message != self._trouble:
                self._env.note(f"{error.message}; it is tried again")
            self._trouble = error.message
        else:
            self._trouble = ""

    def read(self, found: Found) -> None:
        """Read the files that are not as they were, as one batch, and tell what they brought."""
        from llmcost.ingest.bookmarks import stamp

        stamps = {}
        for path in found.files:
            try:
                stamps[path] = stamp(path)
            except OSError:
                continue  # gone between being listed and being looked at
        changed = [path for path, now in stamps.items() if self._seen.get(path) != now]
        problems = [problem for problem in found.problems if problem not in self._told]
        if changed or problems:
            self._ingest(changed, problems)
        self._seen = stamps

    def _ingest(self, changed: Sequence[Path], problems: Sequence[Problem]) -> None:
        from llmcost.reporting import ingested, watched

        # The clock is read anew: an Env keeps the time it first saw.
        now = replace(self._env).now_us
        with closing(self._env.open_ledger(write=True)) as ledger:
            job = self._begin(ledger, now)
            for problem in problems:
                job.result.skip(problem)
            job.paths(changed)
            result = job.finish()
        fresh = [problem for problem in result.problems if problem not in self._told]
        result.skipped -= len(result.problems) - len(fresh)
        result.problems[:] = fresh
        self._told.update(fresh)
        if not (result.added.new or result.added.updated or fresh):
            return
        if self._env.format == "json":
            self._env.emit(watched.as_json(result, now, self._env.zone))
            return
        if result.added.new or result.added.updated:
            self._env.emit(watched.as_line(result, now, self._env.zone))
        for line in ingested.remarks(result):
            self._env.note(line)


@contextmanager
def terminated_by_signal() -> Iterator[None]:
    """Within, SIGTERM raises `Terminated`; only a process's main thread may ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
