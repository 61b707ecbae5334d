from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from llmcost.core.errors import UsageError
from llmcost.estimate.find import Found
from llmcost.tokens.decode import MAX_BYTES, NotTextError, read_stream


def read(path: str, stream: BinaryIO) -> Iterator[str]:
    """The text of a file, in place of its prompts."""
    yield read_stream(stream, path).text


def found(*paths: str | Path, ignored: bool = False) -> Found[str]:
    return Found([str(path) for path in paths], read, ignored=ignored)


def names(*paths: str | Path) -> list[str]:
    return [given.path for given in found(*paths)]


def write(*files: str) -> None:
    for name in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name, "utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_is_walked_in_order_and_the_rest_is_counted() -> None:
    write("d/b.txt", "d/a.md", "d/sub/c.txt", "d/.hidden.txt", "d/.git/config", "d/long.txt")
    Path("d/pic.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with Path("d/big.txt").open("wb") as big:
        big.truncate(MAX_BYTES + 1)
    Path("d/again").symlink_to(Path("d").absolute())
    Path("d/linked.txt").symlink_to("a.md")
    Path("d/broken.txt").symlink_to("absent")
    Path("d/loop.txt").symlink_to("loop.txt")
    os.mkfifo("d/pipe")
    walked = found("d")
    assert [(given.path, given.folder, given.prompt) for given in walked] == [
        ("d/a.md", "d", "d/a.md"), ("d/b.txt", "d", "d/b.txt"), ("d/linked.txt", "d", "d/a.md"),
        ("d/long.txt", "d", "d/long.txt"), ("d/sub/c.txt", "d", "d/sub/c.txt"),
    ]  # fmt: skip
    assert walked.skipped == {"hidden": 2, "binary": 1, "too_large": 1, "unreadable": 3, "linked_folder": 1}


def test_named_files_keep_their_order_and_may_be_hidden() -> None:
    write("z.txt", ".env", "a.txt")
    files = found("z.txt", ".env", "a.txt")
    assert [given.prompt for given in files] == ["z.txt", ".env", "a.txt"]
    assert not files.skipped


def test_a_file_counts_once_however_often_it_is_named() -> None:
    write("d/a.txt", "d/b.txt")
    files = found("d/a.txt", "./d/a.txt", "d", "d/*.txt")
    assert [given.path for given in files] == ["d/a.txt", "d/b.txt"]
    assert files.skipped == {"named_twice": 3}


def test_what_git_ignores_is_left_out_unless_asked_for() -> None:
    write("d/.git/HEAD", "d/a.txt", "d/a.log", "d/out/x.txt", "d/sub/b.log")
    Path("d/.gitignore").write_text("*.log\nout/\n", "utf-8")
    walked = found("d")
    assert [given.path for given in walked] == ["d/a.txt"]
    assert walked.skipped == {"hidden": 2, "ignored": 3}
    every = found("d", ignored=True)
    assert [given.path for given in every] == ["d/a.log", "d/a.txt", "d/out/x.txt", "d/sub/b.log"]


def test_the_ignore_file_of_the_folder_above_counts() -> None:
    write(".git/HEAD", "d/a.txt", "d/a.log")
    Path(".gitignore").write_text("*.log\n", "utf-8")
    assert names("d") == ["d/a.txt"]
    assert names(Path("d").absolute()) == [str(Path("d/a.txt").absolute())]


def test_patterns() -> None:
    write("p/a.md", "p/q/b.md", "p/q/c.txt", "p/.h.md", "x.md", "node/y.md", ".git/HEAD")
    Path(".gitignore").write_text("node\n", "utf-8")
    assert names("**/*.md") == ["x.md", "p/a.md", "p/q/b.md"]
    assert names("p/*.{md,txt}") == ["p/a.md"]
    assert names("p/q/?.*") == ["p/q/b.md", "p/q/c.txt"]


def test_a_pattern_tells_only_of_the_files_it_matches() -> None:
    write("a.md", ".b.md", "c.txt", ".git/HEAD", ".d.txt")
    Path("x.md").write_bytes(b"\0")
    matching = found("*.md")
    assert [given.path for given in matching] == ["a.md"]
    assert matching.skipped == {"hidden": 1, "binary": 1}


@pytest.mark.parametrize("pattern", ["*.md", "absent/*.txt", "**/x?"])
def test_a_pattern_that_matches_nothing_is_an_error(pattern: str) -> None:
    write("a.txt")
    with pytest.raises(UsageError, match="no file matches"):
        names(pattern)


def test_a_file_called_like_a_pattern_is_itself() -> None:
    write("a[1].txt", "a1.txt")
    assert names("a[1].txt") == ["a[1].txt"]


def test_a_named_binary_and_a_missing_path_are_errors() -> None:
    Path("x.bin").write_bytes(b"a\0b")
    with pytest.raises(NotTextError, match=r"x\.bin is not text"):
        names("x.bin")
    with pytest.raises(UsageError, match="no such file or folder"):
        found("absent")


@pytest.mark.parametrize("target", ["absent", "link.txt"])
def test_a_link_that_leads_nowhere_or_to_itself_is_an_error(target: str) -> None:
    Path("link.txt").symlink_to(target)
    with pytest.raises(UsageError, match=f"link.txt is a link that leads nowhere, to {target}"):
        found("link.txt")


def test_a_file_too_large_to_be_a_prompt_is_not_read() -> None:
    with Path("big.txt").open("wb") as big:
        big.truncate(2**30)

    opened: list[str] = []

    def noting(path: str, stream: BinaryIO) -> Iterator[str]:
        opened.append(path)
        yield ""

    with pytest.raises(NotTextError, match=r"big\.txt is larger than 64 MiB"):
        list(Found(["big.txt"], noting))
    assert not opened


def test_a_folder_or_file_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    write("d/a.txt", "d/locked/b.txt", "d/secret.txt")
    scandir, real_open = os.scandir, open

    def guarded(path: str) -> Any:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    def opened(path: str, *arguments: Any, **options: Any) -> Any:
        if str(path).endswith("secret.txt"):
            raise PermissionError(13, "Permission denied", path)
        return real_open(path, *arguments, **options)

    monkeypatch.setattr(os, "scandir", guarded)
    monkeypatch.setattr("builtins.open", opened)
    walked = found("d")
    assert [given.path for given in walked] == ["d/a.txt"]
    assert walked.skipped == {"unreadable": 2}
    with pytest.raises(UsageError, match=r"cannot read d/locked: Permission denied"):
        names("d/locked")
    with pytest.raises(UsageError, match=r"cannot read d/secret\.txt: Permission denied"):
        names("d/secret.txt")


def test_many_files_and_deep_folders() -> None:
    deep = "/".join(["d", *["x"] * 300])
    write(f"{deep}/end.txt")
    for number in range(3_000):
        Path("d", f"{number:05}.txt").touch()
    assert sum(1 for _ in found("d")) == 3_001


def test_names_that_are_no_text_are_paths_all_the_same() -> None:
    name = os.fsdecode(b"caf\xe9\n\x1b[31m.txt")
    Path("d").mkdir()
    Path("d", name).write_text("x", "utf-8")
    assert names("d") == [f"d/{name}"]


def test_the_current_folder_is_left_out_of_the_paths() -> None:
    write("a.txt", "sub/b.txt")
    for name in (".", "./"):
        assert [(given.path, given.folder) for given in found(name)] == [("a.txt", "."), ("sub/b.txt", ".")]
    assert [(given.path, given.folder) for given in found("sub/")] == [("sub/b.txt", "sub")]
    assert names(".//sub//") == names("./sub/b.txt") == ["sub/b.txt"]
    assert names("./sub/../sub") == ["sub/../sub/b.txt"]
