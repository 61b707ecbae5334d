import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.text import MAX_FIELD, clean_field, printable, redact, shorten

any_text = st.text(st.characters(), max_size=700)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk-abcdefghijklmnop1234 used", "key sk-a…redacted used"),
        ("sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAA", "sk-a…redacted"),
        ("AIza" + "x" * 35, "AIza…redacted"),
        ("AKIAABCDEFGHIJKLMNOP", "AKIA…redacted"),
        ("ghp_" + "a" * 36, "ghp_…redacted"),
        ("xoxb-1234567890-abc", "xoxb…redacted"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hook…redacted"),
        ("Authorization: Bearer abcdefghijklmnop.qrs", "Authorization: Bear…redacted"),
        ("https://alice:hunter2@host/path", "https://alic…redacted@host/path"),
        ("https://a:pw@host", "https://a…redacted@host"),
    ],
)
def test_credentials_are_cut(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize("text", ["sk-short", "gpt-4o", "skeleton-of-a-long-word-here", "https://host:8080/x", "a@b.c"])
def test_ordinary_names_are_left_alone(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred", "a\ufffd[31mred"),
        ("two\nlines\r\n", "two\ufffdlines\ufffd\ufffd"),
        ("nul\x00", "nul\ufffd"),
        ("c1\x9b31m", "c1\ufffd31m"),
        ("over\u202eride", "over\ufffdride"),
        ("lone\ud800", "lone\ufffd"),
        ("para\u2029graph", "para\ufffdgraph"),
        ("中文 café ✓", "中文 café ✓"),
    ],
)
def test_what_a_terminal_would_obey_is_replaced(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(any_text)
def test_a_cleaned_field_is_safe_short_and_stable(text: str) -> None:
    cleaned = clean_field(text)
    assert len(cleaned) <= MAX_FIELD
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in cleaned)
    cleaned.encode()
    assert clean_field(cleaned) == cleaned


def test_a_cleaned_field_is_nfc_cut_and_redacted() -> None:
    assert clean_field("cafe\u0301") == "caf\u00e9"
    assert clean_field("x" * 512) == "x" * 512
    assert clean_field("x" * 513) == "x" * 511 + "…"
    assert clean_field("team sk-abcdefghijklmnop1234") == "team sk-a…redacted"
    assert clean_field("app\x1b[2J") == "app\ufffd[2J"


@pytest.mark.parametrize(("text", "width", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abcd", 1, "a…")])
def test_shorten(text: str, width: int, shown: str) -> None:
    assert shorten(text, width) == shown
