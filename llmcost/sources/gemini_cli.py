"""Gemini CLI's chats: `~/.gemini/tmp/<project>/chats/*.json`, and JSON Lines since 2026.

A document is `{"sessionId", "messages": […]}`. JSON Lines begin with the same object without messages; later lines
are messages, or `{"$set": {"messages": […]}}`, which states the whole chat anew. A message of type `gemini` with
`tokens` is a response: `input` (cached included), `output`, `thoughts` beside it, and `tool`, prompt tokens of tool
results beside the input. It is known by its session's and its own id, however often it is stated. A document whose
total adds `cached` to the rest counts it beside the input. Shape as in splitrail's tests of both generations.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmcost.core.record import Problem, Record
from llmcost.core.usage import usage_from_totals
from llmcost.sources.each import counts, moment, requests
from llmcost.sources.parsed import Body, items, section, text
from llmcost.sources.reader import LogFile, Source


def sniff(file: LogFile) -> bool:
    return any("sessionId" in value and "projectHash" in value for value in file.sample)


def read(file: LogFile) -> Iterator[Record | Problem]:
    return requests(file, _object)


def _object(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    del raw
    if session := text(value.get("sessionId")):
        file.state["session"] = session
    stated = value.get("$set")
    messages = items(value, "messages") + (items(stated, "messages") if isinstance(stated, dict) else [])
    for message in [value, *messages]:
        if message.get("type") == "gemini":
            try:
                yield _message(file, message)
            except ValueError as error:
                yield str(error)


def _message(file: LogFile, message: Body) -> Record:
    if message.get("tokens") is None:
        raise ValueError("a response without its tokens")
    tokens = section(message, "tokens")
    if "input" not in tokens and "output" not in tokens:
        raise ValueError("a response without its tokens")
    used = counts(
        tokens, input_total="input", cached="cached", output_total="output", reasoning="thoughts",
        tool="tool", total="total",
    )  # fmt: skip
    total, tool = used.pop("total"), used.pop("tool")
    if used["cached"] and total == sum(used.values()) + tool:
        used["input_total"] += used["cached"]
    used["input_total"] += tool
    used["output_total"] += used["reasoning"]
    model, identity, session = text(message.get("model")), text(message.get("id")), file.state.get("session", "")
    if not model:
        raise ValueError("no model")
    if not identity or not session:
        raise ValueError("a response without the ids of its session and itself")
    return Record(
        moment(file, message.get("timestamp")), file.identity("gemini-cli", f"{session}/{identity}", b""),
        "google", model,
        usage_from_totals(**used), session=session, operation="chat", source="gemini-cli",
    )  # fmt: skip


SOURCE = Source("gemini-cli", sniff, read, default_app="gemini-cli", resumes=True)
