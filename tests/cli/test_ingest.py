"""`llmcost ingest` as a person would type it."""

import gzip
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from llmcost.ledger import connect
from tests.ingest.logs import PRICES, claude, encoded, flat, write
from tests.run import Ran, llmcost

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "samples" / "claude_code"
LEDGER = Path("ledger.db")


@pytest.fixture(autouse=True)
def own_prices(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (isolated / "prices.yaml").write_text(PRICES)
    monkeypatch.setenv("LLMCOST_PRICES", str(isolated / "prices.yaml"))
    monkeypatch.setenv("LLMCOST_LEDGER", str(isolated / LEDGER))


def ingest(*arguments: str, stdin: bytes = b"") -> Ran:
    return llmcost("ingest", *arguments, stdin=stdin)


def stored(columns: str = "*") -> list[tuple[Any, ...]]:
    """Rows of the ledger by themselves, whatever the code under test says of them."""
    with sqlite3.connect(LEDGER) as db:
        found = db.execute(
            f"SELECT {columns} FROM request JOIN series ON series.id = series JOIN party ON party.id = party"
            " JOIN context ON context.id = context ORDER BY ts, request.id"
        ).fetchall()
    db.close()
    return found


def assert_error(ran: Ran, code: int, *texts: str) -> None:
    assert ran.code == code, ran
    lines = ran.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("hint: ")
    for text in texts:
        assert text in ran.err
    assert ran.out == ""


def test_json_has_the_keys_scripts_rely_on() -> None:
    write(Path("logs/a.jsonl"), flat(), flat(request_id="r2", model="acme"), b"{cut\n")
    write(Path("logs/b.jsonl"), claude(output=10), {"type": "user", "message": {}}, claude(output=100))
    ran = ingest("logs", "--json")
    assert ran.code == 0
    assert ran.err == ""
    # gpt-4o: (100 x 2.50 + 20 x 10) / 1M; claude: (1000 x 3 + 100 x 15) / 1M
    assert ran.json == {
        "schema_version": 1, "batch": 1, "dry_run": False, "files": 2, "unchanged": 0,
        "read": 4, "new": 3, "updated": 0, "duplicate": 1, "clashes": 0, "compacted": 0,
        "billed": {"lines": 0, "replaced": 0, "unchanged": 0, "left_out": 0}, "skipped": 1,
        "ignored": 1, "unpriced": 1,
        "cost_usd": "0.00495",
        "sources": [{"source": "claude-code", "files": 1, "requests": 2},
                    {"source": "jsonl", "files": 1, "requests": 2}],
        "unpriced_reasons": {"no price for model 'acme'": 1},
        "problems": [{"file": "logs/a.jsonl", "line": 3, "reason": "not JSON: the line is cut short or malformed"}],
    }  # fmt: skip


def test_text_goes_to_stdout_and_remarks_to_stderr() -> None:
    write(Path("a.jsonl"), flat(), b"{cut\n")
    ran = ingest("a.jsonl")
    assert ran.out == (
        "added 1 request, worth $0.000450 (read 1, 0 of them repeats; 1 file: jsonl 1)\n"
        "batch 1: `llmcost ledger undo 1` takes it back\n"
    )
    assert ran.err == "skipped 1:\n  a.jsonl:2: not JSON: the line is cut short or malformed\n"
    assert ingest("a.jsonl", "--quiet").err == ""


def test_reading_again_adds_nothing() -> None:
    write(Path("a.jsonl"), flat(), flat(request_id=None), flat(request_id=None))
    assert ingest("a.jsonl", "--json").json["new"] == 3
    before = stored()
    again = ingest("a.jsonl", "--json", "--strict").json
    assert (again["new"], again["updated"], again["duplicate"], again["cost_usd"]) == (0, 0, 3, "0")
    assert stored() == before
    again = ingest("a.jsonl", "--json").json
    assert (again["files"], again["unchanged"], again["read"], again["batch"]) == (0, 1, 0, 0)
    ran = ingest("a.jsonl")
    assert ran.out == "added 0 requests, worth $0.00 (read 0, 0 of them repeats; 0 files; 1 already read)\n"
    assert ran.err == ""
    assert stored() == before


def test_an_undo_reads_the_logs_again() -> None:
    write(Path("a.jsonl"), flat())
    assert ingest("a.jsonl", "--json").json["batch"] == 1
    before = stored("ts, request.id, cost")
    assert llmcost("ledger", "undo", "1").code == 0
    assert stored() == []
    assert ingest("a.jsonl", "--json").json["new"] == 1
    assert stored("ts, request.id, cost") == before


def test_what_was_skipped_is_told_every_time() -> None:
    write(Path("a.jsonl"), flat(), b"{cut\n")
    assert [ingest("a.jsonl", "--json").json["skipped"] for _ in range(3)] == [1, 1, 1]


def test_other_labels_read_the_file_again() -> None:
    write(Path("a.jsonl"), flat())
    ingest("a.jsonl")
    again = ingest("a.jsonl", "--app", "shop", "--json").json
    assert (again["read"], again["unchanged"]) == (1, 0)


def test_a_trial_run_leaves_the_files_to_be_read() -> None:
    write(Path("a.jsonl"), flat())
    ingest("a.jsonl", "--dry-run")
    assert ingest("a.jsonl", "--json").json["new"] == 1


def test_labels() -> None:
    write(Path("a.jsonl"), flat(), flat(request_id="r2", app="own"))
    ran = ingest("a.jsonl", "--app", "shop", "--user", "ada", "--team", "web", "--env", "prod", "--project", "p",
                 "--tag", "b=2", "--tag", "a = x=y ")  # fmt: skip
    assert ran.code == 0
    tags = '{"a": "x=y", "b": "2"}'
    assert stored("app, user, team, environment, project, tags") == [
        ("shop", "ada", "web", "prod", "p", tags), ("own", "ada", "web", "prod", "p", tags),
    ]  # fmt: skip


@pytest.mark.parametrize("tag", ["a", "=b", ""])
def test_a_tag_that_is_no_pair(tag: str) -> None:
    write(Path("a.jsonl"), flat())
    assert_error(ingest("a.jsonl", "--tag", tag), 2, f"--tag {tag!r} is not KEY=VALUE")
    assert not LEDGER.exists()


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([flat()], 0),
        ([flat(), b"{cut\n"], 6),
        ([flat(), flat(request_id="r2", model="acme")], 6),
        ([claude(), {"type": "user", "message": {}}], 0),
    ],
)
def test_strict(lines: list[Any], code: int) -> None:
    write(Path("a.jsonl"), *lines)
    assert ingest("a.jsonl").code == 0
    assert ingest("a.jsonl", "--strict").code == code


