"""Token counts of texts by encoding, without a network: toktok's vocabularies, else what tiktoken has at hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

#: The encodings toktok has built in.
BUILT_IN = frozenset({"o200k_base", "cl100k_base", "o200k_harmony", "qwen3.5"})


def at_hand(encoding: str) -> bool:
    """Whether texts can be counted by `encoding` here and now."""
    return encoding in BUILT_IN or from_tiktoken(encoding) is not None


def batch_count(texts: Sequence[str], encoding: str) -> list[int]:
    """Tokens of each text; strings such as <|endoftext|> are ordinary text. Texts hold no surrogates.

    Raises:
        KeyError: the encoding is not at hand.
    """
    if encoding in BUILT_IN:
        import toktok

        counts: list[int] = toktok.batch_count(texts, encoding)
        return counts
    found = from_tiktoken(encoding)
    if found is None:
        raise KeyError(encoding)
    return [len(found.encode_ordinary(text)) for text in texts]


@cache
def from_tiktoken(encoding: str) -> Encoding | None:
    """tiktoken's encoding where its rank file lies in tiktoken's cache; it is never downloaded."""
    import tiktoken
    import tiktoken.load

    download = tiktoken.load.read_file
    tiktoken.load.read_file = _refuse
    try:
        return tiktoken.get_encoding(encoding)
    except (OSError, ValueError):
        return None
    finally:
        tiktoken.load.read_file = download


def _refuse(blobpath: str) -> bytes:
    raise OSError(f"not downloaded: {blobpath}")
