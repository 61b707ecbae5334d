"""The example logs: current, harmless, and what the demo is meant to show."""

import gzip
import runpy
from pathlib import Path

import pytest

from llmcost.core.text import redact
from tests.run import llmcost

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LOGS = EXAMPLES / "logs"


def content(data: bytes) -> bytes:
    """Compressed bytes differ between versions of zlib; what they say must not."""
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def committed() -> dict[str, bytes]:
    return {str(path.relative_to(LOGS)): content(path.read_bytes()) for path in LOGS.rglob("*") if path.is_file()}


def test_the_logs_are_what_their_script_writes() -> None:
    made = runpy.run_path(str(EXAMPLES / "make_logs.py"))["files"]()
    assert {name: content(data) for name, data in made.items()} == committed()


def test_they_hold_nothing_that_looks_like_a_secret_and_stay_small() -> None:
    for name, data in committed().items():
        text = data.decode()
        assert redact(text) == text, name
    assert sum(path.stat().st_size for path in LOGS.rglob("*") if path.is_file()) < 1_000_000


@pytest.fixture
def ledger(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    return str(tmp_path / "ledger.db")


def test_the_demo_reads_them_all(ledger: str) -> None:
    read = llmcost("ingest", str(LOGS), "--ledger", ledger, "--json").json
    assert 3_000 < read["new"] < 4_000
    assert {source["source"] for source in read["sources"]} == {
        "anthropic", "claude-code", "csv", "jsonl", "openai", "openai-batch",
    }  # fmt: skip
    assert sorted(problem["reason"] for problem in read["problems"]) == [
        "11 columns where the header has 13",
        "a token count is negative",
        "failed batch request, not billed (no model): server_error: The server had an error",
        "failed batch request, not billed (no model): server_error: The server had an error",
        "not JSON: the line is cut short or malformed",
        "not JSON: the line is cut short or malformed",
        "not JSON: the line is cut short or malformed",
        "not a timestamp: 'yesterday'",
    ]
    assert list(read["unpriced_reasons"]) == ["no price for model 'acme-chat-7b'"]
    assert llmcost("ledger", "check", "--ledger", ledger).code == 0

    common = ("--ledger", ledger, "--tz", "UTC", "--as-of", "2026-11-23T09:00:00Z", "--json")
    apps = llmcost("report", "--week", "--by", "app", *common).json["groups"]
    spent = {group["key"]["app"]: float(group["cost_usd"]) for group in apps}
    assert set(spent) == {"claude-code", "code-review", "assistant", "doc-summary", "search", "客服助手", ""}
    assert max(spent, key=lambda app: spent[app]) == "doc-summary"
    two_weeks = ("--since", "2026-11-09", "--until", "2026-11-23", "--granularity", "day")
    days = llmcost("report", *two_weeks, "--where", "app=doc-summary", *common).json["trend"]
    assert len(days) == 14
    assert float(days[10]["cost_usd"]) > 5 * float(days[9]["cost_usd"])
