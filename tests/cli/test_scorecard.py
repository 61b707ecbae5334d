"""`scorecard`, and what `--record` keeps for it."""

from __future__ import annotations

import sqlite3
from contextlib import chdir, closing
from pathlib import Path
from typing import Any

import pytest

from llmcost.cli import recording
from llmcost.cli.environment import Env
from llmcost.cli.recording import keep, record_id
from llmcost.core.errors import LedgerError, UsageError
from llmcost.core.usage import Usage
from llmcost.ledger.protocol import Prediction
from llmcost.ledger.sqlite import SqliteLedger
from tests.estimate.books import PRICES
from tests.ledger.samples import DAY, T0, add, row
from tests.run import Ran, llmcost

#: T0 is 2026-03-02T00:00Z.
FORETOLD = Prediction("", 0, "estimate", "a.txt", "gpt-4o", (("prompt_id", "a.txt"),), 100, 50, 1_000, None, None, 60)


def env(us: int = T0, **given: Any) -> Env:
    return Env({"ledger": "ledger.db", "as_of": str(us), **given})


def scorecard(*arguments: str) -> Ran:
    return llmcost("scorecard", "--ledger", "ledger.db", "--as-of", "2026-03-20T00:00Z", *arguments)


def calls(days: dict[float, int]) -> None:
    """So many calls of 1,050 nano-USD, each of these days after T0."""
    with closing(SqliteLedger(Path("ledger.db"), write=True)) as ledger:
        rows = [
            row(f"openai:{day}-{n}", ts=T0 + round(day * DAY), usage=Usage(input=100, output=50), prompt_id="a.txt")
            for day, number in days.items()
            for n in range(number)
        ]
        add(ledger, *rows)


def test_from_recording_to_error(capsys: pytest.CaptureFixture[str]) -> None:
    keep(env(), "pr-1", [FORETOLD])
    assert capsys.readouterr().err == "recorded as pr-1: 1 prediction\n"
    calls({0: 5, 1: 5, 2: 5, 3: 5})
    ran = scorecard("--json")
    assert (ran.code, ran.err, ran.json["as_of"], ran.json["min_requests"]) == (0, "", "2026-03-20T00:00:00Z", 20)
    (found,) = ran.json["predictions"]
    assert (found["id"], found["recorded"], found["state"], found["requests"]) == (
        "pr-1", "2026-03-02T00:00:00Z", "judged", 20,
    )  # fmt: skip
    assert (found["call"]["actual_usd"], found["call"]["error_pct"]) == ("0.00000105", "5")
    # 20 requests in three days are 202.78 in 365/12 days.
    assert found["calls_per_month"] == {"predicted": 60, "actual": 203, "error_pct": "237.963"}
    assert ran.json["score"]["median_error_pct"] == "5"
    assert ran.json["models"][0]["model"] == "gpt-4o"
    text = scorecard("pr-1")
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith("1 prediction: 1 judged\n")
    assert "+5.0%" in text.out


def test_what_is_recorded_again_replaces_and_starts_anew() -> None:
    keep(env(quiet=True), "pr-1", [FORETOLD, FORETOLD._replace(path="b.txt")])
    keep(env(T0 + 2 * DAY, quiet=True), "pr-1", [FORETOLD])
    calls({0: 5, 1: 5, 2: 5, 3: 5})
    (found,) = scorecard("--json").json["predictions"]
    assert (found["requests"], found["state"]) == (10, "open")
    assert scorecard("--json", "--min-requests", "10").json["predictions"][0]["state"] == "judged"


@pytest.mark.parametrize(
    ("zone", "requests"),
    [
        ("UTC", 2 + 4),
        ("America/New_York", 4 + 8),  # from the 8th 05:00Z to the 10th 04:00Z: the clock is put forward between
        ("Pacific/Auckland", 16 + 2 + 4),  # from the 7th 11:00Z to the 9th 11:00Z
    ],
)
def test_since_and_until_are_local_days(zone: str, requests: int) -> None:
    keep(env(quiet=True), "pr-1", [FORETOLD])
    calls({5: 1, 5.6: 16, 6: 2, 7: 4, 8: 8})  # the 7th at midnight and 14:24Z, the 8th, 9th and 10th at midnight
    ran = scorecard("--json", "--tz", zone, "--since", "2026-03-08", "--until", "2026-03-10")
    assert ran.json["predictions"][0]["requests"] == requests


def test_days_shown_are_local() -> None:
    keep(env(quiet=True), "pr-1", [FORETOLD])
    found = scorecard("--json", "--tz", "America/New_York", "--since", "2026-03-08", "--until", "2026-03-09").json
    assert (found["predictions"][0]["from"], found["predictions"][0]["until"]) == (
        "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00",
    )  # fmt: skip


def test_an_empty_period_is_an_error() -> None:
    keep(env(quiet=True), "pr-1", [FORETOLD])
    ran = scorecard("--since", "2026-03-09", "--until", "2026-03-08")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: the period from 2026-03-09 to 2026-03-08 is empty\nhint: ")


