"""Tables: nothing is cut, whatever the width."""

from __future__ import annotations

import pytest
from rich.text import Text

from llmcost.reporting.columns import width_of
from llmcost.reporting.console import bar, fitting, pairs, render, table, without_blanks

LONG = "a-very-long-name-" * 60
ROWS = [("claude-sonnet-4-5-20250929", "$1,234.00", "12,345,678"), ("客服助手客服助手", "unpriced", "3")]


def text(width: int | None, *, color: bool = False) -> str:
    return render([table(("model", "cost", "tokens"), ROWS, right=(1, 2))], width=width, color=color)


@pytest.mark.parametrize("width", [1, 20, 33, 38, 60, 200, None])
def test_no_character_is_lost(width: int | None) -> None:
    shown = text(width)
    assert "…" not in shown
    for cell in ("$1,234.00", "12,345,678", "unpriced", "cost", "tokens"):
        assert cell in shown
    names = "".join(line[:26] for line in shown.split("\n"))
    squeezed = "".join(names.split())
    assert "claude" in squeezed
    assert sum(line.count("客") + line.count("服") + line.count("助") + line.count("手") for line in shown) == 8


def test_a_wide_enough_terminal_folds_nothing() -> None:
    assert len(text(80).split("\n")) == 4
    assert text(80) == text(None)


def test_lines_have_no_trailing_blanks_and_no_color_unless_asked() -> None:
    assert all(line == line.rstrip() for line in text(None).split("\n"))
    assert "\x1b" not in text(80)
    assert "\x1b[" in text(80, color=True)


@pytest.mark.parametrize(
    ("part", "whole", "width", "drawn"),
    [
        (0, 10, 8, ""),
        (1, 0, 8, ""),
        (-1, 10, 8, ""),
        (10, 10, 8, "████████"),
        (5, 10, 8, "████"),
        (1, 16, 8, "▌"),
        (1, 10**9, 8, "▏"),
        (10, 16, 1, "▋"),
    ],
)
def test_bars(part: int, whole: int, width: int, drawn: str) -> None:
    assert bar(part, whole, width) == drawn


def test_a_table() -> None:
    shown = render([table(("name", "n"), [("alpha", "1"), ("聊天", "1,000")], right=[1])], width=None, color=False)
    assert shown.split("\n") == ["name        n", "─────────────", "alpha       1", "聊天    1,000"]
    tight = render([table(("name", "n"), [("alpha", "1")], right=[1], tight=True)], width=None, color=False)
    assert tight.split("\n") == ["name   n", "────────", "alpha  1"]


def test_no_cell_is_cut_without_a_terminal() -> None:
    shown = render([table(("x", "y"), [(LONG, LONG), ("é" * 900, "1")])], width=None, color=False)
    assert shown.count(LONG) == 2
    assert "é" * 900 in shown
    assert len(shown.split("\n")) == 4
    assert "…" not in shown


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_terminal_folds_text_and_loses_none(width: int) -> None:
    shown = render([table(("x", "n"), [(LONG, "1,234")], right=[1])], width=width, color=False)
    lines = shown.split("\n")
    assert all(width_of(line) <= width for line in lines)
    assert "".join(line.split()[0] for line in lines[2:]) == LONG
    assert "1,234" in lines[2]


def test_cells_are_text() -> None:
    shown = render([table(("x",), [("[bold]no[/bold] :smile: \x1b[31m\x9b\u202e",)])], width=None, color=True)
    assert "[bold]no[/bold] :smile: \ufffd[31m\ufffd\ufffd" in shown
    shown = render([pairs([("a", "[red]\x1b[2J"), ("longer", "b")])], width=None, color=False)
    assert shown.split("\n") == ["a:       [red]\ufffd[2J", "longer:  b"]


def test_color_only_where_asked() -> None:
    parts = [Text("x", style="bold red")]
    assert render(parts, width=80, color=False) == "x"
    assert render(parts, width=80, color=True) == "\x1b[1;31mx\x1b[0m"


def test_pairs_keep_their_indent() -> None:
    lines = render([pairs([("note", "one two three four five six"), ("b", "x")])], width=20, color=False).split("\n")
    assert lines == ["note:  one two three", "       four five six", "b:     x"]


@pytest.mark.parametrize(
    ("width", "names"),
    [(None, "abcd"), (16, "abcd"), (15, "abd"), (11, "abd"), (10, "ab"), (6, "ab"), (5, "ab"), (1, "ab")],
)
def test_fitting(width: int | None, names: str) -> None:
    """Four columns, 2, 2, 3 and 3 wide, two apart: 2+2+2+2+3+2+3 = 16; without c 11, without d too 6."""
    rows = [("1", "聊", "333", "4"), ("22", "2", "3", "444")]
    header, shown = fitting("abcd", rows, expendable="cd", width=width)
    assert "".join(header) == names
    assert shown == [tuple(row["abcd".index(name)] for name in names) for row in rows]


def test_without_blanks() -> None:
    assert without_blanks("abc", [("1", "", ""), ("1", "2", "")]) == (("a", "b"), [("1", ""), ("1", "2")])
    assert without_blanks("ab", [("", "x")]) == (("a", "b"), [("", "x")])
    assert without_blanks("ab", []) == (("a", "b"), [])
