"""What an ingest reads of files it has read before: nothing, what was added, or everything."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.errors import LedgerError
from llmcost.ingest.pipeline import Ingest, Ingested
from llmcost.ledger.protocol import Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.pricing.store import load_book
from tests.ingest.logs import claude, encoded, flat, write

LOG = Path("a.jsonl")
EVERYTHING = Query(0, 1 << 62)


@pytest.fixture
def ledger(isolated: Path) -> SqliteLedger:
    return SqliteLedger(isolated / "ledger.db", write=True)


def ingest(ledger: SqliteLedger, *paths: Path, source: str = "auto") -> Ingested:
    job = Ingest(ledger, load_book([], cache_dir=Path("cache")), incremental=True, source=source)
    job.paths(paths or [LOG])
    return job.finish()


def account(done: Ingested) -> tuple[int, int, int, int]:
    """Files left alone, requests read, new, skipped."""
    return done.unchanged, done.read, done.added.new, done.skipped


def append(*lines: Any) -> None:
    with LOG.open("ab") as stream:
        stream.write(encoded(*lines))


def ids(ledger: SqliteLedger) -> list[str]:
    return sorted(each.priced.record.id for each in ledger.requests(EVERYTHING, order="time"))


def test_an_unchanged_file_is_left_alone(ledger: SqliteLedger) -> None:
    write(LOG, claude("msg_1"), claude("msg_2"))
    assert account(ingest(ledger)) == (0, 2, 2, 0)
    assert account(ingest(ledger)) == (1, 0, 0, 0)


def test_a_grown_file_is_continued(ledger: SqliteLedger) -> None:
    write(LOG, claude("msg_1"), claude("msg_2"))
    ingest(ledger)
    append(claude("msg_3"))
    assert account(ingest(ledger)) == (0, 1, 1, 0)
    append(claude("msg_4"), claude("msg_5"))
    assert account(ingest(ledger)) == (0, 2, 2, 0)
    assert ids(ledger) == [f"anthropic:msg_{n}" for n in range(1, 6)]


def test_problems_of_what_was_added_are_told_with_their_line_until_mended(ledger: SqliteLedger) -> None:
    write(LOG, claude("msg_1"), claude("msg_2"))
    ingest(ledger)
    append(b'{"type":"assistant","usage\n', claude("msg_3"))
    for new in (1, 0):
        done = ingest(ledger)
        assert account(done) == (0, 1, new, 1)
        assert done.problems[0].line == 3


def test_half_a_line_is_read_when_it_is_whole(ledger: SqliteLedger) -> None:
    line = encoded(claude("msg_2"))
    write(LOG, claude("msg_1"))
    ingest(ledger)
    append(line[:50])
    ingest(ledger)
    append(line[50:])
    assert account(ingest(ledger)) == (0, 1, 1, 0)
    assert ids(ledger) == ["anthropic:msg_1", "anthropic:msg_2"]


def test_a_log_first_read_while_a_line_is_written_is_continued_there(ledger: SqliteLedger) -> None:
    line = encoded(claude("msg_2"))
    LOG.write_bytes(encoded(claude("msg_1")) + line[:50])
    assert account(ingest(ledger)) == (0, 1, 1, 1)
    # Told again, from the half line on, as long as it is half.
    assert account(ingest(ledger)) == (0, 0, 0, 1)
    append(line[50:])
    assert account(ingest(ledger)) == (0, 1, 1, 0)
    assert account(ingest(ledger)) == (1, 0, 0, 0)


def test_a_log_with_a_line_that_is_too_long_is_read_whole_again(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmcost.sources.reader.MAX_LINE", 1 << 20)
    write(LOG, claude("msg_1"), {"content": "x" * (1 << 20)}, claude("msg_2"))
    for new in (2, 0):
        assert account(ingest(ledger)) == (0, 2, new, 1)


def test_a_last_line_without_its_end_is_read_once(ledger: SqliteLedger) -> None:
    LOG.write_bytes(encoded(claude("msg_1")) + encoded(claude("msg_2")).rstrip(b"\n"))
    assert account(ingest(ledger)) == (0, 2, 2, 0)
    append(b"\n", claude("msg_3"))
    ingest(ledger)
    assert ids(ledger) == ["anthropic:msg_1", "anthropic:msg_2", "anthropic:msg_3"]


def test_a_rotated_file_is_read_whole(ledger: SqliteLedger) -> None:
    write(LOG, claude("msg_1"))
    ingest(ledger)
    write(Path("new"), claude("msg_2"), claude("msg_3"))
    Path("new").replace(LOG)
    assert account(ingest(ledger)) == (0, 2, 2, 0)
    # History stays when the log is gone.
    assert ids(ledger) == ["anthropic:msg_1", "anthropic:msg_2", "anthropic:msg_3"]


def test_a_truncated_and_refilled_file_is_read_whole(ledger: SqliteLedger) -> None:
    write(LOG, claude("msg_1"))
    ingest(ledger)
    LOG.write_bytes(encoded(claude("msg_2"), claude("msg_3")))
    assert account(ingest(ledger)) == (0, 2, 2, 0)
    LOG.write_bytes(encoded(claude("msg_4")))
    assert account(ingest(ledger)) == (0, 1, 1, 0)


def test_the_same_size_and_another_time_is_read_again(ledger: SqliteLedger) -> None:
    write(LOG, claude("msg_1"))
    ingest(ledger)
    LOG.write_bytes(encoded(claude("msg_2")))
    os.utime(LOG, ns=(1, 1))
    assert account(ingest(ledger)) == (0, 1, 1, 0)


def test_lines_without_ids_are_counted_from_the_start(ledger: SqliteLedger) -> None:
    """The third line like the first two is a third request, not the first again."""
    write(LOG, flat(request_id=None), flat(request_id=None))
    assert account(ingest(ledger)) == (0, 2, 2, 0)
    append(flat(request_id=None))
    assert account(ingest(ledger)) == (0, 3, 1, 0)
    assert len(ids(ledger)) == 3


def test_an_archive_that_grew_is_read_whole(ledger: SqliteLedger) -> None:
    LOG.write_bytes(gzip.compress(encoded(claude("msg_1"))))
    ingest(ledger)
    append(gzip.compress(encoded(claude("msg_2"))))
    assert account(ingest(ledger)) == (0, 2, 1, 0)


def test_another_source_reads_it_again(ledger: SqliteLedger) -> None:
    write(LOG, flat())
    ingest(ledger)
    assert account(ingest(ledger, source="jsonl")) == (0, 1, 0, 0)


def test_a_forgotten_user_s_logs_are_read_again(ledger: SqliteLedger) -> None:
    write(LOG, flat(user="ada"))
    ingest(ledger)
    ledger.forget_user("ada")
    assert account(ingest(ledger)) == (0, 1, 0, 0)


def test_bookmarks_hold_no_path(ledger: SqliteLedger, isolated: Path) -> None:
    write(LOG, claude("msg_1"))
    ingest(ledger)
    ledger.close()
    assert os.fsencode(LOG.absolute()) not in (isolated / "ledger.db").read_bytes()


def test_a_file_whose_rows_are_not_written_is_not_marked(ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    write(LOG, claude("msg_1"))

    def full(*_: object) -> None:
        raise LedgerError("the disk is full", "make room")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteLedger, "add", full)
        with pytest.raises(LedgerError):
            ingest(ledger)
    assert account(ingest(ledger)) == (0, 1, 1, 0)


@pytest.mark.full
def test_many_small_growths_give_what_one_reading_gives(ledger: SqliteLedger, isolated: Path) -> None:
    lines = [encoded(claude(f"msg_{n % 7}", output=n)) for n in range(40)]
    whole = b"".join(lines)
    for end in range(0, len(whole) + 97, 97):
        LOG.write_bytes(b"")
        LOG.unlink()
        LOG.write_bytes(whole[:end])
        ingest(ledger)
    grown = SqliteLedger(isolated / "grown.db", write=True)
    LOG.write_bytes(b"")
    for end in range(0, len(whole) + 97, 97):
        append(whole[end : end + 97])
        ingest(grown)
    clean = SqliteLedger(isolated / "clean.db", write=True)
    ingest(clean)
    expected = [each.priced for each in clean.requests(EVERYTHING, order="time")]
    assert [each.priced for each in grown.requests(EVERYTHING, order="time")] == expected
    assert [each.priced for each in ledger.requests(EVERYTHING, order="time")] == expected
    assert len(expected) == 7
