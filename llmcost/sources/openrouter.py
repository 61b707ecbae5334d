"""OpenRouter's requests: the CSV its activity page exports, and answers of `GET /api/v1/generation` as JSON.

A row is known by `generation_id`, the `id` of the answer itself, so that an app's own log of it is the same request.
OpenRouter's API has `tokens_…`, counted by one tokenizer for all models, beside `native_tokens_…`, which are billed:
JSON gives the native ones where it has them. The CSV has one set and does not say which; its cached and reasoning
counts exist as native ones only. Completion includes reasoning (OpenRouter, activity export: "reasoning tokens are
included in completion tokens"), prompt includes cached, as in the answers' own `usage`. Hosts estimate reasoning, at
times beyond the completion: it is cut to it. Reported is `cost_total` and what a key of one's own paid upstream.

A day's totals (`/api/v1/activity`: `date`, `requests`) are no requests: each is skipped and says so. Not read:
`cost_cache`, `cost_web_search`, `cost_file_processing`, which the total includes; searches, whose number nothing tells;
names of keys. Unverified: CSV columns as three programs that read the export name them; no real one was at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from llmcost.core.record import Problem, Record
from llmcost.core.usage import usage_from_totals
from llmcost.sources import tabular
from llmcost.sources.each import moment
from llmcost.sources.parsed import Body, amount, count, flag, microseconds, shown, text, tier_named
from llmcost.sources.reader import LogFile, Source
from llmcost.sources.tags import tags

_CSV = {"generation_id", "created_at", "model_permaslug", "cost_total"}
_JSON = {"id", "created_at", "model", "total_cost", "native_tokens_prompt", "native_tokens_completion"}
#: What Vercel's gateway, whose answers have the same names, adds to them.
_VERCEL = {"native_tokens_cache_creation", "billable_web_search_calls"}
_DAILY = {"date", "model_permaslug", "requests", "usage"}
#: Variants with prices of their own.
_PRICED = {"free", "batch", "thinking", "extended"}


def sniff(file: LogFile) -> bool:
    return tabular.sniff(file, _ours)


def read(file: LogFile) -> Iterator[Record | Problem]:
    return tabular.requests(file, _row)


def _ours(names: Set[str]) -> bool:
    return names >= _CSV or names >= _DAILY or (names >= _JSON and not names & _VERCEL)


def _row(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    if "date" in value and "requests" in value:
        raise ValueError(f"a day's total of {shown(value['requests'])} requests, not a request")
    model = text(value.get("model_permaslug")) or text(value.get("model"))
    if not model:
        raise ValueError("no model")
    variant = text(value.get("variant")).lower()
    if variant in _PRICED and not model.endswith(f":{variant}"):
        model += f":{variant}"
    prompt, completion = _told(value, "tokens_prompt"), _told(value, "tokens_completion")
    failed = text(value.get("finish_reason_normalized") or value.get("finish_reason")) == "error"
    if prompt is None and completion is None and not failed:
        raise ValueError("unmetered: no token counts")
    completion = completion or 0
    yield Record(
        moment(file, value.get("created_at")),
        file.identity("openrouter", text(value.get("generation_id")) or text(value.get("id")), raw),
        "openrouter",
        model,
        usage_from_totals(
            input_total=prompt or 0,
            cached=_told(value, "tokens_cached") or 0,
            output_total=completion,
            reasoning=min(_told(value, "tokens_reasoning") or 0, completion),
            output_image=count(value, "native_tokens_completion_images"),
        ),
        "batch" if model.endswith(":batch") else tier_named(value.get("service_tier")) or "standard",
        app=text(value.get("app_name")),
        user=text(value.get("user")) or text(value.get("external_user")),
        session=text(value.get("session_id")),
        operation="chat",
        region=text(value.get("data_region")),
        source="openrouter",
        status="error" if failed else "cancelled" if flag(value.get("cancelled")) else "ok",
        latency_us=microseconds(value.get("generation_time_ms") or value.get("generation_time")),
        ttft_us=microseconds(value.get("time_to_first_token_ms") or value.get("latency")),
        reported_nano=_charged(value),
        tags=tags({"provider_name": text(value.get("provider_name"))}),
    )


def _told(value: Body, name: str) -> int | None:
    """The count that is billed; None where there is none."""
    for spelling in (f"native_{name}", name):
        if value.get(spelling) is not None:
            return count(value, spelling)
    return None


def _charged(value: Body) -> int | None:
    """What OpenRouter charged, and what a caller's own key paid upstream beside it."""
    charged = value.get("cost_total", value.get("total_cost"))
    own = value.get("byok_usage_inference")
    if own is None and flag(value.get("is_byok")):
        own = value.get("upstream_inference_cost")
    if charged is None:
        return None
    return amount(charged, "cost_total") + (0 if own is None else amount(own, "byok_usage_inference"))


SOURCE = Source("openrouter", sniff, read)
