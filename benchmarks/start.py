"""`llmcost report --week --json`, `budget check` and `breakeven` as whole processes, beside `python -c pass`."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ingest import lines
from benchmarks.measure import show

RUNS = 15
#: Twelve weeks, as far back as a forecast looks.
_START, _APART = datetime(2026, 10, 1, tzinfo=UTC), timedelta(seconds=72)
#: Ten limits of four scopes; none is exceeded.
_BUDGETS = """
budgets:
  - {app_id: chat, hourly_limit: 1e3, daily_limit: 1e4, monthly_limit: 1e6}
  - {app_id: search, daily_limit: 1e5, weekly_limit: 1e6, monthly_limit: 1e7}
  - {name: production, scope: {environment: production}, quarterly_limit: 1e7, limits: [{window: 30d, tokens: 1e12}]}
  - {name: all, scope: all, monthly_limit: 1e7, limits: [{window: month, requests: 1e9}]}
"""
_OPTIONS = ("--as-of", "2026-12-24T09:00:00Z", "--tz", "UTC")


def _cpu_ms(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def run() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "log.jsonl"
        made = [{**line, "timestamp": (_START + _APART * at).isoformat()} for at, line in enumerate(lines(100_000))]
        log.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in made), "utf-8")
        # An installed program has its bytecode at hand.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = {**inherited, "HOME": name, "XDG_CACHE_HOME": name, "LLMCOST_LEDGER": str(folder / "ledger.db")}
        llmcost = [sys.executable, "-m", "llmcost"]
        subprocess.run([*llmcost, "ingest", str(log)], env=environment, stdout=subprocess.DEVNULL, check=True)
        budgets = folder / "budgets.yaml"
        budgets.write_text(_BUDGETS, "utf-8")
        check = [*llmcost, "budget", "check", "--budgets", str(budgets)]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "llmcost --version": [*llmcost, "--version"],
            "llmcost report --week --json": [*llmcost, "report", "--week", "--json", *_OPTIONS],
            "llmcost report --week": [*llmcost, "report", "--week", *_OPTIONS],
            "llmcost budget check --json": [*check, "--json", *_OPTIONS],
            "llmcost budget check": [*check, *_OPTIONS],
            "llmcost breakeven --json": [*llmcost, "breakeven", "--monthly-tokens", "500M", "--json", *_OPTIONS],
        }
        best = dict.fromkeys(commands, float("inf"))
        for _ in range(RUNS):
            for label, command in commands.items():
                best[label] = min(best[label], _cpu_ms(command, environment))
    show("Whole process: CPU ms (100,000 requests in the ledger)", {k: f"{v:>12.0f}" for k, v in best.items()})
