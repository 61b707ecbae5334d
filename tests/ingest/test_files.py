"""Which files an ingest reads."""

import os
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.errors import UsageError
from llmcost.core.record import Problem
from llmcost.ingest.files import find_files


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)


def test_a_tree_is_read_whole_in_order_without_hidden_names(tmp_path: Path) -> None:
    shown = [tmp_path / name for name in ("a.jsonl", "b/c/d.csv", "b/e", "z.gz")]
    touch(*shown, tmp_path / ".hidden", tmp_path / ".git" / "config", tmp_path / "b" / ".f")
    assert find_files([tmp_path]) == (shown, [])


def test_a_hidden_file_or_folder_that_is_named_is_read(tmp_path: Path) -> None:
    touch(tmp_path / ".logs" / "a", tmp_path / ".b")
    assert find_files([tmp_path / ".b", tmp_path / ".logs"]).files == [tmp_path / ".b", tmp_path / ".logs" / "a"]


def test_a_file_is_read_once_whatever_it_is_called(tmp_path: Path) -> None:
    touch(tmp_path / "logs" / "a")
    (tmp_path / "link").symlink_to(tmp_path / "logs" / "a")
    (tmp_path / "folder").symlink_to(tmp_path / "logs")
    os.link(tmp_path / "logs" / "a", tmp_path / "hard")
    named = [tmp_path / "logs" / "a", tmp_path / "logs", tmp_path / "folder", tmp_path / "logs" / ".." / "link"]
    assert find_files([*named, tmp_path]).files == [tmp_path / "logs" / "a"]
    assert find_files([tmp_path / "logs" / "a", tmp_path / "logs" / "a"]).files == [tmp_path / "logs" / "a"]


def test_equal_content_in_two_files_is_two_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    assert len(find_files([tmp_path]).files) == 2


def test_loops_pipes_devices_and_broken_links_in_a_tree(tmp_path: Path) -> None:
    touch(tmp_path / "a")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "broken").symlink_to(tmp_path / "missing")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    found = find_files([tmp_path])
    assert found.files == [tmp_path / "a"]
    assert [(Path(p.file).name, p.line, p.reason) for p in found.problems] == [
        ("broken", 0, "cannot be read: No such file or directory"),
        ("self", 0, "cannot be read: Too many levels of symbolic links"),
    ]


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert find_files([tmp_path]) == ([], [])


@pytest.mark.parametrize("name", ["missing", "missing/deeper", "a\x00b", "x" * 300])
def test_a_named_path_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_files([tmp_path, tmp_path / name])
    assert name in caught.value.message
    assert caught.value.hint


def test_a_named_pipe_or_device_says_how_it_can_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UsageError, match="neither a file nor a folder") as caught:
            find_files([path])
        assert "llmcost ingest -" in caught.value.hint


def test_an_unreadable_named_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "a")
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # root may read everything
    with pytest.raises(UsageError, match=r"cannot read .*/a: Permission denied"):
        find_files([tmp_path / "a"])


def test_an_unreadable_named_folder_is_an_error_and_one_below_it_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a", tmp_path / "locked" / "b")
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(UsageError, match=r"cannot read .*locked: Permission denied"):
        find_files([tmp_path / "locked"])
    found = find_files([tmp_path])
    assert found.files == [tmp_path / "a"]
    assert found.problems == [Problem(str(tmp_path / "locked"), 0, "cannot be read: Permission denied")]
