"""How two states of a repository differ in what models are sent: prompt files, calls in programs, declarations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from llmcost.core.errors import ConfigError
from llmcost.core.text import printable
from llmcost.estimate.diff import documents, sites
from llmcost.estimate.diff.contents import MAX_BYTES, Contents, Entry, TooLargeError
from llmcost.estimate.diff.git import Compared, Pair, Repository
from llmcost.estimate.diff.sent import Sent
from llmcost.estimate.prompts import FILE, Calls, PromptFile, read
from llmcost.tokens.decode import NotTextError, Text, decode
from llmcost.yamlfile import tree

#: A larger program is a bundle or data.
MAX_CODE = 2 * 2**20
#: A moved file keeps at least half of its lines; more candidates than this are compared by their bytes alone.
_SIMILAR, _MOST_COMPARED = 2, 10_000


_POINTER = b"version https://git-lfs.github.com/"


class Changed(NamedTuple):
    """One prompt or call; None on the side where it is not."""

    name: str
    path: str
    change: str
    """`added`, `removed`, `changed`, `moved` (perhaps changed too) or `declared`: only what prompts.yaml says of it."""
    before: Sent | None
    after: Sent | None
    declared_before: Calls
    declared_after: Calls
    moved_from: str = ""


class Changes(NamedTuple):
    changed: tuple[Changed, ...]
    unread: tuple[str, ...]
    """Files that may hold prompts and could not be looked into, with the reason."""


class _File(NamedTuple):
    """A file on one side, with its declarations."""

    path: str
    data: bytes
    rules: PromptFile


def changes(
    repository: Repository, compared: Compared, contents: Contents, config: PromptFile | None = None
) -> Changes:
    """Everything sent to models that differs. `config` stands for both sides' prompts.yaml.

    Raises:
        ConfigError: a prompts.yaml is wrong.
        UsageError: git cannot read a file.
    """
    own = repository.entry(compared, FILE)
    if own.before is None:
        # Declarations that are made for the first time tell of the calls that were there before.
        own = Pair(FILE, own.after, own.after)
    declared = config is None and not _same(contents, own)
    before = config or _rules(contents, own.before)
    after = _rules(contents, own.after) if declared else before
    reader = _Reader(contents, before, after)
    listed = repository.entries if declared else repository.pairs
    return reader.changes(listed(compared, reader.wanted))


def _rules(contents: Contents, entry: Entry | None) -> PromptFile:
    if entry is None:
        return PromptFile()
    try:
        return read(tree.decode(contents.read(entry), FILE), FILE if not entry.oid else f"{FILE} ({entry.oid[:9]})")
    except TooLargeError:
        raise ConfigError(
            f"{FILE} is larger than {MAX_BYTES // 2**20} MiB", "such a file has a few kilobytes"
        ) from None


def _same(contents: Contents, pair: Pair) -> bool:
    if pair.before is None or pair.after is None:
        return pair.before is pair.after
    return pair.before.oid == pair.after.oid or contents.read(pair.before) == contents.read(pair.after)


class _Reader:
    def __init__(self, contents: Contents, before: PromptFile, after: PromptFile) -> None:
        self._contents, self._before, self._after = contents, before, after
        self._unread: list[str] = []

    def changes(self, pairs: Iterable[Pair]) -> Changes:
        found: list[Changed] = []
        for kind, differ in (("prompt", self._prompt), ("code", self._code)):
            for old, new in _with_moves(list(self._read(self._of(kind, pairs)))):
                found += differ(old, new)
        return Changes(tuple(sorted(found, key=lambda each: each.name)), tuple(self._unread))

    def wanted(self, path: str) -> bool:
        return any(rules.is_prompt(path) or rules.is_code(path) for rules in (self._before, self._after))

    def _of(self, kind: str, pairs: Iterable[Pair]) -> Iterator[Pair]:
        for pair in pairs:
            prompt = self._before.is_prompt(pair.path) or self._after.is_prompt(pair.path)
            code = not prompt and (self._before.is_code(pair.path) or self._after.is_code(pair.path))
            if (prompt if kind == "prompt" else code) and not self._untouched(pair):
                yield pair

    def _untouched(self, pair: Pair) -> bool:
        same = pair.before is not None and pair.after is not None and pair.before.oid == pair.after.oid
        return same and self._before is self._after

    def _read(self, pairs: Iterable[Pair]) -> Iterator[tuple[_File | None, _File | None]]:
        for pair in pairs:
            try:
                old = _File(pair.path, self._contents.read(pair.before), self._before) if pair.before else None
                new = _File(pair.path, self._contents.read(pair.after), self._after) if pair.after else None
            except TooLargeError:
                self._unread.append(f"{printable(pair.path)} is larger than {MAX_BYTES // 2**20} MiB")
            else:
                if any(file and file.data.startswith(_POINTER) for file in (old, new)):
                    self._unread.append(f"{printable(pair.path)} is kept in Git LFS")
                else:
                    yield old, new

    def _prompt(self, old: _File | None, new: _File | None) -> Iterator[Changed]:
        try:
            before, after = (self._document(file) if file else None for file in (old, new))
        except NotTextError as error:
            if old is None or new is None or old.data != new.data:
                self._unread.append(printable(error.message))
            return
        file = new or old
        if file is not None:
            yield from _changed(before, after, old, new, file.path)

    def _document(self, file: _File) -> Sent:
        source = decode(file.data, file.path)
        declared = file.rules.calls(file.path)
        given = bool(declared.variables or declared.variable_tokens)
        return documents.read(file.path, Text(_lines(source.text), *source[1:]), variables_given=given)

    def _code(self, old: _File | None, new: _File | None) -> Iterator[Changed]:
        if old and new and old.data == new.data and old.rules is new.rules:
            return
        before, after = (self._sites(file) if file else [] for file in (old, new))
        if before is None or after is None:
            return
        for first, second in _paired(before, after):
            path = new.path if new else old.path if old else ""
            yield from _changed(first, second, old if first else None, new if second else None, path)

    def _sites(self, file: _File) -> list[Sent] | None:
        """The calls in a program; None where it cannot be looked into, which is said."""
        if len(file.data) > MAX_CODE:
            self._unread.append(f"{printable(file.path)} is larger than {MAX_CODE // 2**20} MiB")
            return None
        try:
            return sites.read(file.path, _lines(decode(file.data, file.path).text))
        except sites.UnreadableError as error:
            self._unread.append(f"{printable(file.path)}: {error}")
        except NotTextError as error:
            self._unread.append(printable(error.message))
        return None


def _lines(text: str) -> str:
    """A checkout with CRLF line ends is no change of a prompt."""
    return text.replace("\r\n", "\n")


def _changed(
    before: Sent | None, after: Sent | None, old: _File | None, new: _File | None, path: str
) -> Iterator[Changed]:
    site = after or before
    if site is None:
        return
    name = site.name
    calls_before = _calls(old, before) or _calls(new, after)
    calls_after = _calls(new, after) or calls_before
    if calls_before is None or calls_after is None:
        return
    moved_from = before.name if before and after and old and new and old.path != new.path else ""
    if before is None or after is None:
        change = "added" if before is None else "removed"
    elif moved_from and (":" not in name or _content(before) != _content(after)):
        change = "moved"
    elif _content(before) != _content(after):
        change = "changed"
    elif calls_before[2:] != calls_after[2:]:
        change = "declared"
    else:
        return
    yield Changed(name, path, change, before, after, calls_before, calls_after, moved_from)


def _calls(file: _File | None, site: Sent | None) -> Calls | None:
    if file is None or site is None:
        return None
    return file.rules.calls(file.path, "" if site.name == file.path else site.name)


def _content(sent: Sent) -> tuple[object, ...]:
    return sent.bodies, sent.model, sent.limit, sent.jinja


def _with_moves(
    files: list[tuple[_File | None, _File | None]],
) -> Iterator[tuple[_File | None, _File | None]]:
    """The pairs, with a file that is gone and a new one like it as one pair."""
    gone = [old for old, new in files if old and not new]
    new_ones = {new.path: new for old, new in files if new and not old}
    moved: dict[str, _File] = {}
    tests: list[Callable[[_File, _File], bool]] = [lambda old, new: old.data == new.data]
    if len(gone) * len(new_ones) <= _MOST_COMPARED:
        tests.append(_alike)
    for test in tests:
        for file in gone:
            match = next((new for new in new_ones.values() if file.path not in moved and test(file, new)), None)
            if match is not None:
                moved[file.path] = new_ones.pop(match.path)
    for old, new in files:
        if old and new:
            yield old, new
        elif old:
            yield old, moved.get(old.path)
        elif new and new.path in new_ones:
            yield None, new


def _alike(old: _File, new: _File) -> bool:
    """Whether at least half of the lines of the longer file are in the other."""
    first, second = Counter(old.data.split(b"\n")), Counter(new.data.split(b"\n"))
    longer = max(first.total(), second.total())
    return longer > 1 and (first & second).total() * _SIMILAR >= longer


def _paired(before: list[Sent], after: list[Sent]) -> Iterator[tuple[Sent | None, Sent | None]]:
    """Sites of one function that are the same are one, the others in order; a moved one without change is the same."""
    left, right = list(before), list(after)
    pairs: list[tuple[Sent | None, Sent | None]] = []

    def match(key: Callable[[Sent], object]) -> None:
        for old in list(left):
            new = next((new for new in right if key(new) == key(old)), None)
            if new is not None:
                left.remove(old)
                right.remove(new)
                pairs.append((old, new))

    match(lambda sent: (_function(sent), _content(sent)))
    match(_content)
    match(_function)
    yield from pairs
    yield from ((old, None) for old in left)
    yield from ((None, new) for new in right)


def _function(sent: Sent) -> str:
    return sent.name.rpartition(":")[2].partition("#")[0]
