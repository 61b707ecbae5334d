"""The interchange record's fields, what other logs call them, and how the columns of a line map to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from llmcost.core.record import Record
from llmcost.sources.tags import MAX_TAGS, is_label, plain_name

#: Fields that are the names of one request, in the words of `Record`.
TEXTS = (
    "app", "environment", "team", "operation", "user", "project", "session", "branch", "machine", "region", "error",
)  # fmt: skip
#: Field -> parameter of `usage_from_totals`.
COUNTS = {
    "input_tokens": "input_total", "cached_input_tokens": "cached", "cache_write_tokens": "write_5m",
    "cache_write_1h_tokens": "write_1h", "input_audio_tokens": "input_audio", "cached_audio_tokens": "cached_audio",
    "image_tokens": "input_image", "output_tokens": "output_total", "reasoning_tokens": "reasoning",
    "output_audio_tokens": "output_audio", "output_image_tokens": "output_image", "web_searches": "web_searches",
}  # fmt: skip
#: Anthropic's words: counts that its `input_tokens` excludes.
EXCLUSIVE = {"cache_read_input_tokens": "cached", "cache_creation_input_tokens": "write_5m"}
#: Place in `Plan` -> field.
_LEADING = {
    "timestamp": "timestamp", "request_id": "request_id", "provider": "provider", "model": "model",
    "status": "status", "tier": "tier", "latency": "latency_ms", "ttft": "time_to_first_token_ms",
    "cache_hit": "cache_hit",
}  # fmt: skip
#: Fields most logs lack.
RARE = (
    "unmetered", "reported_cost_usd", "cost_usd", "tags", "prompt_id", "prompt_text",
    "prompt_digest", "prefix_digest", "language", "prompt_chars", "sidechain", "partial",
    "source", "identity", "cost_nano_usd", "cost_parts_nano", "priced_as",
)  # fmt: skip
FIELDS: tuple[str, ...] = (*_LEADING.values(), *TEXTS, *COUNTS, *EXCLUSIVE, *RARE)

#: field -> what others call it. Spelling is compared in lower snake case, so `promptTokens` is here too.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "timestamp": (
        "ts", "time", "datetime", "date", "created", "created_at", "start_time", "started_at", "starttime",
        "@timestamp",
    ),
    "request_id": ("id", "response_id", "gen_ai.response.id"),
    "model": ("model_name", "model_id", "gen_ai.response.model", "response_model"),
    "provider": ("vendor", "gen_ai.provider.name", "gen_ai.system", "custom_llm_provider"),
    "app": ("app_id", "application", "app_name", "service", "service_name", "service.name"),
    "environment": ("env", "deployment.environment.name"),
    "user": ("user_id", "end_user", "username", "user.id"),
    "team": ("team_id", "team_name"),
    "session": ("session_id", "sessionid", "conversation_id", "gen_ai.conversation.id"),
    "project": ("project_id", "project_name"),
    "operation": ("gen_ai.operation.name", "call_type"),
    "input_tokens": (
        "prompt_tokens", "tokens_in", "input_token_count", "total_input_tokens", "gen_ai.usage.input_tokens",
    ),
    "output_tokens": (
        "completion_tokens", "tokens_out", "output_token_count", "total_output_tokens", "gen_ai.usage.output_tokens",
    ),
    "cached_input_tokens": (
        "cached_tokens", "input_cached_tokens", "cache_read_tokens", "cached_prompt_tokens",
        "gen_ai.usage.cache_read.input_tokens",
    ),
    "cache_write_tokens": (
        "cache_creation_tokens", "cache_write_5m_tokens", "gen_ai.usage.cache_creation.input_tokens",
    ),
    "reasoning_tokens": ("thinking_tokens", "output_reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"),
    "latency_ms": ("duration_ms", "response_time_ms", "elapsed_ms"),
    "time_to_first_token_ms": ("ttft_ms", "first_token_ms"),
    "cost_usd": ("cost", "spend", "total_cost", "price_usd"),
    "tier": ("service_tier",),
    "prompt_text": ("prompt", "input_text"),
    "web_searches": ("web_search_requests",),
    "branch": ("git_branch",),
    "machine": ("host", "hostname", "host.name"),
    "region": ("cloud.region",),
    "error": ("error_message",),
    "tags": ("metadata", "labels"),
}  # fmt: skip

_KNOWN = {name: field for field, names in SYNONYMS.items() for name in (field, *names)} | {f: f for f in FIELDS}


class Plan(NamedTuple):
    """Which column of a line holds what; None where the log has no such column."""

    timestamp: str | None
    request_id: str | None
    provider: str | None
    model: str | None
    status: str | None
    tier: str | None
    latency: str | None
    ttft: str | None
    cache_hit: str | None
    texts: tuple[tuple[int, str], ...]
    """(place in `Record`, column)."""
    counts: tuple[tuple[str, str], ...]
    """(parameter of `usage_from_totals`, column)."""
    beside: tuple[tuple[str, str], ...]
    """The same, of counts that the input column excludes."""
    rare: tuple[tuple[str, str], ...]
    """(field, column)."""
    tags: tuple[str, ...]
    numbered: bool
    """The request id is a column that is merely called `id`: a number there is a row's, not a response's."""


class Columns:
    """Plans by the columns of a line: a log's lines mostly share one."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._plans: dict[tuple[str, ...], Plan] = {}

    def plan(self, columns: tuple[str, ...]) -> Plan:
        plan = self._plans.get(columns)
        if plan is None:
            if len(self._plans) > 10_000:
                self._plans.clear()
            plan = self._plans[columns] = self._make(columns)
        return plan

    def field(self, column: str) -> str | None:
        """The field a column holds: as mapped, else by its name."""
        return self._mapping.get(column) or _KNOWN.get(plain_name(column))

    def _make(self, columns: tuple[str, ...]) -> Plan:
        """Of two columns for one field, a mapped one wins, then the field's own name, then the first."""
        found: dict[str, str] = {}
        tags = []
        for column in columns:
            field = self.field(column)
            if field is None:
                if is_label(column):
                    tags.append(column)
            elif field not in found or self._rank(column, field) > self._rank(found[field], field):
                found[field] = column
        # OpenAI's `prompt_tokens` includes what Anthropic's `input_tokens` excludes, whoever writes them side by side.
        inclusive = plain_name(found.get("input_tokens", "")) == "prompt_tokens"
        anthropic = tuple((EXCLUSIVE[name], found[name]) for name in EXCLUSIVE if name in found)
        counts = [(COUNTS[name], found[name]) for name in COUNTS if name in found]
        taken = {parameter for parameter, _ in counts}
        anthropic = tuple(pair for pair in anthropic if pair[0] not in taken)
        return Plan(
            **{place: found.get(name) for place, name in _LEADING.items()},
            texts=tuple((Record._fields.index(name), found[name]) for name in TEXTS if name in found),
            counts=(*counts, *anthropic) if inclusive else tuple(counts),
            beside=() if inclusive else anthropic,
            rare=tuple((name, found[name]) for name in RARE if name in found),
            tags=tuple(tags[:MAX_TAGS]),
            numbered=plain_name(named := found.get("request_id", "")) == "id" and named not in self._mapping,
        )  # fmt: skip

    def _rank(self, column: str, field: str) -> int:
        return 2 if column in self._mapping else int(column == field)
