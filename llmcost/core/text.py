"""Text from outside, made safe to show: no terminal escapes, no secrets, no runaway length."""

from __future__ import annotations

import re
import unicodedata

MAX_FIELD = 512

_SECRET = re.compile(
    r"(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic, Langfuse keys
    r"|AIza[0-9A-Za-z_-]{30,}"  # Google
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{30,}"  # GitHub
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|hooks\.slack\.com/services/[A-Za-z0-9/_-]+"
    r"|(?i:bearer)\s+[A-Za-z0-9._~+/=-]{16,}"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # credentials in a URL
)
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]|[\ud800-\udfff]"
)


def redact(text: str) -> str:
    """`text` with anything that looks like a credential replaced by its first characters and `…redacted`."""
    return _SECRET.sub(lambda match: match[0][:4].partition(":")[0] + "…redacted", text)


def printable(text: str) -> str:
    """`text` on one line without control characters, bidirectional overrides or lone surrogates."""
    return _UNSAFE.sub("\ufffd", text) if _UNSAFE.search(text) else text


def clean_field(text: str) -> str:
    """A name from a log as it is stored: printable, redacted, at most 512 characters.

    Ordinary names pass through a fast path; two spellings of one name (NFC and NFD) become one.
    """
    if text.isascii() and text.isprintable() and len(text) < 16:
        return text
    text = text[: MAX_FIELD + 1]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = redact(printable(text))
    return text if len(text) <= MAX_FIELD else text[: MAX_FIELD - 1] + "…"


#: What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection), after our own guards.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def guarded(text: str) -> str:
    """`text` as a cell no spreadsheet runs: an apostrophe goes before what could begin a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def shorten(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"
