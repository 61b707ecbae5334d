from __future__ import annotations

from llmcost.reporting.columns import columns, width_of


def test_wide_characters_take_two_columns() -> None:
    assert [width_of(text) for text in ("abc", "中文", "é", "e\u0301")] == [3, 4, 1, 1]


def test_columns_are_aligned_and_never_cut() -> None:
    assert columns([("name", "n"), ("中文", "1,000"), ("a" * 200, "1")], right={1}) == [
        "name" + " " * 196 + "      n", "中文" + " " * 196 + "  1,000", "a" * 200 + "      1",
    ]  # fmt: skip


def test_no_rows_no_lines() -> None:
    assert columns([]) == []
