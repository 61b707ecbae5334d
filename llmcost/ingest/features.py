"""What is kept of a prompt's text: keyed digests, its language and its length. Never the text."""

from __future__ import annotations

import hashlib

from llmcost.core.record import Record

#: A provider's prompt cache begins at 1,024 tokens or more; this many characters lie inside any such prefix.
PREFIX_CHARS = 4_096


class Features:
    """Digests are keyed with the ledger's own secret, so that they cannot be looked up elsewhere."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, record: Record) -> Record:
        text = record.prompt_text
        return record._replace(
            prompt_digest=self._digest(text),
            prefix_digest=self._digest(text[:PREFIX_CHARS]),
            language=script_of(text[:PREFIX_CHARS]),
            prompt_chars=len(text),
            prompt_text="",
        )

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode("utf-8", "replace"), key=self._key, digest_size=16).hexdigest()


def script_of(text: str) -> str:
    """cjk, code or latin: the classes whose tokens per character differ most; empty for empty text."""
    if not text:
        return ""
    wide = sum(
        1
        for character in text
        if "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af"
    )
    if wide * 4 > len(text):
        return "cjk"
    marks = sum(1 for character in text if character in "{}[]();=<>_/\\#$`|&")
    return "code" if marks * 12 > len(text) else "latin"
