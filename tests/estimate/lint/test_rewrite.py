from __future__ import annotations

from pathlib import Path

import pytest

from llmcost.core.errors import LlmcostError
from llmcost.estimate.lint.rewrite import outside, rewrite


def test_bytes_permissions_and_links_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "real.txt"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    rewrite(link, b"old", b"new\r\n")
    assert target.read_bytes() == b"new\r\n"
    assert target.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.txt", "real.txt"]


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_bytes(b"newer")
    with pytest.raises(LlmcostError, match="changed while"):
        rewrite(target, b"old", b"new")
    assert target.read_bytes() == b"newer"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(LlmcostError, match=r"cannot write .*absent"):
        rewrite(tmp_path / "absent" / "a.txt", b"", b"")


def test_links_that_lead_out_are_known(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("x")
    (inside / "out.txt").symlink_to("../secret.txt")
    (inside / "in.txt").write_text("x")
    assert outside(inside / "out.txt", inside)
    assert not outside(inside / "in.txt", inside)
    assert not outside(inside / "out.txt", tmp_path)
