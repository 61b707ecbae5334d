"""Remarks and errors on a terminal: broken between words, never within a command that is to be copied."""

from __future__ import annotations

import re
from typing import TextIO


def wrapped(text: str, stream: TextIO) -> str:
    """`text` in lines of `stream`'s terminal, later ones indented; as it is where the stream is none (logs, pipes)."""
    if not stream.isatty():
        return text
    import shutil
    from textwrap import TextWrapper

    width = shutil.get_terminal_size((80, 24)).columns
    lines = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip(" ")) + 2)
        fold = TextWrapper(width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        whole = re.sub(r"`[^`]*`", lambda quoted: quoted[0].replace(" ", "\u00a0"), line)
        lines += fold.wrap(whole) or [""]
    return "\n".join(lines).replace("\u00a0", " ")
