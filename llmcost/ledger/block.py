"""Many priced records at once, as columns of `request`: work is done per column, which a row alone would pay for.

A column that is blank in every row (NULL where it may be, else 0) is left out: most of the fifty are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from llmcost.core.record import Record
from llmcost.core.usage import BUCKETS, COST_PARTS
from llmcost.ledger.codes import Codes
from llmcost.ledger.protocol import PricedRecord
from llmcost.ledger.schema import (
    CODED,
    COLUMNS,
    FLAG_PARTIAL,
    FLAG_SIDECHAIN,
    FLAG_UNMETERED,
    NULLABLE,
    PRICING,
    TEXT,
)

Column = Sequence[Any]
_NO_PARTS = (0,) * len(COST_PARTS)
_AT = {name: place for place, name in enumerate(Record._fields)}


class Block(NamedTuple):
    """Rows as columns, each as long as the others; see the module about those left out."""

    size: int
    columns: Mapping[str, Column]
    """In the order of COLUMNS, values as SQLite holds them."""

    def column(self, name: str) -> Column:
        """Also of one that is left out."""
        return self.columns.get(name) or (None if name in NULLABLE else 0,) * self.size

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every column of each row."""
        return zip(*(self.column(name) for name in COLUMNS), strict=True)

    def bound(self, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """These columns of each row for `statements.mark`, which turns "" and -1 into NULL.

        Python's sqlite3 binds None several times slower than text and int (it looks for adapters first).
        """
        return zip(*(_filled(name, self.column(name)) for name in names), strict=True)


def _filled(name: str, column: Column) -> Column:
    if name not in NULLABLE or None not in column:
        return column
    blank = "" if name in TEXT else -1
    return [blank if value is None else value for value in column]


def block(rows: Sequence[PricedRecord], batch: int, codes: Codes) -> Block:
    """At least one row, with the codes of its names and prices, which are made where they are new."""
    fields = tuple(zip(*[row.record for row in rows], strict=True))

    def of(name: str) -> Column:
        return fields[_AT[name]]

    columns: dict[str, Column] = {"ts": of("ts"), "id": of("id")}
    for table, names in CODED.items():
        columns[table] = _coded([*zip(*map(of, names), strict=True)], lambda key, table=table: codes.of(table, key))  # type: ignore[misc]
    columns |= zip(BUCKETS, zip(*of("usage"), strict=True), strict=True)
    columns |= {name: of(field) for name, field in _NUMBERS.items()}
    columns["cache_hit"] = [_HIT[hit] for hit in of("cache_hit")]
    columns["status"] = of("status")
    columns |= {name: [text or None for text in of(name)] for name in _TEXTS if any(of(name))}
    flags = [(bit, of(name)) for name, bit in _FLAGS.items() if any(of(name))]
    if flags:
        columns["flags"] = [sum(bits) for bits in zip(*([bit * on for on in ons] for bit, ons in flags), strict=True)]
    if any(of("tags")):
        columns["tags"] = [json.dumps(dict(tags), ensure_ascii=False) if tags else None for tags in of("tags")]
    columns |= prices(rows, codes)
    columns["batch"] = (batch,) * len(rows)
    return Block(len(rows), {name: columns[name] for name in COLUMNS if name in columns and _told(name, columns[name])})


_NUMBERS = {
    "reported": "reported_nano", "latency_us": "latency_us", "ttft_us": "ttft_us", "prompt_chars": "prompt_chars",
}  # fmt: skip
_HIT = {None: None, False: 0, True: 1}
_TEXTS = ("error", "prompt_id", "prompt_digest", "prefix_digest", "language")
_FLAGS = {"sidechain": FLAG_SIDECHAIN, "partial": FLAG_PARTIAL, "unmetered": FLAG_UNMETERED}


def _told(name: str, column: Column) -> bool:
    if name in NULLABLE:
        return column.count(None) < len(column)
    return name in TEXT or any(column)


def _coded(values: Sequence[Any], code: Callable[[Any], int]) -> list[int]:
    codes = {value: code(value) for value in dict.fromkeys(values)}
    return [codes[value] for value in values]


def prices(rows: Sequence[PricedRecord], codes: Codes) -> dict[str, Column]:
    """The columns of PRICING."""
    bases = [row.basis for row in rows]
    parts = zip(*[row.parts or _NO_PARTS for row in rows], strict=True)
    assumed = [int(basis.assumed) for basis in bases]
    return dict(zip(PRICING, (_coded(bases, codes.card), assumed, [row.cost for row in rows], *parts), strict=True))
