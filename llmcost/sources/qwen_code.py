"""Qwen Code's chats: `~/.qwen/projects/<project>/chats/*.jsonl`.

A line of type `assistant` with `usageMetadata` is a response in Gemini's words: prompt tokens include cached ones,
candidates exclude thoughts. The `ui_telemetry` line before it tells of the same call and is no second one. A response
is known by its session's id and its line's `uuid`. Shape of Qwen Code 0.18, as in splitrail's tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmcost.core.record import Problem, Record
from llmcost.core.usage import usage_from_totals
from llmcost.sources.each import counts, moment, requests
from llmcost.sources.parsed import Body, family_provider, section, text
from llmcost.sources.reader import LogFile, Source


def sniff(file: LogFile) -> bool:
    return any(
        {"uuid", "sessionId", "type"} <= value.keys()
        and ("usageMetadata" in value or "systemPayload" in value or _has_parts(value))
        for value in file.sample
    )


def _has_parts(value: Body) -> bool:
    """Claude Code's lines have `content` where these, in Gemini's words, have `parts`."""
    message = value.get("message")
    return isinstance(message, dict) and "parts" in message


def read(file: LogFile) -> Iterator[Record | Problem]:
    return requests(file, _line)


def _line(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    if value.get("type") != "assistant":
        return
    usage = section(value, "usageMetadata")
    if not usage.keys() & {"promptTokenCount", "candidatesTokenCount"}:
        raise ValueError("an assistant's line without its usage")
    used = counts(
        usage, input_total="promptTokenCount", cached="cachedContentTokenCount", output_total="candidatesTokenCount",
        reasoning="thoughtsTokenCount", tool="toolUsePromptTokenCount", total="totalTokenCount",
    )  # fmt: skip
    total, tool = used.pop("total"), used.pop("tool")
    used["input_total"] += tool
    # Services in OpenAI's shape count thoughts within the candidates; the total tells.
    if total != used["input_total"] + used["output_total"]:
        used["output_total"] += used["reasoning"]
    model, session, line = text(value.get("model")), text(value.get("sessionId")), text(value.get("uuid"))
    if not model:
        raise ValueError("no model")
    provider = family_provider(model)
    yield Record(
        moment(file, value.get("timestamp")),
        file.identity("qwen-code", f"{session}/{line}" if session and line else "", raw), provider, model,
        usage_from_totals(**used), session=session, project=text(value.get("cwd")), branch=text(value.get("gitBranch")),
        operation="chat", source="qwen-code",
    )  # fmt: skip


SOURCE = Source("qwen-code", sniff, read, default_app="qwen-code", resumes=True)
