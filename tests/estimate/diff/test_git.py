"""Two states of a repository, on real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmcost.core.errors import UsageError
from llmcost.estimate.diff import contents as module
from llmcost.estimate.diff.contents import Entry, TooLargeError
from llmcost.estimate.diff.git import INDEX, WORKTREE, Pair, Repository
from tests.estimate.diff.repos import Repo


@pytest.fixture
def repo(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return Repo(isolated / "repo", monkeypatch)


def every(path: str) -> bool:
    return True


def shown(repository: Repository, spec: str = "", *, staged: bool = False) -> dict[str, tuple[str | None, str | None]]:
    """path -> what it holds before and after."""
    with repository.contents() as contents:

        def read(entry: Entry | None) -> str | None:
            return None if entry is None else contents.read(entry).decode()

        pairs = repository.pairs(repository.compare(spec, staged=staged), every)
        return {pair.path: (read(pair.before), read(pair.after)) for pair in pairs}


def test_two_commits(repo: Repo) -> None:
    base = repo.commit({"kept": "k", "edited": "1", "gone": "g"})
    (repo.folder / "gone").unlink()
    head = repo.commit({"edited": "2", "new": "n"})
    repo.write("edited", "3")
    expected = {"edited": ("1", "2"), "gone": ("g", None), "new": (None, "n")}
    assert shown(Repository(repo.folder, os.environ), f"{base}..{head}") == expected
    assert shown(Repository(repo.folder, os.environ), "HEAD~1..") == expected


def test_dots_choose_between_the_ref_and_the_merge_base(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit({"topic": "t"})
    repo.git("checkout", "-q", "main")
    repo.commit({"a": "2"})
    repository = Repository(repo.folder, os.environ)
    assert shown(repository, "main..topic") == {"a": ("2", "1"), "topic": (None, "t")}
    assert shown(repository, "main...topic") == {"topic": (None, "t")}
    repo.git("checkout", "-q", "topic")
    repo.write("a", "3")
    for spec in ("", "main"):
        assert shown(repository, spec) == {"a": ("1", "3"), "topic": (None, "t")}


def test_the_working_tree_has_what_is_staged_unstaged_and_untracked(repo: Repo) -> None:
    repo.commit({".gitignore": "ignored\n", "staged": "1", "unstaged": "1", "deleted": "1", "both": "1"})
    repo.write("staged", "2")
    repo.write("both", "2")
    repo.git("add", "staged", "both")
    for name in ("unstaged", "both", "untracked", "ignored"):
        repo.write(name, "3")
    (repo.folder / "deleted").unlink()
    repository = Repository(repo.folder, os.environ)
    assert shown(repository, "HEAD") == {
        "both": ("1", "3"), "deleted": ("1", None), "staged": ("1", "2"), "unstaged": ("1", "3"),
        "untracked": (None, "3"),
    }  # fmt: skip
    assert shown(repository, "HEAD", staged=True) == {"both": ("1", "2"), "staged": ("1", "2")}


def test_a_file_taken_out_of_the_index_and_left_in_the_folder_is_the_same_file(repo: Repo) -> None:
    repo.commit({"a": "1"})
    repo.git("rm", "-q", "--cached", "a")
    assert shown(Repository(repo.folder, os.environ), "HEAD") == {}


def test_a_file_left_out_of_a_sparse_checkout_is_not_gone(repo: Repo) -> None:
    repo.commit({"a": "1", "b": "1"})
    repo.git("update-index", "--skip-worktree", "a")
    (repo.folder / "a").unlink()
    (repo.folder / "b").unlink()
    assert shown(Repository(repo.folder, os.environ), "HEAD") == {"b": ("1", None)}


def test_a_repository_of_sha256(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo(isolated / "sha256", monkeypatch, "--object-format=sha256")
    repo.commit({"a": "1", "b": "1"})
    repo.write("b", "2")
    assert shown(Repository(repo.folder, os.environ), "HEAD") == {"b": ("1", "2")}


def test_only_what_is_wanted(repo: Repo) -> None:
    repo.commit({"a": "1", "b": "1"})
    for name in ("a", "b", "c"):
        repo.write(name, "2")
    repository = Repository(repo.folder, os.environ)
    repo.git("add", "-A")
    for staged in (False, True):
        pairs = repository.pairs(repository.compare("HEAD", staged=staged), "a".__eq__)
        assert [pair.path for pair in pairs] == ["a"]


def test_from_a_folder_within(repo: Repo) -> None:
    repo.commit({"deep/er/a": "1"})
    repo.write("deep/er/a", "2")
    repo.write("top", "t")
    assert shown(Repository(repo.folder / "deep" / "er", os.environ), "HEAD") == {
        "deep/er/a": ("1", "2"),
        "top": (None, "t"),
    }


def test_every_file_of_both_sides(repo: Repo) -> None:
    repo.commit({"a": "1", "b": "1"})
    repo.write("b", "2")
    repo.write("c", "3")
    repository = Repository(repo.folder, os.environ)
    names = {
        target: [
            (pair.path, pair.before is not None, pair.after is not None) for pair in repository.entries(compared, every)
        ]
        for target, compared in (
            (WORKTREE, repository.compare("HEAD")),
            (INDEX, repository.compare("HEAD", staged=True)),
            ("HEAD", repository.compare("HEAD..HEAD")),
        )
    }
    both = [("a", True, True), ("b", True, True)]
    assert names == {WORKTREE: [*both, ("c", False, True)], INDEX: both, "HEAD": both}
    assert repository.entry(repository.compare("HEAD"), "c").before is None
    assert repository.entry(repository.compare("HEAD..HEAD"), "c") == Pair("c", None, None)


def test_names_no_one_would_give(repo: Repo) -> None:
    names = ['with "quotes"', "new\nline", "\x1b[31mred", "-rf", "ünï", ":(top)x", "*"]
    repo.commit(dict.fromkeys(names, "1"))
    raw = os.fsdecode(b"not-utf8-\xff")
    repo.write(raw, "2")
    for name in names:
        repo.write(name, "2")
    assert shown(Repository(repo.folder, os.environ), "HEAD") == {raw: (None, "2"), **dict.fromkeys(names, ("1", "2"))}


def test_links_and_submodules_are_no_files(repo: Repo, isolated: Path) -> None:
    (isolated / "secret").write_text("s")
    (isolated / "folder").mkdir()
    (isolated / "folder" / "x").write_text("secret")
    commit = repo.commit({"link": "was a file", "d/x": "was a file", "turned": "t"})
    for name, target in (("link", "secret"), ("new", "secret")):
        (repo.folder / name).unlink(missing_ok=True)
        (repo.folder / name).symlink_to(isolated / target)
    (repo.folder / "d" / "x").unlink()
    (repo.folder / "d").rmdir()
    (repo.folder / "d").symlink_to(isolated / "folder")
    repository = Repository(repo.folder, os.environ)
    compared = repository.compare("HEAD")
    gone = {"d/x": ("was a file", None), "link": ("was a file", None)}
    assert shown(repository, "HEAD") == gone
    assert [pair.path for pair in repository.entries(compared, every) if pair.after] == ["turned"]
    repo.git("add", "-A")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module")
    assert shown(repository, "HEAD", staged=True) == gone
    repo.git("commit", "-q", "-m", "x")
    assert shown(repository, "HEAD~1..HEAD") == gone


def test_a_link_put_in_a_files_place_while_reading_is_not_followed(repo: Repo, isolated: Path) -> None:
    repo.commit({"a": "1"})
    (isolated / "secret").write_text("s")
    repository = Repository(repo.folder, os.environ)
    with repository.contents() as contents:
        (repo.folder / "a").unlink()
        (repo.folder / "a").symlink_to(isolated / "secret")
        with pytest.raises(UsageError, match="cannot read a"):
            contents.read(Entry("a", ""))


def test_nothing_of_the_repository_runs(repo: Repo) -> None:
    """A filter, a textconv, an external diff, a file-system monitor and hooks would each leave a mark."""
    mark = repo.folder.parent / "mark"
    repo.commit({".gitattributes": "* filter=evil diff=evil\n", "a": "1", "b": "gone"})
    for key in ("filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv", "diff.evil.command",
                "diff.external", "core.fsmonitor", "core.sshCommand", "core.pager"):  # fmt: skip
        repo.git("config", key, f"touch {mark}; cat")
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        repo.write(f".git/hooks/{hook}", f"#!/bin/sh\ntouch {mark}\n")
        (repo.folder / ".git" / "hooks" / hook).chmod(0o755)
    repo.write("a", "2")
    (repo.folder / "b").unlink()
    before = (repo.folder / ".git" / "index").read_bytes()
    assert shown(Repository(repo.folder, os.environ), "HEAD") == {"a": ("1", "2"), "b": ("gone", None)}
    assert not mark.exists()
    assert (repo.folder / ".git" / "index").read_bytes() == before


@pytest.mark.parametrize("scheme", ["ext", "ssh", "file"])
def test_a_partial_clone_asks_no_remote(repo: Repo, scheme: str) -> None:
    """Its configuration may name any program as the way to the remote, and allow it."""
    mark = repo.folder.parent / "mark"
    repo.commit({"a": "1"})
    oid = repo.git("rev-parse", "HEAD:a")
    url = {"ext": f"ext::sh -c touch% {mark}", "ssh": "ssh://x/y", "file": (repo.folder / "none").as_uri()}[scheme]
    for key, value in (
        ("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "origin"), ("remote.origin.url", url),
        ("remote.origin.promisor", "true"), ("remote.origin.uploadpack", f"touch {mark};"),
        ("core.sshCommand", f"touch {mark};"), (f"protocol.{scheme}.allow", "always"),
    ):  # fmt: skip
        repo.git("config", key, value)
    (repo.folder / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    repository = Repository(repo.folder, os.environ)
    with repository.contents() as contents, pytest.raises(UsageError, match=f"git has no object {oid}"):
        contents.read(Entry("a", oid))
    assert not mark.exists()


def test_a_huge_file_is_not_read(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": "x" * 101, "b": "y" * 100})
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    repository = Repository(repo.folder, os.environ)
    compared = repository.compare("HEAD")
    large, small = (repository.entry(compared, name) for name in ("a", "b"))
    with repository.contents() as contents:
        for entry in large[1:]:
            assert entry is not None
            with pytest.raises(TooLargeError):
                contents.read(entry)
        assert [contents.read(entry) for entry in small[1:] if entry] == [b"y" * 100] * 2
        with pytest.raises(UsageError, match="git has no object"):
            contents.read(Entry("a", "0" * 39 + "1"))
        assert contents.read(Entry("b", small.before.oid if small.before else "")) == b"y" * 100


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        ("nope", "no such git ref: 'nope'", "fetch-depth: 0"),
        ("nope..HEAD", "no such git ref: 'nope'", "fetch"),
        ("HEAD..nope", "no such git ref: 'nope'", "fetch"),
        ("nope...HEAD", "no such git ref: 'nope'", "fetch"),
        ("HEAD...no pe", "no such git ref: 'no pe'", "fetch"),
        ("--output=x", "not a git ref: '--output=x'", "name a branch"),
        ("main..-x", "not a git ref: '-x'", "name a branch"),
        ("a\0b", "not a git ref", "name a branch"),
        ("HEAD:a", "no such git ref: 'HEAD:a'", "commit"),
        ("..HEAD", "no base in '..HEAD'", "main..HEAD"),
        ("...HEAD", "no base in '...HEAD'", "main..HEAD"),
        ("other", "'other' and 'HEAD' have no common commit here", "compare the two as they are: other..HEAD"),
    ],
)
def test_a_bad_ref_is_an_error(repo: Repo, spec: str, message: str, hint: str) -> None:
    repo.commit({"a": "1"})
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit({"a": "2"})
    repo.git("checkout", "-q", "main")
    with pytest.raises(UsageError) as caught:
        Repository(repo.folder, os.environ).compare(spec)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_staged_and_a_named_end_exclude_each_other(repo: Repo) -> None:
    repo.commit()
    with pytest.raises(UsageError, match="--staged compares with the index"):
        Repository(repo.folder, os.environ).compare("HEAD..HEAD", staged=True)


def test_a_shallow_clone_says_how_to_fetch(repo: Repo, isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": "1"})
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit({"b": "1"})
    repo.git("checkout", "-q", "main")
    repo.commit({"c": "1"})
    clone = isolated / "clone"
    repo.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{repo.folder}", str(clone))
    with pytest.raises(UsageError) as caught:
        Repository(clone, os.environ).compare("origin/topic")
    assert "no common commit" in caught.value.message
    assert "fetch-depth: 0" in caught.value.hint


def test_a_shallow_clone_without_a_default_branch_is_not_compared_with_itself(repo: Repo, isolated: Path) -> None:
    """As actions/checkout leaves one: only the pull request's own commit."""
    repo.commit({"a": "1"})
    repo.commit({"a": "2"})
    clone = isolated / "clone"
    repo.git("clone", "-q", "--depth=1", f"file://{repo.folder}", str(clone))
    for command in ("checkout --detach", "branch -D main", "remote remove origin"):
        repo.git("-C", str(clone), *command.split())
    with pytest.raises(UsageError, match="no default branch") as caught:
        Repository(clone, os.environ).compare("")
    assert "fetch-depth: 0" in caught.value.hint


