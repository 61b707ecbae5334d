"""`llmcost report --week --json` as a whole process, beside `python -c pass`."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ingest import lines
from benchmarks.measure import show

RUNS = 15
_OPTIONS = ("--as-of", "2026-10-12T09:00:00Z", "--tz", "UTC")


def _cpu_ms(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def run() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "log.jsonl"
        log.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines(100_000)), "utf-8")
        # An installed program has its bytecode at hand.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = {**inherited, "HOME": name, "XDG_CACHE_HOME": name, "LLMCOST_LEDGER": str(folder / "ledger.db")}
        llmcost = [sys.executable, "-m", "llmcost"]
        subprocess.run([*llmcost, "ingest", str(log)], env=environment, stdout=subprocess.DEVNULL, check=True)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "llmcost --version": [*llmcost, "--version"],
            "llmcost report --week --json": [*llmcost, "report", "--week", "--json", *_OPTIONS],
            "llmcost report --week": [*llmcost, "report", "--week", *_OPTIONS],
        }
        best = dict.fromkeys(commands, float("inf"))
        for _ in range(RUNS):
            for label, command in commands.items():
                best[label] = min(best[label], _cpu_ms(command, environment))
    show("Whole process: CPU ms (100,000 requests in the ledger)", {k: f"{v:>12.0f}" for k, v in best.items()})
