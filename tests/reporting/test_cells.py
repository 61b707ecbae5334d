"""Cells that what opens them cannot run."""

from __future__ import annotations

import csv
import io
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.text import guarded, unguarded
from llmcost.reporting.cells import csv_line, csv_text, markdown_table


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("plain", "plain"),
        ("a,b", '"a,b"'),
        ('say "x"', '"say ""x"""'),
        ("two\nlines", '"two\nlines"'),
        (None, ""),
        (7, "7"),
        (True, "True"),
        ("", ""),
        ("-5", "-5"),
        ("+0.25", "+0.25"),
        ("1.5", "1.5"),
        ("=1+1", "'=1+1"),
        ("=5", "'=5"),
        ("@5", "'@5"),
        ("-1+2", "'-1+2"),
        ("-", "'-"),
        ("-1.", "'-1."),
        ("-１", "'-１"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("it's", "it's"),
        ("'quoted'", "'quoted'"),
    ],
)
def test_a_cell(cell: object, written: str) -> None:
    assert csv_line(["x", cell, "y"]) == f"x,{written},y\n"


def test_a_file() -> None:
    assert csv_text(("a", "b"), [("=x", 1), (None, "-2")]) == "a,b\n'=x,1\n,-2\n"
    assert csv_text(("a",), []) == "a\n"


@given(st.text())
def test_a_guard_comes_off_again(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.lists(st.text(st.characters(exclude_characters="\0\r", codec="utf-8")), min_size=2))
def test_csv_reads_back(cells: list[str]) -> None:
    (row,) = csv.reader(io.StringIO(csv_line(cells), newline=""))
    for cell, read in zip(cells, row, strict=True):
        assert cell in {read, unguarded(read)}
        assert not read.startswith(("=", "@", "\t"))


def test_markdown() -> None:
    table = markdown_table(
        ("name", "n"), [("a|b", "1"), ("<img src=x>", "2"), ("[x](y) *b* `c` _d_ e@f #1!", "3")], right=[1]
    )
    assert table.split("\n") == [
        "| name | n |",
        "| --- | ---: |",
        "| a\\|b | 1 |",
        "| &lt;img src=x&gt; | 2 |",
        "| \\[x\\](y) \\*b\\* \\`c\\` \\_d\\_ e\\@f \\#1\\! | 3 |",
    ]
    assert markdown_table(("h",), []) == "| h |\n| --- |"


@given(st.text())
def test_a_markdown_cell_stays_in_its_cell(text: str) -> None:
    lines = markdown_table(("h", "i"), [(text, "end")]).split("\n")
    assert len(lines) == 3
    assert lines[2].endswith(" | end |")
    inner = lines[2].removeprefix("| ").removesuffix(" | end |")
    escaped = 0
    for index, character in enumerate(inner):
        if character == "\\":
            escaped += 1
            continue
        if character in "|`*_[]!#@":
            assert escaped % 2 == 1, (inner, index)
        assert character not in "<>"
        escaped = 0


def test_everything_ascii_is_read_as_meant() -> None:
    """What a Markdown reader makes of each escaped character is the character."""
    (line,) = markdown_table(("h",), [(string.ascii_letters + string.digits + " .,:;-+=~$%^(){}'\"/?",)]).split("\n")[
        2:
    ]
    assert line == f"| {string.ascii_letters}{string.digits} .,:;-+=~$%^(){{}}'\"/? |"
