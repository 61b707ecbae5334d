from __future__ import annotations

import fnmatch
import glob
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmcost.core.errors import UsageError
from llmcost.estimate.patterns import is_pattern, patterns


def matches(text: str, path: str) -> bool:
    """Whether `path` is one that the pattern stands for."""
    for folder, regex in patterns(text):
        start = f"{folder.rstrip('/')}/" if folder else ""
        if path.startswith(start) and regex.fullmatch(path[len(start) :]):
            return True
    return False


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.md", ["a.md", ".md"], ["a/b.md", "a.mdx", "xmd"]),
        ("p/*.md", ["p/a.md"], ["p/q/a.md", "q/a.md"]),
        ("**/*.md", ["a.md", "p/a.md", "p/q/a.md"], ["a.txt"]),
        ("p/**", ["p/a", "p/q/a.md"], ["p", "q/a"]),
        ("p/**/a.md", ["p/a.md", "p/q/a.md", "p/q/r/a.md"], ["p/xa.md", "a.md"]),
        ("?.txt", ["a.txt", "中.txt"], ["ab.txt", "/.txt"]),
        ("[ab].txt", ["a.txt", "b.txt"], ["c.txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt", "/.txt"]),
        ("[a-c]x", ["bx"], ["dx", "-x"]),
        ("[z-a]x", [], ["mx"]),
        ("[!z-a]x", ["mx"], ["/x"]),
        ("[z-ab]x", ["bx"], ["zx", "-x", "ax"]),
        ("[?--]x", [], ["?x", "-x"]),
        ("[+--]x", [",x", "-x"], ["?x"]),
        ("[a-]x", ["ax", "-x"], ["bx"]),
        ("[a-cx-z]x", ["bx", "yx"], ["mx"]),
        ("[]a]x", ["]x", "ax"], ["bx"]),
        ("[^&|~]x", ["ax"], ["&x", "|x"]),
        ("a[b", ["a[b"], ["ab"]),
        ("{a,b}/*.{md,txt}", ["a/x.md", "b/x.txt"], ["c/x.md", "a/x.py"]),
        ("x{,.bak}*", ["x", "x.bak"], ["y"]),
        ("{a}*", ["{a}b"], ["ab"]),
        ("/t/*.md", ["/t/a.md"], ["t/a.md"]),
        ("/*.md", ["/a.md"], ["a.md"]),
        ("a.b*", ["a.bc"], ["axbc"]),
        ("line\n*", ["line\nx"], ["line"]),
    ],
)
def test_what_a_pattern_stands_for(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [path for path in yes if not matches(pattern, path)] == []
    assert [path for path in no if matches(pattern, path)] == []


def test_only_what_follows_the_plain_folders_is_searched() -> None:
    ((folder, regex),) = patterns("prompts/en/**/*.md")
    assert (folder, regex.fullmatch("a/b.md") is not None) == ("prompts/en", True)


@pytest.mark.parametrize(
    ("text", "is_one"), [("a*", True), ("a?", True), ("[a]", True), ("{a,b}", True), ("a.b-c", False)]
)
def test_what_is_a_pattern(text: str, is_one: bool) -> None:
    assert is_pattern(text) is is_one


def test_braces_without_end_are_an_error() -> None:
    with pytest.raises(UsageError, match="too many alternatives"):
        patterns("{a,b}" * 40)


@given(st.text("ab[]!-^*?{},/\\", max_size=12))
@example("[?--]")
def test_any_text_is_a_valid_pattern(text: str) -> None:
    for _, regex in patterns(text):
        regex.fullmatch("ab/a")


@given(st.lists(st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]", ".", "x"]), min_size=1, max_size=5))
def test_a_segment_matches_as_glob_does(parts: list[str]) -> None:
    text = "".join(parts)
    ((_, regex),) = patterns(text + "*")
    names = ["a", "b", "ab", "ba", "axb", "a.b", "xx", "aab"]
    expected = [name for name in names if re.fullmatch(fnmatch.translate(text + "*"), name)]
    assert [name for name in names if regex.fullmatch(name)] == expected


def test_a_path_with_magic_in_its_name_stays_findable(tmp_path: Path) -> None:
    assert matches(glob.escape(str(tmp_path / "a[1].txt")), str(tmp_path / "a[1].txt"))
