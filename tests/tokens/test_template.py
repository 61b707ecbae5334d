from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.errors import UsageError
from llmcost.tokens import template
from llmcost.tokens.counter import count
from llmcost.tokens.decode import Text
from llmcost.tokens.prompt import parse
from llmcost.tokens.template import (
    Rendered,
    filled,
    front_matter,
    is_jinja,
    placeholders,
    prompt,
    render,
    static_prefix,
)


def test_placeholders_in_order_of_appearance() -> None:
    text = "Dear {{ name }}, {{doc.text}} and {{ name }}; {{#each x}} {{ 1 }} {{}} {single} {{ä-b}}"
    assert placeholders(text) == ("name", "doc.text", "ä-b")


def test_jinja_variables_in_order_but_for_those_it_sets() -> None:
    text = (
        "{% set a = b %}{{ a }}{% for x in items %}{{ x.name|upper }} {{ loop.index }}{% endfor %}"
        "{% if c %}{{ d[e] }}{% endif %}"
    )
    assert placeholders(text, jinja=True) == ("b", "items", "c", "d", "e")
    assert placeholders("{# {{ no }} #}{% raw %}{{ no }}{% endraw %}", jinja=True) == ()
    with pytest.raises(UsageError, match="the template cannot be rendered: line 1: unexpected '}'"):
        placeholders("{{ }", jinja=True)


def test_names_are_found_without_running_anything() -> None:
    assert placeholders("{{ 'x' * 10**12 }}{{ a }}", jinja=True) == ("a",)


def test_a_template_is_jinja_by_its_suffix_or_as_variables_are_given() -> None:
    assert is_jinja("{{ a }}", ".J2")
    assert is_jinja("", ".jinja")
    assert is_jinja("{% if a %}x{% endif %}", ".txt", variables_given=True)
    assert not is_jinja("{% if a %}x{% endif %}", ".txt")
    assert not is_jinja("{{ a }}", ".txt", variables_given=True)


def test_texts_are_filled_in_and_sizes_are_added() -> None:
    assert render("{{a}}-{{ b }}-{{b}}-{{c}}", {"a": "x", "b": 500}) == Rendered("x---", ("c",), 1000)


def test_a_value_is_not_looked_at_for_placeholders() -> None:
    assert render("{{a}}", {"a": r"{{b}} \1 {% x %}", "b": "no"}).text == r"{{b}} \1 {% x %}"


def test_a_result_that_is_too_large_is_refused() -> None:
    with pytest.raises(UsageError, match="larger than 64 MiB"):
        render("{{a}}" * 1_000, {"a": "x" * 100_000})


def test_a_jinja_template_without_tags_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmcost.tokens.jinja.render", None)
    assert render("a { b }", {"a": "x"}, jinja=True) == Rendered("a { b }")


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("You are {{role}}. {{x}}", "You are "), ("nothing", "nothing"), ("{{a}}", ""),
        ("a {{ 1 }} {{b}}", "a {{ 1 }} "),
        ("{% if x %}", "{% if x %}"),
    ],
)  # fmt: skip
def test_the_static_prefix_ends_at_the_first_placeholder(text: str, prefix: str) -> None:
    assert static_prefix(text) == prefix


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("a{# {{ x }} #}b{{ y }}", "a{# {{ x }} #}b"),
        ("{% raw %}{{ x }}{% endraw %}b{% if c %}", "{% raw %}{{ x }}{% endraw %}b"),
        ("{% set a = 1 %}text{{ a }}", "{% set a = 1 %}text"), ("{% include 'x' %}", ""), ("{ a }} %}", "{ a }} %}"),
        ("{% set a %}x{% endset %}", ""), ("tail {", "tail {"),
    ],
)  # fmt: skip
def test_the_static_prefix_of_jinja_ends_at_the_first_tag_that_shows_something(text: str, prefix: str) -> None:
    assert static_prefix(text, jinja=True) == prefix


@given(st.text(alphabet="{}%# abraw\n=set", max_size=60), st.booleans())
def test_a_static_prefix_is_a_prefix(text: str, jinja: bool) -> None:
    assert text.startswith(static_prefix(text, jinja=jinja))


@given(
    st.text(alphabet="{} ab\n%#", max_size=40), st.dictionaries(st.sampled_from(["a", "b", "ab"]), st.text(max_size=5))
)
def test_filling_leaves_the_static_prefix_as_it_is(text: str, variables: dict[str, str]) -> None:
    assert render(text, variables).text.startswith(static_prefix(text))


