"""What changed in a repository that models are sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmcost.core.errors import ConfigError
from llmcost.estimate.diff import changes as module
from llmcost.estimate.diff import contents as files
from llmcost.estimate.diff.changes import Changed, Changes, changes
from llmcost.estimate.diff.git import Repository
from llmcost.estimate.prompts import PromptFile, read
from tests.estimate.diff.repos import Repo


@pytest.fixture
def repo(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return Repo(isolated / "repo", monkeypatch)


def found(repo: Repo, spec: str = "HEAD", config: PromptFile | None = None) -> Changes:
    repository = Repository(repo.folder, os.environ)
    with repository.contents() as contents:
        return changes(repository, repository.compare(spec), contents, config)


def listed(repo: Repo, spec: str = "HEAD", config: PromptFile | None = None) -> list[tuple[str, str]]:
    return [(each.name, each.change) for each in found(repo, spec, config).changed]


CALL = "def f():\n    ask(model='m', prompt='{}')\n"


def test_prompts_and_calls(repo: Repo) -> None:
    repo.commit(
        {"prompts/a.txt": "1", "prompts/b.txt": "1", "README.md": "1", "a.py": CALL.format("one two"), "x.c": "1"}
    )
    for name in ("prompts/a.txt", "README.md", "x.c", "prompts/data.bin"):
        repo.write(name, "2")
    repo.write("a.py", "# moved down\n" + CALL.format("one three"))
    repo.write("new.prompt", "new")
    (repo.folder / "prompts/b.txt").unlink()
    assert listed(repo) == [
        ("a.py:f#1", "changed"), ("new.prompt", "added"), ("prompts/a.txt", "changed"), ("prompts/b.txt", "removed"),
    ]  # fmt: skip
    (changed, added, _, removed) = found(repo).changed
    assert (changed.before and changed.before.line, changed.after and changed.after.line) == (2, 3)
    assert (added.before, removed.after) == (None, None)


@pytest.mark.parametrize("line", ["model: n", "max_tokens: 9"])
def test_a_setting_alone_is_a_change(repo: Repo, line: str) -> None:
    repo.commit({"prompts/a.txt": "---\nmodel: m\n---\none"})
    repo.write("prompts/a.txt", f"---\n{'' if line.startswith('model') else 'model: m'}\n{line}\n---\none")
    assert listed(repo) == [("prompts/a.txt", "changed")]


def test_touched_files_and_line_ends_are_no_change(repo: Repo) -> None:
    repo.commit({"prompts/a.txt": "1\n2\n", "a.py": CALL.format("one two")})
    repo.write("prompts/a.txt", "1\r\n2\r\n")
    repo.write("a.py", "# a comment\r\n" + CALL.format("one two").replace("\n", "\r\n"))
    assert listed(repo) == []


def test_moved_files(repo: Repo) -> None:
    lines = "".join(f"line {number}\n" for number in range(10))
    repo.commit(
        {"prompts/a.txt": lines, "prompts/b.txt": "x\ny\n", "a.py": CALL.format("one two"), "prompts/c.txt": "c"}
    )
    (repo.folder / "prompts" / "other").mkdir()
    for old, new in (("prompts/a.txt", "prompts/other/a.txt"), ("prompts/b.txt", "prompts/z.txt"), ("a.py", "b.py")):
        (repo.folder / old).rename(repo.folder / new)
    repo.write("prompts/other/a.txt", lines.replace("line 3", "line three"))
    repo.write("prompts/z.txt", "nothing alike\nhere\n")
    (repo.folder / "prompts/c.txt").rename(repo.folder / "prompts/d.txt")
    assert [(each.name, each.change, each.moved_from) for each in found(repo).changed] == [
        ("prompts/b.txt", "removed", ""),
        ("prompts/d.txt", "moved", "prompts/c.txt"),
        ("prompts/other/a.txt", "moved", "prompts/a.txt"),
        ("prompts/z.txt", "added", ""),
    ]
    repo.write("prompts/z.txt", "x\nz\nzz\n")
    assert ("prompts/z.txt", "moved") in listed(repo)
    repo.write("prompts/z.txt", "x\nz\nzz\nzzz\n")
    assert ("prompts/z.txt", "added") in listed(repo)
    repo.write("b.py", CALL.format("one three"))
    assert ("b.py:f#1", "moved") in listed(repo)


def test_calls_are_told_apart(repo: Repo) -> None:
    """A call put before another is a new one, and changes neither the other nor one whose function has another name."""
    repo.commit({"a.py": CALL.format("one two") + CALL.format("three four").replace("def f", "def g")})
    repo.write(
        "a.py",
        "def f():\n    ask(model='m', prompt='put before')\n    ask(model='m', prompt='one two')\n"
        + CALL.format("three four").replace("def f", "def h"),
    )
    assert listed(repo) == [("a.py:f#1", "added")]
    repo.write("a.py", "")
    assert listed(repo) == [("a.py:f#1", "removed"), ("a.py:g#1", "removed")]


def test_declarations_alone_are_a_change(repo: Repo) -> None:
    base = "prompts:\n  - {path: prompts/a.txt, model: gpt-4o}\n  - {path: a.py, calls_per_month: 5}\n"
    repo.commit({"prompts.yaml": base, "prompts/a.txt": "1", "prompts/b.txt": "1", "a.py": CALL.format("one two")})
    repo.write("prompts.yaml", base.replace("gpt-4o", "gpt-5").replace("month: 5", "month: 6"))
    (call, prompt) = found(repo).changed
    assert (call.name, call.change, call.declared_before.calls_per_month, call.declared_after.calls_per_month) == (
        "a.py:f#1", "declared", 5, 6,
    )  # fmt: skip
    assert (prompt.name, prompt.change, prompt.declared_before.model, prompt.declared_after.model) == (
        "prompts/a.txt", "declared", "gpt-4o", "gpt-5",
    )  # fmt: skip
    config = read("model: m", "config")
    assert listed(repo, config=config) == []
    repo.write("prompts/b.txt", "2")
    assert [each.declared_before.model for each in found(repo, config=config).changed] == ["m"]


def test_a_rule_for_one_call_comes_before_its_files(repo: Repo) -> None:
    rules = "prompts:\n  - {path: a.py, model: one}\n  - {path: 'a.py:f#2', model: two, name: second}\n"
    repo.commit({"prompts.yaml": rules, "a.py": "\n"})
    repo.write("a.py", "def f():\n    ask(model='m', prompt='a b')\n    ask(model='m', prompt='c d')\n")
    first, second = (each.declared_after for each in found(repo).changed)
    assert (first.model, first.name, first.where) == ("one", "a.py:f#1", (("prompt_id", "a.py:f#1"),))
    assert (second.model, second.name) == ("two", "second")


def test_a_prompts_file_that_is_new_or_gone(repo: Repo) -> None:
    repo.commit({"texts/a.txt": "1"})
    repo.write("prompts.yaml", "include: [texts/]\n")
    assert listed(repo) == []
    repo.write("texts/a.txt", "2")
    assert listed(repo) == [("texts/a.txt", "changed")]
    repo.commit()
    (repo.folder / "prompts.yaml").unlink()
    assert listed(repo, "HEAD~1..HEAD") == [("texts/a.txt", "changed")]


@pytest.mark.parametrize("staged", [False, True])
def test_a_wrong_prompts_file_is_an_error_with_its_line(repo: Repo, staged: bool) -> None:
    repo.commit({"a": "1"})
    repo.write("prompts.yaml", "prompts:\n  - {path: a, modle: x}\n")
    if staged:
        repo.git("add", "-A")
    repository = Repository(repo.folder, os.environ)
    with repository.contents() as contents, pytest.raises(ConfigError, match=r"prompts.yaml.*:2: unknown key 'modle'"):
        changes(repository, repository.compare("HEAD", staged=staged), contents)


def test_what_cannot_be_looked_into_is_said(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a.py": CALL.format("one two"), "b.py": "x = 'model'", "prompts/a.txt": "1"})
    repo.write("a.py", "def model(:\n")
    repo.write("b.py", b"\0model")
    repo.write("c.ts", "model = `open")
    repo.write("prompts/a.txt", b"\0\1")
    repo.write("prompts/large.txt", "x" * 101)
    repo.write("prompts/lfs.txt", "version https://git-lfs.github.com/spec/v1\noid 1\n")
    repo.write("d.py", "model = 1\n" * 9)
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    monkeypatch.setattr(module, "MAX_CODE", 80)
    result = found(repo)
    assert result.changed == ()
    assert sorted(result.unread) == [
        "a.py: not Python this version reads (line 1)",
        "b.py is not text",
        "c.ts: a template is not closed (line 1)",
        "d.py is larger than 0 MiB",
        "prompts/a.txt is not text",
        "prompts/large.txt is larger than 8 MiB",
        "prompts/lfs.txt is kept in Git LFS",
    ]


def test_programs_of_others_and_tests_are_left_out_by_default(repo: Repo) -> None:
    repo.commit({"a": "1"})
    names = ("node_modules/x/a.js", ".venv/lib/a.py", "tests/a.py", "src/test_a.py", "src/a.test.ts", "src/b.py")
    for name in names:
        repo.write(name, "ask({ model: 'm', prompt: 'a b' })" if name[-2:] != "py" else CALL.format("a b"))
    assert listed(repo) == [("src/b.py:f#1", "added")]
    repo.write("prompts.yaml", 'code: ["*.py"]\n')
    assert [name for name, _ in listed(repo)] == [
        ".venv/lib/a.py:f#1", "src/b.py:f#1", "src/test_a.py:f#1", "tests/a.py:f#1",
    ]  # fmt: skip


def test_names_stay_as_they_are(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.write("prompts/new\nline\x1b[0m.txt", "x")
    (each,) = found(repo).changed
    assert isinstance(each, Changed)
    assert each.name == "prompts/new\nline\x1b[0m.txt"


def test_a_first_prompts_yaml_tells_of_both_sides(repo: Repo) -> None:
    repo.commit({"prompts/a.txt": "1", "prompts/b.txt": "1", "texts/c.txt": "1"})
    repo.write("prompts.yaml", "include: [prompts/, texts/]\nmodel: gpt-4o\ncalls_per_month: 5\n")
    repo.write("prompts/a.txt", "2")
    repo.write("texts/c.txt", "2")
    assert listed(repo) == [("prompts/a.txt", "changed"), ("texts/c.txt", "changed")]
    changed = found(repo).changed[0]
    assert changed.declared_before == changed.declared_after
    assert changed.declared_before.model == "gpt-4o"
