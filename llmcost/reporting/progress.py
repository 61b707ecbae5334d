"""A progress bar on a terminal's stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from llmcost.core.text import printable, shorten


@contextmanager
def progress(title: str, stream: TextIO) -> Iterator[Callable[[int, int, str], None]]:
    """Gives a function of (bytes done, bytes in all, name of what is at hand)."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(title), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        console=Console(file=stream), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task(title, total=None, name="")

        def show(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, name=shorten(printable(name), 60))

        yield show
