"""Real response bodies recorded by others, when `shared/data` stands next to the checkout."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources import detect, source_named
from llmcost.sources.parsed import Parsed
from llmcost.sources.reader import LogFile, ReadOptions
from llmcost.sources.responses import parse_body

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
REAL = DATA / "responses" / "real_responses.json"
FOLDERS = ("openai-chat", "openai-responses", "anthropic-messages", "vertex-gemini", "bedrock")
SAMPLES = sorted(path for folder in FOLDERS for path in (DATA / "samples" / folder).glob("*.response.*"))
AT = 1_790_000_000_000_000

#: The extraction to compare with: the shape of a body -> genai-prices' provider and flavour.
FLAVOURS = {
    "google": [("google", "default")],
    "aws": [("aws", "default")],
    "anthropic": [("anthropic", "default")],
    "cohere": [("cohere", "default"), ("cohere", "embeddings")],
    "openrouter": [("openrouter", "chat")],
    "responses": [("openai", "responses")],
    "embeddings": [("openai", "embeddings")],
    "chat": [("openai", "chat")],
    "mistral": [("mistral", "default"), ("mistral", "chat")],
    "moonshotai": [("moonshotai", "chat")],
}

#: Classes of bodies where we and the reference disagree: the fields that differ, how often, and why we are right.
DEVIATIONS = {
    # Anthropic, "Compaction": the top-level counts leave out the compaction step, and all steps are billed.
    "compaction": ({"input", "output"}, 1),
    # OpenRouter: `video_tokens` are input tokens of that kind; the reference has no field for them. Total agrees.
    "openrouter video": ({"image"}, 1),
    # Mistral: `num_cached_tokens` are prompt tokens read from its cache; the reference does not read the field.
    "mistral cache": ({"cached"}, 13),
}


def entries() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(REAL.read_bytes()) if REAL.exists() else []
    return found


def flavour(body: dict[str, Any], parsed: Parsed) -> str:
    usage = body.get("usage") or {}
    if "num_cached_tokens" in usage:
        return "mistral"
    if "cached_tokens" in usage and "prompt_tokens" in usage:
        return "moonshotai"
    if "input_tokens" in usage:
        return "responses" if "total_tokens" in usage else "anthropic"
    if parsed.provider in ("google", "aws", "cohere", "openrouter"):
        return parsed.provider
    return "chat" if "completion_tokens" in usage else "embeddings"


def expected(entry: dict[str, Any], name: str) -> dict[str, int]:
    for extraction in entry["extracted"]:
        found = {(one["provider_id"], one["api_flavor"]) for one in extraction["extractors"]}
        if found & set(FLAVOURS[name]):
            return dict(extraction["usage"])
    raise AssertionError(f"no extraction for {name}: {entry}")


def reference(usage: dict[str, int]) -> dict[str, int]:
    """The reference's words as ours; its text and tool counts are sums of what is compared."""
    return {
        "input": usage.get("input_tokens", 0),
        "cached": usage.get("cache_read_tokens", 0),
        "written": usage.get("cache_write_tokens", 0),
        "input_audio": usage.get("input_audio_tokens", 0),
        "cached_audio": usage.get("cache_audio_read_tokens", 0),
        "image": usage.get("input_image_tokens", 0)
        + usage.get("input_video_tokens", 0)
        - usage.get("cache_image_read_tokens", 0)
        - usage.get("cache_video_read_tokens", 0),
        "output": usage.get("output_tokens", 0),
        "reasoning": usage.get("output_reasoning_tokens", 0),
        "output_image": usage.get("output_image_tokens", 0),
        "searches": usage.get("web_searches", 0),
    }


def ours(usage: Usage) -> dict[str, int]:
    return {
        "input": usage.input_total,
        "cached": usage.cached_total,
        "written": usage.write_5m + usage.write_1h,
        "input_audio": usage.input_audio + usage.cached_audio,
        "cached_audio": usage.cached_audio,
        "image": usage.input_image,
        "output": usage.output_total,
        "reasoning": usage.reasoning,
        "output_image": usage.output_image,
        "searches": usage.web_searches,
    }


