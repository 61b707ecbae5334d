"""Texts of files beside the billed tokens of ingested requests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.errors import UsageError
from llmcost.ingest.calibrate import Calibration, calibrate
from llmcost.ingest.features import Features
from llmcost.ingest.pipeline import Ingest
from llmcost.ingest.texts import Texts
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.tokens.ratios import Band
from tests.ingest.logs import BOOK, memory, write

#: 30 words of one token each by o200k_base.
WORDS = " ".join(["word"] * 30)
FRAME = 7


def text(number: int) -> str:
    """A text of its own with 33 tokens: the words, a space, a number of one token and a full stop."""
    return f"{WORDS} {number:03d}."


def row(number: int, *, percent: int = 125, **changes: Any) -> dict[str, Any]:
    """A request to Claude billed `percent` hundredths of the text's 33 tokens and the frame."""
    return {"timestamp": "2026-01-09T10:00:00Z", "request_id": f"msg_{number:03d}", "provider": "anthropic",
            "model": "claude-sonnet-4-5", "input_tokens": 33 * percent // 100 + FRAME, **changes}  # fmt: skip


def ingested(path: Path, *rows: dict[str, Any]) -> SqliteLedger:
    ledger = memory()
    job = Ingest(ledger, BOOK)
    job.paths([write(path, *rows)])
    assert job.finish().added.new == len(rows)
    return ledger


def calibrated(ledger: SqliteLedger, *files: Path, least: int = 20) -> Calibration:
    texts = Texts(Features(ledger.digest_key()))
    for file in files:
        texts.read(file)
    return calibrate(ledger, texts, least=least)


def only(found: Calibration) -> tuple[str, str, str, Band]:
    assert len(found.lines) == 1
    return found.lines[0][:4]


LEARNED = ("anthropic", "claude-3", "latin", Band(124, 124, 124, 20))  # 41 of 33 tokens
NUMBERS = range(20)


def test_the_log_itself_with_its_texts(tmp_path: Path) -> None:
    log = [row(n, prompt_text=text(n)) for n in NUMBERS]
    ledger = ingested(tmp_path / "log.jsonl", *log)
    found = calibrated(ledger, tmp_path / "log.jsonl")
    assert only(found) == LEARNED
    assert (found.texts, found.matched, found.left_out) == (20, 20, Counter())
    assert found.lines[0].before == Band(111, 103, 124, 863)


def test_texts_by_request_id_from_another_log(tmp_path: Path) -> None:
    ledger = ingested(tmp_path / "log.jsonl", *map(row, NUMBERS))
    texts = write(tmp_path / "texts.jsonl", *({"request_id": f"msg_{n:03d}", "prompt": text(n)} for n in NUMBERS))
    assert only(calibrated(ledger, texts)) == LEARNED


def test_prompt_files_by_their_digest(tmp_path: Path) -> None:
    ledger = ingested(tmp_path / "log.jsonl", *(row(n, prompt_text=text(n)) for n in NUMBERS))
    files = []
    for n in NUMBERS:
        files.append(tmp_path / f"{n}.txt")
        files[-1].write_text(text(n) + "\n")
    found = calibrated(ledger, *files)
    assert found.matched == 20
    assert only(found)[:3] == LEARNED[:3]


def test_request_and_response_beside_each_other(tmp_path: Path) -> None:
    ledger = ingested(tmp_path / "log.jsonl", *map(row, NUMBERS))
    pairs = write(
        tmp_path / "pairs.jsonl",
        *(
            {"request": {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": text(n)}]},
             "response": {"id": f"msg_{n:03d}", "usage": {}}}
            for n in NUMBERS
        ),
    )  # fmt: skip
    assert only(calibrated(ledger, pairs)) == LEARNED


def test_messages_whose_text_the_log_had(tmp_path: Path) -> None:
    chats = [[{"role": "user", "content": text(n)}] for n in NUMBERS]
    ledger = ingested(tmp_path / "log.jsonl", *(row(n, prompt_text=chat) for n, chat in enumerate(chats)))
    files = [write(tmp_path / f"{n}.json", chat) for n, chat in enumerate(chats)]
    assert only(calibrated(ledger, *files)) == LEARNED


def test_a_prompt_id_stands_for_one_text_or_for_none(tmp_path: Path) -> None:
    ledger = ingested(tmp_path / "log.jsonl", row(1, prompt_id="one"), row(2, prompt_id="two"))
    texts = write(
        tmp_path / "texts.jsonl",
        {"prompt_id": "one", "prompt": text(1)}, {"prompt_id": "two", "prompt": text(2)},
        {"prompt_id": "two", "prompt": text(3)},
    )  # fmt: skip
    found = calibrated(ledger, texts)
    assert (found.texts, found.matched) == (3, 1)


def test_a_prompt_id_does_not_speak_against_a_digest(tmp_path: Path) -> None:
    ledger = ingested(tmp_path / "log.jsonl", row(1, prompt_id="one", prompt_text="something else"))
    assert calibrated(ledger, write(tmp_path / "t.jsonl", {"prompt_id": "one", "prompt": text(1)})).matched == 0


def test_few_texts_make_no_band(tmp_path: Path) -> None:
    ledger = ingested(tmp_path / "log.jsonl", *(row(n, prompt_text=text(n)) for n in range(19)))
    log = tmp_path / "log.jsonl"
    assert only(calibrated(ledger, log))[3] == Band(124, None, None, 19)
    assert only(calibrated(ledger, log, least=5))[3] == Band(124, 124, 124, 19)


def test_one_text_sent_often_is_one_text(tmp_path: Path) -> None:
    ledger = ingested(tmp_path / "log.jsonl", *(row(n, prompt_text=text(1)) for n in range(30)))
    found = calibrated(ledger, tmp_path / "log.jsonl")
    assert (found.texts, found.matched, only(found)[3].n) == (1, 30, 1)


def test_cached_tokens_are_billed_tokens_too(tmp_path: Path) -> None:
    ledger = ingested(
        tmp_path / "log.jsonl", *(row(n, prompt_text=text(n), cached_input_tokens=20) for n in NUMBERS)
    )  # fmt: skip
    assert only(calibrated(ledger, tmp_path / "log.jsonl")) == LEARNED


def test_what_teaches_nothing_is_left_out_and_counted(tmp_path: Path) -> None:
    images = [
        {
            "role": "user",
            "content": [{"type": "text", "text": text(5)}, {"type": "input_audio", "input_audio": {"data": "x"}}],
        }
    ]
    rows = [
        row(0, prompt_text=text(0), status="error"), row(1, prompt_text=text(1), input_audio_tokens=3),
        row(2, prompt_text=text(2), model="gpt-4o", provider="openai"), row(3, prompt_text="short"),
        row(4, prompt_text=text(4), input_tokens=5_000), row(5, prompt_text=images),
    ]  # fmt: skip
    ledger = ingested(tmp_path / "log.jsonl", *rows)
    found = calibrated(ledger, tmp_path / "log.jsonl")
    assert found.matched == 6
    assert found.lines == ()
    assert found.left_out == {
        "failed, unfinished, answered from a cache, or without input tokens": 1,
        "with images, audio, tools or parts that are not counted": 2,
        "of models that are counted by their own encoding": 1, "of fewer than 20 tokens": 1,
        "billed for far more or less than the text": 1,
    }  # fmt: skip


def test_an_empty_ledger_teaches_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert calibrated(memory(), tmp_path / "a.txt")[:3] == ((), 1, 0)


def test_what_is_no_text_is_skipped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n")
    write(tmp_path / "b.jsonl", {"request_id": "a", "prompt": "x"}, {"request_id": "b"}, b"{broken\n", {"request": "{"})
    texts = Texts(Features(b"key"))
    texts.read(tmp_path / "a.png")
    texts.read(tmp_path / "b.jsonl")
    assert texts.skipped == {"binary": 1, "lines without an id or a text": 3}
    assert len(texts) == 1
    with pytest.raises(UsageError, match="cannot read"):
        texts.read(tmp_path / "none")


def test_ids_that_are_row_numbers_match_nothing(tmp_path: Path) -> None:
    ledger = ingested(tmp_path / "log.jsonl", row(1, request_id="17"))
    assert calibrated(ledger, write(tmp_path / "t.jsonl", {"id": "17", "prompt": text(1)})).matched == 0


def test_hostile_lines_end_nothing(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    log = write(
        tmp_path / "t.jsonl", {"request_id": "a", "prompt": "x"}, {"request_id": "b", "request": {"messages": deep}},
        {"request_id": "c", "prompt": ["\ud800", 5]}, {"id": ["x"], "prompt": "\x00"}, [1], {"response": {"body": 5}},
        {"request_id": "\x1b[31m", "prompt": "y"},
    )  # fmt: skip
    texts = Texts(Features(b"key"))
    texts.read(log)
    assert len(texts) >= 2
