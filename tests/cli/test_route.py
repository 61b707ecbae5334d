from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.estimate.books import PRICES
from tests.run import Ran, llmcost

POLICY = """
version: 1
output_tokens: 100
quality_floor: {low: 0, medium: 0.5, high: 0.75}
candidates:
  - {model: gpt-4o, provider: openai, quality: 0.8, context_window: 128000, capabilities: [tools, vision]}
  - {model: gpt-4o-mini, provider: openai, quality: 0.6, context_window: 128000, capabilities: [tools]}
"""


@pytest.fixture(autouse=True)
def files(isolated: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices and a policy of our own, and one cache of compiled prices for all tests."""
    Path("pricing.yaml").write_text(PRICES, "utf-8")
    Path("routing.yaml").write_text(POLICY, "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "prices-cache"))


def route(*arguments: str, stdin: bytes = b"") -> Ran:
    return llmcost("route", "--as-of", "2026-06-01T00:00:00Z", *arguments, stdin=stdin)


def model(*arguments: str) -> str | None:
    found: str | None = route(*arguments, "--json").json["model"]
    return found


def test_a_prompt_goes_to_the_cheapest_that_is_good_enough() -> None:
    ran = route("hello", "--json")
    assert ran.code == 0
    assert (ran.json["model"], ran.json["provider"], ran.json["schema_version"]) == ("gpt-4o-mini", "openai", 1)
    # 8 x 0.15 + 100 x 0.6, and 8 x 2.5 + 100 x 10, in $/M
    assert [(c["model"], c["expected_cost_usd"], c["p_good"]) for c in ran.json["candidates"]] == [
        ("gpt-4o-mini", "0.0000612", 0.6), ("gpt-4o", "0.00102", 0.8),
    ]  # fmt: skip
    assert (ran.json["output_tokens"], ran.json["output_tokens_assumed"]) == (100, True)
    assert "input: taken as the prompt's own text" in ran.err
    assert "100 tokens are assumed" in ran.err


def test_a_hard_prompt_raises_the_floor_unless_told_not_to() -> None:
    assert model("请详细分析这份财报数据") == "gpt-4o"
    assert model("请详细分析这份财报数据", "--no-complexity") == "gpt-4o-mini"
    ran = route("prove it", "--json")
    assert ran.json["complexity"] == {"level": "high", "basis": "heuristic", "cues": ["prove"]}
    assert ran.json["constraints"]["floor"] == 0.75


def test_constraints() -> None:
    assert model("hello", "--min-quality", "0.7") == "gpt-4o"
    assert model("hello", "--require", "tools,vision") == "gpt-4o"
    assert model("prove it", "--candidates", "gpt-4o-mini") == "gpt-4o-mini"
    assert model("hello", "--candidates", "gpt-4o-mini, gpt-5", "--output-tokens", "0") == "gpt-4o-mini"


def test_nothing_fits_is_exit_6_with_the_reasons() -> None:
    ran = route("hello", "--max-usd", "0.00005", "--require", "vision", "--json")
    assert ran.code == 6
    assert ran.json["model"] is None
    assert [each["rejected_because"] for each in ran.json["candidates"]] == [
        "has no vision; costs $0.0000612, more than $0.00005", "costs $0.00102, more than $0.00005",
    ]  # fmt: skip
    assert ran.err.splitlines()[-2].startswith("error: no candidate is left: gpt-4o-mini: has no vision")
    assert ran.err.splitlines()[-1].startswith("hint: ")


def test_a_file_that_exists_is_a_file_and_the_output_says_so() -> None:
    Path("prompt").write_text("prove it", "utf-8")
    ran = route("prompt", "--json")
    assert ran.json["input"] == {"taken_as": "file", "path": "prompt"}
    assert ran.json["complexity"]["level"] == "high"
    assert "input: taken as a file: prompt" in ran.err


def test_standard_input_and_chat_messages() -> None:
    body = json.dumps([{"role": "user", "content": "prove it"}]).encode()
    ran = route("-", "--json", stdin=body)
    assert (ran.json["input"]["taken_as"], ran.json["model"]) == ("stdin", "gpt-4o")


def test_a_prompt_too_long_for_a_file_name_is_a_prompt() -> None:
    ran = route("hello " * 2_000, "--json")
    assert (ran.code, ran.json["input"]["taken_as"]) == (0, "prompt")


def test_text_output() -> None:
    ran = route("hello")
    assert ran.out.startswith("gpt-4o-mini: cheapest of 2 (of 2) candidates")
    assert ran.out.rstrip().endswith("output: 100 tokens (assumed; --output-tokens N)")


def test_without_a_policy_the_packaged_example_serves() -> None:
    Path("routing.yaml").unlink()
    ran = route("hello", "--json")
    assert ran.json["policy"].endswith("llmcost/routing/routing.yaml")
    assert len(ran.json["candidates"]) >= 3


def test_another_policy() -> None:
    Path("mine.yaml").write_text("candidates: [{model: gpt-5, quality: 0.9}]", "utf-8")
    ran = route("hello", "--policy", "mine.yaml", "--json")
    assert (ran.json["model"], ran.json["policy"], ran.json["output_tokens"]) == ("gpt-5", "mine.yaml", 500)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "the prompt is empty"),
        (("  \n",), "the prompt is empty"),
        (("absent.txt",), "no such file: absent.txt"),
        (("folder",), "folder is a folder"),
        (("hello", "--candidates", "gpt-4x"), "no price for candidate 'gpt-4x'; did you mean 'gpt-4"),
        (("hello", "--candidates", " , "), "names no model"),
        (("hello", "--min-quality", "1.5"), "--min-quality '1.5' is no number from 0 to 1"),
        (("hello", "--min-quality", "nan"), "--min-quality 'nan'"),
        (("hello", "--max-usd", "-1"), "--max-usd '-1' is no amount"),
        (("hello", "--max-usd", "cheap"), "--max-usd 'cheap' is no amount"),
        (("hello", "--require", "visoin"), "unknown capability 'visoin'; did you mean 'vision'?"),
        (("hello", "--policy", "absent.yaml"), "cannot read absent.yaml"),
        (("hello", "--policy", "bad.yaml"), "bad.yaml:1: unknown key 'candidats'; did you mean 'candidates'?"),
        (("hello", "--policy", "unpriced.yaml"), "no price for candidate 'gpt-4x' (unpriced.yaml:1)"),
    ],
)
def test_mistakes_are_two_lines_and_exit_2(arguments: tuple[str, ...], message: str) -> None:
    Path("folder").mkdir()
    Path("bad.yaml").write_text("candidats: []", "utf-8")
    Path("unpriced.yaml").write_text("candidates: [{model: gpt-4x}]", "utf-8")
    ran = route(*arguments)
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert message in lines[-2]
    assert lines[-1].startswith("hint: ")
