"""The process: its exit codes, its two-line errors, and how it ends when its streams fail."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmcost import __version__
from llmcost.cli import app
from llmcost.cli.entry import run
from llmcost.core.errors import DataError, LedgerError, LlmcostError
from tests.run import llmcost

BUG = "hint: run again with LLMCOST_DEBUG=1 and report the traceback\n"
COMMAND = [sys.executable, "-m", "llmcost"]

_INTERRUPTED = "error: interrupted\nhint: what was stored before stays; the same command goes on where it was\n"


def process(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [*COMMAND, *arguments], text=True, check=False, timeout=60, **{"capture_output": True, **settings}
    )


@pytest.fixture
def big(isolated: Path) -> str:
    """A ledger whose export is larger than any pipe's buffer."""
    log = isolated / "log.jsonl"
    line = {"timestamp": "2026-11-20T10:00:00Z", "provider": "openai", "model": "nameless-1", "input_tokens": 1}
    log.write_text("".join(json.dumps({**line, "request_id": f"r{number}"}) + "\n" for number in range(4_000)))
    assert llmcost("ingest", str(log), "-q").code == 0
    return str(isolated)


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def invoke(arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(app, "invoke", invoke)


def test_version() -> None:
    for arguments in (["--version"], ["-q", "--version"], ["--version", "report"]):
        assert llmcost(*arguments) == (0, f"llmcost {__version__}\n", "")
    done = process("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"llmcost {__version__}\n", "")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (LlmcostError("it broke", "mend it"), 1, "error: it broke\nhint: mend it\n"),
        (LlmcostError("it broke"), 1, "error: it broke\nhint: see `llmcost --help`\n"),
        (DataError("nothing there", "ingest"), 6, "error: nothing there\nhint: ingest\n"),
        (LedgerError("one\n  two\n", "three\nfour"), 1, "error: one two\nhint: three four\n"),
        (KeyboardInterrupt(), 130, _INTERRUPTED),
        (BrokenPipeError(), 0, ""),
        (MemoryError(), 1,
         "error: out of memory\nhint: ask for less at once: a shorter period, fewer groups, smaller files\n"),
        (RecursionError(), 1,
         "error: the input is nested too deeply\nhint: check the file named on the command line\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 1,
         "error: No space left on device\nhint: check the path, its permissions and the disk\n"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 1,
         "error: Permission denied: /x/y\nhint: check the path, its permissions and the disk\n"),
        (ZeroDivisionError("division by zero"), 1,
         f"error: this is a bug in llmcost: ZeroDivisionError: division by zero\n{BUG}"),
        (OSError("no number"), 1,
         f"error: this is a bug in llmcost: OSError: no number\n{BUG}"),
    ],
)  # fmt: skip
def test_every_end_has_its_code_and_two_lines(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(monkeypatch, error)
    assert llmcost("report") == (code, "", text)


def test_a_bug_shows_its_traceback_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ZeroDivisionError())
    monkeypatch.setenv("LLMCOST_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run(["report"])
    raising(monkeypatch, LlmcostError("expected", "mend it"))
    assert llmcost("report").err == "error: expected\nhint: mend it\n"


def test_a_long_bug_stays_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ValueError("x" * 100_000))
    assert len(llmcost("report").err) < 700


def test_no_secret_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwx"
    raising(monkeypatch, LlmcostError(f"cannot use {key}", f"leave {key} out"))
    ran = llmcost("report")
    assert ran.err == "error: cannot use sk-p…redacted\nhint: leave sk-p…redacted out\n"
    raising(monkeypatch, RuntimeError(f"https://ann:pass-word@host/{key}"))
    assert "pass-word" not in llmcost("report").err
    monkeypatch.undo()
    for line in ([key], ["--format", key, "config", "show"], ["prices", "show", key], ["--ledger", key, "export"]):
        ran = llmcost(*line)
        assert ran.code == 2
        assert key not in ran.err + ran.out
        assert "redacted" in ran.err


def test_the_reader_of_a_pipe_may_leave(big: str) -> None:
    for arguments in ("export", "export --format csv", "requests --since 2026-11-01 --top 4000"):
        line = f"'{sys.executable}' -m llmcost {arguments} | head -n 1; echo ${{PIPESTATUS[*]}}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, timeout=60)
        assert done.stderr == ""
        assert done.stdout.splitlines()[1:] == ["0 0"], arguments


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_on_stdout(big: str) -> None:
    for arguments in (["export"], ["--version"], ["--help"], ["config", "show"]):
        with Path("/dev/full").open("w") as full:
            done = process(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 1
        assert done.stderr == "error: No space left on device\nhint: check the path, its permissions and the disk\n"


def test_closed_streams(big: str) -> None:
    for closed in (">&-", "2>&-", ">&- 2>&-", "<&-"):
        for arguments in ("--version", "--help", "export", "ledger info"):
            line = f"exec '{sys.executable}' -m llmcost {arguments} {closed}"
            done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)
            assert (done.returncode, done.stderr) == (0, ""), (arguments, closed)
            assert bool(done.stdout) == (">&-" not in closed.split()), (arguments, closed)


def test_ctrl_c_ends_with_130(big: str, tmp_path: Path) -> None:
    """The export waits for its reader; the interrupt meets it there, with a file half written."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    running = subprocess.Popen(
        [*COMMAND, "export", "--output", str(fifo)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with fifo.open("rb") as reader:
        assert reader.read(1) == b"{"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", _INTERRUPTED)


def test_ascii_only_stdout_keeps_json_exact(isolated: Path) -> None:
    log = isolated / "log.jsonl"
    log.write_text(
        '{"timestamp":"2026-11-20T10:00:00Z","request_id":"a","model":"m","app":"聊天🙂","input_tokens":1}\n', "utf-8"
    )
    llmcost("ingest", str(log))
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = process("export", env=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["app"] == "聊天🙂"
    done = process("requests", "--since", "2026-11-01", env=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert "???" in done.stdout


def test_hooks_for_the_end_run(isolated: Path) -> None:
    """Coverage and the like write what they know by such a hook."""
    code = (
        "import atexit, sys; from pathlib import Path; from llmcost.cli.entry import main\n"
        "atexit.register(lambda: Path('ended').touch()); sys.argv = ['llmcost', '--version']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"llmcost {__version__}\n")
    assert Path("ended").exists()


def test_a_profiler_gets_its_say() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cProfile", "-m", "llmcost", "--version"], capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert "function calls" in done.stdout
