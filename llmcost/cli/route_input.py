"""What `llmcost route` is asked about: a prompt, a file that holds one, standard input, or lines of many."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from llmcost.tokens.prompt import Prompt

#: An argument that ends like this and has no spaces is a file name, also when there is no such file.
_FILE_ENDINGS = frozenset({".txt", ".md", ".json", ".jsonl", ".prompt", ".j2", ".jinja", ".yaml", ".yml"})


def is_lines(given: str) -> bool:
    """Whether the argument is a file of JSON Lines."""
    return given.lower().endswith(".jsonl") and _exists(given)


def opened(given: str) -> AbstractContextManager[BinaryIO]:
    """The lines to route."""
    if given == "-":
        return nullcontext(sys.stdin.buffer)
    if not _exists(given):
        raise UsageError(f"no such file: {given[:200]}", "name a file of JSON Lines, or - for standard input")
    return _file(Path(given))


@contextmanager
def _file(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            yield stream
    except PermissionError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the path and its permissions") from None


def prompt_of(given: str) -> tuple[str, Prompt]:
    """What the argument was taken for (`stdin`, `file`, `prompt`), and the prompt."""
    from llmcost.tokens.decode import Text, read_file, read_stream
    from llmcost.tokens.prompt import parse

    if given == "-":
        taken, source, is_json = "stdin", read_stream(sys.stdin.buffer, "standard input"), True
    elif _exists(given):
        taken, source, is_json = "file", read_file(Path(given)), given.lower().endswith(".json")
    elif Path(given).suffix.lower() in _FILE_ENDINGS and not any(map(str.isspace, given)):
        raise UsageError(f"no such file: {given}", "check the path; a prompt may also be piped in: llmcost route -")
    else:
        taken, source, is_json = "prompt", Text(given), False
    content = parse(source, json_allowed=is_json)
    if content.complete and not content.body.strip():
        raise UsageError("the prompt is empty", "give a text, a file or -")
    return taken, content


def _exists(given: str) -> bool:
    try:
        path = Path(given)
        if path.is_dir() and given:
            raise UsageError(f"{given} is a folder", "name one file; `llmcost estimate` takes folders")
        return bool(given) and path.exists()
    except (OSError, ValueError):
        # Too long for a file name, or a NUL byte: a prompt.
        return False
