"""Where tools keep their logs: what `llmcost ingest` without a path looks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from llmcost.core.record import Problem
from llmcost.ingest.files import find_files


class Tool(NamedTuple):
    """One tool's logs: `folders` below a home, one of `endings` within them."""

    source: str
    variable: str
    """Environment variable with the tool's own home, or several separated by commas."""
    homes: tuple[str, ...]
    """Where that is unset: below the person's home; `config:` and `data:` stand for XDG's two."""
    folders: tuple[str, ...]
    patterns: tuple[str, ...]


TOOLS: tuple[Tool, ...] = (
    Tool("claude-code", "CLAUDE_CONFIG_DIR", (".claude", "config:claude"), ("projects",), ("*.jsonl",)),
    Tool("codex", "CODEX_HOME", (".codex",), ("sessions", "archived_sessions"), ("*.jsonl",)),
    Tool("gemini-cli", "", (".gemini",), ("tmp",), ("chats/*.json", "chats/*.jsonl")),
    Tool("qwen-code", "", (".qwen",), ("projects",), ("chats/*.jsonl",)),
    Tool("copilot-cli", "COPILOT_HOME", (".copilot",), ("otel",), ("*.jsonl",)),
    Tool("opencode", "", ("data:opencode",), (".",), ("opencode*.db", "storage/message/*/*.json")),
    Tool(
        "llm", "LLM_USER_PATH", ("config:io.datasette.llm", "Library/Application Support/io.datasette.llm"), (".",),
        ("logs.db",),
    ),
)  # fmt: skip


class Installed(NamedTuple):
    """The logs of one tool on this machine."""

    source: str
    files: list[Path]
    problems: list[Problem]


def installed(home: Path, environ: Mapping[str, str]) -> list[Installed]:
    """The logs of every tool that has any here, in the order of TOOLS."""
    found = []
    for tool in TOOLS:
        roots = [root for root in _roots(tool, home, environ) if root.is_dir()]
        listed = find_files(roots)
        files = [path for path in listed.files if any(path.match(pattern) for pattern in tool.patterns)]
        if files or listed.problems:
            found.append(Installed(tool.source, files, listed.problems))
    return found


def _roots(tool: Tool, home: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    named = (
        [part.strip() for part in environ.get(tool.variable, "").split(",") if part.strip()] if tool.variable else []
    )
    bases = {
        "config": Path(environ.get("XDG_CONFIG_HOME") or home / ".config"),
        "data": Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share"),
    }
    if named:
        homes = [home / part[2:] if part.startswith("~/") else Path(part) for part in named]
    else:
        homes = []
        for place in tool.homes:
            base, colon, rest = place.partition(":")
            homes.append(bases[base] / rest if colon else home / place)
    for each in homes:
        for folder in tool.folders:
            yield each / folder
