"""Log formats: bytes in, `Record`s out. One file per format; no source knows the ledger or a price.

A source is a module-level `Source` value, named in the registry below. Third parties register theirs under
the entry-point group `llmcost.sources`, looked up only when a name is not in the table.
"""

from __future__ import annotations

from llmcost.core.errors import UsageError, nearest
from llmcost.sources.reader import LogFile, Source

#: name -> "module:attribute", in the order in which content is tried: the most specific first.
SOURCES: dict[str, str] = {
    "qwen-code": "llmcost.sources.qwen_code:SOURCE",
    "claude-code": "llmcost.sources.claude_code:SOURCE",
    "codex": "llmcost.sources.codex:SOURCE",
    "gemini-cli": "llmcost.sources.gemini_cli:SOURCE",
    "opencode": "llmcost.sources.opencode:SOURCE",
    "llm": "llmcost.sources.llm:SOURCE",
    "copilot-cli": "llmcost.sources.copilot_cli:SOURCE",
    "otel": "llmcost.sources.otel:SOURCE",
    "litellm": "llmcost.sources.litellm:SOURCE",
    "langfuse": "llmcost.sources.langfuse:SOURCE",
    "openrouter": "llmcost.sources.openrouter:SOURCE",
    "helicone": "llmcost.sources.helicone:SOURCE",
    "openai-admin": "llmcost.sources.openai_admin:SOURCE",
    "anthropic-admin": "llmcost.sources.anthropic_admin:SOURCE",
    "focus": "llmcost.sources.focus:SOURCE",
    "openai-batch": "llmcost.sources.openai_batch:SOURCE",
    "bedrock": "llmcost.sources.responses:BEDROCK",
    "anthropic": "llmcost.sources.responses:ANTHROPIC",
    "gemini": "llmcost.sources.responses:GEMINI",
    "openai": "llmcost.sources.responses:OPENAI",
    "jsonl": "llmcost.sources.interchange:JSONL",
    "csv": "llmcost.sources.interchange:CSV",
}


def source_named(name: str) -> Source:
    """The source registered as `name`.

    Raises:
        UsageError: there is none.
    """
    target = SOURCES.get(name)
    if target is None:
        from importlib.metadata import entry_points

        found = entry_points(group="llmcost.sources", name=name)
        for entry in found:
            return _checked(entry.load())
        raise UsageError(f"unknown source {name!r}{nearest(name, SOURCES)}", f"use auto or one of {', '.join(SOURCES)}")
    from importlib import import_module

    module, _, attribute = target.partition(":")
    return _checked(getattr(import_module(module), attribute))


def detect(file: LogFile) -> Source | None:
    """The first source that recognises the file's content; its name plays no part. None: unknown."""
    for name in SOURCES:
        source = source_named(name)
        if source.sniff(file):
            return source
    return None


def _checked(value: object) -> Source:
    if not isinstance(value, Source):
        raise UsageError(f"{value!r} is not a llmcost source", "register a llmcost.sources.reader.Source")
    return value
