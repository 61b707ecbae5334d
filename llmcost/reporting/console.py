"""Rich renderables as text. In a terminal at its width; elsewhere wide enough that no cell is ever cut."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from llmcost.reporting.columns import width_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_UNLIMITED = 4_000
#: Columns a name keeps in the narrowest terminal.
_NAME = 8
GAP = 3


def render(parts: Iterable[RenderableType], *, width: int | None, color: bool) -> str:
    """The parts one below the other, without trailing blanks."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out, width=width or _UNLIMITED, force_terminal=color, color_system="standard" if color else None,
        highlight=False, markup=False, emoji=False, legacy_windows=False, soft_wrap=False,
    )  # fmt: skip
    for part in parts:
        console.width = max(width or _UNLIMITED, _least(part, console))
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")).rstrip("\n")


def _least(part: RenderableType, console: Console) -> int:
    """The width below which a table would lose characters: wider than the terminal, its lines wrap there."""
    from rich.measure import Measurement
    from rich.table import Table

    if not isinstance(part, Table):
        return 0
    wide = console.options.update(max_width=_UNLIMITED)
    # No padding at the outer edges, and a box's blank between each two columns.
    total = (len(part.columns) - 1) * (1 + sum(part.padding[1::2]))
    for column in part.columns:
        longest = max(Measurement.get(console, wide, cell).maximum for cell in (column.header, *column.cells))
        total += longest if column.no_wrap else min(longest, column.min_width or 0)
    return total


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = (), tight: bool = False
) -> Table:
    """A plain table; text folds rather than losing characters, numbers never break.

    Columns are `GAP` apart, `tight` ones one less.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from llmcost.core.text import printable

    numeric = set(right)
    lines = [[Text(cell) for cell in row] for row in rows]
    longest = [max((line[index].cell_len for line in lines), default=0) for index in range(len(header))]
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0 if tight else 1))
    for index, title in enumerate(header):
        if index in numeric:
            shown.add_column(Text(title), justify="right", no_wrap=True)
        else:
            shown.add_column(Text(title), overflow="fold", min_width=min(_NAME, longest[index]))
    for row in rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    return shown


def pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """`label: value` lines; a long value continues below its own beginning."""
    from rich.table import Table
    from rich.text import Text

    from llmcost.core.text import printable

    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for label, value in rows:
        shown.add_row(Text(f"{label}:"), Text(printable(value)))
    return shown


def fitting(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    expendable: Iterable[str],
    width: int | None,
    folding: Collection[int] = (),
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table without as many `expendable` columns, in that order, as a tight one of `width` needs to do without.

    `folding`: columns of text that may fold, as `table` lets them.
    """
    widths = [max(width_of(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    for index in folding:
        widths[index] = min(_NAME, max((width_of(row[index]) for row in rows), default=0))
    kept = list(range(len(header)))
    for name in expendable:
        if width is None or sum(widths[index] for index in kept) + (GAP - 1) * (len(kept) - 1) <= width:
            break
        kept.remove(header.index(name))
    return tuple(header[index] for index in kept), [tuple(row[index] for index in kept) for row in rows]


def without_blanks(
    header: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table without its last columns as far as they are blank in every row."""
    width = max((index + 1 for row in rows for index, cell in enumerate(row) if cell), default=len(header))
    return tuple(header[:width]), [tuple(row[:width]) for row in rows]


def bar(part: int, whole: int, width: int) -> str:
    """`part`/`whole` as a bar of at most `width` columns, in eighths of one."""
    if whole <= 0 or part <= 0:
        return ""
    eighths = max(1, 8 * width * part // whole)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
