from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmcost.core.errors import UsageError
from llmcost.estimate.find import Found
from llmcost.tokens import decode
from llmcost.tokens.decode import NotTextError


def test_a_folder_is_walked_in_order_and_the_rest_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "MAX_BYTES", 100)
    for name in ("b.txt", "a.md", "sub/c.txt", ".hidden.txt", ".git/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, "utf-8")
    (tmp_path / "pic.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "big.txt").write_text("x" * 101, "utf-8")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "broken.txt").symlink_to(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    found = Found([str(tmp_path)])
    assert [(Path(path).name, prompt.body) for path, prompt in found] == [
        ("a.md", "a.md"), ("b.txt", "b.txt"), ("c.txt", "sub/c.txt"),
    ]  # fmt: skip
    assert found.skipped == {"hidden": 2, "binary": 1, "too_large": 1, "unreadable": 2}


def test_named_files_keep_their_order_and_may_be_hidden(tmp_path: Path) -> None:
    for name in ("z.txt", ".env", "a.txt"):
        (tmp_path / name).write_text(name, "utf-8")
    found = Found([str(tmp_path / name) for name in ("z.txt", ".env", "a.txt")])
    assert [prompt.body for _, prompt in found] == ["z.txt", ".env", "a.txt"]
    assert not found.skipped


def test_a_named_binary_and_a_missing_path_are_errors(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"a\0b")
    with pytest.raises(NotTextError, match=r"x\.bin is not text"):
        list(Found([str(tmp_path / "x.bin")]))
    with pytest.raises(UsageError, match="no such file or folder"):
        Found([str(tmp_path / "absent")])


def test_only_json_files_may_be_chat_messages(tmp_path: Path) -> None:
    text = '[{"role": "user", "content": "hello"}]'
    for name in ("a.json", "b.txt"):
        (tmp_path / name).write_text(text, "utf-8")
    assert [prompt.kind for _, prompt in Found([str(tmp_path)])] == ["messages", "text"]