def test_unknown_ids() -> None:
    keep(env(quiet=True), "release-1", [FORETOLD])
    ran = scorecard("relaese-1", "release-1")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: no prediction is recorded as 'relaese-1'; did you mean 'release-1'?\n"
        "hint: `llmcost scorecard` lists them all\n"
    )
    # At that time it was not recorded yet.
    assert llmcost("scorecard", "release-1", "--ledger", "ledger.db", "--as-of", "2026-03-01").code == 2


def test_recording_tells_what_it_ends() -> None:
    for folder in ("one", "two"):
        Path(folder).mkdir()
        for name in ("a.txt", "b.txt"):
            Path(folder, name).write_text(f"Hello {folder}", "utf-8")
    ledger = str(Path("shared.db").absolute())

    def record(folder: str, name: str, at: str, *files: str) -> str:
        with chdir(folder):
            return llmcost("estimate", *files, "--record", name, "--ledger", ledger, "--as-of", at).err

    hint = "another prompt of that path needs a `name` in prompts.yaml"
    assert "ends" not in record("one", "pr-1", "2026-11-01", "a.txt", "b.txt")
    assert "ends" not in record("one", "pr-1", "2026-11-02", "a.txt", "b.txt")  # the same prediction again
    assert record("two", "pr-2", "2026-11-03", "a.txt").endswith(f"a.txt: ends the prediction pr-1; {hint}\n")
    again = record("two", "pr-3", "2026-11-04", "a.txt", "b.txt")
    assert again.endswith(f"a.txt (and 1 more): ends the prediction pr-2; {hint}\n")


def test_nothing_recorded() -> None:
    calls({1: 5})
    ran = scorecard()
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "no predictions are recorded: `llmcost estimate PATH --record ID` records one\n"
    ran = scorecard("--json")
    assert (ran.code, ran.json["predictions"], ran.json["score"]["n"]) == (0, [], 0)


def test_no_ledger() -> None:
    ran = scorecard()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: no ledger at ledger.db\nhint: ")
    assert not Path("ledger.db").exists()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (None, ""), ("pr-12", "pr-12"), ("  release 中文 ", "release 中文"), ("a\x1b[31mb\nc", "a\ufffd[31mb\ufffdc"),
        ("'; DROP TABLE prediction; --", "'; DROP TABLE prediction; --"), ("x" * 100, "x" * 100),
        ("key sk-ant-0123456789abcdefghij", "key sk-a…redacted"),
    ],
)  # fmt: skip
def test_an_id_as_it_is_stored(text: str | None, name: str) -> None:
    assert record_id(text) == name


@pytest.mark.parametrize("text", ["", " ", "\t\n", "x" * 101, "é" * 10_000])
def test_no_id(text: str) -> None:
    with pytest.raises(UsageError, match=r"--record (is blank|has \d+ characters)"):
        record_id(text)


def test_hostile_texts_find_their_rows_and_are_shown_harmless() -> None:
    evil = "\x1b[31mä\u202e'; --"
    name = record_id(evil)
    keep(env(quiet=True), name, [FORETOLD._replace(path=evil, model=evil, where=(("prompt_id", evil), ("tag.k", "v")))])
    for ran in (scorecard(evil), scorecard(evil, "--json"), scorecard()):
        assert ran.code == 0
        assert "\x1b" not in ran.out
        assert "\u202e" not in ran.out
    assert scorecard("--json").json["predictions"][0]["where"][0]["value"] == "\ufffd[31mä\ufffd'; --"


def test_too_many_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_KEPT", 2)
    keep(env(quiet=True), "pr-1", [FORETOLD] * 2)
    with pytest.raises(UsageError, match="too many predictions to record as pr-1: 3, at most 2 are kept"):
        keep(env(), "pr-1", [FORETOLD] * 3)


def test_nothing_to_record_leaves_no_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    keep(env(), "pr-1", [])
    assert capsys.readouterr().err == "nothing to record as pr-1: no prompt has a cost\n"
    assert not Path("ledger.db").exists()


