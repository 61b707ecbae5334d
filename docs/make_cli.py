"""Writes docs/cli.md from the commands' own help; a test says whether it is current. Run: `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmcost.cli.app import root

TARGET = Path(__file__).with_name("cli.md")
_WIDTH = 100
_HEAD = """\
# Commands

Made from the commands' own help by `make docs`. Exit codes are in [exit-codes.md](exit-codes.md); the JSON keys in
[json.md](json.md).
"""


def commands(command: Any, path: str = "llmcost", parent: Any = None) -> Iterator[tuple[str, Any, Any]]:
    """(command line, command, its context), depth first."""
    context = command.make_context(
        path.rsplit(maxsplit=1)[-1], [], parent=parent, resilient_parsing=True, terminal_width=_WIDTH,
        max_content_width=_WIDTH,
    )  # fmt: skip
    yield path, command, context
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), f"{path} {name}", context)


def text() -> str:
    parts = [_HEAD]
    for path, command, context in commands(root()):
        help_text = "\n".join(line.rstrip() for line in command.get_help(context).strip().split("\n"))
        parts.append(f"## {path}\n\n```text\n{help_text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