def test_a_dry_run_makes_no_file() -> None:
    write(Path("a.jsonl"), flat())
    ran = ingest("a.jsonl", "--dry-run", "--json")
    assert (ran.code, ran.json["new"], ran.json["dry_run"], ran.json["cost_usd"]) == (0, 1, True, "0.00045")
    assert ingest("a.jsonl", "--dry-run").out.startswith("would add 1 request")
    assert sorted(path.name for path in Path.cwd().iterdir() if path.suffix == ".db") == []


def test_a_dry_run_leaves_a_ledger_as_it_was() -> None:
    write(Path("a.jsonl"), claude(output=1))
    write(Path("b.jsonl"), claude(output=90), claude("msg_2"))
    ingest("a.jsonl")
    before = LEDGER.read_bytes()
    rehearsed = ingest("b.jsonl", "--dry-run", "--json").json
    assert (rehearsed["new"], rehearsed["updated"]) == (1, 1)
    assert LEDGER.read_bytes() == before
    done = ingest("b.jsonl", "--json").json
    assert {**rehearsed, "dry_run": False} == done


def test_a_dry_run_does_not_fill_an_empty_file() -> None:
    write(Path("a.jsonl"), flat())
    LEDGER.touch()
    assert ingest("a.jsonl", "--dry-run").code == 0
    assert LEDGER.read_bytes() == b""


def test_a_path_that_does_not_exist() -> None:
    write(Path("a.jsonl"), flat())
    assert_error(ingest("a.jsonl", "missing.jsonl"), 2, "no such file or folder: missing.jsonl")
    assert not LEDGER.exists()


def test_a_pipe_by_name() -> None:
    os.mkfifo("pipe")
    assert_error(ingest("pipe"), 2, "neither a file nor a folder: pipe", "llmcost ingest -")


def test_an_unknown_source() -> None:
    write(Path("a.jsonl"), flat())
    assert_error(ingest("a.jsonl", "--source", "claude"), 2, "unknown source 'claude'; did you mean 'claude-code'?")
    assert not LEDGER.exists()


def test_a_named_source_reads_what_would_not_be_recognised() -> None:
    write(Path("a.jsonl"), {"timestamp": "2026-01-09", "model": "gpt-4o"}, flat())
    ran = ingest("a.jsonl", "--source", "jsonl", "--json").json
    assert (ran["new"], ran["skipped"]) == (1, 1)


