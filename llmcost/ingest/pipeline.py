"""Ingest: find files, recognise them, read and price their requests, add them to the ledger."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.record import Problem, Record
from llmcost.core.text import clean_field
from llmcost.ingest.features import Features
from llmcost.ingest.pricing import Pricer
from llmcost.ledger.protocol import Added, Ledger, PricedRecord
from llmcost.pricing.book import PriceBook
from llmcost.sources import detect, source_named
from llmcost.sources.reader import LogFile, ReadOptions

#: Rows per transaction: large enough to make commits cheap, small enough to let other writers in.
CHUNK = 50_000
MAX_PROBLEMS = 1_000
_MAX_MEMO = 200_000


class Labels(NamedTuple):
    """What the person who ingests says of requests whose log does not say it."""

    app: str = ""
    user: str = ""
    team: str = ""
    environment: str = ""
    project: str = ""
    tags: tuple[tuple[str, str], ...] = ()


_NO_LABELS = Labels()


class SourceCount(NamedTuple):
    source: str
    files: int
    requests: int


@dataclass
class Ingested:
    """What an ingest did. `skipped` lines gave no request though they should have; `ignored` never could."""

    batch: int = 0
    files: int = 0
    read: int = 0
    skipped: int = 0
    ignored: int = 0
    naive_times: int = 0
    assumed: int = 0
    added: Added = field(default_factory=Added)
    problems: list[Problem] = field(default_factory=list)
    """The first MAX_PROBLEMS of them; `skipped` counts all."""
    unpriced: Counter[str] = field(default_factory=Counter)
    """Reason -> requests read without a price of ours and without a reported one."""
    _sources: dict[str, list[int]] = field(default_factory=dict)

    @property
    def sources(self) -> list[SourceCount]:
        return [SourceCount(name, files, requests) for name, (files, requests) in sorted(self._sources.items())]

    def skip(self, problem: Problem) -> None:
        self.skipped += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)

    def count(self, source: str, requests: int) -> None:
        counts = self._sources.setdefault(source, [0, 0])
        counts[0] += 1
        counts[1] += requests


Progress = Callable[[int, int, str], None]
"""Called with (files done, files in all, name of the file at hand)."""


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Every file under `paths`, sorted; hidden files and folders inside a folder are left out.

    Raises:
        UsageError: a path does not exist or cannot be read.
    """
    found: dict[str, Path] = {}
    for path in paths:
        try:
            if path.is_dir():
                for file in _walk(path):
                    found.setdefault(str(file), file)
            elif path.exists():
                found.setdefault(str(path), path)
            else:
                raise UsageError(f"no such file or folder: {path}", "check the path")
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}", "check its permissions") from None
    return [found[name] for name in sorted(found)]


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file():
                yield path


class Ingest:
    """One ingest into one ledger: feed it files, then `finish`."""

    def __init__(
        self, ledger: Ledger, book: PriceBook, *, labels: Labels = _NO_LABELS, options: ReadOptions | None = None,
        label: str = "", now_us: int = 0, source: str = "auto",
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._pricer = Pricer(book)
        self._labels = labels
        self._options = options or ReadOptions()
        self._source = None if source == "auto" else source_named(source)
        self._features = Features(ledger.digest_key())
        self._memo: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._rows: list[PricedRecord] = []
        self.result = Ingested()
        self._label, self._now_us = label, now_us

    def paths(self, files: Iterable[Path], progress: Progress | None = None) -> None:
        """Read files one after another; what cannot be read is a problem, not an end."""
        listed = list(files)
        for done, path in enumerate(listed):
            if progress is not None:
                progress(done, len(listed), str(path))
            try:
                file = LogFile.open(path, self._options)
            except OSError as error:
                self.result.skip(Problem(str(path), 0, f"cannot be read: {error.strerror or error}"))
                continue
            try:
                self._read(file)
            finally:
                file.close()
        if progress is not None:
            progress(len(listed), len(listed), "")

    def stream(self, stream: IO[bytes], name: str) -> None:
        self._read(LogFile(stream, name, self._options))

    def _read(self, file: LogFile) -> None:
        result = self.result
        result.files += 1
        if not file.head:
            result.skip(file.problem(0, "the file is empty"))
            return
        try:
            source = self._source or detect(file)
            if source is None:
                binary = b"\x00" in file.head[:4096]
                result.skip(file.problem(0, "a binary file" if binary else "not a log that llmcost knows"))
                return
            before = result.read
            price, prepared, rows = self._pricer.price, self._prepared, self._rows
            for item in source.read(file):
                if isinstance(item, Record):
                    result.read += 1
                    row = price(prepared(item, source.name, source.default_app))
                    if row.cost is None:
                        result.unpriced[self._pricer.reason(row.record)] += 1
                    elif row.basis.assumed:
                        result.assumed += 1
                    rows.append(row)
                    if len(rows) >= CHUNK:
                        self._flush()
                else:
                    result.skip(item)
        except OSError as error:
            result.skip(file.problem(0, f"cannot be read to its end: {error.strerror or error}"))
            return
        result.count(source.name, result.read - before)
        result.ignored += file.ignored
        result.naive_times += file.naive_times

    def _prepared(self, record: Record, source: str, default_app: str) -> Record:
        """The record with its names cleaned, its labels filled in and its text reduced to features."""
        key = record[2:4] + record[5:17] + (default_app,)
        names = self._memo.get(key)
        if names is None:
            if len(self._memo) > _MAX_MEMO:
                self._memo.clear()
            names = self._memo[key] = self._names(record, default_app)
        ready = Record._make(
            (*record[:2], *names[:2], record.usage, *names[2:], record.error, record.source or source, *record[19:])
        )
        if ready.tags or self._labels.tags or ready.error or ready.prompt_text or ready.language:
            ready = self._enriched(ready)
        return ready

    def _names(self, record: Record, default_app: str) -> tuple[str, ...]:
        label = self._labels
        r = record
        return tuple(
            clean_field(value)
            for value in (
                r.provider, r.model, r.tier, r.app or label.app or default_app,
                r.environment or label.environment, r.team or label.team, r.operation,
                r.user or label.user, r.project or label.project, r.session, r.branch, r.machine, r.region,
                r.status or "ok",
            )
        )  # fmt: skip

    def _enriched(self, record: Record) -> Record:
        tags = dict(self._labels.tags)
        tags.update((clean_field(key), clean_field(value)) for key, value in record.tags)
        record = record._replace(tags=tuple(sorted(tags.items())), error=clean_field(record.error))
        return self._features.of(record) if record.prompt_text else record

    def _flush(self) -> None:
        if not self._rows:
            return
        if not self.result.batch:
            self.result.batch = self._ledger.begin_batch(self._label, self._now_us)
        self.result.added = self.result.added.plus(self._ledger.add(self._rows, self.result.batch))
        self._rows.clear()

    def finish(self) -> Ingested:
        """Write what is left and return the account of it all."""
        self._flush()
        return self.result