def test_front_matter_is_settings_and_not_text() -> None:
    config = "config:\n  maxOutputTokens: 500\n  temperature: 0.2\n"
    text = f"---\nmodel: googleai/gemini-2.5-flash\n{config}input:\n  schema: {{}}\n---\nHi {{{{a}}}}"
    found = front_matter(text)
    assert found.body == "Hi {{a}}"
    assert (found.model, found.max_output_tokens) == ("gemini-2.5-flash", 500)
    assert found.values == {"model": "googleai/gemini-2.5-flash", "maxOutputTokens": "500", "temperature": "0.2"}
    assert front_matter("---\r\nmodel: gpt-4o\r\n---\r\nx").body == "x"


@pytest.mark.parametrize(
    "text",
    [
        "no", "---\ntitle: a page\n---\nx", "---\n- model\n---\nx", "---\nmodel: [\n---\nx",
        "---\n&a model: *a\n---\nx",
        "---\nmodel: gpt-4o\n", "---", "", "----\nmodel: x\n---\n", "text\n---\nmodel: x\n---\n", "---\n\n---\nx",
        "---\nmodel: x\n" + "#" * 70_000 + "\n---\nx",
    ],
)  # fmt: skip
def test_anything_else_at_the_beginning_is_text(text: str) -> None:
    assert front_matter(text) == ({}, text)


@pytest.mark.parametrize("most", ["many", "-1", "0", "1e3", "9" * 30, "500.5"])
def test_a_most_that_is_no_number_is_none(most: str) -> None:
    assert front_matter(f"---\nmodel: m\nmax_tokens: {most}\n---\n").max_output_tokens is None


def test_a_prompt_file_is_read_whole() -> None:
    made = prompt(
        "---\nmodel: gpt-4o\nmax_tokens: 50\n---\nSay {{a}} {{b}} {{c}}",
        {"a": "hi", "b": 300},
        notes=("n",),
        faithful=True,
    )
    assert made.texts == ("user", "Say hi  ")
    assert (made.model, made.max_output_tokens, made.extra_tokens, made.missing) == ("gpt-4o", 50, 300, ("c",))
    assert made.notes == (
        "n", "front matter left out", "not filled, so not counted: c", "300 tokens for variables of a declared size",
    )  # fmt: skip
    assert not made.complete
    assert prompt("plain", {}).complete
    assert not prompt("plain", {}, faithful=False).complete


def test_messages_are_filled_too() -> None:
    made = parse(Text('[{"role": "user", "content": "{{a}} {{b}} {{c}} {{c}}"}]'), json_allowed=True)
    done = filled(made, {"a": "x", "c": 10})
    assert done.texts == ("user", "x   ")
    assert (done.body, done.missing, done.extra_tokens, done.complete) == ("x   ", ("b",), 20, False)
    assert done.notes == ("not filled, so not counted: b", "20 tokens for variables of a declared size")
    assert filled(made, {"a": "", "b": "", "c": ""}).complete
    assert not filled(made, {"a": "", "b": "", "c": 10}).complete
    assert not filled(made, {"a": "", "b": ""}).complete


def test_filled_messages_are_counted_anew() -> None:
    made = parse(Text('[{"role": "user", "content": "{{a}}"}]'), json_allowed=True)
    before = count(made, "gpt-4o").tokens
    # As a text of the same messages that has never been a template.
    assert count(filled(made, {"a": "hello " * 50}), "gpt-4o") == count("hello " * 50, "gpt-4o")
    assert count(made, "gpt-4o").tokens == before


def test_the_pattern_of_the_static_prefix_takes_no_long_time() -> None:
    for text in ("{% set a = b " * 5_000, "{#" * 20_000, "{% raw %}" * 5_000, "{" * 100_000):
        static_prefix(text, jinja=True)
        placeholders(text)


def test_front_matter_takes_no_long_time() -> None:
    assert template.front_matter("---\n" + "--- x\n" * 20_000).values == {}


def test_jinja_is_rendered_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "part.txt").write_text("part of {{ who }}", "utf-8")
    found = render("{% include 'part.txt' %} {{ who }} {{ doc }}{{ doc }} {{ gone.x }}", {"who": "me", "doc": 40},
                   jinja=True, folder=tmp_path)  # fmt: skip
    assert found == Rendered("part of me me  ", ("gone",), 80)


def test_many_openings_take_no_long_time() -> None:
    assert not is_jinja("{%" * 2**20, variables_given=True)
    assert static_prefix("{% set a" + "=" * 2**20, jinja=True) == ""


def test_a_remark_names_the_first_placeholders() -> None:
    made = prompt(" ".join(f"{{{{v{number}}}}}" for number in range(1_000)), {})
    assert len(made.missing) == 1_000
    assert made.notes == ("not filled, so not counted: v0, v1, v2, v3, v4, v5, v6, v7, v8, v9 and 990 more",)
