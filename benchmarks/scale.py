"""The seeded fleet (`benchmarks.fleet`) at several sizes, every step a process of its own.

`python -m benchmarks scale` makes ledgers of 100,000 and of a million requests; `python -m benchmarks.scale ROWS…` of
others: ten million take some 3 GB of log, 2 GB of ledger and ten minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import fleet
from benchmarks.measure import show

SIZES = (100_000, 1_000_000)
#: The morning after the fleet's 90th day.
_NOW = ("--as-of", "2026-10-30T02:00:00Z")
_REPORTS = {
    "report --week --json": ("--week", "--json"),
    "the same, days of Asia/Shanghai": ("--week", "--json", "--tz", "Asia/Shanghai"),
    "report --last 90d --by team,environment": ("--last", "90d", "--by", "team,environment", "--json"),
    "report --week --by user": ("--week", "--by", "user", "--json"),
}
RUNS = 5


class Cost(NamedTuple):
    cpu: float
    """Seconds, of the process and its children."""
    peak_mb: float
    out: str


def main(sizes: tuple[int, ...]) -> None:
    for rows in sizes:
        with TemporaryDirectory() as name:
            _measure(rows, Path(name))


def run() -> None:
    main(SIZES)


def _measure(rows: int, folder: Path) -> None:
    log, ledger = folder / "log.jsonl", folder / "ledger.db"
    with log.open("w", encoding="utf-8") as stream:
        stream.writelines(fleet.lines(rows))
    made = _llmcost(folder, "ingest", str(log), "--json")
    if json.loads(made.out)["new"] != rows:
        raise RuntimeError("the benchmark lost rows")
    log.unlink()
    shown = {
        "ingest, rows per CPU second": f"{rows / made.cpu:>10,.0f}",
        "ingest, peak memory, MB": f"{made.peak_mb:>10,.0f}",
        "ledger, MB": f"{ledger.stat().st_size / 1e6:>10,.0f}",
    }
    for title, options in _REPORTS.items():
        best = min(_llmcost(folder, "report", *options, *_NOW).cpu for _ in range(RUNS))
        shown[f"{title}, CPU ms"] = f"{1000 * best:>10,.0f}"
    compacted = _llmcost(folder, "ledger", "compact", "--keep-raw", "30d", *_NOW)
    shown["ledger compact --keep-raw 30d, CPU s"] = f"{compacted.cpu:>10,.1f}"
    shown["ledger after that, MB"] = f"{ledger.stat().st_size / 1e6:>10,.0f}"
    show(f"A fleet of {rows:,} requests in 90 days", shown)


def _llmcost(folder: Path, *arguments: str) -> Cost:
    # An installed program has its bytecode at hand.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**inherited, "HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, "-m", "llmcost", *arguments, "--ledger", str(folder / "ledger.db"), "-q"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    out = process.stdout.read().decode() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, out)


if __name__ == "__main__":
    main(tuple(int(argument) for argument in sys.argv[1:]) or SIZES)
