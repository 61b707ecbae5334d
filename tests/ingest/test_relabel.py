"""Attributing again: a ledger is as if it had been read under today's rules."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost.ingest.attribution import Rules, parse_rules
from llmcost.ingest.pipeline import Ingest, Labels
from llmcost.ingest.relabel import relabel
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import Added, Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.pricing.book import PriceBook
from tests.ledger.samples import EVERYTHING, stored, summed

ALWAYS = (-(2**62), 2**62)


def claude(number: int, project: str, model: str, day: int) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": number + 1}
    message = {"id": f"msg_{number}", "model": model, "role": "assistant", "type": "message", "usage": usage}
    return {
        "type": "assistant", "sessionId": "s", "cwd": project, "timestamp": f"2026-10-0{day}T10:00:00Z",
        "message": message,
    }  # fmt: skip


def own(number: int, app: str, user: str, day: int) -> dict[str, Any]:
    return {
        "timestamp": f"2026-10-0{day}T11:00:00Z", "request_id": f"r{number}", "model": "gpt-4o", "input_tokens": 5,
        "app": app, "user": user,
    }  # fmt: skip


PROJECTS = ("/w/shop", "/w/search", "")
APPS = ("", "shop", "own")
LOGS = st.tuples(
    st.lists(
        st.tuples(st.sampled_from(PROJECTS), st.sampled_from(("claude-a", "claude-b")), st.integers(1, 4)), max_size=5
    ),
    st.lists(st.tuples(st.sampled_from(APPS), st.sampled_from(("ann", "bob")), st.integers(1, 4)), max_size=5),
)
RULES = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from(("path", "model", "user", "source")),
            st.sampled_from(("/w/*", "*search", "claude-*", "ann", "jsonl", "claude-code", "*")),
            min_size=1, max_size=2,
        ),
        st.dictionaries(
            st.sampled_from(("app", "team", "environment")), st.sampled_from(("one", "two")), min_size=1
        ),
    ).map(lambda rule: {"match": rule[0], **rule[1]}),
    max_size=3,
).map(lambda raw: parse_rules(raw, "config", "/home"))  # fmt: skip


def ingest(ledger: SqliteLedger, folder: Path, rules: Rules, app: str = "") -> None:
    job = Ingest(ledger, PriceBook(()), rules=rules, labels=Labels(app=app), incremental=True)
    job.paths(sorted(folder.glob("*.jsonl")))
    assert not job.finish().skipped


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(LOGS, RULES, RULES)
def test_reading_under_rules_is_reading_and_relabelling(
    tmp_path: Path, logs: tuple[list[Any], list[Any]], old: Rules, new: Rules
) -> None:
    for name, lines in (
        ("a.jsonl", [claude(n, *line) for n, line in enumerate(logs[0])]),
        ("b.jsonl", [own(n, *line) for n, line in enumerate(logs[1])]),
    ):
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
        if not lines:
            (tmp_path / name).unlink()
    with closing(SqliteLedger(MEMORY, write=True)) as late, closing(SqliteLedger(MEMORY, write=True)) as clean:
        ingest(late, tmp_path, old)
        total = summed(late, EVERYTHING)
        relabel(late, new, *ALWAYS)
        ingest(clean, tmp_path, new)
        assert stored(late) == stored(clean)
        assert late.check() == []
        assert summed(late, EVERYTHING) == total
        by = Query(*EVERYTHING[:2], ("app", "team", "environment"))
        assert summed(late, by) == summed(clean, by)
        assert relabel(late, new, *ALWAYS) == 0
        # What was read is left alone, also when it is read again.
        job = Ingest(late, PriceBook(()), rules=new)
        job.paths(sorted(tmp_path.glob("*.jsonl")))
        added = job.finish().added
        assert (added.new, added.updated) == (0, 0)


def test_what_a_log_or_the_person_said_stands(tmp_path: Path) -> None:
    rules = parse_rules([{"match": {"user": "*"}, "app": "ruled", "team": "t"}], "config", "/home")
    (tmp_path / "a.jsonl").write_text(
        json.dumps(own(1, "own", "ann", 1)) + "\n" + json.dumps(own(2, "", "ann", 1)) + "\n"
    )
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ingest(ledger, tmp_path, rules, app="said")
        assert [(one.record.app, one.record.team) for one in stored(ledger)] == [("own", "t"), ("said", "t")]
        assert relabel(ledger, Rules(), *ALWAYS) == 2
        assert [(one.record.app, one.record.team) for one in stored(ledger)] == [("own", ""), ("said", "")]


def test_only_the_period_is_given_new_names(tmp_path: Path) -> None:
    rules = parse_rules([{"match": {"user": "*"}, "app": "ruled"}], "config", "/home")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(own(day, "", "ann", day)) + "\n" for day in (1, 2, 3)))
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ingest(ledger, tmp_path, Rules())
        second = stored(ledger)[1].record.ts
        assert relabel(ledger, rules, second, second + 1) == 1
        assert [one.record.app for one in stored(ledger)] == ["", "ruled", ""]
        assert ledger.check() == []


def test_an_exported_default_is_no_name_of_the_logs_own(tmp_path: Path) -> None:
    """Another machine's ledger says `claude-code` where its rules gave nothing: reading it again undoes no rule."""
    rules = parse_rules([{"match": {"source": "claude-code"}, "app": "aaa"}], "config", "/home")
    line = own(1, "claude-code", "ann", 1) | {"source": "claude-code", "priced_as": "unpriced"}
    (tmp_path / "a.jsonl").write_text(json.dumps(line) + "\n")
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ingest(ledger, tmp_path, rules)
        assert [one.record.app for one in stored(ledger)] == ["aaa"]
        assert relabel(ledger, rules, *ALWAYS) == 0
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ingest(ledger, tmp_path, Rules())
        assert [one.record.app for one in stored(ledger)] == ["claude-code"]
        assert relabel(ledger, rules, *ALWAYS) == 1
        job = Ingest(ledger, PriceBook(()), rules=rules)
        job.paths([tmp_path / "a.jsonl"])
        assert job.finish().added == Added(duplicate=1)
        assert [one.record.app for one in stored(ledger)] == ["aaa"]
        assert ledger.check() == []


def test_reading_again_without_the_rules_takes_nothing_back(tmp_path: Path) -> None:
    """Whatever the names: those that sort before the tool's own as well as those behind."""
    (tmp_path / "a.jsonl").write_text(json.dumps(claude(1, "/w/shop", "claude-a", 1)) + "\n")
    for app in ("aaa", "zzz"):
        rules = parse_rules([{"match": {"path": "/w/*"}, "app": app, "team": "t"}], "config", "/home")
        for first, second in ((rules, Rules()), (Rules(), rules)):
            with closing(SqliteLedger(MEMORY, write=True)) as ledger:
                for each in (first, second, first):
                    job = Ingest(ledger, PriceBook(()), rules=each)
                    job.paths([tmp_path / "a.jsonl"])
                    assert not job.finish().added.clashes
                assert [(one.record.app, one.record.team) for one in stored(ledger)] == [(app, "t")]
                assert ledger.check() == []