def test_an_unknown_format() -> None:
    write(Path("a.jsonl"), flat())
    assert_error(ingest("a.jsonl", "--format", "csv"), 2, "unknown format 'csv'")


def test_standard_input() -> None:
    assert ingest("-", "--json", stdin=encoded(flat())).json["new"] == 1
    assert ingest("-", "--json", stdin=gzip.compress(encoded(flat()))).json["duplicate"] == 1
    problems = ingest("-", "--json", stdin=b"").json["problems"]
    assert problems == [{"file": "-", "line": 0, "reason": "the file is empty"}]
    broken = ingest("-", "--json", stdin=b"\x1f\x8bxx")
    assert (broken.code, "damaged gzip" in broken.json["problems"][0]["reason"]) == (0, True)


def test_standard_input_beside_files() -> None:
    write(Path("a.jsonl"), flat())
    assert ingest("-", "a.jsonl", "--json", stdin=encoded(claude())).json["new"] == 2


def test_an_unreadable_folder_below_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("logs/a.jsonl"), flat())
    Path("logs/locked").mkdir()
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    ran = ingest("logs", "--json").json
    assert (ran["new"], ran["skipped"]) == (1, 1)
    assert ran["problems"][0] == {"file": "logs/locked", "line": 0, "reason": "cannot be read: Permission denied"}
    assert_error(ingest("logs/locked"), 2, "cannot read logs/locked: Permission denied")


# --- default folders ---------------------------------------------------------------------------------------------


def test_claude_codes_own_folders_are_the_default(isolated: Path) -> None:
    write(isolated / ".claude/projects/-home/a.jsonl", claude("msg_1"))
    write(isolated / ".config/claude/projects/p/b.jsonl", claude("msg_2"))
    write(isolated / ".claude/other.jsonl", claude("msg_3"))
    assert ingest("--json").json["new"] == 2


