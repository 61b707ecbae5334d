"""The same logs through llmcost and ccusage: tokens and cost per day and model, then CPU time.

`python -m benchmarks accuracy`, or `python -m benchmarks.accuracy --ccusage PATH --size MB`. ccusage is the one on
the PATH unless PATH names another (best its native binary, without the npm script before it); it is never installed
from here. The tree for CPU time has 50 MB unless `--size` says otherwise (0: none). The quirky logs are those of
tests/sources/quirks, a folder each, laid out as the tool's own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import claude_tree
from benchmarks.measure import show

ROOT = Path(__file__).parents[1]
QUIRKS = ROOT / "tests" / "sources" / "quirks"
CLEAN_BYTES = 20_000_000
RUNS = 3
_LLMCOST = (sys.executable, "-m", "llmcost")


class Sum(NamedTuple):
    """What a tool says of a day and model. `written` is cache writes of both lifetimes; a `cost` of None is unknown."""

    given: int = 0
    output: int = 0
    written: int = 0
    cached: int = 0
    cost: Decimal | None = Decimal()

    def plus(self, other: Sum) -> Sum:
        cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        return Sum._make([*(one + two for one, two in zip(self[:4], other[:4], strict=True)), cost])

    def agrees(self, told: Sum) -> bool:
        """Tokens equal, and the cost where it is told to a millionth of a dollar: ccusage adds in floating point."""
        if told.cost is None or self.cost is None:
            return self[:4] == told[:4] and told.cost is None
        return self[:4] == told[:4] and abs(self.cost - told.cost) < Decimal("0.000001")


Sums = Mapping[tuple[str, str], Sum]


def run(peer: str | None = None, megabytes: int = 50) -> None:
    peer = peer or shutil.which("ccusage")
    if peer is None:
        print("accuracy: no `ccusage` on the PATH; `npm install ccusage` somewhere, then --ccusage names its binary")
        return
    print(_output([peer, "--version"], os.environ).strip())
    with TemporaryDirectory() as name:
        folder = Path(name)
        _clean(folder, peer)
        _prices(folder, peer)
        _quirky(folder, peer)
        if megabytes:
            _cpu(folder, peer, megabytes * 1_000_000)


def _clean(folder: Path, peer: str) -> None:
    """A clean tree; then the same responses in roughened files, which should hold the same."""
    tree = folder / "clean"
    size = claude_tree.write(tree, CLEAN_BYTES)
    clean = llmcost(tree, folder / "clean-home")
    _compare(f"Clean tree of {size / 1e6:.1f} MB", clean, clean, ccusage(peer, "claude", tree, folder / "clean-home"))
    claude_tree.roughen(tree)
    ours, theirs = llmcost(tree, folder / "rough-home"), ccusage(peer, "claude", tree, folder / "rough-home")
    _compare("The same tree, roughened", clean, ours, theirs)


def _compare(title: str, truth: Sums, ours: Sums, theirs: Sums) -> None:
    for name, told in (("llmcost", ours), ("ccusage", theirs)):
        right = sum(truth.get(pair, Sum()).agrees(told.get(pair, Sum())) for pair in truth.keys() | told.keys())
        show(
            f"{title}, {name}", {f"{right} of {len(truth)} pairs of day and model right": _text(_total(told.values()))}
        )


def _prices(folder: Path, peer: str) -> None:
    """One request per model and speed, with tokens of every kind: where the two price lists part."""
    tree = folder / "prices"
    claude_tree.write_prices(tree)
    ours, theirs = llmcost(tree, folder / "prices-home"), ccusage(peer, "claude", tree, folder / "prices-home")
    pairs = sorted(ours.keys() | theirs.keys())
    unlike = [pair for pair in pairs if not ours[pair].agrees(theirs[pair])]
    show(
        f"Prices: the same for {len(pairs) - len(unlike)} of {len(pairs)} models and speeds; not for",
        {model: f"llmcost {_cost(ours[day, model])}, ccusage {_cost(theirs[day, model])}" for day, model in unlike},
    )


def _quirky(folder: Path, peer: str) -> None:
    for tree in sorted(QUIRKS.glob("*/*")):
        tool, home = tree.parent.name, folder / f"{tree.parent.name}-{tree.name}"
        ours, theirs = llmcost(tree, home), ccusage(peer, tool, tree, home)
        rows = {}
        for key in sorted(ours.keys() | theirs.keys()):
            one, two = ours.get(key), theirs.get(key)
            if one is not None and two is not None and one.agrees(two):
                rows[f"{key[0]} {key[1]} both"] = _text(one)
            else:
                rows[f"{key[0]} {key[1]} llmcost"] = _text(one) if one is not None else "nothing"
                rows[f"{key[0]} {key[1]} ccusage"] = _text(two) if two is not None else "nothing"
        show(f"{tool}: {tree.name}", rows)


def _total(found: Iterable[Sum]) -> Sum:
    return reduce(Sum.plus, found, Sum())


def _text(one: Sum) -> str:
    return f"{one.given:>11,} {one.output:>9,} {one.written:>10,} {one.cached:>11,}  {_cost(one)}"


def _cost(one: Sum) -> str:
    return "no price" if one.cost is None else f"${one.cost:,.6f}"


def _environment(home: Path, **more: str) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    given = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT")}
    return given | {"HOME": str(home), "TZ": "UTC", "LLMCOST_LEDGER": str(home / "ledger.db"), **more}


def _ingest(tree: Path) -> list[str]:
    return [*_LLMCOST, "ingest", str(tree), "--quiet"]


def llmcost(tree: Path, home: Path) -> Sums:
    """What a fresh ledger holds of a tree, from its rows; `report` must add up to the same."""
    environment = _environment(home)
    _output(_ingest(tree), environment)
    sums: dict[tuple[str, str], Sum] = defaultdict(Sum)
    for line in _output([*_LLMCOST, "export"], environment).splitlines():
        row = json.loads(line)
        minutes, hour = row.get("cache_write_tokens", 0), row.get("cache_write_1h_tokens", 0)
        cached, nano = row.get("cached_input_tokens", 0), row.get("cost_nano_usd")
        given = row["input_tokens"] - cached - minutes - hour
        one = Sum(given, row["output_tokens"], minutes + hour, cached, None if nano is None else Decimal(nano) / 10**9)
        key = row["timestamp"][:10], row["model"] + ("-fast" if row["tier"] == "fast" else "")
        sums[key] = sums[key].plus(one)
    _reported(sums, environment)
    return sums


def _reported(sums: Sums, environment: Mapping[str, str]) -> None:
    """Raises RuntimeError where `llmcost report` of a day tells another sum than the rows have."""
    for day in {day for day, _ in sums}:
        end = date.fromisoformat(day) + timedelta(days=1)
        asked = ["report", "--since", day, "--until", str(end), "--by", "model", "--tz", "UTC", "--top", "0", "--json"]
        summary = json.loads(_output([*_LLMCOST, *asked], environment))["summary"]
        rows = [one for (when, _), one in sums.items() if when == day]
        total = _total(rows)
        told = summary["cached_input_tokens"], summary["output_tokens"], summary["input_tokens"]
        cost = sum((one.cost for one in rows if one.cost is not None), Decimal())
        if told != (total.cached, total.output, total.given + total.written + total.cached) or cost != Decimal(
            summary["cost_usd"] or 0
        ):
            raise RuntimeError(f"{day}: report says {summary}, the rows {total}")


def ccusage(peer: str, tool: str, tree: Path, home: Path) -> Sums:
    """What `ccusage TOOL daily` says of a tree."""
    found = json.loads(_output(_daily(peer, tool), _environment(home, **_folders(tree))))
    read: Callable[[dict[str, Any]], list[tuple[str, Sum]]] = _codex if tool == "codex" else _models
    return {(day["date"], model): one for day in found["daily"] for model, one in read(day)}


def _daily(peer: str, tool: str) -> list[str]:
    return [
        peer,
        tool,
        "daily",
        "--json",
        "--offline",
        "--timezone",
        "UTC",
        *(["--mode", "calculate"] * (tool == "claude")),
    ]


def _folders(tree: Path) -> dict[str, str]:
    return {
        "CLAUDE_CONFIG_DIR": str(tree), "CODEX_HOME": str(tree), "GEMINI_DATA_DIR": str(tree / "tmp"),
        "OPENCODE_DATA_DIR": str(tree),
    }  # fmt: skip


def _models(day: dict[str, Any]) -> list[tuple[str, Sum]]:
    """Reasoning is in a day's total alone; a day of one model has it in that model's output."""
    names = "inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens"
    models = [
        (row["modelName"], Sum._make([*(row[name] for name in names), Decimal(row["cost"])]))
        for row in day["modelBreakdowns"]
    ]
    reasoning = day["totalTokens"] - sum(day[name] for name in names)
    if reasoning and len(models) == 1:
        ((name, one),) = models
        return [(name, one._replace(output=one.output + reasoning))]
    own = _total(one for _, one in models)
    rest = Sum._make([*(day[name] - part for name, part in zip(names, own[:4], strict=True)), Decimal()])
    return [*models, ("(no model)", rest)] if any(rest) else models


def _codex(day: dict[str, Any]) -> list[tuple[str, Sum]]:
    cost = Decimal(day["costUSD"]) if len(day["models"]) == 1 else None
    return [
        (name, Sum(row["inputTokens"], row["outputTokens"], 0, row["cacheReadTokens"], cost))
        for name, row in day["models"].items()
    ]


def _output(command: Sequence[str], environment: Mapping[str, str]) -> str:
    return subprocess.run(command, env=environment, cwd=ROOT, stdout=PIPE, text=True, check=True).stdout


def _cpu(folder: Path, peer: str, size: int) -> None:
    tree = folder / "large"
    size = claude_tree.write(tree, size)
    environment = _environment(folder / "cpu-home", **_folders(tree))
    ledger = Path(environment["LLMCOST_LEDGER"])
    best = dict.fromkeys(("cold", "again", "ccusage"), float("inf"))
    for _ in range(RUNS):
        for left in ledger.parent.glob(f"{ledger.name}*"):
            left.unlink()
        for name, command in (("cold", _ingest(tree)), ("again", _ingest(tree)), ("ccusage", _daily(peer, "claude"))):
            best[name] = min(best[name], _children(command, environment))
    show(
        f"CPU seconds of the whole process, Claude Code tree of {size / 1e6:,.0f} MB, best of {RUNS}",
        {
            "ccusage daily": f"{best['ccusage']:.3f}",
            "llmcost ingest, new ledger": f"{best['cold']:.3f}  {best['cold'] / best['ccusage']:.2f}x (goal 1.5x)",
            "llmcost ingest, nothing new": f"{best['again']:.3f}  {best['again'] / best['ccusage']:.2f}x (goal 0.05x)",
        },
    )


def _children(command: Sequence[str], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, cwd=ROOT, stdout=PIPE, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=run.__doc__)
    parser.add_argument("--ccusage", metavar="PATH")
    parser.add_argument("--size", type=int, default=50, metavar="MB")
    given = parser.parse_args()
    run(given.ccusage, given.size)
