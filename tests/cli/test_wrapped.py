"""Remarks and errors in a terminal."""

from __future__ import annotations

import io

import pytest

from llmcost.cli.wrapped import wrapped


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("error: one two three four", ["error: one two three", "  four"]),
        ("skipped:\n  a.txt: is not a log at all\n", ["skipped:", "  a.txt: is not a log", "    at all", ""]),
        ("hint: write `llmcost prices add x` then go", ["hint: write", "  `llmcost prices add x`", "  then go"]),
        ("hint: /a/path/longer/than-a-line/of-it", ["hint:", "  /a/path/longer/than-a-line/of-it"]),
    ],
)
def test_lines_break_between_words_and_not_within_what_is_copied(
    text: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "21")
    assert wrapped(text, Terminal()).split("\n") == lines
    assert wrapped(text, io.StringIO()) == text