def test_the_environment_names_other_folders(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(isolated / ".claude/projects/a.jsonl", claude("msg_1"))
    write(isolated / "one/projects/a.jsonl", claude("msg_2"))
    write(isolated / "two/projects/a.jsonl", claude("msg_3"), claude("msg_4"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{isolated / 'one'}, ~/two,,{isolated / 'missing'}")
    assert ingest("--json").json["new"] == 3
    assert {row[0] for row in stored("request.id")} == {"anthropic:msg_2", "anthropic:msg_3", "anthropic:msg_4"}


def test_the_tools_found_are_told_and_read_together(isolated: Path) -> None:
    write(isolated / ".claude/projects/p/a.jsonl", claude("msg_1"))
    when = "2026-01-09T10:00:00Z"
    counts = {"input_tokens": 10, "cached_input_tokens": 0, "output_tokens": 2, "reasoning_output_tokens": 0}
    write(isolated / ".codex/sessions/2026/01/09/rollout.jsonl",
          {"timestamp": when, "type": "turn_context", "payload": {"model": "gpt-4o"}},
          {"timestamp": when, "type": "event_msg",
           "payload": {"type": "token_count", "info": {"total_token_usage": counts}}})  # fmt: skip
    ran = ingest()
    assert ran.err == "found claude-code (1 file), codex (1 file)\n"
    assert "added 2 requests" in ran.out
    assert stored("model, app, source") == [
        ("claude-sonnet-4-5", "claude-code", "claude-code"), ("gpt-4o", "codex", "codex"),
    ]  # fmt: skip
    assert ingest("--json").json["unchanged"] == 2


def test_without_any_logs_it_says_what_it_looked_for(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "/nowhere")
    assert_error(
        ingest(), 2, f"no logs of claude-code, codex, gemini-cli, qwen-code, copilot-cli, opencode, llm for {isolated}"
    )
    assert not LEDGER.exists()


# --- columns of one's own ----------------------------------------------------------------------------------------

OWN = b"when;what;in;out\n2026-01-09T10:00:00Z;gpt-4o;100;20\n"


def test_a_mapping_on_the_command_line() -> None:
    Path("own.csv").write_bytes(OWN)
    assert (
        ingest("own.csv", "--json")
        .json["problems"][0]["reason"]
        .startswith("not a log that llmcost knows; if it is one of requests, --map says what its columns mean: ")
    )
    given = ("when=timestamp", "what=model", "in=input_tokens", "out = output_tokens")
    ran = ingest("own.csv", "--json", *(word for pair in given for word in ("--map", pair)))
    assert (ran.json["new"], ran.json["cost_usd"]) == (1, "0.00045")


def test_a_mapping_in_a_file() -> None:
    Path("own.csv").write_bytes(OWN)
    Path("map.yaml").write_text("when: timestamp\nwhat: model\n# ours\nin: input_tokens\n'out': output_tokens\n")
    assert ingest("own.csv", "--map", "map.yaml", "--json").json["cost_usd"] == "0.00045"
    assert ingest("own.csv", "--map", "map.yaml", "--map", "out=team", "--json").json["updated"] == 0


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("in: tokens\n", ("unknown field 'tokens'", "docs/sources.md")),
        ("- a\n", ("map.yaml is not a table of columns and fields",)),
        ("", ("map.yaml is not a table of columns and fields",)),
        ("a: [b]\n", ("map.yaml is not a table of columns and fields",)),
        ("a: {\n", ("map.yaml:", "not valid YAML")),
        ("a: &x b\nc: *x\n", ("anchors",)),
    ],
)
def test_a_bad_mapping_file(content: str, texts: tuple[str, ...]) -> None:
    Path("own.csv").write_bytes(OWN)
    Path("map.yaml").write_text(content)
    assert_error(ingest("own.csv", "--map", "map.yaml"), 2, *texts)
    assert not LEDGER.exists()


def test_a_bad_mapping_option() -> None:
    Path("own.csv").write_bytes(OWN)
    assert_error(ingest("own.csv", "--map", "in=input_token"), 2, "did you mean 'input_tokens'")
    assert_error(ingest("own.csv", "--map", "missing.yaml"), 2, "missing.yaml: no such file, and not COLUMN=FIELD")
    assert_error(ingest("own.csv", "--map", "=model"), 2, "is not KEY=VALUE")


def test_at_dates_what_has_no_time() -> None:
    body = {"object": "list", "model": "gpt-4o", "data": [], "usage": {"prompt_tokens": 100, "total_tokens": 100}}
    write(Path("a.json"), body)
    assert "--at" in ingest("a.json", "--json").json["problems"][0]["reason"]
    assert ingest("a.json", "--at", "2026-01-09T12:00", "--tz", "Europe/Berlin", "--json").json["new"] == 1
    assert stored("ts") == [(1_767_956_400_000_000,)]  # 11:00 UTC
    assert ingest("a.json", "--at", "mtime", "--json").json["new"] == 1
    assert_error(ingest("a.json", "--at", "later"), 2, "not a time: 'later'")
    assert_error(ingest("a.json", "--at", "1960-01-01"), 2, "'1960-01-01' is outside the years 2000-2099")


# --- the ledger file ---------------------------------------------------------------------------------------------


def test_a_ledger_that_is_no_database() -> None:
    write(Path("a.jsonl"), flat())
    LEDGER.write_text("notes " * 1000)
    assert_error(ingest("a.jsonl"), 2, "ledger.db is not a SQLite file")
    assert LEDGER.read_text() == "notes " * 1000


def test_a_database_of_another_program() -> None:
    write(Path("a.jsonl"), flat())
    with sqlite3.connect(LEDGER) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = LEDGER.read_bytes()
    assert_error(ingest("a.jsonl"), 2, "a database of another program")
    assert LEDGER.read_bytes() == before


def test_a_ledger_that_is_a_folder() -> None:
    write(Path("a.jsonl"), flat())
    LEDGER.mkdir()
    assert_error(ingest("a.jsonl"), 2, "is a folder")


def test_a_ledger_in_a_place_that_cannot_be_written() -> None:
    write(Path("a.jsonl"), flat())
    assert_error(ingest("a.jsonl", "--ledger", "/proc/llmcost/ledger.db"), 1, "/proc/llmcost/ledger.db")


@pytest.mark.parametrize(
    ("pragma", "text"),
    [("max_page_count = 45", "the disk is full"), ("query_only = ON", "is read-only")],
)
def test_a_full_or_read_only_disk_leaves_the_ledger_as_it_was(
    pragma: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(Path("a.jsonl"), *(flat(request_id=f"r{n}") for n in range(50)))
    write(Path("b.jsonl"), flat(output_tokens=99), *(flat(request_id=f"s{n}", user=f"u{n}") for n in range(5000)))
    ingest("a.jsonl")
    before = stored()
    opened = connect._open

    def failing(path: Path, mode: str) -> sqlite3.Connection:
        connection = opened(path, mode)
        connection.execute(f"PRAGMA {pragma}")
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(connect, "_open", failing)
        assert_error(ingest("b.jsonl"), 1, text)
    assert stored() == before
    assert llmcost("ledger", "check").code == 0
    assert ingest("b.jsonl", "--json").json["new"] == 5000


def test_an_interrupt_leaves_whole_chunks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("a.jsonl"), flat())

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("llmcost.ingest.pipeline.Ingest._read_as", stop)
    assert ingest("a.jsonl").code == 130
    monkeypatch.undo()
    assert not LEDGER.exists() or stored() == []


# --- real samples ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not DATA.exists(), reason="no shared data beside the checkout")
def test_the_totals_of_the_samples_are_right_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """21 lines with a usage and a time; msg_002, msg_004 (three times) and msg_006 stand in two files: 17 requests.

    USD per million tokens (input, output, cache write, cache read), from Anthropic's price list:
    Sonnet 3 / 4: 3, 15, 3.75, 0.30; Opus 4: 15, 75, 18.75, 1.50; Haiku 4.5: 1, 5, 1.25, 0.10.
    Of a request seen twice, the version with more tokens counts.
    """
    monkeypatch.delenv("LLMCOST_PRICES")
    sonnet, opus, haiku = (3_000, 15_000, 3_750, 300), (15_000, 75_000, 18_750, 1_500), (1_000, 5_000, 1_250, 100)
    used = [
        (35, 145, 0, 0, sonnet), (200, 25, 0, 0, sonnet), (85, 180, 0, 0, sonnet),  # edge_002, _004, _009
        (20, 25, 0, 0, sonnet), (25, 120, 0, 0, sonnet), (150, 18, 0, 0, sonnet),  # msg_001, _002, _003
        (168, 85, 0, 0, sonnet), (250, 20, 0, 0, sonnet), (270, 95, 0, 0, sonnet),  # msg_004, _005, _006
        (25, 35, 0, 0, sonnet), (45, 110, 0, 0, sonnet), (20, 35, 0, 0, sonnet),  # msg_008, _010, session_b_002
        (100, 50, 25, 10, sonnet), (200, 75, 50, 20, opus), (300, 125, 0, 40, sonnet),  # msg-alpha-1, -2, -3
        (50, 25, 5, 15, haiku), (80, 35, 10, 25, haiku),  # msg-beta-1, -2
    ]  # fmt: skip
    nano = sum(count * rate for *counts, rates in used for count, rate in zip(counts, rates, strict=True))
    assert nano == 31_253_000

    found = ingest(str(DATA), "--json").json
    assert found["cost_usd"] == "0.031253"
    assert (found["read"], found["new"], found["updated"], found["duplicate"], found["unpriced"]) == (21, 17, 0, 4, 0)
    # Three lines that are no objects; five documents of other kinds; five lines without a time or a usage.
    assert (found["files"], found["skipped"]) == (12, 13)
    assert [(Path(p["file"]).name, p["line"]) for p in found["problems"]] == [
        ("SOURCE.txt", 0), ("ccl-edge_cases.jsonl", 13), ("ccl-edge_cases.jsonl", 15), ("ccl-edge_cases.jsonl", 16),
        ("cct-sample_session.json", 0), ("cct-sample_session.jsonl", 3), ("cct-sample_session.jsonl", 5),
        ("cct-sample_session.jsonl", 8), ("ccusage-statusline-test.json", 0), ("ccusage-test-transcript.jsonl", 2),
        ("ccusage-test-transcript.jsonl", 4), ("tokscale-conversation.jsonl", 2), ("tokscale-conversation.jsonl", 3),
    ]  # fmt: skip
    counts = stored("sum(input), sum(output), sum(write_5m), sum(cached), sum(cost), count(*)")
    assert counts == [(2023, 1203, 90, 110, nano, 17)]

    before = stored()
    again = ingest(str(DATA), "--strict", "--json").json
    assert (again["new"], again["updated"], again["duplicate"]) == (0, 0, 21)
    assert stored() == before


def test_json_problems_are_valid_whatever_a_file_is_called() -> None:
    name = os.fsdecode(b"bad\xff\x1b[2J.jsonl")
    write(Path(name), flat(), b"{cut")
    ran = ingest(name, "--json")
    assert ran.json["new"] == 1
    assert json.loads(ran.out)["problems"][0]["file"] == "bad\ufffd\ufffd[2J.jsonl"
    assert "\x1b" not in ran.out
