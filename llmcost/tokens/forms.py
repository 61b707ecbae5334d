"""A prompt as the body of a provider's count request.

A body in the provider's own form passes with its images and tools. Messages of another form are converted where they
are text alone; nothing is dropped in silence.
"""

from __future__ import annotations

from typing import Any

from llmcost.core.errors import UsageError
from llmcost.tokens.prompt import Prompt

#: What each endpoint takes of a request, by its reference; the rest (temperature, max_tokens) does not change a count.
_ANTHROPIC = ("system", "messages", "tools", "tool_choice", "thinking", "output_config")
_GOOGLE = ("contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "cachedContent")
_OPENAI = (
    "input", "instructions", "tools", "tool_choice", "text", "reasoning", "truncation", "parallel_tool_calls",
    "previous_response_id", "conversation",
)  # fmt: skip


def anthropic_body(prompt: Prompt, model: str) -> dict[str, Any]:
    """For POST /v1/messages/count_tokens.

    Raises:
        UsageError: the request is of another form and more than text.
    """
    body = prompt.request if isinstance(prompt.request, dict) else {"messages": prompt.request}
    messages = body["messages"] if isinstance(body.get("messages"), list) else None
    own = messages and all(m.get("role") in {"user", "assistant"} and not _openai_message(m) for m in messages)
    if own and not _openai_tools(body.get("tools")):
        return {"model": model, **_some(body, _ANTHROPIC)}
    turns = _texts(prompt, "Anthropic")
    system = "\n\n".join(text for role, text in turns if role == "system")
    talk = [{"role": role, "content": text} for role, text in turns if role != "system"]
    return {"model": model, **({"system": system} if system else {}), "messages": talk}


def google_body(prompt: Prompt, model: str) -> dict[str, Any]:
    """For POST …:countTokens; errors as `anthropic_body`. A whole request is counted with its system instruction."""
    if isinstance(prompt.request, dict) and "contents" in prompt.request:
        request = prompt.request
        if "systemInstruction" not in request and "system_instruction" in request:
            request = {**request, "systemInstruction": request["system_instruction"]}
        made = _some(request, _GOOGLE)
    else:
        turns = _texts(prompt, "Google")
        system = [{"text": text} for role, text in turns if role == "system"]
        names = {"assistant": "model", "user": "user"}
        made = {"contents": [_content(names[role], text) for role, text in turns if role != "system"]}
        if system:
            made["systemInstruction"] = {"parts": system}
    return {"generateContentRequest": {"model": f"models/{model.removeprefix('models/')}", **made}}


def openai_body(prompt: Prompt, model: str) -> dict[str, Any]:
    """For POST /v1/responses/input_tokens; errors as `anthropic_body`."""
    if isinstance(prompt.request, dict) and "input" in prompt.request:
        return {"model": model, **_some(prompt.request, _OPENAI)}
    if prompt.request is None:
        return {"model": model, "input": prompt.body}
    return {"model": model, "input": [{"role": role, "content": text} for role, text in _texts(prompt, "OpenAI")]}


def _content(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


def _some(body: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: body[key] for key in keys if body.get(key) is not None}


def _openai_message(message: dict[str, Any]) -> bool:
    content = message.get("content")
    kinds = {part.get("type") for part in content if isinstance(part, dict)} if isinstance(content, list) else set()
    return bool(message.get("tool_calls")) or bool(kinds & {"image_url", "input_audio", "file", "input_text"})


def _openai_tools(tools: Any) -> bool:
    return isinstance(tools, list) and any(isinstance(tool, dict) and "function" in tool for tool in tools)


_ROLES = {"developer": "system", "model": "assistant"}


def _texts(prompt: Prompt, provider: str) -> list[tuple[str, str]]:
    """(role, text) of each message: system, user or assistant.

    Raises:
        UsageError: there is more in the request than text.
    """
    if prompt.request is None:
        return [("user", prompt.body)]
    turns: list[tuple[str, str]] = []
    body = prompt.request if isinstance(prompt.request, dict) else {"messages": prompt.request}
    turns += [("system", text) for text in [_text(body.get("system"))] if text]
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else [{}]:
        role, text = message.get("role"), _text(message.get("content"))
        role = _ROLES.get(role, role)
        if role not in {"system", "user", "assistant"} or text is None or message.keys() - {"role", "content"}:
            turns = []
            break
        turns.append((role, text))
    if not turns or any(body.get(key) for key in ("tools", "functions", "response_format")):
        raise UsageError(
            f"the request is not in {provider}'s own form and holds more than text, which --exact cannot convert",
            f"give the body as it is sent to {provider}, or leave --exact out",
        )
    return turns


def _text(content: Any) -> str | None:
    """The text of a message's content; None where it is not text alone."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        return None
    found = [part.get("text") if isinstance(part, dict) else part for part in content]
    texts = [text for text in found if isinstance(text, str)]
    return "\n".join(texts) if len(texts) == len(found) else None
