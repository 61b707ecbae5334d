"""CPU time of a function: the best of several runs, alternating between peers because machines are noisy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

RUNS = 5


def cpu_seconds(peers: Mapping[str, Callable[[], object]], runs: int = RUNS) -> dict[str, float]:
    """Name -> least CPU seconds of this process in any of `runs` rounds; each round runs every peer once."""
    best = dict.fromkeys(peers, float("inf"))
    for _ in range(runs):
        for name, function in peers.items():
            start = time.process_time()
            function()
            best[name] = min(best[name], time.process_time() - start)
    return best


def show(title: str, rows: Mapping[str, str]) -> None:
    print(f"\n{title}")
    for label, value in rows.items():
        print(f"  {label:<52}{value}")
