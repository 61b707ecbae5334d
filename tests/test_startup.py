"""Start-up stays lazy: which modules a command loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run import llmcost

HEAVY = {
    "rich", "plotext", "tiktoken", "toktok", "sqlite_utils", "yaml", "pydantic", "genai_prices", "httpx", "numpy",
    "zstandard", "msgspec", "jinja2", "typer", "matplotlib", "asyncio", "importlib.metadata",
}  # fmt: skip
LINE = {"timestamp": "2026-11-20T10:00:00Z", "request_id": "r1", "provider": "openai", "model": "gpt-4o-mini",
        "input_tokens": 10, "output_tokens": 5}  # fmt: skip
_PROBE = """
import os, sys
from llmcost.cli.entry import main
end = os._exit
def say(code):
    print(*sys.modules, file=sys.stderr, flush=True)
    end(code)
os._exit = say
main()
"""


def loaded(*arguments: str) -> set[str]:
    """The heavy modules a command line has loaded when it ends; the interpreter's own start is not counted."""
    ran = subprocess.run(
        [sys.executable, "-c", _PROBE, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return HEAVY & set(ran.stderr.strip().splitlines()[-1].split())


@pytest.fixture
def ledger(tmp_path: Path) -> list[str]:
    """Options that name a ledger with one request; the price book is compiled into the cache."""
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(LINE) + "\n")
    options = ["--ledger", str(tmp_path / "ledger.db"), "--as-of", "2026-11-23T09:00:00Z", "--tz", "UTC"]
    assert llmcost("ingest", str(log), *options).code == 0
    return options


def test_version_loads_nothing() -> None:
    assert loaded("--version") == set()


def test_report_json_loads_only_the_command_line(ledger: list[str]) -> None:
    assert loaded("report", "--week", "--json", *ledger) == {"typer"}


def test_report_table_draws_without_reading_prices_or_tokens(ledger: list[str]) -> None:
    assert loaded("report", *ledger) == {"typer", "rich", "plotext"}


def test_a_second_ingest_compiles_nothing(ledger: list[str], tmp_path: Path) -> None:
    assert loaded("ingest", str(tmp_path / "log.jsonl"), "--json", *ledger) == {"typer", "msgspec"}


@pytest.mark.parametrize("form", ["json", "junit", "sarif", "markdown", "github"])
def test_a_budget_check_reads_its_file_and_draws_nothing(ledger: list[str], tmp_path: Path, form: str) -> None:
    (tmp_path / "b.yaml").write_text(
        "budgets: [{name: all, scope: all, monthly_limit: 1, limits: [{window: 7d, tokens: 9000}]}]"
    )
    found = loaded("budget", "check", "--format", form, "--budgets", str(tmp_path / "b.yaml"), *ledger)
    # Markdown shares `without_blanks` with the tables, not Rich.
    assert found == {"typer", "yaml"}


def test_export_loads_no_table(ledger: list[str]) -> None:
    assert loaded("export", *ledger) == {"typer"}


def test_an_estimate_loads_only_what_counts(ledger: list[str], tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("hello")
    assert loaded("estimate", str(tmp_path / "p.txt"), *ledger) == {"typer", "msgspec", "toktok"}


@pytest.mark.parametrize("model", ["gpt-4", "claude-sonnet-4-5"])
def test_an_estimate_reads_tiktokens_map_without_importing_it(ledger: list[str], tmp_path: Path, model: str) -> None:
    (tmp_path / "p.txt").write_text("hello")
    assert "tiktoken" not in loaded("estimate", str(tmp_path / "p.txt"), "--model", model, *ledger)


def test_break_even_reads_no_yaml_and_draws_nothing(ledger: list[str]) -> None:
    command = ("breakeven", "--monthly-tokens", "500M", "--json", *ledger)
    loaded(*command)  # compiles the evidence into the cache
    assert loaded(*command) == {"typer", "msgspec"}


def test_the_status_line_loads_only_the_command_line(ledger: list[str]) -> None:
    assert loaded("statusline", *ledger) == {"typer"}


def test_blocks_as_json_load_only_the_command_line(ledger: list[str]) -> None:
    assert loaded("report", "--blocks", "--json", *ledger) == {"typer"}


def test_help_loads_no_command() -> None:
    assert loaded("--help") == {"typer"}


def test_telling_somebody_loads_no_more_than_a_check(ledger: list[str], tmp_path: Path) -> None:
    budgets = tmp_path / "budgets.yaml"
    budgets.write_text("budgets: [{app_id: a, daily_limit: 1, notification_channels: [{type: stdout}]}]")
    assert loaded("budget", "notify", "--budgets", str(budgets), *ledger) == {"typer", "yaml"}
