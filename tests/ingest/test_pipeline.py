"""From files to the ledger."""

import gzip
import io
from pathlib import Path

import pytest

from llmcost.core.record import Problem
from llmcost.core.usage import Usage
from llmcost.ingest import pipeline
from llmcost.ingest.pipeline import Ingest, Labels
from llmcost.ledger.protocol import Added
from llmcost.sources.reader import ReadOptions
from tests.ingest.logs import BOOK, claude, encoded, flat, ingest, memory, rows, write


def test_the_account_of_an_ingest(tmp_path: Path) -> None:
    ledger = memory()
    one = write(tmp_path / "a.jsonl", flat(), flat(request_id="r2", model="acme-1"), flat(request_id="r3", tier=7))
    two = write(tmp_path / "b.jsonl", claude(output=10), {"type": "user", "message": {}}, claude(output=100))
    result = ingest(ledger, one, two)
    assert (result.files, result.read, result.skipped, result.ignored) == (2, 4, 1, 1)
    # $0.00045 for gpt-4o, (1000 x 3 + 100 x 15) / 1M = $0.0045 for the fuller version
    assert result.added == Added(new=3, updated=0, duplicate=1, unpriced=1, cost=450_000 + 4_500_000)
    assert result.problems == [Problem(str(one), 3, "a service tier is not text: '7'")]
    assert result.unpriced == {"no price for model 'acme-1'": 1}
    assert result.sources == [("claude-code", 1, 2), ("jsonl", 1, 2)]
    assert ledger.check() == []


def test_reading_a_file_again_changes_nothing(tmp_path: Path) -> None:
    ledger = memory()
    anonymous = flat(request_id=None)
    path = write(tmp_path / "a", flat(), anonymous, anonymous, claude(), claude(None), claude(None))
    first = ingest(ledger, path, source="jsonl")
    claudes = ingest(ledger, path, source="claude-code")
    before = rows(ledger)
    assert (first.added.new, claudes.added.new) == (3, 3)
    for source in ("jsonl", "claude-code"):
        again = ingest(ledger, path, source=source)
        assert again.added == Added(duplicate=3)
    assert rows(ledger) == before


def test_a_fuller_version_replaces_and_a_lesser_one_does_not(tmp_path: Path) -> None:
    ledger = memory()
    ingest(ledger, write(tmp_path / "a", claude(output=10)))
    assert ingest(ledger, write(tmp_path / "b", claude(output=90))).added[:3] == (0, 1, 0)
    assert ingest(ledger, write(tmp_path / "c", claude(output=20))).added[:3] == (0, 0, 1)
    (row,) = rows(ledger)
    assert (row.record.usage, row.cost) == (Usage(input=1000, output=90), 1000 * 3_000 + 90 * 15_000)
    assert ledger.check() == []


def test_the_main_thread_wins_over_a_fuller_sidechain_replay(tmp_path: Path) -> None:
    ledger = memory()
    replay = claude(output=500, isSidechain=True, requestId="other")
    ingest(ledger, write(tmp_path / "a", replay, claude(output=10), replay))
    ingest(ledger, write(tmp_path / "b", replay))
    (row,) = rows(ledger)
    assert (row.record.sidechain, row.record.usage.output) == (False, 10)


def test_a_forked_session_repeats_lines_under_another_name(tmp_path: Path) -> None:
    ledger = memory()
    old = [claude(f"msg_{n}", output=n) for n in range(1, 4)]
    ingest(ledger, write(tmp_path / "old", *old))
    forked = [{**line, "sessionId": "fork"} for line in old]
    result = ingest(ledger, write(tmp_path / "new", *forked, claude("msg_9")))
    assert result.added.new == 1
    assert len(rows(ledger)) == 4


def test_an_id_seen_months_apart_is_two_requests_in_one_file_as_in_two(tmp_path: Path) -> None:
    january, march = flat(timestamp="2026-01-05T10:00:00Z"), flat(timestamp="2026-03-05T10:00:00Z", output_tokens=30)
    one, two = memory(), memory()
    result = ingest(one, write(tmp_path / "a", january, march, march, january))
    assert (result.read, result.added.new, result.added.duplicate) == (4, 2, 2)
    ingest(two, write(tmp_path / "b", january, january), write(tmp_path / "c", march, march))
    assert rows(one) == rows(two)
    assert [row.record.usage.output for row in rows(one)] == [20, 30]


