"""Token counts: a small prompt as a whole process beside bare toktok, a folder of code beside tiktoken.

tiktoken needs its rank file at hand (`TIKTOKEN_CACHE_DIR`, or its own cache); nothing is downloaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.measure import show
from llmcost.tokens.vocabulary import batch_count, from_tiktoken

ROUNDS = 15
FOLDER_ROUNDS = 5
MIB = 2**20
_TOKTOK = "import toktok; toktok.batch_count(['hi'], 'o200k_base')"
_TIKTOKEN = """
import pathlib, sys, tiktoken
encode = tiktoken.get_encoding("o200k_base").encode_ordinary
print(sum(len(encode(path.read_text("utf-8", "replace"))) for path in pathlib.Path(sys.argv[1]).rglob("*.py")))
"""


class Ran(NamedTuple):
    """One run of a process and those it waited for: seconds, and the largest one's peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


def run() -> None:
    with TemporaryDirectory() as name:
        home = Path(name)
        # An installed program has its bytecode at hand.
        inherited = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment = {**inherited, "HOME": name, "XDG_CACHE_HOME": name}
        _small(home, environment)
        large, small = home / "large", home / "small"
        copy_code(large, 50 * MIB)
        copy_code(small, 5 * MIB)
        _folder(large, small, environment)
        _counting(large)


def _small(home: Path, environment: Mapping[str, str]) -> None:
    prompt = home / "prompt.txt"
    prompt.write_text("Summarise this in one sentence: {{text}}\n")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "toktok.batch_count(['hi'])": [sys.executable, "-c", _TOKTOK],
        "llmcost estimate prompt.txt": [sys.executable, "-m", "llmcost", "estimate", str(prompt), "--quiet"],
    }
    runs = _alternating(commands, environment, ROUNDS)
    peer = runs["toktok.batch_count(['hi'])"]
    show("One small prompt, whole process: wall and CPU ms (median), and times bare toktok", _rows(runs, peer))


def _folder(large: Path, small: Path, environment: Mapping[str, str]) -> None:
    estimate = [sys.executable, "-m", "llmcost", "estimate", "--json", "--quiet"]
    commands = {
        "llmcost estimate FOLDER --json, 5 MB": [*estimate, str(small)],
        "llmcost estimate FOLDER --json, 50 MB": [*estimate, str(large)],
    }
    if from_tiktoken("o200k_base"):
        commands["tiktoken reads and counts the same, 50 MB"] = [sys.executable, "-c", _TIKTOKEN, str(large)]
    runs = _alternating(commands, environment, FOLDER_ROUNDS)
    show(
        "A folder of code, whole process: wall and CPU ms (median), and times the last",
        _rows(runs, [*runs.values()][-1]),
    )


def _counting(folder: Path) -> None:
    """The texts in memory and the vocabulary loaded: counting alone, in seconds."""
    texts = [path.read_text("utf-8", "replace") for path in folder.rglob("*.py")]
    batch_count([""], "o200k_base")
    peers: dict[str, Callable[[], object]] = {"toktok, all cores": lambda: batch_count(texts, "o200k_base")}
    if peer := from_tiktoken("o200k_base"):
        encode = peer.encode_ordinary
        peers["tiktoken, one thread"] = lambda: [len(encode(text)) for text in texts]
    runs: dict[str, list[Ran]] = {label: [] for label in peers}
    for _ in range(FOLDER_ROUNDS):
        for label, function in peers.items():
            wall, cpu = time.perf_counter(), time.process_time()
            function()
            runs[label].append(Ran(time.perf_counter() - wall, time.process_time() - cpu, 0))
    show(
        "Counting alone, 50 MB of code: wall and CPU ms (median), and times the last", _rows(runs, [*runs.values()][-1])
    )


def copy_code(target: Path, size: int) -> None:
    """Python files of the standard library and the installed packages, over and over, until they are `size` bytes."""
    roots = [Path(sysconfig.get_path(kind)) for kind in ("stdlib", "purelib")]
    sources = sorted({path for root in roots for path in root.rglob("*.py") if path.is_file()})
    total = number = 0
    while total < size:
        for source in sources:
            folder = target / f"part{number // 500}"
            folder.mkdir(parents=True, exist_ok=True)
            total += shutil.copyfile(source, folder / f"{number}.py").stat().st_size
            number += 1
            if total >= size:
                break


def _alternating(
    commands: Mapping[str, list[str]], environment: Mapping[str, str], rounds: int
) -> dict[str, list[Ran]]:
    runs: dict[str, list[Ran]] = {label: [] for label in commands}
    for _ in range(rounds):
        for label, command in commands.items():
            runs[label].append(_process(command, environment))
    return runs


def _process(command: list[str], environment: Mapping[str, str]) -> Ran:
    start = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command} failed")
    return Ran(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _rows(runs: Mapping[str, list[Ran]], peer: list[Ran]) -> dict[str, str]:
    def row(those: list[Ran]) -> str:
        wall, cpu = (median(getattr(run, name) for run in those) for name in ("wall", "cpu"))
        by_wall, by_cpu = (median(getattr(run, name) for run in peer) for name in ("wall", "cpu"))
        peak = max(run.peak for run in those)
        memory = f"{peak:>8.0f} MiB" if peak else ""
        return f"{1000 * wall:>8.0f}{1000 * cpu:>8.0f}{wall / by_wall:>8.2f}x{cpu / by_cpu:>7.2f}x{memory}"

    return {label: row(those) for label, those in runs.items()}
