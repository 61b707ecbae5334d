from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from llmcost.estimate.ignore import Ignored, _steady, ignored_in


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def kept(root: Path) -> list[str]:
    """Files below `root` that are not ignored, as a walk finds them."""

    def walk(folder: Path, rules: Ignored) -> None:
        rules = rules.adding(str(folder / ".gitignore"))
        for entry in sorted(folder.iterdir()):
            if entry.name in {".git", ".gitignore"} or rules(entry.name, folder=entry.is_dir()):
                continue
            if entry.is_dir():
                walk(entry, rules.within(entry.name))
            else:
                found.append(entry.relative_to(root).as_posix())

    found: list[str] = []
    walk(root, ignored_in(str(root)))
    return found


def git_kept(root: Path) -> list[str]:
    """What git itself leaves."""
    done = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, check=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(root)},
    )  # fmt: skip
    names = done.stdout.decode().split("\0")
    return sorted(name for name in names if name and not name.endswith(".gitignore"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def test_nested_files_override_those_above(repository: Path) -> None:
    write(repository, {
        ".gitignore": "*.log\nbuild/\n/only-here.txt\n", "sub/.gitignore": "!keep.log\nnotes.*\n",
        "a.log": "", "a.txt": "", "build/x.txt": "", "only-here.txt": "", "sub/only-here.txt": "", "sub/keep.log": "",
        "sub/other.log": "", "sub/notes.md": "", "sub/deep/notes.txt": "", "sub/deep/keep.log": "", "sub/build/x": "",
    })  # fmt: skip
    assert kept(repository) == ["a.txt", "sub/deep/keep.log", "sub/keep.log", "sub/only-here.txt"]
    assert git_kept(repository) == kept(repository)


def test_the_repositorys_own_exclude_file_counts_and_is_the_weakest(repository: Path) -> None:
    write(repository, {".git/info/exclude": "secret*\n*.tmp\n", ".gitignore": "!good.tmp\n", "secret.txt": "", "a": "",
                       "good.tmp": "", "bad.tmp": ""})  # fmt: skip
    assert kept(repository) == ["a", "good.tmp"] == git_kept(repository)


def test_patterns_above_the_folder_hold_in_it(repository: Path) -> None:
    write(repository, {".gitignore": "*.log\n/p/q/x.txt\n", "p/.gitignore": "*.md\n"})
    rules = ignored_in(str(repository / "p" / "q"))
    names = ("a.log", "x.txt", "a.md", "a.txt")
    assert [rules(name, folder=False) for name in names] == [True, True, True, False]


def test_a_folder_that_is_ignored_itself_was_named_all_the_same(repository: Path) -> None:
    write(repository, {".gitignore": "build/\n*.txt\n", "build/sub/x.txt": ""})
    assert not ignored_in(str(repository / "build" / "sub"))("x.txt", folder=False)


def test_outside_of_a_repository_a_folders_own_files_count(tmp_path: Path) -> None:
    write(tmp_path, {"d/.gitignore": "*.log\n", "d/a.log": "", "d/a.txt": "", "d/e/b.log": ""})
    assert kept(tmp_path / "d") == ["a.txt"]


def test_a_pattern_that_is_none_is_passed_over(repository: Path) -> None:
    write(repository, {".gitignore": "!\n*.log\n[z-a]\n\\\n", "a.log": "", "b.txt": ""})
    assert kept(repository) == ["b.txt"] == git_kept(repository)


def test_an_ignore_file_that_cannot_be_read_ignores_nothing(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").mkdir()
    assert Ignored().adding(str(tmp_path / ".gitignore")) == Ignored()


def test_all_that_is_in_a_folder_is_not_the_folder(repository: Path) -> None:
    write(repository, {".gitignore": "b/**\n!*.log\n", "b/a.txt": "", "b/x.log": "", "b/c/y.log": "", "a/b/z.txt": ""})
    assert kept(repository) == ["a/b/z.txt", "b/x.log"] == git_kept(repository)


_PATTERNS = st.sampled_from(
    [
        "*.log",
        "!*.log",
        "a",
        "a/",
        "/a",
        "a/b",
        "**/b",
        "b/**",
        "!a/b",
        "*",
        "!*/",
        "!b.log",
        "# c",
        "",
        "**/",
        "/**",
        "!a/",
        "c/**/y",
        "[!b]*",
        "?.log",
        "a/**",
        "a/**/",
        "/**/",
        "/*",
        "a/*",
        "**/a/**",
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(above=st.lists(_PATTERNS, max_size=4), below=st.lists(_PATTERNS, max_size=3))
def test_git_agrees(repository: Path, above: list[str], below: list[str]) -> None:
    for entry in repository.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    write(repository, {
        ".gitignore": "\n".join(above), "a/.gitignore": "\n".join(below), "a/b/x.log": "", "a/b.log": "", "b/a": "",
        "b/b.log": "", "x.log": "", "c/a/y": "", "b.log": "",
    })  # fmt: skip
    assert sorted(kept(repository)) == git_kept(repository)


def test_a_pattern_that_could_be_tried_in_many_ways_is_not(tmp_path: Path) -> None:
    """Each of these would take years for this name."""
    patterns = ["*a" * 20 + "b", "*[a]" * 20 + "b", "*?" * 20 + "b", "*[!b]" * 20 + "b"]
    write(tmp_path, {".gitignore": "\n".join([*patterns, "*a*a*c"]), "a" * 200: "", "a" * 200 + "c": ""})
    assert kept(tmp_path) == ["a" * 200]


def test_many_folders_are_not_tried_in_many_ways() -> None:
    regex = GitIgnoreSpecPattern("**/a" * 8 + "/**/b").regex
    assert regex is not None
    assert not _steady(regex).fullmatch("/".join("a" * 1_000))
    assert _steady(regex).fullmatch("/".join("a" * 1_000 + "b"))


PARTS = st.lists(st.sampled_from(["a", "b", "*", "?", "[ab]", ".", "\\*"]), min_size=1, max_size=6).map("".join)
GLOBS = st.lists(st.one_of(st.just("**"), PARTS), min_size=1, max_size=5).map("/".join)


@given(GLOBS, st.text("aab*./", min_size=1, max_size=10))
def test_paths_match_as_in_pathspec(glob: str, path: str) -> None:
    regex = GitIgnoreSpecPattern(glob).regex
    assert regex is not None
    assert bool(_steady(regex).fullmatch(path)) == bool(regex.fullmatch(path))
