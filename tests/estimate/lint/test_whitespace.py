from __future__ import annotations

import re

import jinja2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from llmcost.estimate.lint.whitespace import blank_lines, indentation, inner_blanks, trailing
from tests.estimate.lint.parts import changed, hits


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a \nb\t\nc\n", "a\nb\nc\n"),
        ("a  \nb\n", "a  \nb\n"),  # a hard line break
        ("a  \n\nb\n", "a\n\nb\n"),  # at the end of a paragraph there is none
        ("a  \n", "a\n"),
        ("a \t\nb\n", "a\nb\n"),
        ("a \r\nb\r\n", "a\r\nb\r\n"),
        ("a\n \t\nb\n", "a\n\nb\n"),
        ("a ", "a "),  # a program may write on behind it
        ("a\\ \nb\n", "a\\ \nb\n"),  # without the blank the backslash would break the line
        ("```\na \n```\nb \n", "```\na \n```\nb\n"),
        ("    a \n", "    a \n"),
        ("{% if x %} \na \n", "{% if x %} \na\n"),
        ("<%= x -%> \na \n", "<%= x -%> \na\n"),
    ],
)
def test_blanks_at_line_ends(text: str, after: str) -> None:
    assert changed(trailing, text) == after


def test_what_may_mean_something_is_told_apart() -> None:
    assert [(hit.safe, hit.places) for hit in hits(trailing, "a \nb \n```\nc \n```\n")] == [(True, 2), (False, 1)]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a\n\n\n\nb\n", "a\n\nb\n"),
        ("a\r\n\r\n \r\nb", "a\r\n\r\nb"),
        ("a\n\nb\n", "a\n\nb\n"),
        ("a\n\n\n", "a\n\n"),
        ("\n\n\na\n", "\na\n"),
        ("a\n```\n\n\n```\n", "a\n```\n\n\n```\n"),
        ("    a\n\n\n    b\n", "    a\n\n\n    b\n"),
        ("{% endif %}\n\n\na\n", "{% endif %}\n\n\na\n"),
    ],
)
def test_one_blank_line_is_enough(text: str, after: str) -> None:
    assert changed(blank_lines, text) == after


def test_a_text_indented_as_a_whole_is_told_and_left() -> None:
    (hit,) = hits(indentation, "  a\n    b\n\n  c\n")
    assert (hit.safe, hit.places, hit.message) == (False, 3, "every line is indented by 2 blanks")
    assert changed(indentation, "  a\n    b\n\n  c\n", safe=False) == "a\n  b\n\nc\n"
    assert hits(indentation, "  a\n  b\nc\n") == []
    assert hits(indentation, " \ta\n  b\n \tc\n") == []


def test_blanks_between_words_are_told_and_left() -> None:
    assert changed(inner_blanks, "a   b  c\n  d | e  | f\n", safe=False) == "a b c\n  d | e  | f\n"
    assert all(not hit.safe for hit in hits(inner_blanks, "a   b"))


FRAGMENTS = [
    "text", "a ", "b  ", "c\t", "", " ", "  ", "    ", "\t", "- item ", "* x  ", "1. one ", "  cont ", "   three ",
    "    code ", "\tcode  ", "     five ", "```", "```python ", "~~~ ", "  ```", "    ```", "- ```", "> quote ",
    "> ```", ">", "`span ", "end` ", "``x ` ", "\\ ", "a\\  ", "# head ", "--- ", "=== ", "| a | b | ", "|---|---| ",
    '""" ', "<pre>", "</pre> ", "{{x}} ", "[a]: /b  ", "[a] ", "<div> ", "***", "*a ", "b* ", "&nbsp; ", "<b ", "c> ",
]  # fmt: skip
DOCUMENTS = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("\n".join)


def html(text: str) -> str:
    """Outside of <pre>, blanks before a line end are nothing to HTML; the renderer leaves tabs there."""
    shown = MarkdownIt("commonmark").enable("table").render(text)
    return "".join(
        piece if piece.startswith("<pre>") else re.sub(r"[ \t]+\n", "\n", piece)
        for piece in re.split(r"(<pre>.*?</pre>)", shown, flags=re.DOTALL)
    )


@given(DOCUMENTS)
@example("`a \n b`\n\n\n\n    x \n\n\n    y")
@example("- item \n  ```\n```\na \ntext")
def test_markdown_reads_the_same_before_and_after(text: str) -> None:
    text = text.replace("<div>", "div")  # what is inside an element is shown as it is, blanks and all
    after = changed(blank_lines, changed(trailing, text))
    assert html(after) == html(text)


@given(DOCUMENTS)
def test_only_blanks_at_line_ends_and_blank_lines_go(text: str) -> None:
    after = changed(blank_lines, changed(trailing, text))
    assert [line.rstrip(" \t") for line in after.split("\n") if line.strip()] == [
        line.rstrip(" \t") for line in text.split("\n") if line.strip()
    ]
    assert after.count("\n\n") <= text.count("\n\n") + text.count("\n \n") + len(text)


TEMPLATES = st.lists(
    st.sampled_from(
        ["a ", "b", "", " ", "\t", "{% if x %} ", "{% endif %}", "{% if x %}y{% endif %} ", "{{ x }} ", "{{ x -}} ",
         "{{- x }} ", "{#- c -#} ", "{# c", "d #} ", "{%- set z = 1 %} ", "  {% if not x -%} ", "z {% endif %}  "]
    ),
    max_size=10,
).map("\n".join)  # fmt: skip


@given(TEMPLATES, st.booleans(), st.booleans())
def test_a_template_renders_the_same_up_to_blanks_that_mean_nothing(text: str, trim: bool, strip: bool) -> None:
    engine = jinja2.Environment(trim_blocks=trim, lstrip_blocks=strip, keep_trailing_newline=True, autoescape=True)
    try:
        before = engine.from_string(text).render(x="1")
    except jinja2.TemplateSyntaxError:
        return
    after = engine.from_string(changed(blank_lines, changed(trailing, text))).render(x="1")
    assert html(after) == html(before)
