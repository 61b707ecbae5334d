"""prompts.yaml: which files are prompts, and what is declared of their calls."""

from __future__ import annotations

from fractions import Fraction

import pytest

from llmcost.core.errors import ConfigError
from llmcost.estimate.prompts import Calls, PromptFile, read

FILE = """
include: [prompts/, "*.tmpl.md"]
exclude: [prompts/old/]
code: [src/**/*.py]
model: gpt-4o-mini
cached_share: 50%
prompts:
  - path: prompts/support.j2
    name: support
    where: {app: chatbot, tag.step: answer}
    model: gpt-4o
    output_tokens: 400
    calls_per_month: 20000
    variables: {product: Widget}
    variable_tokens: {question: 120}
  - path: "prompts/*.j2"
    output_tokens: 90
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("prompts/a.txt", True), ("app/prompts/deep/b.md", True), ("x.prompt", True), ("a/b.j2", True),
        ("greet.prompt.md", True), ("prompts/c.yaml", True), ("提示/prompt/你好.txt", True),
        ("README.md", False), ("docs/a.yaml", False), ("prompts/run.py", False), ("prompts/logo.png", False),
        ("prompts.yaml", False), ("a.txt", False),
    ],
)  # fmt: skip
def test_prompts_without_a_file(path: str, expected: bool) -> None:
    assert PromptFile().is_prompt(path) is expected


def test_code_without_a_file() -> None:
    assert PromptFile().is_code("src/app.py")
    assert PromptFile().is_code("web/call.tsx")
    assert not PromptFile().is_code("main.go")


def test_the_patterns_of_a_file_replace_the_defaults() -> None:
    found = read(FILE, "prompts.yaml")
    assert found.is_prompt("prompts/a.txt")
    assert found.is_prompt("x/y.tmpl.md")
    assert not found.is_prompt("prompts/old/a.txt")
    assert not found.is_prompt("a.j2")
    assert found.is_code("src/deep/a.py")
    assert not found.is_code("tools/a.py")


def test_a_file_named_by_a_rule_is_a_prompt_whatever_include_says() -> None:
    found = read("prompts: [{path: texts/hello.txt}]", "prompts.yaml")
    assert found.is_prompt("texts/hello.txt")
    assert found.is_prompt("prompts/a.txt")
    assert not found.is_prompt("texts/other.txt")


def test_the_first_rule_that_matches_over_the_defaults() -> None:
    found = read(FILE, "prompts.yaml")
    assert found.calls("prompts/support.j2") == Calls(
        "support", (("app", "chatbot"), ("tag.step", "answer")), "gpt-4o", 400, 20_000, Fraction(1, 2),
        (("product", "Widget"),), (("question", 120),),
    )  # fmt: skip
    assert found.calls("prompts/other.j2") == Calls(
        "prompts/other.j2", (("prompt_id", "prompts/other.j2"),), "gpt-4o-mini", 90, None, Fraction(1, 2)
    )
    assert found.calls("prompts/a.txt").model == "gpt-4o-mini"


def test_a_share_of_zero_is_a_declaration() -> None:
    found = read("cached_share: 50%\nprompts: [{path: a.txt, cached_share: 0}]", "prompts.yaml")
    assert found.calls("a.txt").cached_share == 0


def test_without_a_file_rows_are_found_by_the_path() -> None:
    assert PromptFile().calls("prompts/a.txt") == Calls("prompts/a.txt", (("prompt_id", "prompts/a.txt"),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prompt: []", "p.yaml:1: unknown key 'prompt'; did you mean 'prompts'?"),
        ("prompts:\n  - path: a\n    modle: x", "p.yaml:3: unknown key 'modle'; did you mean 'model'?"),
        ("prompts:\n  - model: x", "p.yaml:2: a prompt has no 'path'"),
        (
            "prompts: [{path: a, where: {user_name: x}}]",
            "p.yaml:1: unknown dimension 'user_name'; did you mean 'user'?",
        ),
        ("prompts: [{path: a, where: [x]}]", "p.yaml:1: 'where' must be a mapping"),
        ("prompts: [{path: a, where: {app: [x]}}]", "p.yaml:1: 'app' in 'where' must be text"),
        (
            "prompts: [{path: a, variable_tokens: {q: many}}]",
            "p.yaml:1: the size of 'q' is not a number of tokens: 'many'",
        ),
        ("calls_per_month: 0", "p.yaml:1: 'calls_per_month' must be greater than zero"),
        ("calls_per_month: lots", "p.yaml:1: 'calls_per_month' must be a whole number: lots"),
        ("calls_per_month: 2.50", "p.yaml:1: 'calls_per_month' must be a whole number: 2.50"),
        ("cached_share: 100%", "p.yaml:1: 'cached_share' must be at least 0% and below 100%: 100%"),
        ("include: prompts/", "p.yaml:1: 'include' must be a list"),
        ("- a", "p.yaml:1: a prompts file must be a mapping of keys to values"),
    ],
)  # fmt: skip
def test_mistakes_name_the_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, "p.yaml")
    assert caught.value.message == message


def test_hostile_patterns_take_no_time() -> None:
    found = read(f'include: ["{"*a" * 100}b"]', "p.yaml")
    assert not found.is_prompt("a" * 4000 + ".txt")
