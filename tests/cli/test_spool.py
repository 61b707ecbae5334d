from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from llmcost.cli.spool import Spool


@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=20), max_size=20), st.integers(0, 25))
def test_what_is_added_comes_back_in_order(lines: list[str], limit: int) -> None:
    spool = Spool(limit)
    for line in lines:
        spool.add(line)
    assert list(spool) == lines[:limit]
    assert spool.left_out == max(0, len(lines) - limit)


def test_many_lines_are_on_disk() -> None:
    spool = Spool(10**6)
    tracemalloc.start()
    for number in range(40_000):
        spool.add(f"{number} \r\x85\u2028 {'x' * 200}")
    assert tracemalloc.get_traced_memory()[0] < 4_000_000
    tracemalloc.stop()
    lines = list(spool)
    assert (len(lines), lines[39_999].split(" ")[0], lines[7][:6]) == (40_000, "39999", "7 \r\x85\u2028 ")
