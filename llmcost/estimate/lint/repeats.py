"""The same text twice: blocks of lines, and examples that are alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmcost.estimate.lint.part import Edit, Hit, Part

#: Characters from which a repeated block is worth a remark: a line of a list or a heading may come again.
_LEAST = 80
_EXAMPLE = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*|\*\*|[-*+][ \t]+)?(?:<(?:example|sample)\b[^>\n]{0,80}>"
    r"|(?:example|sample|shot)\b[ \t]*[#(]?\d*[).:]*|(?:示例|例子|例)[ \t]*[\d一二三四五六七八九十]*[:：.、]?)",
    re.IGNORECASE | re.MULTILINE,
)
_END = re.compile(
    r"\n[ \t]*\r?\n(?![ \t]*(?:input|output|q|a|user|assistant|question|answer|输入|输出|问|答)\b)", re.IGNORECASE
)
_CLOSE = re.compile(r"</(?:example|sample)\s*>", re.IGNORECASE)
_NOISE = re.compile(r"[\W_]+")


def duplicates(part: Part) -> Iterator[Hit]:
    """Blocks of lines that stood there before."""
    lines = part.lines
    texts = [text for index in range(len(lines)) if (text := lines[index].strip(" \t"))]
    numbers = [index for index in range(len(lines)) if not lines.blank[index]]
    skipped = [(hit.edits[0].start, hit.edits[0].end) for hit in examples(part)]
    seen: dict[str, int] = {}
    at = 0
    while at < len(texts):
        first = seen.setdefault(texts[at], at)
        length = size = 0
        while (
            first < at
            and at + length < len(texts)
            and first + length < at
            and texts[first + length] == texts[at + length]
        ):
            size += len(texts[at + length])
            seen.setdefault(texts[at + length], at + length)
            length += 1
        if size < _LEAST:
            at += 1
            continue
        start, end = lines.start(numbers[at]), lines.start(numbers[at + length - 1] + 1)
        while skipped and skipped[0][1] <= start:
            skipped.pop(0)
        if not (skipped and skipped[0][0] <= start and end <= skipped[0][1]):
            where = _where(part, lines.start(numbers[first]))
            yield Hit(start, f"the same {_lines(length)} as {where}", (Edit(start, end),))
        at += length


def _where(part: Part, at: int) -> str:
    return "before in this text" if part.one_line else f"at line {part.line_of(at)}"


def _lines(number: int) -> str:
    return f"{number:,} lines" if number > 1 else "line"


def examples(part: Part) -> Iterator[Hit]:
    """Examples equal to an earlier one but for case, blanks, punctuation and their number."""
    found = list(_EXAMPLE.finditer(part.text))
    seen: dict[str, int] = {}
    limits = [match.start() for match in found[1:]]
    for match, limit in zip(found, [*limits, len(part.text)], strict=bool(found)):
        closing = (_CLOSE if match[0].endswith(">") else _END).search(part.text, match.end(), limit)
        end = closing.end() if closing else limit
        words = _NOISE.sub(" ", part.text[match.end() : end]).strip().casefold()
        if len(words) < 8:
            continue
        first = seen.setdefault(words, match.start())
        if first != match.start():
            where = _where(part, first)
            yield Hit(match.start(), f"the same example as {where}", (Edit(match.start(), end),))
