"""The lines of a text, and which of them hold text whose blanks may mean something.

What is kept as it is (CommonMark 0.31, https://spec.commonmark.org/0.31.2/): fenced code, indented code and what is
nested in lists as deep, paragraphs with an open code span, and what stands between triple quotes or in elements such
as <pre>. Lines of template tags are kept too: template engines take blanks beside them away, or line ends. Where it
is unclear what a fence belongs to, everything behind it is kept.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

_MARK = re.compile(r"```|~~~|<!--|-->")
_FENCE = re.compile(r"([ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*)")
#: Blocks of HTML that no blank line ends.
_DECLARATION = re.compile(r"^ {0,3}<[?!](?!--)", re.MULTILINE)
_RUN = re.compile(r"`+")
_QUOTES = ('"""', "'''")
_OPEN = re.compile(r"<(?:pre|code|textarea|script|style)\b", re.IGNORECASE)
_ELEMENT = re.compile(r"<(/?)(?:pre|code|textarea|script|style)\b", re.IGNORECASE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BLANK = re.compile(r"^[ \t]*+\r?(?:\n|\Z)", re.MULTILINE)
_INDENTED = re.compile(r"^(?: {0,3}\t| {4})[ \t]*+[^ \t\r\n]", re.MULTILINE)


class Lines:
    """Where each line of `text` begins, and whether it must stay as it is. A line ends with a line feed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [match.start() for match in _LINE.finditer(text)] or [0]
        self.blank = bytearray(len(self.starts))
        """1 for lines of nothing but blanks."""
        for match in _BLANK.finditer(text):
            if match[0] or not text:
                self.blank[self.at(match.start())] = 1
        self.fixed = bytearray(len(self.starts))
        """1 for lines of code, literals and tags."""
        self._keep_fences()
        self._keep_spans()
        self._keep_literals()
        self._keep_tags()
        self.kept = bytearray(self.fixed)
        """1 also for indented lines, and blank ones beside a line that is kept."""
        self._keep_indented()

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, place: int) -> int:
        """The line that the character at `place` is in."""
        return bisect_right(self.starts, place) - 1

    def start(self, index: int) -> int:
        """Where line `index` begins; the end of the text behind the last."""
        return self.starts[index] if index < len(self.starts) else len(self.text)

    def end(self, index: int) -> int:
        """Where the content of the line ends, before its line end."""
        end = self.start(index + 1)
        if end and self.text[end - 1] == "\n":
            return end - 2 if self.text.endswith("\r\n", self.starts[index], end) else end - 1
        return end

    def __getitem__(self, index: int) -> str:
        return self.text[self.starts[index] : self.end(index)]

    def _keep(self, first: int, last: int) -> None:
        """From line `first` to `last`, both included."""
        self.fixed[first : last + 1] = b"\1" * (last + 1 - first)

    def _having(self, pattern: re.Pattern[str]) -> Iterator[int]:
        """The lines that `pattern` is found in, in order."""
        at = 0
        while found := pattern.search(self.text, at):
            index = self.at(found.start())
            yield index
            at = self.start(index + 1)

    def _keep_fences(self) -> None:
        if "```" not in self.text and "~~~" not in self.text:
            return
        opened, closed, first, mark, comment = -1, -1, -1, "", False
        declaration = _DECLARATION.search(self.text)
        doubtful = self.at(declaration.start()) if declaration else len(self)
        for index in self._having(_MARK):
            line = self[index]
            found = _FENCE.fullmatch(line)
            if found and opened < 0:
                first = index if first < 0 else first
                # An indented one may be in a list, which ends it where a line is indented less.
                if comment or found[1] or index > doubtful or self._in_html(closed + 1, index):
                    self._keep(index, len(self) - 1)
                    return
                opened, mark = index, found[2]
            elif found and found[2].startswith(mark) and not found[3] and found[1] in {"", " ", "  ", "   "}:
                self._keep(opened, index)
                opened, closed = -1, index
            elif not found and opened < 0 and ("<!--" in line or "-->" in line):
                comment = line.rfind("<!--") > line.rfind("-->")
        if opened >= 0:
            # Which fence lacks its partner is not known, so all of them are in doubt.
            self._keep(first, len(self) - 1)

    def _in_html(self, first: int, index: int) -> bool:
        """Whether a line since `first`, without a blank one between it and line `index`, may begin a block of HTML."""
        first = max(first, self.blank.rfind(1, 0, index) + 1)
        return any(self[before].lstrip(" ").startswith("<") for before in range(first, index))

    def _keep_literals(self) -> None:
        for quotes in _QUOTES:
            if quotes in self.text:
                lines = self._having(re.compile(quotes))
                marked = [index for index in lines if self[index].count(quotes) % 2]
                self._keep_between(marked, open_end=len(marked) % 2 == 1)
        if _OPEN.search(self.text):
            depths = {index: depth for index in self._having(_ELEMENT) if (depth := _opened(self[index]))}
            self._keep_between(list(depths), open_end=sum(depths.values()) != 0)

    def _keep_between(self, marked: list[int], *, open_end: bool) -> None:
        """Whatever pairs the marks form, it lies between the first and the last, or else behind."""
        if marked:
            self._keep(marked[0], len(self) - 1 if open_end else marked[-1])

    def _keep_tags(self) -> None:
        for start, end, opening in tags(self.text):
            first, last = self.at(start), self.at(end - 1)
            inside = self.text[start:end]
            if opening != "{{" or last > first or inside.startswith(("{{-", "{{~")) or inside.endswith(("-}}", "~}}")):
                self._keep(first, last)

    def _keep_spans(self) -> None:
        """Paragraphs with a line in which a run of backticks has no partner: a code span may go over its lines."""
        done = -1
        for index in self._having(_RUN):
            if index <= done or self.fixed[index] or _paired(self[index]):
                continue
            first = max(self.blank.rfind(1, 0, index), self.fixed.rfind(1, 0, index)) + 1
            ends = [end for marks in (self.blank, self.fixed) if (end := marks.find(1, index)) >= 0]
            done = min(ends, default=len(self)) - 1
            self._keep(first, done)

    def _keep_indented(self) -> None:
        for match in _INDENTED.finditer(self.text):
            self.kept[self.at(match.start())] = 1
        first = self.blank.find(1)
        while first >= 0:
            behind = self.blank.find(0, first)
            behind = len(self) if behind < 0 else behind
            if (first and self.kept[first - 1]) or (behind < len(self) and self.kept[behind]):
                self.kept[first:behind] = b"\1" * (behind - first)
            first = self.blank.find(1, behind)


def _opened(line: str) -> int:
    """How many more elements begin in the line than end; 1 where one ends before as many begin."""
    slashes = _ELEMENT.findall(line)
    return slashes.count("") - slashes.count("/") or int(slashes[0] == "/")


def _paired(line: str) -> bool:
    """Whether every run of backticks has its partner in the line."""
    length = 0
    for run in _RUN.findall(line):
        if not length:
            length = len(run)
        elif len(run) == length:
            length = 0
    return not length


def tags(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, opening) of each {{…}}, {%…%}, {#…#} and <%…%> in order; one that is never closed is none."""
    closing = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}
    at = 0
    while closing and (found := _opening(tuple(closing)).search(text, at)):
        start, opening = found.start(), found[0]
        end = text.find(closing[opening], start + 2)
        if end < 0:
            del closing[opening]
            at = start
        else:
            at = end + 2
            yield start, at, opening


@lru_cache
def _opening(marks: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, marks)))
