"""Rich renderables as text. In a terminal at its width; elsewhere wide enough that no cell is ever cut."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_UNLIMITED = 4_000


def render(parts: Iterable[RenderableType], *, width: int | None, color: bool) -> str:
    """The parts one below the other, without trailing blanks."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out, width=width or _UNLIMITED, force_terminal=color, color_system="standard" if color else None,
        highlight=False, markup=False, emoji=False, legacy_windows=False, soft_wrap=False,
    )  # fmt: skip
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")).rstrip("\n")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> Table:
    """A plain table; text folds rather than losing characters, numbers never break."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    numeric = set(right)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for index, title in enumerate(header):
        if index in numeric:
            shown.add_column(Text(title), justify="right", no_wrap=True)
        else:
            shown.add_column(Text(title), overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    return shown


def bar(part: int, whole: int, width: int, *, unicode: bool = True) -> str:
    """`part`/`whole` as a bar of at most `width` columns, in eighths where the terminal can draw them."""
    if whole <= 0 or part <= 0:
        return ""
    if not unicode:
        return "#" * max(1, width * part // whole)
    eighths = max(1, 8 * width * part // whole)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
