"""`llmcost watch` as it is typed."""

from __future__ import annotations

import io
import json
import pty
import signal
import subprocess
import sys
import time
from os import read
from pathlib import Path

import pytest

from llmcost.cli import watch as module
from llmcost.cli.environment import Env
from llmcost.core.errors import LedgerError
from tests.run import llmcost

_START = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from llmcost.cli.entry import main
main()
"""
AS_OF = ("--as-of", "2026-11-23T09:00:00Z", "--tz", "UTC")


@pytest.fixture
def ledger(tmp_path: Path) -> list[str]:
    log = {"timestamp": "2026-11-23T08:59:30Z", "request_id": "r1", "provider": "openai", "model": "gpt-4o",
           "app": "chat", "input_tokens": 1_000_000, "output_tokens": 0}  # fmt: skip
    (tmp_path / "log.jsonl").write_text(json.dumps(log))
    options = ["--ledger", str(tmp_path / "ledger.db")]
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *options).code == 0
    return options


def test_one_look_without_a_terminal(ledger: list[str]) -> None:
    ran = llmcost("watch", "--once", *AS_OF, *ledger)
    assert (ran.code, ran.out, ran.err) == (0, "09:00:00  today $2.50 (1 request), this minute $0.00\n", "")


def test_what_is_wrong_from_the_start_is_an_error(ledger: list[str]) -> None:
    assert llmcost("watch", "--once", "--ledger", "absent.db").code == 2
    assert llmcost("watch", "--interval", "0", *ledger).code == 2
    assert llmcost("watch", "--json", *ledger).code == 2


def test_a_line_whenever_something_has_changed(ledger: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _START, "watch", "--interval", "0.1", *AS_OF, *ledger], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as lines:
        assert "$2.50" in lines.readline()
        more = (tmp_path / "log.jsonl").read_text().replace("r1", "r2")
        (tmp_path / "more.jsonl").write_text(more)
        assert llmcost("ingest", str(tmp_path / "more.jsonl"), *ledger).code == 0
        assert "$5.00 (2 requests)" in lines.readline()
        process.send_signal(signal.SIGTERM)
        assert lines.read() == ""
    assert process.wait(60) == 0


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_screen_that_is_ended(ledger: list[str], end: signal.Signals) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _START, "watch", "--interval", "0.1", *AS_OF, *ledger], stdout=theirs, stderr=theirs
    )
    text = b""
    while b"Dearest" not in text or text.count(b"Apps today") < 3:
        text += read(ours, 65_536)
    process.send_signal(end)
    assert process.wait(60) == (130 if end is signal.SIGINT else 0)
    assert b"\x1b[?25h" in text + read(ours, 65_536), "the cursor is shown again"
    assert b"Traceback" not in text


def test_a_locked_ledger_is_tried_again(ledger: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([None, LedgerError("the ledger is locked", "wait"), None])
    look = module._look

    def now_and_then(env: Env) -> module.Seen:
        trouble = next(looks)
        if trouble is not None:
            raise trouble
        return look(env)

    class EndedError(Exception):
        pass

    naps = iter([None, None])

    def sleep(seconds: float) -> None:
        if next(naps, "over") == "over":
            raise EndedError

    monkeypatch.setattr(module, "_look", now_and_then)
    monkeypatch.setattr(time, "sleep", sleep)
    out, err = io.StringIO(), io.StringIO()
    env = Env({"ledger": ledger[1], "as_of": AS_OF[1], "tz": "UTC"}, stdout=out, stderr=err)
    with pytest.raises(EndedError):
        module.watch(env)
    assert (out.getvalue().count("\n"), err.getvalue()) == (1, "the ledger is locked; it is tried again\n")
