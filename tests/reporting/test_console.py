"""Tables: nothing is cut, whatever the width."""

from __future__ import annotations

import pytest

from llmcost.reporting.console import bar, render, table

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
