"""A request's record, from its response and the wrapper a gateway put around it."""

from __future__ import annotations

from llmcost.core.instants import parse_timestamp
from llmcost.core.providers import canonical_provider
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources import bedrock
from llmcost.sources.parsed import (
    Body,
    Parsed,
    error_text,
    family_provider,
    flag,
    identifier,
    microseconds,
    outcome,
    scalar,
    text,
    tier_named,
)
from llmcost.sources.reader import LogFile, decode_json
from llmcost.sources.tags import tags

NO_TIME = "no timestamp in the response: pass --at TIME or --at mtime"
REQUESTS = ("request", "request_body", "requestBody")
_TIMES = ("timestamp", "ts", "time", "datetime", "@timestamp", "start_time", "startTime", "started_at")
_CREATED = ("created_at", "createdAt", "created")
#: Dimensions that may stand beside the fields of a bare body, whose own names they are not.
_BESIDE = {
    *_TIMES, *REQUESTS, "app", "app_id", "environment", "env", "team", "operation", "user_id", "project", "session",
    "session_id", "branch", "machine", "region", "latency_ms", "duration_ms", "time_to_first_token_ms", "ttft_ms",
    "tags", "modelId", "tier", "cache_hit",
}  # fmt: skip


def records(file: LogFile, raw: bytes, wrapper: Body, parsed: Parsed, bare: Body | None = None) -> list[Record]:
    """The request a response tells of, and one more for each other model that worked within it.

    `bare` is the body itself when nothing is wrapped around it: dimensions added to it are read from there.

    Raises:
        ValueError: it has no model, no time, or a value that makes no sense.
    """
    around = wrapper if bare is None else {key: bare[key] for key in _BESIDE & bare.keys()}
    request = _request(around)
    model = _model(around, request, parsed)
    if not model:
        raise ValueError("no model")
    provider = canonical_provider(text(around.get("provider"))) or parsed.provider or family_provider(model)
    failure = parsed.error or error_text(around.get("error"))
    session = around.get("session") or around.get("session_id")
    response_id = parsed.response_id or identifier(around.get("request_id") or around.get("requestId"))
    ttft = microseconds(around.get("time_to_first_token_ms", around.get("ttft_ms")))
    latency = microseconds(around.get("latency_ms", around.get("duration_ms")))
    record = Record(
        _time(file, around, parsed),
        file.identity(provider, response_id, raw),
        provider,
        model,
        parsed.usage,
        _tier(around, request, parsed),
        app=text(around.get("app") or around.get("app_id")),
        environment=text(around.get("environment") or around.get("env")),
        team=text(around.get("team")),
        operation=text(around.get("operation")) or parsed.operation,
        user=text(around.get("user") or around.get("user_id")),
        project=text(around.get("project")),
        session=text(session),
        branch=text(around.get("branch")),
        machine=text(around.get("machine")),
        region=text(around.get("region")) or parsed.region,
        status=parsed.status if parsed.status != "ok" else status_of(around),
        error=failure,
        partial=parsed.partial,
        cache_hit=flag(around.get("cache_hit")),
        unmetered=parsed.unmetered,
        latency_us=parsed.latency_us if latency is None else latency,
        ttft_us=parsed.ttft_us if ttft is None else ttft,
        reported_nano=parsed.reported_nano,
        tags=tags(around.get("tags")),
    )
    return [record, *others_of(file, raw, record, response_id, parsed.extra)]


def others_of(
    file: LogFile, raw: bytes, record: Record, response_id: str, others: tuple[tuple[str, Usage], ...]
) -> list[Record]:
    """A record for each other model that worked within the request of `record`."""
    return [
        record._replace(
            id=file.identity(record.provider, f"{response_id}#{place}" if response_id else "", raw),
            model=model, usage=usage, latency_us=None, ttft_us=None, reported_nano=None,
        )
        for place, (model, usage) in enumerate(others, 1)
    ]  # fmt: skip


def _request(wrapper: Body) -> Body:
    for name in REQUESTS:
        request = wrapper.get(name)
        if isinstance(request, str):
            request = decode_json(request.encode("utf-8", "replace"))
        if isinstance(request, dict):
            inner = request.get("body")
            return inner if isinstance(inner, dict) else request
    return {}


def _model(wrapper: Body, request: Body, parsed: Parsed) -> str:
    """The model that answered; for Bedrock the id asked for, whose prefix names the region that is billed."""
    asked = next((name for part in (wrapper, request) if (name := bedrock.model_id(part.get("modelId")))), "")
    named = text(wrapper.get("model")) or text(wrapper.get("model_id")) or text(request.get("model"))
    if parsed.provider == "aws":
        return asked or parsed.model or bedrock.model_id(named)
    return parsed.model or named or asked


def _time(file: LogFile, wrapper: Body, parsed: Parsed) -> int:
    for value in (
        *(wrapper.get(name) for name in _TIMES),
        *(wrapper.get(name) for name in _CREATED),
        parsed.created,
    ):
        if value is not None and value != "":
            us, aware = parse_timestamp(value)
            file.naive_times += not aware
            return us
    if file.undated_us is None:
        raise ValueError(NO_TIME)
    return file.undated_us


def _tier(wrapper: Body, request: Body, parsed: Parsed) -> str:
    """The tier that served the request beats the one asked for, which may not have been granted."""
    if parsed.tier:
        return parsed.tier
    for value in (
        wrapper.get("tier"),
        wrapper.get("service_tier"),
        "fast" if request.get("speed") == "fast" else None,
        request.get("service_tier"),
    ):
        if tier := tier_named(value):
            return tier
    return "standard"


def status_of(wrapper: Body) -> str:
    """`ok`, `error`, or the log's own word."""
    for name in ("status", "status_code", "http_status"):
        status = outcome(text(scalar(wrapper.get(name))))
        if status not in ("", "ok"):
            return status
    return "ok"
