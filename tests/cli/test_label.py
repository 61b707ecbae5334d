from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from llmcost.ledger.labels import StoredLabel
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.routing.features import features, packed
from tests.run import llmcost

LINE = {"timestamp": "2026-11-20T10:00:00Z", "request_id": "r1", "provider": "openai", "model": "gpt-4o-mini",
        "input_tokens": 10, "output_tokens": 5}  # fmt: skip
NOW_US = 1_795_424_400_000_000
OPTIONS = ["--ledger", "ledger.db", "--as-of", "2026-11-23T09:00:00Z"]


@pytest.fixture(autouse=True)
def ledger() -> None:
    Path("log.jsonl").write_text(json.dumps(LINE) + "\n")
    assert llmcost("ingest", "log.jsonl", *OPTIONS).code == 0


def labels() -> list[StoredLabel]:
    with closing(SqliteLedger(Path("ledger.db"), write=False)) as opened:
        return opened.labels.all()


@pytest.mark.parametrize("given", ["r1", "openai:r1"])
def test_a_request_is_labelled_by_its_id(given: str) -> None:
    ran = llmcost("label", given, "good", *OPTIONS)
    assert (ran.code, ran.out) == (0, "1 new label kept\n")
    assert "prompts of 1 label are not known yet" in ran.err
    assert labels() == [StoredLabel("openai:r1", "gpt-4o-mini", 1.0, NOW_US)]


@pytest.mark.parametrize("first", [True, False])
def test_a_log_with_prompts_teaches_what_they_were(first: bool) -> None:
    """`ingest --learn` keeps features, also of requests that are known already; without it none are kept."""
    text = "Prove that the square root of two is irrational"
    Path("texts.jsonl").write_text(json.dumps(LINE | {"request_id": "r2", "prompt_text": text}) + "\n")
    if not first:
        assert llmcost("ingest", "texts.jsonl", *OPTIONS).code == 0
    assert llmcost("ingest", "texts.jsonl", "--learn", *OPTIONS).code == 0
    ran = llmcost("label", "r2", "good", *OPTIONS)
    assert (ran.code, ran.err) == (0, "")
    assert [label.features for label in labels()] == [packed(features(text))]
    assert text.encode() not in Path("ledger.db").read_bytes()


def test_a_trial_run_keeps_no_features() -> None:
    Path("texts.jsonl").write_text(json.dumps(LINE | {"request_id": "r2", "prompt_text": "a prompt"}) + "\n")
    assert llmcost("ingest", "texts.jsonl", "--learn", "--dry-run", *OPTIONS).code == 0
    assert llmcost("ingest", "texts.jsonl", *OPTIONS).code == 0
    assert "not known yet" in llmcost("label", "r2", "good", *OPTIONS).err


def test_a_label_by_prompt_keeps_a_digest_and_not_the_text() -> None:
    Path("labels.jsonl").write_text(json.dumps({"prompt": "who are the walruses?", "model": "m", "quality": 1}))
    assert llmcost("label", "--file", "labels.jsonl", *OPTIONS).code == 0
    (label,) = labels()
    prefix, _, digest = label.key.partition(":")
    assert (prefix, len(digest), label.features) == ("prompt", 32, packed(features("who are the walruses?")))
    for file in Path().glob("ledger.db*"):
        assert b"walrus" not in file.read_bytes()


def test_its_prompt_is_kept_as_features_only() -> None:
    text = "Prove that the square root of two is irrational"
    Path("prompt.txt").write_text(text)
    ran = llmcost("label", "r1", "0.7", "--prompt", "prompt.txt", "--json", *OPTIONS)
    assert (ran.json, ran.err) == ({"schema_version": 1, "kept": 1, "known": 0}, "")
    assert labels() == [StoredLabel("openai:r1", "gpt-4o-mini", 0.7, NOW_US, packed(features(text)))]
    assert b"irrational" not in Path("ledger.db").read_bytes()
    assert llmcost("label", "r1", "bad", "--prompt", "-", *OPTIONS, stdin=text.encode()).code == 0
    assert [each.quality for each in labels()] == [0.0, 0.7]


def test_a_label_can_be_taken_back() -> None:
    llmcost("label", "r1", "good", *OPTIONS)
    assert llmcost("label", "r1", "none", *OPTIONS).out == "1 label taken back\n"
    assert labels() == []


def test_a_file_of_labels_is_read_once_however_often_it_is_given() -> None:
    lines = [
        {"id": "r1", "quality": "bad"}, {"id": "r1", "prompt": "why?"},
        {"prompt": "how?", "model": "gpt-4o", "quality": 1},
        {"id": "elsewhere", "quality": 1}, {"id": "other", "model": "m", "quality": 0.5}, {"nothing": 1},
    ]  # fmt: skip
    Path("labels.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ran = llmcost("label", "--file", "labels.jsonl", *OPTIONS)
    assert (ran.code, ran.out) == (0, "3 new labels kept\n")
    assert ran.err.splitlines() == [
        "labels.jsonl: line 6: neither id nor prompt",
        "labels.jsonl: 1 line left out",
        "1 label left out: no such request in the ledger, and no model named",
        "prompts of 1 label are not known yet: --prompt FILE, or --file with id and prompt, tells",
    ]
    first, second, third = labels()
    assert (first.key, first.features) == ("openai:r1", packed(features("why?")))
    assert (second.key, second.features) == ("other", None)
    assert third.key.startswith("prompt:")
    assert third.features == packed(features("how?"))
    again = llmcost("label", "--file", "-", "--json", *OPTIONS, stdin=Path("labels.jsonl").read_bytes())
    assert again.json == {"schema_version": 1, "kept": 0, "known": 3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "label takes an id and a quality, or --file"),
        (["r1"], "no quality for 'r1'"),
        (["r1", "so-so"], "'so-so' is no quality"),
        (["r1", "2"], "'2' is no quality"),
        (["r9", "good"], "no request 'r9' in the ledger"),
        (["r1", "good", "--file", "x"], "label takes an id and a quality, or --file"),
        (["--file", "x", "--model", "m"], "label takes an id and a quality, or --file"),
        (["--file", "missing.csv"], "cannot read missing.csv"),
    ],
)
def test_mistakes_are_said(arguments: list[str], message: str) -> None:
    ran = llmcost("label", *arguments, *OPTIONS)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {message}")
    assert labels() == []