def test_a_ledger_that_may_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a read-only disk; permissions would not stop root."""
    calls({1: 5})
    connect: Any = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda name, **settings: connect(str(name).replace("mode=rwc", "mode=ro"), **settings)
    )
    with pytest.raises(LedgerError, match=r"the ledger ledger.db is read-only"):
        keep(env(), "pr-1", [FORETOLD])
    assert scorecard().code == 0


# estimate --record


@pytest.fixture
def prompt() -> None:
    """A prompt of 8 tokens, and prices of our own."""
    Path("pricing.yaml").write_text(PRICES, "utf-8")
    Path("a.txt").write_text("hello", "utf-8")


def estimate(*arguments: str, at: str = "2026-03-02T00:00Z", stdin: bytes = b"") -> Ran:
    options = ("--ledger", "ledger.db", "--as-of", at, "--output-tokens", "100")
    return llmcost("estimate", *arguments, *options, stdin=stdin)


@pytest.mark.usefixtures("prompt")
def test_an_estimate_is_kept_beside_what_it_prints() -> None:
    plain = estimate("a.txt", "-m", "gpt-4o", "--calls", "10", "--per", "day")
    ran = estimate("a.txt", "-m", "gpt-4o", "--calls", "10", "--per", "day", "--record", " pr-1 ")
    assert (ran.code, ran.out, ran.err) == (0, plain.out, plain.err + "recorded as pr-1: 1 prediction\n")
    (found,) = scorecard("--json").json["predictions"]
    assert (found["id"], found["kind"], found["path"], found["model"]) == ("pr-1", "estimate", "a.txt", "gpt-4o")
    assert found["where"] == [{"dimension": "prompt_id", "value": "a.txt"}]
    # 8 x 2.5 and 100 x 10 $/M; 10 a day are 304 in 365/12 days
    assert found["call"]["predicted_usd"] == "0.00102"
    # The count is exact; that is no claim about the length of the answers.
    assert (found["call"]["low_usd"], found["call"]["high_usd"]) == (None, None)
    assert (found["calls_per_month"]["predicted"], found["state"]) == (304, "open")


@pytest.mark.usefixtures("prompt")
def test_every_model_compared_is_a_prediction_also_in_json() -> None:
    ran = estimate("a.txt", "-m", "gpt-4o", "-m", "claude-x", "--record", "pr-1", "--json")
    assert (ran.code, len(ran.json["items"])) == (0, 2)
    assert ran.err.endswith("recorded as pr-1: 2 predictions\n")
    assert [each["model"] for each in scorecard("--json").json["predictions"]] == ["claude-x", "gpt-4o"]


@pytest.mark.usefixtures("prompt")
def test_a_ledger_that_may_not_be_written_does_not_swallow_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    calls({1: 5})
    plain = estimate("a.txt")
    connect: Any = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda name, **settings: connect(str(name).replace("mode=rwc", "mode=ro"), **settings)
    )
    ran = estimate("a.txt", "--record", "pr-1")
    assert (ran.code, ran.out) == (1, plain.out)
    assert "error: the ledger ledger.db is read-only\nhint: check its permissions" in ran.err
    assert scorecard("--json").json["predictions"] == []


@pytest.mark.usefixtures("prompt")
def test_standard_input_needs_to_know_its_rows() -> None:
    ran = estimate("-", "--record", "pr-1", stdin=b"hello")
    assert (ran.code, ran.out) == (2, "")
    assert "error: --record of standard input" in ran.err
    assert estimate("a.txt", "--record", " ").err.startswith("error: --record is blank\n")
    assert not Path("ledger.db").exists()


@pytest.mark.usefixtures("prompt")
def test_the_next_estimate_has_the_band_that_earlier_errors_give() -> None:
    """Calls of 700, 840, 910, 1,050 and 1,190 nano-USD where 1,000 were foretold: 0.7 to 1.19 times the next cost."""
    for week, tokens in enumerate((150, 130, 100, 170, 120)):
        keep(env(T0 + 7 * week * DAY, quiet=True), f"week-{week}", [FORETOLD])
        with closing(SqliteLedger(Path("ledger.db"), write=True)) as ledger:
            add(ledger, *(
                row(f"openai:{week}-{n}", ts=T0 + 7 * week * DAY + n, tokens=tokens, prompt_id="a.txt")
                for n in range(20)
            ))  # fmt: skip
    asked = ("a.txt", "-m", "gpt-4o", "--record", "next")
    ran = estimate(*asked, "--json", at="2026-05-01T00:00Z")
    assert ran.code == 0
    (item,) = ran.json["items"]
    assert (item["cost_usd"], item["cost_low_usd"], item["cost_high_usd"]) == ("0.00102", "0.000714", "0.0012138")
    note = "band learned from 5 earlier predictions of this prompt"
    assert item["notes"] == [note]
    text = estimate(*asked, at="2026-05-01T00:00Z")
    assert note in text.err
    assert "$0.000714 to $0.001214" in text.out
    kept = llmcost("scorecard", "next", "--ledger", "ledger.db", "--as-of", "2026-05-01T00:00Z", "--json").json
    call = kept["predictions"][0]["call"]
    assert (call["low_usd"], call["high_usd"]) == ("0.000714", "0.0012138")
    # A plain estimate does not look into the ledger; one that asks it does.
    assert note not in estimate("a.txt", "-m", "gpt-4o", at="2026-05-01T00:00Z").err
    Path("prompts.yaml").write_text("prompts: [{path: a.txt}]\n", "utf-8")
    assert note in estimate("a.txt", "-m", "gpt-4o", at="2026-05-01T00:00Z").err


@pytest.mark.usefixtures("prompt")
def test_a_prediction_is_kept_though_the_reader_of_the_output_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: Env, texts: object) -> None:
        raise BrokenPipeError

    with monkeypatch.context() as patch:
        patch.setattr(Env, "emit_all", gone)
        assert estimate("a.txt", "--record", "pr-1").code == 0
    assert [each["id"] for each in scorecard("--json").json["predictions"]] == ["pr-1"]
