"""JSON written with blanks and line ends between its tokens.

A block is taken out of a text when every one of its lines belongs to it. Only blanks between tokens go: strings,
numbers and the order of keys stay as they are spelt, so that any parser reads the same value before and after.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from llmcost.estimate.lint.part import Edit, Hit, Part

#: Deeper than any schema; what is deeper is no example a prompt needs.
_DEPTH = 100
_TOKEN = re.compile(
    r"[ \t\r\n]+|[{}\[\],:]|\"[^\"\\\x00-\x1f]*(?:\\.[^\"\\\x00-\x1f]*)*\""
    r"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null"
)
_STRING_OR_BLANKS = re.compile(r"(\"[^\"\\]*(?:\\.[^\"\\]*)*\")|[ \t\r\n]+")
#: Said shortly before a block, it may be a layout for the model to imitate.
_LAYOUT = re.compile(
    r"\b(?:layout|format\w*|exactly|verbatim|examples?|respond|response|reply|answers?|return\w*|output|below|follow\w*)\b"
    r"|格式|示例|例如|例子|输出|返回|回答|如下",
    re.IGNORECASE,
)
_SHORTLY = 400
_PAIRS = {"}": "{", "]": "["}


def blocks(part: Part) -> Iterator[Hit]:
    """Blocks of JSON that are longer than need be; those in code fences, or announced, may be a layout to imitate."""
    lines, at = part.lines, 0
    for index, begin in enumerate(lines.starts):
        content = lines[index]
        start = begin + len(content) - len(content.lstrip(" \t"))
        if start < at or part.text[start : start + 1] not in {"{", "["}:
            continue
        end, complete = _scan(part.text, start)
        # What an unfinished block holds is not looked at again: the search stays linear.
        at = end
        last = lines.at(end - 1)
        if not complete or lines[last][end - lines.starts[last] :].strip(" \t"):
            continue
        block = part.text[start:end]
        short, known = minified(block), _parsed(block)
        if short != block and known is not None:
            value, _ = known
            # On one line it may be prose: a box to tick, a reference.
            whole = last > index and not lines.kept[index]
            told = _LAYOUT.search(part.text, max(0, start - _SHORTLY), start) is not None
            safe = whole and not told and not any(lines.fixed[index : last + 1]) and _parsed(short) == (value, False)
            yield Hit(start, "blanks between the tokens of JSON", (Edit(start, end, short),), safe)


def minified(block: str) -> str:
    """`block` without the blanks between its tokens."""
    return _STRING_OR_BLANKS.sub(lambda match: match[1] or "", block)


def _scan(text: str, start: int) -> tuple[int, bool]:
    """Where the JSON container that begins at `start` ends, or where it stops to be JSON."""
    opened: list[str] = []
    at = start
    while token := _TOKEN.match(text, at):
        at = token.end()
        mark = token[0]
        if mark in {"{", "["}:
            opened.append(mark)
            if len(opened) > _DEPTH:
                break
        elif mark in _PAIRS:
            if opened.pop() != _PAIRS[mark]:
                break
            if not opened:
                return at, True
    return max(at, start + 1), False


def _parsed(block: str) -> tuple[object, bool] | None:
    """(the value, with numbers as they are spelt and keys in their order; whether a key is there twice)."""
    doubled = False

    def pairs(items: list[tuple[str, object]]) -> object:
        nonlocal doubled
        doubled = doubled or len({key for key, _ in items}) < len(items)
        return ("object", tuple(items))

    try:
        value = json.loads(
            block, object_pairs_hook=pairs, parse_int=lambda text: ("number", text),
            parse_float=lambda text: ("number", text),
        )  # fmt: skip
    except ValueError:
        return None
    return value, doubled
