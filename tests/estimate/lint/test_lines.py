from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.estimate.lint.lines import Lines, tags


def kept(text: str) -> str:
    """A mark for each line: `x` kept, `.` free."""
    return "".join("x" if each else "." for each in Lines(text).kept)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("a\nb\n", ".."),
        ("", "."),
        ("a\n```py\nb\n```\nc\n", ".xxx."),
        ("a\n~~~\nb\n```\n~~~~\nc\n", ".xxxx."),
        ("a\n```x```\nb\n", "..."),  # an inline span, no fence
        ("a\n```\nb\n", ".xx"),
        # Three fences: which of them lacks its partner is not known.
        ("a\n```\nb\n```\nc\n```\nd\n", ".xxxxxx"),
        # A fence in a list, or in code by indentation: whose it is depends on the list.
        ("a\n- ```\nb\n```\nc\n", ".xxxx"),
        ("a\n    ```\nb\n", ".xx"),
        ("a\n ```\nb\n```\nc\n", ".xxxx"),
        ("a\n```\nb\n   ```\nc\n", ".xxx."),
        ("a\n> ```\nb\n", ".xx"),
        ("<!--\n```\n-->\nb\n", ".xxx"),
        ("<!-- c -->\n\n```\nx\n```\nb\n", ".xxxx."),
        ("a\n\n    code\n\nb\n", ".xxx."),
        ("a\n\n\tcode\n", ".xx"),
        ("`a\nb` c\n\nd\n", "xxx."),
        ("``a ` b\n", "x"),
        ("`a` and ``b``\n", "."),
        ('a\n"""\nb\n"""\nc\n', ".xxx."),
        ('a """x""" b\nc\n', ".."),
        ('a\n"""\nb\n', ".xx"),
        ("'''\na\n'''\nb\n", "xxx."),
        ("a\n<pre>\nb\n</pre>\nc\n", ".xxx."),
        ("a\n<PRE>\nb\n", ".xx"),
        ("<pre>\n<pre>\na\n", "xxx"),
        ("</pre><pre>\na\n", "xx"),
        # In a block of HTML, which a blank line ends, a fence is none.
        ("<b>\n```\n\n```\na\n", ".xxxx"),
        ("<b>\n\n```\na\n```\nb\n", ".xxxx."),
        ("<?x\n\n```\na\n```\nb\n", ".xxxxx"),
        ("a <code>x</code>\nb\n", ".."),
        ("a {{x}}\nb\n", ".."),
        ("a {% if x %}\nb\n", "x."),
        ("a {#\nb\n#}\nc\n", "xxx."),
        ("a {{\nb\n}}\nc\n", "xxx."),
        ("a {{- x }}\nb {{ y -}}\nc\n", "xx."),
        ("a\n{% if x %}\n\n\nb\n", ".xxx."),
        ("a\n\n\nb\n", "...."),
    ],
)
def test_lines_whose_blanks_may_mean_something_are_kept(text: str, marks: str) -> None:
    assert kept(text) == marks


@given(st.text("a`~\"'\n\r \t{}%#<>-"))
def test_lines_put_together_are_the_text(text: str) -> None:
    lines = Lines(text)
    assert "".join(text[lines.start(i) : lines.start(i + 1)] for i in range(len(lines))) == text
    for index in range(len(lines)):
        ending = text[lines.end(index) : lines.start(index + 1)]
        assert ending in {"", "\n", "\r\n"}
        assert "\n" not in lines[index]
        # A last line's carriage return begins a line end that was cut off.
        line = lines[index] if ending else lines[index].removesuffix("\r")
        assert bool(lines.blank[index]) == (not line.strip(" \t"))
        assert lines.at(lines.starts[index]) == index


def test_tags_in_order_without_the_unfinished() -> None:
    text = "{{a}} {% b %} {# {{c}} #} {{ {% d"
    assert [(text[start:end], opening) for start, end, opening in tags(text)] == [
        ("{{a}}", "{{"), ("{% b %}", "{%"), ("{# {{c}} #}", "{#"),
    ]  # fmt: skip
