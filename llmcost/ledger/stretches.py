"""Any stretch of time as a sum of whole buckets of the roll-ups, and of rows where none is small enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from llmcost.ledger.schema import Rollup


def stretches(start: int, end: int, levels: Sequence[Rollup], sign: int = 1) -> Iterator[tuple[Rollup, int, int, int]]:
    """[start, end) as the sum of stretches (level, first bucket, bucket behind the last, 1 or -1).

    What lies between the ends and the nearest borders of coarse buckets is added, or taken off again, in finer ones.
    """
    if start >= end:
        return
    coarsest, *finer = levels
    size = coarsest.size
    first, last = (start + size // 2) // size, (end + size // 2) // size
    if finer and first >= last:
        yield from stretches(start, end, finer, sign)
        return
    yield coarsest, first, last, sign
    for border, edge, outward in ((first * size, start, sign), (last * size, end, -sign)):
        yield from stretches(edge, border, finer, outward)
        yield from stretches(border, edge, finer, -outward)


def series_stretches(cuts: Sequence[int], levels: Sequence[Rollup]) -> Iterator[tuple[int, int, Rollup, int, int, int]]:
    """What adds up to the amounts between the cuts: (number of the first, how many equally long, and a stretch).

    Equally long ones that begin and end with buckets are read at once, others one by one.
    """
    lengths = ((end - start, number) for number, (start, end) in enumerate(pairwise(cuts)))
    for length, run in groupby(lengths, itemgetter(0)):
        if length <= 0:
            continue
        numbers = [number for _, number in run]
        start, end = cuts[numbers[0]], cuts[numbers[-1] + 1]
        level = next(each for each in levels if not start % each.size and not length % each.size)
        if level is levels[0] or length < levels[0].size:
            yield numbers[0], len(numbers), level, start // level.size, end // level.size, 1
            continue
        for number in numbers:
            for stretch in stretches(cuts[number], cuts[number + 1], levels):
                yield number, 1, *stretch
