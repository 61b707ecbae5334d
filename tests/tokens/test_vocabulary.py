from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import tiktoken.load
import tiktoken.registry
import toktok

from llmcost.tokens import vocabulary
from llmcost.tokens.counter import Count, count
from llmcost.tokens.encodings import openai_tokenizer
from llmcost.tokens.vocabulary import BUILT_IN, at_hand, batch_count


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """tiktoken with nothing loaded and nothing in its cache, and a network that must not be used."""

    def download(blobpath: str) -> NoReturn:
        pytest.fail(f"downloads {blobpath}")

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    monkeypatch.setattr(tiktoken.load, "read_file", download)
    vocabulary.from_tiktoken.cache_clear()
    yield tmp_path
    vocabulary.from_tiktoken.cache_clear()


def test_what_is_built_in_is_what_toktok_has() -> None:
    with pytest.raises(KeyError, match="available") as error:
        toktok.batch_count([""], "no such")
    known = error.value.args[0].partition("available: ")[2].split(", ")
    assert set(known) - {"jev"} == BUILT_IN


@pytest.mark.parametrize("encoding", ["p50k_base", "p50k_edit", "r50k_base", "gpt2"])
def test_old_encodings_are_never_downloaded(empty_cache: Path, encoding: str) -> None:
    assert not at_hand(encoding)
    with pytest.raises(KeyError, match=encoding):
        batch_count(["x"], encoding)
    assert list(empty_cache.iterdir()) == []
    assert tiktoken.load.read_file.__name__ == "download"


def test_a_damaged_rank_file_is_none(empty_cache: Path) -> None:
    name = "ec7223a39ce59f226a68acc30dc1af2788490e15"  # SHA-1 of p50k_base's address, tiktoken's name for it
    (empty_cache / name).write_bytes(b"IQ== 0\n")
    assert not at_hand("p50k_base")
    assert list(empty_cache.iterdir()) == []  # tiktoken has looked at it and thrown it away


def test_an_encoding_nobody_knows_is_not_at_hand(empty_cache: Path) -> None:
    assert not at_hand("no such encoding")


def test_a_model_of_such_an_encoding_is_an_estimate_that_says_why(empty_cache: Path) -> None:
    tokenizer = openai_tokenizer("text-davinci-003")
    assert tokenizer is not None
    assert (tokenizer.encoding, tokenizer.rule, tokenizer.exact) == ("cl100k_base", None, False)
    assert tokenizer.doubt == "for p50k_base, whose ranks are not in tiktoken's cache"


def test_an_old_encoding_at_hand_is_exact(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256}
    encoding = tiktoken.Encoding("p50k_base", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={})
    monkeypatch.setitem(tiktoken.registry.ENCODINGS, "p50k_base", encoding)
    assert batch_count(["", "abab c", "<|endoftext|>"], "p50k_base") == [0, 4, 13]
    assert count("abab c", "text-davinci-003", "openai") == Count(4, True, "p50k_base", 4, 4)


@pytest.mark.parametrize(
    ("character", "o200k", "cl100k"),
    [("a", 8, 8), (" ", 128, 128), ("\n", 16, 32), ("=", 64, 64), ("中", 1, 1), ("1", 3, 3), ("\u0301", 1, 1)],
)
def test_one_long_line_is_counted_in_one_go(character: str, o200k: int, cl100k: int) -> None:
    # So many of the character make a token. Time that grew with the square of the length would not end.
    length = 3 * 2**19
    assert batch_count([character * length], "o200k_base") == [length // o200k]
    assert batch_count([character * length], "cl100k_base") == [length // cl100k]
