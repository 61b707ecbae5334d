"""Helicone's requests: what its export tool writes as CSV, JSON or JSON Lines, and pages of its request query.

Known by `response_id`, Helicone's own, in each of them. `prompt_tokens` leaves out cached, cache-written and audio
tokens, `completion_tokens` audio ones: Helicone takes them off to price each on its own (`OpenAIBodyProcessor`), and
Anthropic's input has none of them. The tool's CSV has no columns for them, so its requests may count too little, which
its header's line says; JSON Lines has them. An answer from Helicone's own cache (`cache_reference_id`) counts nothing.
A request that succeeded without any count (a stream without usage) is unmetered, not free. `costUSD` is the reported
cost; the CSV's cost and latency are empty in the versions seen. Bodies are not read.

Unverified: fields of Helicone's published API types and of its export tool's source; no real export was at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmcost.core.providers import canonical_provider
from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage, usage_from_parts
from llmcost.sources import tabular
from llmcost.sources.each import counts, moment
from llmcost.sources.parsed import Body, amount, family_provider, is_failure, microseconds, outcome, text
from llmcost.sources.reader import LogFile, Source, decode_json
from llmcost.sources.tags import tags

_MARKS = {"response_id", "response_status", "request_created_at", "prompt_tokens", "completion_tokens"}
_NO_CACHE_COLUMNS = (
    "the CSV has no columns for cached tokens: what used a prompt cache counts too little; export with --format jsonl"
)
_COUNTS = {
    "input": "prompt_tokens", "cached": "prompt_cache_read_tokens", "write_5m": "prompt_cache_write_tokens",
    "input_audio": "prompt_audio_tokens", "output": "completion_tokens", "output_audio": "completion_audio_tokens",
}  # fmt: skip
#: What Helicone writes in place of an HTTP status.
_STATUS = {"-1": "timeout", "-2": "pending", "-3": "cancelled", "-4": "blocked"}
#: Names that only Helicone uses for a provider; the last three say nothing of who served a model.
_PROVIDERS = {"x": "x-ai", "google-ai-studio": "google", "custom": "", "local": "", "helicone": ""}
_NO_HIT = "00000000-0000-0000-0000-000000000000"
_SESSION = "Helicone-Session-Id"


def sniff(file: LogFile) -> bool:
    return tabular.sniff(file, lambda names: names >= _MARKS)


def read(file: LogFile) -> Iterator[Record | Problem]:
    if not tabular.is_json(file) and b"prompt_cache_read_tokens" not in file.head.lstrip().split(b"\n", 1)[0]:
        yield file.problem(1, _NO_CACHE_COLUMNS)
    yield from tabular.requests(file, _row)


def _row(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    word = text(value.get("response_status"))
    status = outcome(_STATUS.get(word, word)) or "ok"
    model = next((name for of in ("model", "response_model", "request_model") if (name := text(value.get(of)))), "")
    if not model and not is_failure(status):
        raise ValueError("no model")
    cost = next((value[name] for name in ("costUSD", "cost_usd", "cost") if value.get(name) not in (None, "")), None)
    reported = None if cost is None else amount(cost, "cost")
    hit = text(value.get("cache_reference_id")) not in {"", _NO_HIT}
    usage = usage_from_parts(Usage(**counts(value, **_COUNTS)))
    if not (usage.tokens or reported or hit or is_failure(status)):
        raise ValueError("unmetered: no token counts")
    about = _properties(value.get("request_properties")) or _properties(value.get("properties"))
    named = text(value.get("provider")).lower()
    provider = canonical_provider(_PROVIDERS.get(named, named)) or family_provider(model)
    yield Record(
        moment(file, value.get("request_created_at")),
        file.identity("helicone", text(value.get("response_id")) or text(value.get("request_id")), raw),
        provider,
        model,
        usage,
        user=text(value.get("request_user_id")) or text(value.get("helicone_user")),
        session=text(about.pop(_SESSION, "")),
        operation="chat",
        source="helicone",
        status=status,
        cache_hit=hit if "cache_reference_id" in value else None,
        reported_nano=reported,
        latency_us=microseconds(value.get("delay_ms") or value.get("latency")),
        ttft_us=microseconds(value.get("time_to_first_token")),
        tags=tags(about),
        prompt_id=text(value.get("prompt_id")),
    )


def _properties(given: Any) -> dict[str, Any]:
    """A caller's own properties; the tool's CSV doubles the quotes of their JSON once too often."""
    if isinstance(given, str):
        raw = given.encode("utf-8", "replace")
        given = decode_json(raw) or decode_json(raw.replace(b'""', b'"'))
    return dict(given) if isinstance(given, dict) else {}


SOURCE = Source("helicone", sniff, read)
