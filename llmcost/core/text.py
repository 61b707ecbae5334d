"""Text from outside, made safe to show: no terminal escapes, no secrets, no runaway length."""

from __future__ import annotations

import re
import unicodedata

MAX_FIELD = 512

#: Much longer than MAX_FIELD, since what is redacted becomes shorter.
_MAX_READ = 4 * MAX_FIELD
#: Longer than any start of a key that is too short to be known as one.
_MAX_START = 64

_SECRET = re.compile(
    # A key begins where a word does, or behind an escape (\n, %20): "risk-assessment-of-loans" holds none.
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-F][0-9A-F]))(?:"
    r"(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic, Langfuse
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}"  # Stripe
    r"|AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z._-]{16,}"  # Google
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"  # GitHub, GitLab
    r"|xox[abprs]-[A-Za-z0-9-]{11,}"  # Slack
    r"|(?:gsk_|hf_|xai-|pplx-|nvapi-)[A-Za-z0-9_-]{20,}"  # Groq, Hugging Face, xAI, Perplexity, NVIDIA
    r"|eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){0,2}"  # JSON in base64, as a JSON web token begins
    r"|(?i:bearer)\s+[A-Za-z0-9._~+/=-]{16,}"
    r"|(?i:basic)\s+(?=[A-Z0-9+/_-]*[a-z])(?=[A-Za-z0-9+/_-]+[A-Z])[A-Za-z0-9+/_-]{8,}={0,2}"
    r")"
    r"|hooks\.slack\.com/services/[A-Za-z0-9/_-]+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # credentials in a URL
)
#: What every one of those holds, in lower case: most names hold none, and literals are found fast.
_HINT = re.compile(
    "sk-|pk-|rk-|sk_|rk_|aiza|ya29|akia|asia|ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|xox|gsk_|hf_|xai-|pplx-|nvapi-"
    "|eyj|bearer|basic|hooks|://"
)
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]|[\ud800-\udfff]"
)


def redact(text: str) -> str:
    """`text` with anything that looks like a credential replaced by its first characters and `…redacted`."""
    if _HINT.search(text.lower()) is None:
        return text
    return _SECRET.sub(lambda match: match[0][:4].partition(":")[0] + "…redacted", text)


def printable(text: str) -> str:
    """`text` on one line without control characters, bidirectional overrides or lone surrogates."""
    return _UNSAFE.sub("\ufffd", text) if _UNSAFE.search(text) else text


def clean_field(text: str) -> str:
    """A name from a log as it is stored: printable, redacted, at most 512 characters.

    Ordinary names pass through a fast path; two spellings of one name (NFC and NFD) become one.
    """
    if len(text) < 16 and text.isascii() and text.isprintable() and "@" not in text:
        return text
    cut = len(text) > _MAX_READ
    text = text[:_MAX_READ]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = redact(printable(text))
    if cut:
        # The last key may have been cut short itself.
        text = text[:-_MAX_START] + "…"
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
