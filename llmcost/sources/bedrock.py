"""Amazon Bedrock's responses: Converse, Nova, Titan and Llama bodies, and the model invocation log.

Converse's `inputTokens` excludes `cacheReadInputTokens` and `cacheWriteInputTokens`; `totalTokens` is the sum
(docs.aws.amazon.com, TokenUsage). `cacheDetails` splits the writes by lifetime. No body names its model: that
is the `modelId` of the request's path. Claude's InvokeModel bodies are Anthropic's (`llmcost.sources.anthropic`).
"""

from __future__ import annotations

from llmcost.core.usage import Usage, usage_from_parts
from llmcost.sources.parsed import (
    NO_USAGE,
    Body,
    Parsed,
    count,
    items,
    microseconds,
    section,
    text,
    tier_named,
)

METRICS = "amazon-bedrock-invocationMetrics"
_CAMEL = {"inputTokens", "outputTokens", "totalTokens"}


def matches(body: Body) -> bool:
    usage = body.get("usage")
    if isinstance(usage, dict) and usage.keys() & _CAMEL:
        return True
    if "stopReason" in body and isinstance(body.get("output"), dict):
        return True
    return bool(body.keys() & {METRICS, "inputTextTokenCount", "generation_token_count"})


def is_invocation_log(value: Body) -> bool:
    return value.get("schemaType") == "ModelInvocationLog" or (
        "modelId" in value and isinstance(value.get("output"), dict) and "outputTokenCount" in value["output"]
    )


def parse(body: Body) -> Parsed:
    """Raises ValueError for counts that make no sense."""
    usage, metrics = section(body, "usage"), section(body, METRICS)
    if usage.keys() & _CAMEL:
        found = _converse(usage)
    elif metrics:
        found = invocation_counts(metrics, metrics)
    elif body.keys() & {"inputTextTokenCount", "generation_token_count"}:
        made = count(body, "generation_token_count") + sum(count(part, "tokenCount") for part in items(body, "results"))
        found = usage_from_parts(Usage(count(body, "inputTextTokenCount", "prompt_token_count"), output=made))
    else:
        raise ValueError(NO_USAGE)
    return Parsed(
        "aws",
        model_id(body.get("modelId")),
        found,
        tier=tier_named(section(body, "serviceTier").get("type")),
        operation="embeddings" if body.keys() & {"embedding", "embeddings"} else "chat",
        latency_us=microseconds(section(body, "metrics").get("latencyMs", metrics.get("invocationLatency"))),
        ttft_us=microseconds(metrics.get("firstByteLatency")),
    )


def invocation_counts(given: Body, made: Body) -> Usage:
    """The counts of invocation metrics, and of an invocation log's `input` and `output`."""
    return usage_from_parts(
        Usage(
            input=count(given, "inputTokenCount"),
            cached=count(given, "cacheReadInputTokenCount"),
            write_5m=count(given, "cacheWriteInputTokenCount"),
            output=count(made, "outputTokenCount"),
        )
    )


def _converse(usage: Body) -> Usage:
    written = count(usage, "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    hour = sum(count(part, "inputTokens") for part in items(usage, "cacheDetails") if part.get("ttl") == "1h")
    written = max(written, hour)
    return usage_from_parts(
        Usage(
            input=count(usage, "inputTokens"),
            cached=count(usage, "cacheReadInputTokens", "cacheReadInputTokenCount"),
            write_5m=written - hour,
            write_1h=hour,
            output=count(usage, "outputTokens"),
        )
    )


def model_id(value: object) -> str:
    """A model id without the ARN around it; an application's own profile keeps its ARN, which names no model."""
    name = text(value)
    for part in (":foundation-model/", ":inference-profile/"):
        if name.startswith("arn:") and part in name:
            return name.partition(part)[2]
    return name