def test_versions_of_adjacent_days_are_one_request_and_those_two_days_apart_are_two(tmp_path: Path) -> None:
    """The fullest, of the 7th, takes the 6th's place and not the 5th's, whatever the order of the lines."""
    days = [flat(timestamp=f"2026-01-0{day}T12:00:00Z", output_tokens=day) for day in (5, 6, 7)]
    for order in (days, days[::-1], [days[1], days[2], days[0]]):
        ledger = memory()
        result = ingest(ledger, write(tmp_path / "a", *order))
        assert [row.record.usage.output for row in rows(ledger)] == [5, 7]
        assert result.added[:3] == (2, 0, 1)


def test_lines_without_an_id_are_told_apart_by_their_number_within_a_file(tmp_path: Path) -> None:
    ledger = memory()
    line = flat(request_id=None)
    assert ingest(ledger, write(tmp_path / "a", line, line)).added[:3] == (2, 0, 0)
    assert ingest(ledger, write(tmp_path / "b", line)).added[:3] == (0, 0, 1)
    assert ingest(ledger, write(tmp_path / "c", line, line, line)).added[:3] == (1, 0, 2)


def test_row_numbers_of_two_apps_are_no_response_ids(tmp_path: Path) -> None:
    ledger = memory()
    for app in ("shop", "blog"):
        lines = "".join(f"{n},2026-01-09T10:00:00Z,gpt-4o,100,20,{app}\n" for n in (1, 2))
        (tmp_path / app).write_text("id,timestamp,model,input_tokens,output_tokens,app\n" + lines)
        assert ingest(ledger, tmp_path / app).added[:3] == (2, 0, 0)
        assert ingest(ledger, tmp_path / app).added[:3] == (0, 0, 2)
    assert [row.record.app for row in rows(ledger)].count("shop") == 2


def test_one_call_through_bedrock_in_a_gateways_log_and_in_claude_codes_is_one_row(tmp_path: Path) -> None:
    ledger = memory()
    ingest(ledger, write(tmp_path / "tool", claude("msg_bdrk_1", output=10)))
    body = {"id": "msg_bdrk_1", "type": "message", "model": "claude-sonnet-4-5",
            "usage": {"input_tokens": 1000, "output_tokens": 10}}  # fmt: skip
    line = {"timestamp": "2026-01-09T10:00:00Z", "response": body}
    assert ingest(ledger, write(tmp_path / "gateway", line)).added.new == 0
    assert [row.record.id for row in rows(ledger)] == ["aws:msg_bdrk_1"]


def test_neither_secrets_nor_what_was_said_reach_the_ledger(tmp_path: Path) -> None:
    ledger = memory()
    said = {
        "question": "hidden",
        "user_prompt": "hidden",
        "proxy_server_request": {"body": "hidden"},
        "user_api_key": "hidden",
        "note": "hidden " * 20,
        "metadata": {"authorization": "hidden", "team": "web"},
    }
    ingest(ledger, write(tmp_path / "a", flat(channel="mail", **said)))
    (row,) = rows(ledger)
    assert row.record.tags == (("channel", "mail"), ("team", "web"))


def test_a_gateway_and_a_tool_that_logged_one_call_are_one_row(tmp_path: Path) -> None:
    ledger = memory()
    ingest(ledger, write(tmp_path / "tool", claude("msg_1", output=10)))
    seen = flat(request_id="msg_1", model="claude-sonnet-4-5", input_tokens=1000, output_tokens=10)
    assert ingest(ledger, write(tmp_path / "gateway", seen)).added.new == 0
    assert len(rows(ledger)) == 1


def test_labels_fill_what_the_log_leaves_open(tmp_path: Path) -> None:
    ledger = memory()
    labels = Labels("shop", "ada", "web", "prod", "p1", (("ci", "1"), ("own", "label")))
    named = flat(request_id="r2", app="own", user="bob", tags={"own": "log"})
    ingest(ledger, write(tmp_path / "a", flat(), named), labels=labels)
    ingest(ledger, write(tmp_path / "b", claude()))
    found = {
        r.record.id: (r.record.app, r.record.user, r.record.team, r.record.environment, r.record.project, r.record.tags)
        for r in rows(ledger)
    }
    assert found == {
        "openai:r1": ("shop", "ada", "web", "prod", "p1", (("ci", "1"), ("own", "label"))),
        "openai:r2": ("own", "bob", "web", "prod", "p1", (("ci", "1"), ("own", "log"))),
        "anthropic:msg_1": ("claude-code", "", "", "", "", ()),
    }


