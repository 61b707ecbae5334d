"""What is kept of a prompt's text: keyed digests, its language and its length. Never the text."""

from __future__ import annotations

import hashlib

from llmcost.core.record import Record
from llmcost.tokens.ratios import language_class

#: A provider's prompt cache begins at 1,024 tokens or more; this many characters lie inside any such prefix.
PREFIX_CHARS = 4_096


class Features:
    """Digests are keyed with the ledger's own secret, so that they cannot be looked up elsewhere."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, record: Record) -> Record:
        text = record.prompt_text
        return record._replace(
            prompt_digest=self.digest(text),
            prefix_digest=self.digest(text[:PREFIX_CHARS]),
            language=language_class(text[:PREFIX_CHARS]) if text else "",
            prompt_chars=len(text),
            prompt_text="",
        )

    def digest(self, text: str) -> str:
        """The keyed digest the ledger keeps of a prompt's text."""
        return hashlib.blake2b(text.encode("utf-8", "replace"), key=self._key, digest_size=16).hexdigest()