def deviation(body: dict[str, Any]) -> str:
    usage = body.get("usage") or {}
    if any(step["type"] == "compaction" for step in usage.get("iterations", [])):
        return "compaction"
    if (usage.get("prompt_tokens_details") or {}).get("video_tokens"):
        return "openrouter video"
    return "mistral cache" if usage.get("num_cached_tokens") else ""


def test_every_recorded_body_agrees_with_the_reference_or_is_a_known_deviation() -> None:
    seen: Counter[str] = Counter()
    for entry in entries():
        body = {key: value for key, value in entry["body"].items() if key != "file"}
        parsed = parse_body(body)
        theirs, our = reference(expected(entry, flavour(body, parsed))), ours(parsed.usage)
        kind = deviation(body)
        differing = {name for name in our if our[name] != theirs[name]}
        assert differing == (DEVIATIONS[kind][0] if kind else set()), entry
        seen[kind or "agrees"] += 1
    assert not seen or seen == {"agrees": 599, **{kind: count for kind, (_, count) in DEVIATIONS.items()}}


#: The folder of a cassette -> what its bodies may be taken for; "" where a host serves open models in OpenAI's shape.
HOSTS = {
    "test_anthropic": {"anthropic", "openai"},  # two cassettes replay an OpenAI conversation
    "test_bedrock": {"aws"},
    "test_cerebras": {""},
    "test_cohere": {"cohere"},
    "test_deepseek": {"deepseek"},
    "test_google": {"google"},
    "test_groq": {"groq"},
    "test_huggingface": {""},
    "test_mistral": {"mistral", "openai"},  # one cassette replays an OpenAI conversation
    "test_openai": {"openai"},
    "test_openai_responses": {"openai"},
    "test_openrouter": {"openrouter", ""},  # streams without ids or costs cannot be told
}


def test_the_provider_is_never_taken_for_another() -> None:
    for entry in entries():
        body = {key: value for key, value in entry["body"].items() if key != "file"}
        folder = entry["body"]["file"].split("/")
        allowed = HOSTS.get(folder[2]) if folder[:2] == ["models", "cassettes"] else None
        assert allowed is None or parse_body(body).provider in allowed, entry


def test_an_advisor_is_a_request_of_its_own_model() -> None:
    advised = [entry["body"] for entry in entries() if "advisor" in entry["body"]["file"]]
    for body in advised:
        steps = (body["usage"].get("iterations") or []) if body["model"] == "claude-sonnet-5" else []
        wanted = [(step["model"], step["input_tokens"]) for step in steps if step["type"] == "advisor_message"]
        found = parse_body({"model": body["model"], "usage": body["usage"]}).extra
        assert [(model, usage.input_total) for model, usage in found] == wanted


WITHOUT_RECORD = {
    "test_nova_converse.response.json": "no model",
    "test_nova_converse_stream.response.bin": "no model",
    "chat-bad-request.response.json": "error response: invalid_request_error: Unsupported parameter",
    "chat-streaming.response.sse": "stream has no usage (request stream_options.include_usage)",
}


def test_every_sample_gives_one_record_or_one_problem() -> None:
    for path in SAMPLES:
        file = LogFile.open(path, ReadOptions(undated=AT))
        source = detect(file)
        assert source is not None, path
        (found,) = source.read(file)
        file.close()
        reason = WITHOUT_RECORD.get(path.name)
        if reason is not None:
            assert isinstance(found, Problem), path
            assert found.reason.startswith(reason)
        else:
            assert isinstance(found, Record), found
            assert found.usage.tokens > 0
            assert not found.partial
            assert not found.id.startswith("~") or found.operation == "embeddings"


def test_a_sample_cut_anywhere_gives_a_partial_record_or_a_problem() -> None:
    for path in SAMPLES:
        content = path.read_bytes()[: 1 << 16]
        for end in range(1, len(content), max(1, len(content) // 30)):
            file = LogFile(io.BytesIO(content[:end]), "cut", ReadOptions(undated=AT))
            found = list(source_named("openai").read(file))
            assert found, (path, end)
            for item in found:
                assert isinstance(item, Problem) or path.suffix != ".json", (path, end)


def test_the_comparison_covers_every_bucket_it_names() -> None:
    usage = Usage(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 3)
    assert ours(usage)["input"] == 127
    assert ours(usage)["written"] == 12
    assert reference({"input_tokens": 9, "input_video_tokens": 4, "cache_video_read_tokens": 1})["image"] == 3
