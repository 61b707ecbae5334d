from __future__ import annotations

import json
from pathlib import Path

import pytest

from llmcost.core.errors import ConfigError, DataError
from llmcost.tokens.calibration import Sample, dumped, learn, load
from llmcost.tokens.counter import Count, count
from llmcost.tokens.families import family_of
from llmcost.tokens.ratios import Band

CLAUDE = family_of("claude-sonnet-4-5")


def sample(text: int, billed: int, tokens: int = 100, provider: str = "anthropic") -> Sample:
    return Sample(provider, CLAUDE, "latin", text, tokens, ("user",), billed)


def test_the_frame_is_no_part_of_the_ratio() -> None:
    # 127 billed, 7 of them Claude's frame around one message, for 100 tokens of text.
    assert sample(1, 127).ratio == 1.2


@pytest.mark.parametrize("billed", [56, 258])
def test_a_text_that_is_not_all_that_was_billed_has_no_ratio(billed: int) -> None:
    assert sample(1, billed).ratio is None
    assert learn([sample(1, billed)]) == {}


def test_a_text_sent_often_is_one_sample() -> None:
    often = [sample(1, 207) for _ in range(100)]
    others = [sample(number, 107 + number) for number in range(2, 22)]
    # Ratios 2.00 once and 1.02 to 1.21: of these 21 the median is 1.12, rank 1 is 1.03, rank 19 is 1.21.
    assert learn(often + others) == {("anthropic", "claude-3", "latin"): Band(112, 103, 121, 21)}


def test_few_texts_have_no_bounds_unless_few_are_asked_for() -> None:
    key = ("anthropic", "claude-3", "latin")
    assert learn([sample(1, 117), sample(2, 127)]) == {key: Band(115, None, None, 2)}
    assert learn([sample(1, 107), sample(2, 127)], least=2) == {key: Band(110, 101, 119, 2)}


def test_providers_are_learned_apart() -> None:
    assert [key[0] for key in learn([sample(1, 117), sample(1, 127, provider="aws")])] == ["anthropic", "aws"]


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    ratios = {
        ("anthropic", "claude-3", "latin"): Band(112, 103, 121, 21),
        ("aws", "x", "code"): Band(100, None, None, 3),
    }
    path = tmp_path / "ratios.json"
    path.write_text(dumped(ratios))
    assert load(path) == {("anthropic", "claude-3", "latin"): Band(112, 103, 121, 21)}
    assert load(tmp_path / "none") == {}


def test_nothing_is_not_saved() -> None:
    with pytest.raises(DataError, match="no ratio to save"):
        dumped({("aws", "x", "code"): Band(100, None, None, 3)})


GOOD = {"provider": "p", "family": "f", "class": "latin", "percent": 100, "low": 90, "high": 110, "n": 20}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"[" * 100_000, b"\xff", b'{"ratios": 5}', b" " * (2**20 + 1),
        *(
            json.dumps({"ratios": [{**GOOD, **change}]}).encode()
            for change in (
                {"percent": 1.5}, {"percent": True}, {"low": 0}, {"low": 101}, {"high": 99}, {"high": 10**9},
                {"n": 0}, {"class": "__class__"}, {"provider": 5}, {"low": None},
            )
        ),
    ],
)  # fmt: skip
def test_a_damaged_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ratios.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="is not a file of ratios"):
        load(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot read"):
        load(path)


def test_an_estimate_uses_what_the_ledger_taught() -> None:
    text = "The quick brown fox jumps over the lazy dog."  # ten tokens
    learned = {("anthropic", "claude-3", "latin"): Band(150, 140, 165, 34)}
    method = "o200k_base x 1.50 (latin), p5-p95 1.40-1.65, n=34, calibrated on your ledger"
    assert count(text, "claude-sonnet-4-5", "anthropic", ratios=learned) == Count(22, False, method, 21, 25)
    assert "ledger" not in count(text, "claude-sonnet-4-5", "aws", ratios=learned).method
