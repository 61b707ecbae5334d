"""Ingest: recognise files, read and price their requests, add them to the ledger."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import IO, NamedTuple

from llmcost.core.billed import Billed
from llmcost.core.money import MAX_NANO, usd_text
from llmcost.core.record import Problem, Record
from llmcost.core.text import clean_field
from llmcost.ingest.attribution import Rules, default_app
from llmcost.ingest.bills import whole_bill
from llmcost.ingest.bookmarks import ReadSoFar, stamp
from llmcost.ingest.features import Features
from llmcost.ingest.pricing import Pricer
from llmcost.ledger.billing import Brought
from llmcost.ledger.bookmarks import Bookmark
from llmcost.ledger.protocol import Added, Ledger, Names, PricedRecord
from llmcost.ledger.rows import day_of
from llmcost.ledger.versions import clash
from llmcost.pricing.book import PriceBook
from llmcost.sources import detect, source_named
from llmcost.sources.delimited import header_of
from llmcost.sources.reader import MAX_LINE, LogFile, ReadOptions, Source

#: Rows per transaction: large enough to make commits cheap, small enough to let other writers in.
CHUNK = 50_000
MAX_PROBLEMS = 1_000
#: Names remembered, so that memory stays bounded however many people and sessions there are.
_MAX_MEMO = 50_000


class Labels(NamedTuple):
    """What the person who ingests says of requests whose log does not say it."""

    app: str = ""
    user: str = ""
    team: str = ""
    environment: str = ""
    project: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    subscription: bool = False
    """A subscription pays for all of them."""


_NO_LABELS = Labels()
_Names = dict[tuple[str, ...], tuple[str, ...]]
"""A record's names as read -> cleaned and filled in."""


class SourceCount(NamedTuple):
    source: str
    files: int
    requests: int


@dataclass
class Ingested:
    """What an ingest did. `skipped` lines gave no request though they should have; `ignored` never could."""

    batch: int = 0
    files: int = 0
    unchanged: int = 0
    """Files that were not read, because they are as they were when they were."""
    read: int = 0
    skipped: int = 0
    ignored: int = 0
    naive_times: int = 0
    assumed: int = 0
    added: Added = field(default_factory=Added)
    billed: Brought = field(default_factory=Brought)
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
"""Called with (bytes done, bytes in all, name of the file at hand), now and then."""
_TICK = 1 << 13


