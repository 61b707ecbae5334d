"""Bytes from a file as the text a program would send: encoding, byte order mark, what is no text at all."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import BinaryIO, NamedTuple

from llmcost.core.errors import UsageError

#: A prompt beyond this is no prompt of any model sold today (1M tokens are about 4 MB of English).
MAX_BYTES = 64 * 2**20
#: Most prompts are smaller. `read` allocates what it is asked for, so that asking for 64 MiB each time is slow.
_MOST = 2**18
_TOO_LARGE = f"larger than {MAX_BYTES // 2**20} MiB"

#: Of files that may hold no NUL byte near their beginning; none that a text could begin with.
_SIGNATURES = (
    b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"7z\xbc\xaf", b"\x89PNG", b"\xff\xd8\xff",
    b"\x7fELF", b"MZ\x90", b"SQLite format 3\0",
)  # fmt: skip
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\b\x1b") + b"\x7f"
_PROBE = 8192
_WIDE_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class NotTextError(UsageError):
    """The input is binary or too large to be a prompt. `kind` is `binary` or `too_large`."""

    def __init__(self, kind: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.kind = kind


class Text(NamedTuple):
    """What a file holds. `notes` says what was changed in reading it."""

    text: str
    notes: tuple[str, ...] = ()
    faithful: bool = True
    """False when bytes were replaced, so that what a program would send is not known."""


def read_file(path: Path) -> Text:
    """The text of `path`, which may be a pipe.

    Raises:
        NotTextError: binary, or larger than `MAX_BYTES`.
        UsageError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return read_stream(stream, str(path))
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}", "check the path and its permissions"
        ) from None


def read_stream(stream: BinaryIO, name: str) -> Text:
    """The text of an open stream; errors as `read_file`."""
    data = stream.read(_MOST)
    if len(data) == _MOST:
        data += stream.read(MAX_BYTES + 1 - _MOST)
    if len(data) > MAX_BYTES:
        raise NotTextError("too_large", f"{name} is {_TOO_LARGE}", "a prompt is smaller; split the file")
    return decode(data, name)


def decode(data: bytes, name: str) -> Text:
    """UTF-8, or UTF-16 with a byte order mark. Other bytes are replaced by U+FFFD, and a note says how many.

    Raises:
        NotTextError: `data` is binary: a known signature, a NUL byte, or full of control characters.
    """
    if (wide := _WIDE_MARKS.get(data[:2])) and not data.startswith(codecs.BOM_UTF32_LE):
        text = data.decode(wide, "replace")
        return _noted(text, ["read as UTF-16"], text.count("\ufffd"))
    if data.startswith(_SIGNATURES) or b"\0" in data or _mostly_control(data[:_PROBE]):
        raise NotTextError("binary", f"{name} is not text", "name text files; extract the text of a document first")
    notes = []
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
        notes.append("byte order mark left out")
    try:
        return Text(data.decode("utf-8"), tuple(notes))
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        return _noted(text, notes, text.count("\ufffd") - data.count(b"\xef\xbf\xbd"))


def _mostly_control(data: bytes) -> bool:
    """Whether one byte in twenty is a control character that no text has; a stray one in a log is let pass."""
    return len(data) - len(data.translate(None, _CONTROL)) > len(data) // 20 + 1


def _noted(text: str, notes: list[str], replaced: int) -> Text:
    if replaced:
        notes.append(f"not valid UTF-8: {replaced:,} characters replaced")
    return Text(text, tuple(notes), not replaced)


def without_surrogates(text: str) -> str:
    """`text` with surrogate pairs joined and lone ones replaced by U+FFFD, as tiktoken encodes them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
