"""A run that is killed (SIGKILL, a process of its own) at each step on the road from a measurement to "sent"."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from llmcost.cli.entry import run
from llmcost.ledger.sqlite import SqliteLedger
from tests.budgets.rows import USD, ledger, row
from tests.notify.servers import Answer, Connection, HttpServer, http

AT = "2026-11-20T16:00:00Z"
#: After the lease of a run of 60 seconds: 60 more.
LATER = "2026-11-20T16:02:00Z"
COMMAND = ["budget", "notify", "--ledger", "ledger.db", "--quiet"]
_MAIN = "from llmcost.cli.entry import main; main()"


@pytest.fixture(autouse=True)
def spent(isolated: Path) -> None:
    """A threshold was reached; nobody was told yet."""
    ledger(row("2026-11-20T15:00:00Z", "chat", 9 * USD), path=isolated / "ledger.db").close()


def told_to(server: HttpServer) -> None:
    Path("budgets.yaml").write_text(
        "budgets: [{app_id: chat, daily_limit: 10, alert_thresholds: [0.8],"
        f" notification_channels: [{{type: webhook, url: '{server.url}', allow_private: true}}]}}]",
        "utf-8",
    )


def killed(program: str = _MAIN, *, by: Callable[[int], None] = lambda _: None) -> None:
    """Run the command in a process that somebody kills; `by` is told its number."""
    process = subprocess.Popen([sys.executable, "-c", program, *COMMAND, "--as-of", AT])
    by(process.pid)
    assert process.wait(60) == -signal.SIGKILL


def deliveries() -> list[tuple[str, int]]:
    with closing(SqliteLedger(Path("ledger.db"), write=True)) as store:
        return [(each.state, each.attempts) for each in store.outbox.alerts()]


def dying(target: str, when: str) -> str:
    """The command, whose process kills itself before or after it calls `target`."""
    module, _, name = target.rpartition(".")
    owner, _, kind = module.partition(":")
    call = "result = true(*args, **named)"
    body = [f"    {call}", "    kill()"] if when == "after" else ["    kill()", f"    {call}"]
    return "\n".join(
        [
            "import os, signal",
            f"import {owner} as module",
            f"holder = module{f'.{kind}' if kind else ''}",
            f"true = holder.{name}",
            "def kill(): os.kill(os.getpid(), signal.SIGKILL)",
            "def dying(*args, **named):",
            *body,
            "    return result",
            f"holder.{name} = dying",
            _MAIN,
        ]
    )


_BOX = "llmcost.ledger.outbox:SqliteOutbox"


@pytest.mark.parametrize(
    ("target", "when", "left"),
    [
        # Within the transaction that measures: nothing is kept, and the next run finds it again.
        (f"{_BOX}.enqueue", "before", []),
        (f"{_BOX}.enqueue", "after", []),
        ("llmcost.notify.outbox.measure", "after", [("due", 0)]),
        (f"{_BOX}.claim", "after", [("due", 1)]),
        ("llmcost.notify.webhook.post", "before", [("due", 1)]),
    ],
)
def test_killed_before_anybody_was_told_is_told_once(target: str, when: str, left: list[tuple[str, int]]) -> None:
    with http() as server:
        told_to(server)
        killed(dying(target, when))
        assert server.requests == []
        assert deliveries() == left
        assert run([*COMMAND, "--as-of", LATER]) == 0
        assert run([*COMMAND, "--as-of", LATER]) == 0
        assert len(server.requests) == 1


@pytest.mark.parametrize("target", ["llmcost.notify.webhook.post", f"{_BOX}.sent"])
def test_killed_between_the_answer_and_our_mark_is_told_again_with_the_same_key(target: str) -> None:
    with http() as server:
        told_to(server)
        killed(dying(target, "after" if target.endswith("post") else "before"))
        assert len(server.requests) == 1
        assert deliveries() == [("due", 1)]
        # Until the lease is over it may still be under way.
        assert run([*COMMAND, "--as-of", AT]) == 0
        assert len(server.requests) == 1
        assert run([*COMMAND, "--as-of", LATER]) == 0
        assert run([*COMMAND, "--as-of", LATER]) == 0
    first, second = server.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body
    assert deliveries() == [("sent", 2)]


def test_killed_after_our_mark_is_told_once() -> None:
    with http() as server:
        told_to(server)
        killed(dying(f"{_BOX}.sent", "after"))
        assert deliveries() == [("sent", 1)]
        assert run([*COMMAND, "--as-of", LATER]) == 0
        assert len(server.requests) == 1


def answering(*parts: bytes) -> tuple[Answer, Callable[[int], None]]:
    """A receiver that kills its sender after it has written `parts`; the second sender gets its answer."""
    victims: list[int] = []

    def answer(connection: Connection) -> None:
        if victims:
            for part in parts:
                connection.write(part)
            os.kill(victims.pop(), signal.SIGKILL)
            return
        connection.write(b"HTTP/1.1 200 OK\r\n\r\n")

    return answer, victims.append


@pytest.mark.parametrize("parts", [(), (b"HTTP/1.1 ",), (b"HTTP/1.1 200 OK\r\nContent-Le",)])
def test_killed_by_its_receiver_before_the_answer_was_whole(parts: tuple[bytes, ...]) -> None:
    answer, victim = answering(*parts)
    with http(answer) as server:
        told_to(server)
        killed(by=victim)
        assert deliveries() == [("due", 1)]
        assert run([*COMMAND, "--as-of", LATER]) == 0
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
    assert len(server.requests) == 2
    assert deliveries() == [("sent", 2)]


def test_runs_at_the_same_moment_tell_once() -> None:
    with http() as server:
        told_to(server)
        command = [sys.executable, "-c", _MAIN, *COMMAND, "--as-of", AT]
        runs = [subprocess.Popen(command) for _ in range(4)]
        assert [process.wait(60) for process in runs] == [0] * 4
    assert len(server.requests) == 1
    assert deliveries() == [("sent", 1)]