class Ingest:
    """One ingest into one ledger: feed it files, then `finish`."""

    def __init__(
        self, ledger: Ledger, book: PriceBook, *, labels: Labels = _NO_LABELS, options: ReadOptions | None = None,
        label: str = "", now_us: int = 0, source: str = "auto", learnt: Callable[[str], bytes] | None = None,
        incremental: bool = False, rules: Rules | None = None,
    ) -> None:  # fmt: skip
        """`rules` say whose a request is where neither its log nor `labels` does.

        `learnt`: what a router learns from of a prompt; kept with its request where given.

        `incremental`: leave files alone that were read before, and continue those that have grown.
        """
        self._ledger = ledger
        self._learnt = learnt
        self._to_learn: dict[str, bytes] = {}
        self._pricer = Pricer(book)
        self._labels = labels
        self._rules = rules or Rules()
        self._options = options or ReadOptions()
        self._source = None if source == "auto" else source_named(source)
        self._features = Features(ledger.digest_key())
        self._memo: dict[str, _Names] = {}
        self._folded = self._clashes = 0
        self._rows: list[PricedRecord] = []
        self.result = Ingested()
        self._label, self._now_us = label, now_us
        self._so_far: ReadSoFar | None = None
        if incremental:
            o = self._options
            told = (source, labels, sorted(o.mapping.items()), o.undated, o.undated_mtime, learnt is not None)
            said = repr(told)
            self._so_far = ReadSoFar(ledger.bookmarks, said, self._options)
        self._marks: list[Bookmark] = []
        #: Problems of last lines that have no end yet.
        self._unfinished = 0
        #: What files of bills hold, each once -> whether some of it could not be read.
        self._billed: dict[tuple[Billed, ...], bool] = {}
        self._bills = 0
        self._progress: Callable[[LogFile], None] | None = None

    def paths(self, files: Iterable[Path], progress: Progress | None = None) -> None:
        """Read files one after another; what cannot be read is a problem, not an end."""
        listed = [(path, _size(path)) for path in files]
        total = sum(size for _, size in listed)
        done = 0
        for path, size in listed:
            if progress is not None:
                self._progress = partial(_report, progress, done, total)
                progress(done, total, str(path))
            done += size
            try:
                self._path(path)
            except OSError as error:
                self._unreadable(str(path), error)
        self._progress = None
        if progress is not None:
            progress(total, total, "")

    def _path(self, path: Path) -> None:
        so_far = self._so_far
        if so_far is None:
            with closing(LogFile.open(path, self._options)) as file:
                self._read(file)
            return
        if so_far.is_read(path):
            self.result.unchanged += 1
            return
        before, bills = stamp(path), self._bills
        skipped, unfinished = self.result.skipped, self._unfinished
        file, source = so_far.open(path)
        with closing(file):
            source = self._read(file, source)
            skipped, unfinished = self.result.skipped - skipped, self._unfinished - unfinished
            # Lines of a bill replace others: only all of those that are there now can.
            if source is not None and skipped == unfinished and self._bills == bills:
                mark = so_far.mark(path, before, file, source, unfinished=bool(unfinished))
                if mark is not None:
                    self._marks.append(mark)

    def stream(self, stream: IO[bytes], name: str) -> None:
        """Read one log that is no file on disk. The caller closes it."""
        try:
            file = LogFile(stream, name, self._options)
        except OSError as error:
            self._unreadable(name, error)
        else:
            self._read(file)

    def _unreadable(self, name: str, error: OSError) -> None:
        self.result.skip(Problem(name, 0, f"cannot be read: {error.strerror or error}"))

    def _read(self, file: LogFile, source: Source | None = None) -> Source | None:
        """Read a file, on with `source` where it was read before; the source that read it."""
        result = self.result
        result.files += 1
        if not file.head and not file.overlong:
            if source is None:
                result.skip(file.problem(0, "the file is empty"))
            return source
        before = result.read
        try:
            source = source or self._source or detect(file)
            if source is None:
                result.skip(file.problem(0, _unknown(file)))
                return None
            with _uncollected():
                self._read_as(source, file)
        except OSError as error:
            result.skip(file.problem(0, f"cannot be read to its end: {error.strerror or error}"))
        if source is not None:
            result.count(source.name, result.read - before)
        result.ignored += file.ignored
        result.naive_times += file.naive_times
        return source

    def _read_as(self, source: Source, file: LogFile) -> None:
        """Read a file's requests. Versions of one request that are plainly lesser need not be priced.

        Only those of one UTC day are told apart here: which of several days are one request is the ledger's rule.
        """
        result = self.result
        held: dict[str | tuple[str, int], Record] = {}
        versions: list[Record] = []
        billed: list[Billed] = []
        skipped = result.skipped
        try:
            for item in source.read(file):
                if isinstance(item, Billed):
                    billed.append(item)
                    continue
                if not isinstance(item, Record):
                    result.skip(item)
                    self._unfinished += item.line > file.consumed_lines
                    continue
                result.read += 1
                if self._progress is not None and not result.read % _TICK:
                    self._progress(file)
                key: str | tuple[str, int] = item.id
                known = held.setdefault(key, item)
                if known is not item and (day := day_of(item.ts)) != day_of(known.ts):
                    key = (item.id, day)
                    known = held.setdefault(key, item)
                if known is not item:
                    mine, other = _rank(item), _rank(known)
                    if mine == other and item != known:
                        # What decides is the text of their names, not cleaned yet: the ledger will tell.
                        versions.append(item)
                    else:
                        self._folded += 1
                        self._clashes += clash(item, known)
                        if mine > other:
                            held[key] = item
                if len(held) >= CHUNK or len(versions) >= CHUNK:
                    self._price(source, file, [*held.values(), *versions])
                    held.clear()
                    versions.clear()
        except OSError:
            # What was read before the damage counts.
            self._price(source, file, [*held.values(), *versions])
            raise
        self._price(source, file, [*held.values(), *versions])
        # A copy of a page that was read already says nothing new.
        if billed:
            self._bills += 1
            page = tuple(billed)
            self._billed[page] = self._billed.get(page, True) and result.skipped > skipped

    def _price(self, source: Source, file: LogFile, records: list[Record]) -> None:
        result, price, prepared = self.result, self._pricer.price, self._prepared
        names = self._memo.setdefault(source.name, {})
        for record in records:
            row = price(prepared(record, source, names))
            if row.cost is None:
                result.unpriced[self._pricer.reason(row.record)] += 1
            elif row.cost > MAX_NANO:
                result.read -= 1
                result.skip(file.problem(0, f"request {record.id} would cost {usd_text(row.cost)} USD: not plausible"))
                continue
            elif row.basis.assumed:
                result.assumed += 1
            self._rows.append(row)
            if len(self._rows) >= CHUNK:
                self._flush()

    def _prepared(self, record: Record, source: Source, memo: _Names) -> Record:
        """The record with its names cleaned, its labels filled in and its text reduced to features."""
        key = _KEY(record)
        names = memo.get(key)
        if names is None:
            if len(memo) > _MAX_MEMO:
                memo.clear()
            names = memo[key] = self._names(record, source)
        provider, model, *others, origin = names
        ready = _new(Record, (*record[:2], provider, model, record.usage, *others, record.error, origin, *record[19:]))
        if self._labels.subscription:
            ready = ready._replace(unmetered=True)
        if ready.tags or self._labels.tags or ready.error or ready.prompt_text:
            ready = self._enriched(ready)
        return ready

    def _names(self, record: Record, source: Source) -> tuple[str, ...]:
        label = self._labels
        r = record
        provider, model, tier, app, environment, team, operation, user, project, *others = (
            clean_field(value)
            for value in (
                r.provider, r.model, r.tier, r.app or label.app, r.environment or label.environment,
                r.team or label.team, r.operation, r.user or label.user, r.project or label.project, r.session,
                r.branch, r.machine, r.region, r.status or "ok",
            )
        )  # fmt: skip
        origin = r.source or source.name
        # An exported ledger names the default as if its log had: the rules come before it all the same.
        said = "" if app == default_app(origin) else app
        named = Names(provider, model, said, environment, team, user, project, others[1], others[2], origin)
        _, _, said, environment, team, *_ = self._rules.fill(named)
        app = said or app or source.default_app
        return provider, model, tier, app, environment, team, operation, user, project, *others, origin

    def _enriched(self, record: Record) -> Record:
        tags = dict(self._labels.tags)
        tags.update((clean_field(key), clean_field(value)) for key, value in record.tags)
        record = record._replace(tags=tuple(sorted(tags.items())), error=clean_field(record.error))
        if record.prompt_text and self._learnt is not None:
            self._to_learn[record.id] = self._learnt(record.prompt_text)
        return self._features.of(record) if record.prompt_text else record

    def _flush(self) -> None:
        """Write rows, and with them the bookmarks of the files whose last ones they are."""
        with self._ledger.transaction() if self._marks else nullcontext():
            if self._rows:
                self._write_rows()
            if self._marks:
                self._ledger.bookmarks.keep(self._marks)
        self._marks.clear()

    def _begin(self) -> None:
        if not self.result.batch:
            self.result.batch = self._ledger.begin_batch(self._label, self._now_us)
            self._ledger.ruled.add(self._rules.given)

    def _write_rows(self) -> None:
        self._begin()
        self.result.added = self.result.added.plus(self._ledger.add(self._rows, self.result.batch))
        if self._to_learn:
            records = [row.record for row in self._rows]
            self._ledger.labels.keep([(r.ts, r.id, self._to_learn[r.id]) for r in records if r.id in self._to_learn])
            self._to_learn.clear()
        self._rows.clear()

    def finish(self) -> Ingested:
        """Write what is left and return the account of it all."""
        self._flush()
        if self._billed:
            self._begin()
            lines, lacking = whole_bill(self._billed)
            self.result.billed = self._ledger.billing.add(lines, self.result.batch, lacking)
            self._billed.clear()
        if self.result.batch and not self._ledger.end_batch(self.result.batch):
            self.result.batch = 0
        self.result.added = self.result.added.plus(Added(duplicate=self._folded, clashes=self._clashes))
        self._folded = self._clashes = 0
        return self.result


