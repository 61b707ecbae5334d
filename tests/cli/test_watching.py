"""`llmcost ingest --watch` as a process of its own that is told to end."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from llmcost.cli.environment import Env
from llmcost.core.errors import LedgerError
from llmcost.ledger.sqlite import SqliteLedger
from tests.run import llmcost

#: A Python whose parent ignores SIGINT, as background jobs of a shell do, ignores it too: ours must not.
_START = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from llmcost.cli.entry import main
main()
"""
_PATIENCE = 60
BOOK = "version: 1\nmodels:\n  - {model: gpt-4o, provider: openai, input: 2.50, output: 10}\n"


def line(number: int, **changes: object) -> str:
    """A request worth (100 x $2.50 + 20 x $10) / 1M = $0.00045."""
    return json.dumps({
        "timestamp": f"2026-01-09T10:00:{number:02}Z", "request_id": f"r{number}", "provider": "openai",
        "model": "gpt-4o", "input_tokens": 100, "output_tokens": 20, **changes,
    }) + "\n"  # fmt: skip


class Watch:
    """A running `llmcost ingest --watch`; its lines as they come."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, "ingest", "--watch", "--interval", "0.1", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        self.remarks: queue.Queue[str] = queue.Queue()
        self.pumps: list[threading.Thread] = []
        for stream, into in ((self.process.stdout, self.lines), (self.process.stderr, self.remarks)):
            assert stream is not None
            self.pumps.append(threading.Thread(target=self._pump, args=(stream, into.put)))
            self.pumps[-1].start()

    @staticmethod
    def _pump(stream: IO[str], put: Callable[[str], None]) -> None:
        with stream:
            for text in stream:
                put(text.rstrip("\n"))

    def said(self) -> str:
        return self.lines.get(timeout=_PATIENCE)

    def remarked(self) -> str:
        return self.remarks.get(timeout=_PATIENCE)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=_PATIENCE)
        for pump in self.pumps:
            pump.join(_PATIENCE)
        return code


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(BOOK)
    return ["--ledger", str(tmp_path / "ledger.db"), "--prices", str(tmp_path / "prices.yaml"), "--tz", "UTC"]


@pytest.fixture
def start() -> Iterator[Callable[..., Watch]]:
    started: list[Watch] = []

    def begin(*arguments: str) -> Watch:
        started.append(Watch(*arguments))
        return started[-1]

    yield begin
    for watch in started:
        watch.end(signal.SIGKILL)


def appended(path: Path, text: str) -> None:
    with path.open("a") as stream:
        stream.write(text)


def requests(options: list[str]) -> int:
    found = llmcost("ledger", "info", "--json", *options)
    assert found.code == 0, found.err
    return int(found.json["requests"])


def test_appended_new_and_rotated_files_are_read_and_an_interrupt_keeps_them(
    options: list[str], tmp_path: Path, start: Callable[..., Watch]
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "app.jsonl"
    log.write_text(line(1) + line(2))
    watch = start(str(logs), *options)
    assert watch.remarked() == "watching 1 file; Ctrl-C ends it"
    assert watch.said()[8:] == "  added 2 requests, worth $0.000900 (jsonl 2; batch 1)"
    appended(log, line(3))
    # The file is continued: what was read before is not read again.
    assert watch.said()[8:] == "  added 1 request, worth $0.000450 (jsonl 1; batch 2)"
    (logs / "other.jsonl").write_text(line(4))
    assert watch.said()[8:] == "  added 1 request, worth $0.000450 (jsonl 1; batch 3)"
    log.rename(logs / "app.jsonl.1")
    log.write_text(line(5) + line(6, model="mystery"))
    assert watch.said()[8:] == "  added 2 requests, worth $0.000450, 1 unpriced (jsonl 5; batch 4)"
    assert watch.end(signal.SIGINT) == 130
    assert watch.lines.empty()
    assert requests(options) == 6
    assert llmcost("ledger", "check", *options).code == 0
    # What is known is known: an ingest of the same folder adds nothing.
    again = llmcost("ingest", str(logs), "--json", *options).json
    assert (again["new"], again["unchanged"], again["read"]) == (0, 3, 0)


def test_a_named_file_may_be_away_for_a_while(options: list[str], tmp_path: Path, start: Callable[..., Watch]) -> None:
    log = tmp_path / "app.jsonl"
    log.write_text(line(1))
    watch = start(str(log), "--json", *options)
    first = json.loads(watch.said())
    assert (first["new"], first["batch"], first["cost_usd"]) == (1, 1, "0.00045")
    assert first["at"].endswith("Z")
    log.unlink()
    # Nothing tells that a round went by without the file: a second file of that name is another one.
    (tmp_path / "next").write_text(line(2))
    (tmp_path / "next").replace(log)
    assert json.loads(watch.said())["new"] == 1
    assert watch.end(signal.SIGTERM) == 0
    assert requests(options) == 2


def test_a_bad_line_is_told_once_however_often_its_file_is_read(
    options: list[str], tmp_path: Path, start: Callable[..., Watch]
) -> None:
    log = tmp_path / "app.jsonl"
    log.write_text(line(1) + '{"model": "gpt-4o", "input_tok\n')
    watch = start(str(log), *options)
    assert "added 1 request" in watch.said()
    assert [watch.remarked() for _ in range(3)] == [
        "watching 1 file; Ctrl-C ends it", "skipped 1:",
        f"  {log}:2: not JSON: the line is cut short or malformed",
    ]  # fmt: skip
    appended(log, line(2))
    assert "added 1 request" in watch.said()
    assert watch.end(signal.SIGTERM) == 0
    assert watch.remarked() == "told to end; what was stored before stays"
    assert requests(options) == 2


def test_without_a_path_the_tools_are_followed_also_those_that_come_later(
    options: list[str], isolated: Path, start: Callable[..., Watch]
) -> None:
    def session(name: str, identity: str) -> None:
        folder = isolated / ".claude" / "projects" / name
        folder.mkdir(parents=True)
        usage = {"input_tokens": 1000, "output_tokens": 10}
        (folder / "s.jsonl").write_text(json.dumps({
            "type": "assistant", "sessionId": "s", "timestamp": "2026-01-09T10:00:00Z",
            "message": {"id": identity, "model": "claude-sonnet-4-5", "usage": usage},
        }) + "\n")  # fmt: skip

    session("a", "msg_1")
    watch = start(*options)
    assert "(claude-code 1; batch 1)" in watch.said()
    session("b", "msg_2")
    assert "(claude-code 1; batch 2)" in watch.said()
    assert watch.end(signal.SIGINT) == 130
    assert requests(options) == 2


def test_a_locked_ledger_is_tried_again(options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told once, however many rounds it lasts; afterwards nothing is missing."""
    log = tmp_path / "app.jsonl"
    log.write_text(line(1))
    opened, tries = Env.open_ledger, iter(["", "locked", "locked", ""])

    def open_ledger(env: Env, *, write: bool = False) -> SqliteLedger:
        if trouble := next(tries):
            raise LedgerError(f"the ledger is {trouble}", "wait")
        return opened(env, write=write)

    def sleep(seconds: float) -> None:
        assert seconds == 7
        rounds.append(len(rounds))
        if len(rounds) == 5:
            raise KeyboardInterrupt
        appended(log, line(2) if len(rounds) == 1 else "")

    rounds: list[int] = []
    monkeypatch.setattr(Env, "open_ledger", open_ledger)
    monkeypatch.setattr("llmcost.cli.watching.time.sleep", sleep)
    before = signal.getsignal(signal.SIGTERM)
    ran = llmcost("ingest", "--watch", "--interval", "7", str(log), *options)
    assert ran.code == 130
    assert [text.partition("  ")[2] for text in ran.out.splitlines()] == [
        "added 1 request, worth $0.000450 (jsonl 1; batch 1)", "added 1 request, worth $0.000450 (jsonl 1; batch 2)",
    ]  # fmt: skip
    assert ran.err.splitlines()[:2] == ["watching 1 file; Ctrl-C ends it", "the ledger is locked; it is tried again"]
    assert ran.err.splitlines()[2].startswith("error: interrupted")
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_ledger_that_cannot_be_used_ends_it(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "app.jsonl").write_text(line(1))
    (tmp_path / "ledger.db").write_text("no database, but a text of some length")
    ran = llmcost("ingest", "--watch", str(tmp_path / "app.jsonl"), *options)
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--watch", "-"), "--watch and standard input exclude each other"),
        (("--watch", "--strict", "."), "--watch and --strict exclude each other"),
        (("--watch", "--dry-run", "."), "--watch and --dry-run exclude each other"),
        (("--watch", "--output", "x", "."), "--watch and --output exclude each other"),
        (("--interval", "3", "."), "--interval without --watch"),
        (("--watch", "--interval", "0", "."), "--interval 0 is not from 0.1 to 86400 seconds"),
        (("--watch", "--interval", "nan", "."), "--interval nan is not from 0.1 to 86400 seconds"),
        (("--watch", "nowhere"), "no such file or folder: nowhere"),
    ],
)
def test_what_cannot_be_watched(options: list[str], arguments: tuple[str, ...], message: str) -> None:
    ran = llmcost("ingest", *arguments, *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[0] == f"error: {message}"
    assert ran.err.splitlines()[1].startswith("hint: ")
