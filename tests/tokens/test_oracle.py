"""Counts beside tiktoken's own, and beside numbers it once gave where its rank files are not at hand."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmcost.tokens.counter import count
from llmcost.tokens.decode import without_surrogates
from llmcost.tokens.vocabulary import batch_count
from tests.tokens.samples import ARTICLE, NEWER, is_newer, strings

if TYPE_CHECKING:
    from tiktoken import Encoding

RANKS = Path(__file__).resolve().parents[3] / "shared" / "data" / "tiktoken"
GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("tiktoken.json").read_text("utf-8"))
ENCODINGS = ("o200k_base", "cl100k_base")
here = pytest.mark.skipif(not RANKS.exists(), reason="tiktoken's rank files are not here")


def _loaded(encoding: str) -> Encoding:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(RANKS))
        import tiktoken

        return tiktoken.get_encoding(encoding)


@pytest.fixture(scope="module", params=ENCODINGS)
def oracle(request: pytest.FixtureRequest) -> Encoding:
    return _loaded(request.param)


def differing(oracle: Encoding, texts: list[str]) -> list[tuple[str, int, int]]:
    """(text, ours, tiktoken's) where they differ."""
    ours = batch_count([without_surrogates(text) for text in texts], oracle.name)
    theirs = [len(oracle.encode_ordinary(text)) for text in texts]
    assert len(ours) == len(theirs) == len(texts)
    return [case for case in zip(texts, ours, theirs, strict=True) if case[1] != case[2]]


def standard_library() -> list[str]:
    root = Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in root.rglob("*.py") if "site-packages" not in path.parts)
    return [path.read_text("utf-8", "replace") for path in files]


@here
def test_the_standard_library(oracle: Encoding) -> None:
    texts = standard_library()
    assert sum(map(len, texts)) > 8_000_000
    assert differing(oracle, texts) == []


@here
def test_an_article_in_chinese(oracle: Encoding) -> None:
    lines = ARTICLE.splitlines(keepends=True)
    assert differing(oracle, [ARTICLE, *lines, *ARTICLE, ARTICLE.replace("\n", "\r\n")]) == []


@here
def test_twenty_thousand_strings(oracle: Encoding) -> None:
    texts = strings(20_000)
    assert len(set(texts)) > 15_000
    assert differing(oracle, texts) == []


@here
def test_no_other_code_point_differs(oracle: Encoding) -> None:
    codes = [*range(0, 0xD800, 3), *range(0xE000, 0x34000, 3), *range(0xE0000, 0xE0200, 3)]
    texts = [f"a{chr(code)}b" for code in codes if not is_newer(code)]
    assert len(texts) > 60_000
    assert differing(oracle, texts) == []


@here
def test_the_list_of_newer_code_points_is_no_longer_than_it_must_be() -> None:
    oracle = _loaded("o200k_base")
    shapes = ("a{}b", "{}", "A{}a", "1{}1", " {}{} ", "!{}!", "{}'s", "\n{}\r")
    for code in {end for span in NEWER for end in span}:
        assert differing(oracle, [shape.replace("{}", chr(code)) for shape in shapes]), hex(code)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_counts_tiktoken_once_gave(encoding: str) -> None:
    texts, counts = GOLDEN["strings"], GOLDEN[encoding]
    assert len(texts) == len(counts) == 300
    assert batch_count([without_surrogates(text) for text in texts], encoding) == counts
    assert batch_count(ARTICLE.splitlines(), encoding) == GOLDEN[f"{encoding}_article_lines"]


@pytest.mark.parametrize(("model", "tokens"), [("gpt-4o", 670), ("gpt-4", 811)])
def test_the_article_as_one_message(model: str, tokens: int) -> None:
    assert count(ARTICLE, model, "openai")[:2] == (tokens + 7, True)