def test_the_default_branch(repo: Repo, isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a": "1"})
    clone = isolated / "clone"
    repo.git("clone", "-q", str(repo.folder), str(clone))
    assert "where HEAD left origin/HEAD" in Repository(clone, os.environ).compare("").described
    assert "where HEAD left main" in Repository(repo.folder, os.environ).compare("").described
    repo.git("branch", "-q", "-m", "trunk")
    compared = Repository(repo.folder, os.environ).compare("")
    assert compared.base == repo.git("rev-parse", "HEAD")
    assert compared.described.startswith("HEAD (")


def test_without_commits_a_repository_or_git(repo: Repo, isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="the repository has no commit yet"):
        Repository(repo.folder, os.environ).compare("")
    with pytest.raises(UsageError, match="no git repository at"):
        Repository(isolated, os.environ)
    monkeypatch.setenv("PATH", str(isolated))
    with pytest.raises(UsageError, match="git is not installed"):
        Repository(repo.folder, os.environ)


def test_a_repository_of_another_user(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UsageError, match="belongs to another user") as caught:
        Repository(repo.folder, os.environ)
    assert "safe.directory" in caught.value.hint


def test_a_single_file_that_is_a_link_is_an_error(repo: Repo) -> None:
    repo.commit({"a": "1"})
    (repo.folder / "b").symlink_to("a")
    repository = Repository(repo.folder, os.environ)
    with pytest.raises(UsageError, match="b is no regular file in the working tree"):
        repository.entry(repository.compare("HEAD"), "b")
    repo.git("add", "-A")
    with pytest.raises(UsageError, match="b is no regular file in the index"):
        repository.entry(repository.compare("HEAD", staged=True), "b")
    repo.git("commit", "-q", "-m", "x")
    with pytest.raises(UsageError, match="b is no regular file in"):
        repository.entry(repository.compare("HEAD..HEAD"), "b")


def test_a_bare_repository_has_no_files_to_compare(repo: Repo, isolated: Path) -> None:
    repo.git("clone", "-q", "--bare", str(repo.folder), str(isolated / "bare"))
    with pytest.raises(UsageError, match="no git repository at"):
        Repository(isolated / "bare", os.environ)