def test_an_app_given_for_claude_code_replaces_its_default(tmp_path: Path) -> None:
    ledger = memory()
    ingest(ledger, write(tmp_path / "b", claude()), labels=Labels(app="agents"))
    assert rows(ledger)[0].record.app == "agents"


def test_names_from_a_log_are_safe_to_store(tmp_path: Path) -> None:
    ledger = memory()
    key = "sk-" + "a" * 40
    hostile = flat(app="\x1b]0;x\x07name", user=f"me {key}", error=f"Bearer {'b' * 30}", status="error",
                   model="m" * 5000, team="e\u0301", tags={f"k\n{key}": key, "\u202e": "\x00"})  # fmt: skip
    ingest(ledger, write(tmp_path / "a", hostile))
    (row,) = rows(ledger)
    stored = repr(row.record)
    assert "\\x1b" not in stored
    assert "aaaaaaaa" not in stored
    assert "bbbbbbbb" not in stored
    assert len(row.record.model) == 512
    assert row.record.team == "\N{LATIN SMALL LETTER E WITH ACUTE}"


def test_prompts_leave_digests_and_features_but_no_text(tmp_path: Path) -> None:
    ledger = memory()
    text = "请用三句话总结这份合同的要点" * 10
    ingest(ledger, write(tmp_path / "a", flat(prompt=text), flat(request_id="r2", prompt=text)))
    one, other = (row.record for row in rows(ledger))
    assert (one.prompt_text, one.language, one.prompt_chars) == ("", "cjk", 140)
    assert one.prompt_digest == other.prompt_digest != ""
    assert "合同" not in repr(rows(ledger))
    elsewhere = memory()
    ingest(elsewhere, tmp_path / "a")
    assert rows(elsewhere)[0].record.prompt_digest != one.prompt_digest


def test_an_implausible_cost_is_skipped_and_not_stored(tmp_path: Path) -> None:
    ledger = memory()
    huge = flat(request_id="huge", input_tokens=10**12)  # x $2.50 per million, and 20 x $10 per million
    result = ingest(ledger, write(tmp_path / "a", huge, flat()))
    assert (result.read, result.skipped, result.added.new) == (1, 1, 1)
    assert result.problems[0].reason == "request openai:huge would cost 2500000.0002 USD: not plausible"
    assert [row.record.id for row in rows(ledger)] == ["openai:r1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\x7fELF\x00\x00\x01", "a binary file"),
        (b"hello\n", "not a log that llmcost knows"),
        ("hello".encode("utf-16"), "UTF-16 text: save it as UTF-8"),
        (b"\x1f\x8bgarbage", "cannot be read: damaged gzip data"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
    ],
)
def test_files_that_are_no_logs_are_problems_and_others_are_read(tmp_path: Path, content: bytes, reason: str) -> None:
    ledger = memory()
    (tmp_path / "bad").write_bytes(content)
    result = ingest(ledger, tmp_path / "bad", write(tmp_path / "good", flat()), tmp_path / "missing")
    assert result.added.new == 1
    assert result.problems[0].file == str(tmp_path / "bad")
    assert result.problems[0].reason.startswith(reason)
    assert result.problems[1] == Problem(str(tmp_path / "missing"), 0, "cannot be read: No such file or directory")


def test_what_stands_before_the_damage_of_an_archive_counts(tmp_path: Path) -> None:
    ledger = memory()
    packed = gzip.compress(encoded(*(flat(request_id=f"r{n}", output_tokens=n) for n in range(5000))))
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    result = ingest(ledger, tmp_path / "cut.gz")
    assert 1000 < result.added.new < 5000
    assert result.added.new == result.read == len(rows(ledger))
    assert result.sources == [("jsonl", 1, result.read)]
    assert result.skipped == 1
    assert "cannot be read to its end: damaged gzip data" in result.problems[0].reason


