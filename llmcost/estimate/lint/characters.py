"""Characters nobody sees, which cost up to three tokens each; and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmcost.estimate.lint.part import Edit, Hit, Part, joined

_MARK = "\ufeff"
#: Zero width space, word joiner, soft hyphen, a byte order mark within, Mongolian vowel separator.
_INVISIBLE = re.compile(r"[\u200b\u2060\u00ad\u180e]|(?!\A)\ufeff")
#: Joiners form emoji and letters of many scripts; between ASCII they form nothing.
_JOINERS = re.compile(r"(?<=[\x20-\x7e])[\u200c\u200d](?=[\x20-\x7e])")
_NO_BREAK = re.compile(r"[\u00a0\u202f\u2007]")
_COMMENT = re.compile(r"<!--")


def byte_order_mark(part: Part) -> Iterator[Hit]:
    """A mark of the file's encoding; a program that reads the file as plain UTF-8 sends it."""
    if part.text.startswith(_MARK):
        yield Hit(0, "a byte order mark", (Edit(0, 1),), safe=True)


def invisible(part: Part) -> Iterator[Hit]:
    hits = [
        Hit(match.start(), "", (Edit(match.start(), match.end()),))
        for pattern in (_INVISIBLE, _JOINERS)
        for match in pattern.finditer(part.text)
    ]
    yield from joined(sorted(hits), "characters without a width")
    spaces = [
        Hit(match.start(), "", (Edit(match.start(), match.end(), " "),)) for match in _NO_BREAK.finditer(part.text)
    ]
    yield from joined(spaces, "blanks that do not break, where plain ones cost less")


def comments(part: Part) -> Iterator[Hit]:
    """HTML comments are sent like any text. Those of Jinja never are, and are not counted."""
    at, hits = 0, []
    while match := _COMMENT.search(part.text, at):
        end = part.text.find("-->", match.end())
        if end < 0:
            break
        at = end + 3
        if not part.lines.fixed[part.lines.at(match.start())]:
            hits.append(Hit(match.start(), "", (Edit(match.start(), at),)))
    yield from joined(hits, "an HTML comment, which the model reads")
