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
        ("gsk_" + "a1B2" * 12, "gsk_…redacted"),
        ("xai-" + "a1B2" * 12, "xai-…redacted"),
        ("hf_" + "aBcD" * 8, "hf_a…redacted"),
        ("pplx-" + "a1B2" * 12, "pplx…redacted"),
        ("nvapi-" + "a1_-" * 12, "nvap…redacted"),
        ("glpat-" + "a1B2" * 5, "glpa…redacted"),
        ("github_pat_" + "a1_B" * 20, "gith…redacted"),
        ("sk_live_" + "a1B2" * 6, "sk_l…redacted"),
        ("ya29.a0AfH6SMBx-1_2.34567", "ya29…redacted"),
        ("token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_x end", "token=eyJh…redacted end"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basi…redacted"),
        ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "basi…redacted"),
        (r"line\nsk-abcdefghijklmnop1234", r"line\nsk-a…redacted"),
        ("q=%20sk-abcdefghijklmnop1234", "q=%20sk-a…redacted"),
        ("https://alice:hunter2@host/path", "https://alic…redacted@host/path"),
        ("https://a:pw@host", "https://a…redacted@host"),
    ],
)
def test_credentials_are_cut(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "sk-short", "gpt-4o", "skeleton-of-a-long-word-here", "https://host:8080/x", "a@b.c", "eyJust a name",
        "risk-assessment-of-loans", "shelf_abcdefghijklmnopqrstuvwxyz", "Basic Understanding",
        "basic subscription/plan",        "BASIC SUBSCRIPTION", "bearer of bad news",
    ],
)  # fmt: skip
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
    assert clean_field("http://a:b@c") == "http://a…redacted@c"
    assert clean_field("xoxb-1234567890-") == "xoxb…redacted"


@pytest.mark.parametrize("key", ["sk-" + "k" * 40, "github_pat_" + "k" * 80, "Bearer " + "k" * 600])
def test_a_key_at_the_cut_leaves_nothing_of_itself(key: str) -> None:
    for before in (*range(440, 520), *range(1950, 2060)):
        assert "kkkkk" not in clean_field("x" * before + " " + key + " " + "y" * 3000), before


def test_keys_that_were_cut_short_themselves_leave_nothing() -> None:
    key = "sk-" + "k" * 60
    for space in range(64):
        cleaned = clean_field("x" * space + f" {key}" * 40)
        assert "kkkkk" not in cleaned
        assert cleaned.endswith("…")


@pytest.mark.parametrize("piece", ["eyJ", "sk-", "basic ", "bearer ", "://a:", "gsk_", "-eyJ", "basic a", "xox", " "])
def test_hostile_repetition_is_left_or_cut_but_never_slow(piece: str) -> None:
    """Each is 200,000 characters: any pattern that looked at all of them from each place would not return."""
    assert len(redact(piece * (200_000 // len(piece)))) <= 200_000


@pytest.mark.parametrize(("text", "width", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abcd", 1, "a…")])
def test_shorten(text: str, width: int, shown: str) -> None:
    assert shorten(text, width) == shown