def test_an_overlong_first_line_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmcost.sources.reader.MAX_LINE", 1 << 20)
    (tmp_path / "long").write_bytes(b'{"x": "' + b"x" * (3 << 20) + b'"}')
    result = ingest(memory(), tmp_path / "long")
    assert (result.skipped, "its first line is longer" in result.problems[0].reason) == (1, True)


def test_every_skipped_line_is_counted_and_the_first_thousand_are_listed(tmp_path: Path) -> None:
    result = ingest(memory(), write(tmp_path / "a", flat(), *[b"{cut\n"] * 1500))
    assert (result.skipped, len(result.problems), result.problems[-1].line) == (1500, 1000, 1001)


def test_chunks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path / "a",
        *[claude(f"msg_{n % 7}", output=n) for n in range(100)],
        *[claude(f"msg_{n % 7}", output=n, sessionId=f"s{n}") for n in range(100)],
    )
    whole, cut = memory(), memory()
    ingest(whole, path)
    monkeypatch.setattr(pipeline, "CHUNK", 3)
    result = ingest(cut, path)
    assert rows(cut) == rows(whole)
    assert (result.read, sum(result.added[:3])) == (200, 200)
    assert cut.check() == []


def test_nothing_to_add_opens_no_batch(tmp_path: Path) -> None:
    ledger = memory()
    result = ingest(ledger, write(tmp_path / "a", b"{cut\n", flat(model=None)), source="jsonl")
    assert (result.batch, ledger.info().batches) == (0, ())


def test_a_batch_can_be_undone(tmp_path: Path) -> None:
    ledger = memory()
    ingest(ledger, write(tmp_path / "a", claude(output=10)))
    before = rows(ledger)
    second = ingest(ledger, write(tmp_path / "b", claude(output=90), claude("msg_2")), label="b", now_us=5)
    assert ledger.undo(second.batch) == 2
    assert rows(ledger) == before
    assert ledger.check() == []


def test_undated_responses_get_the_time_that_was_given(tmp_path: Path) -> None:
    body = {"object": "list", "model": "text-embedding-3-small", "data": [], "usage": {"prompt_tokens": 5}}
    path = write(tmp_path / "a.json", body)
    assert "--at" in ingest(memory(), path).problems[0].reason
    ledger = memory()
    ingest(ledger, path, options=ReadOptions(undated=1_767_952_800_000_000))
    assert rows(ledger)[0].record.ts == 1_767_952_800_000_000
    ledger = memory()
    ingest(ledger, path, options=ReadOptions(undated_mtime=True))
    assert rows(ledger)[0].record.ts == path.stat().st_mtime_ns // 1000


def test_a_stream_is_read_like_a_file() -> None:
    ledger = memory()
    job = Ingest(ledger, BOOK)
    job.stream(io.BytesIO(encoded(flat(), b"{cut\n")), "-")
    result = job.finish()
    assert (result.added.new, result.problems) == (
        1, [Problem("-", 2, "not JSON: the line is cut short or malformed")],
    )  # fmt: skip


def test_progress_is_told_in_bytes_before_each_file_and_at_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    paths = [write(tmp_path / name, flat()) for name in "ab"]
    size = paths[0].stat().st_size
    Ingest(memory(), BOOK).paths([*paths, tmp_path / "gone"], lambda *step: told.append(step))
    assert told == [
        (0, 2 * size, str(paths[0])), (size, 2 * size, str(paths[1])), (2 * size, 2 * size, str(tmp_path / "gone")),
        (2 * size, 2 * size, ""),
    ]  # fmt: skip


def test_progress_is_told_within_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_TICK", 2)
    path = write(tmp_path / "log", *(flat(request_id=f"r{number}") for number in range(5)))
    size = path.stat().st_size
    told: list[tuple[int, int, str]] = []
    Ingest(memory(), BOOK).paths([path], lambda *step: told.append(step))
    assert [name for _, _, name in told] == [str(path)] * 3 + [""]
    assert all(0 <= done <= total == size for done, total, _ in told)


def test_a_header_made_to_be_slow_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"a,b,a{'-' * 100_000}!\n1,2,3\n")
    assert ingest(memory(), path).problems == [Problem(str(path), 0, "not a log that llmcost knows")]