@contextmanager
def _uncollected() -> Iterator[None]:
    """Records form no cycles: looking for some among a chunk's million objects takes a tenth of an ingest."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


#: What a column may be called; a sentence is not taken for a header.
_NAME = re.compile(r"\s?\w[\w@$.()/-]{0,60}(?: [\w@$.()/-]{1,60}){0,3}\s?")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _report(progress: Progress, before: int, total: int, file: LogFile) -> None:
    progress(before + file.position, total, file.name)


#: The names of a record that are cleaned and filled in: provider, model, tier to status, and source.
_KEY = itemgetter(2, 3, *range(5, 17), 18)
#: NamedTuple's own constructor takes longer than all the rest.
_new = tuple.__new__


def _rank(record: Record) -> tuple[bool, bool, int, int]:
    """The part of `core.record.merge_key` that cleaning a record's names does not change."""
    return not record.sidechain, not record.partial, record.usage.tokens, -record.ts


def _unknown(file: LogFile) -> str:
    head = file.head
    if file.overlong:
        return f"its first line is longer than {MAX_LINE >> 20} MiB" + (
            "; not a log that llmcost knows" if head else ""
        )
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16 text: save it as UTF-8"
    if b"\x00" in head[:4096]:
        return "a binary file"
    fields = list(file.sample[0]) if file.sample else header_of(head.split(b"\n", 1)[0].decode("utf-8", "replace"))
    if len(fields) < 3 or not all(map(_NAME.fullmatch, fields)):
        return "not a log that llmcost knows"
    named = ", ".join(clean_field(name)[:40] for name in fields[:12])
    return f"not a log that llmcost knows; if it is one of requests, --map says what its columns mean: {named}"
