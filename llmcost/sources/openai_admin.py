"""OpenAI's organisation pages: `/v1/organization/costs` and `/v1/organization/usage/*`, buckets of a day or an hour.

A costs result has an exact amount, a line item and a project; a usage result counts a model's requests and tokens.
Input includes cached tokens; audio tokens are counted beside the text. They are two views of the same use: a cost line
has no tokens, a usage line no cost. Buckets are restated for days: a bucket read again replaces all its lines. Results
of other kinds of use (images, audio seconds, vector stores) are kept with their quantity. API keys are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmcost.core.billed import Billed
from llmcost.core.record import Problem
from llmcost.core.usage import MAX_TOKENS, usage_from_totals
from llmcost.sources import pages
from llmcost.sources.each import moment
from llmcost.sources.parsed import Body, count, section, shown, text
from llmcost.sources.reader import LogFile, Source

_KIND = re.compile(r"organization\.(costs|usage\.[a-z_]+)\.result")
_LINE_ITEM = re.compile(r"(.+), (?:[a-z ]+ )?(?:input|output)")
#: What a usage result without tokens counts, in the API's words.
_QUANTITIES = ("images", "characters", "seconds", "num_sessions", "num_requests", "usage_bytes")


def sniff(file: LogFile) -> bool:
    return any(
        _kind(result) for value in file.sample for bucket in pages.buckets(value) for result in pages.results(bucket)
    )


def read(file: LogFile) -> Iterator[Billed | Problem]:
    return pages.read(file, _line)


def _kind(result: object) -> str:
    found = _KIND.fullmatch(str(result.get("object"))) if isinstance(result, dict) else None
    return found[1] if found else ""


def _line(file: LogFile, bucket: Body, result: Body) -> Iterator[Billed]:
    kind = _kind(result)
    if not kind:
        raise ValueError(f"not a result of OpenAI's: {shown(result.get('object'))}")
    start, end = moment(file, bucket.get("start_time")), moment(file, bucket.get("end_time"))
    line = Billed(
        "openai-admin", f"openai-admin/{kind}/{start}/{end}", start, end, "openai",
        account=text(result.get("organization_id")), project=text(result.get("project_id")),
        user=text(result.get("user_id")), quantity=None,
    )  # fmt: skip
    if kind == "costs":
        amount = section(result, "amount")
        cost = pages.decimal(amount.get("value"), "amount")
        if cost is None:
            raise ValueError("a cost without its amount")
        item = text(result.get("line_item"))
        named = _LINE_ITEM.fullmatch(item)
        yield line._replace(
            cost=cost, currency=_currency(amount.get("currency")), line_item=item, model=named[1] if named else "",
            quantity=pages.decimal(result.get("quantity"), "quantity"),
        )  # fmt: skip
        return
    audio_in, audio_out = count(result, "input_audio_tokens"), count(result, "output_audio_tokens")
    usage = None
    if "input_tokens" in result or "output_tokens" in result:
        usage = usage_from_totals(
            input_total=count(result, "input_tokens") + audio_in, cached=count(result, "input_cached_tokens"),
            input_audio=audio_in, output_total=count(result, "output_tokens") + audio_out, output_audio=audio_out,
        )  # fmt: skip
    unit = next((name for name in _QUANTITIES if result.get(name) is not None), "")
    requests = count(result, "num_model_requests") if result.get("num_model_requests") is not None else None
    if requests is not None and requests > MAX_TOKENS:
        raise ValueError("a number of requests is implausibly large")
    tier = "batch" if result.get("batch") is True else text(result.get("service_tier"))
    yield line._replace(
        usage=usage, requests=requests, model=text(result.get("model")),
        tier=tier, quantity=pages.decimal(result.get(unit), unit) if unit else None, unit=unit, line_item=kind,
    )  # fmt: skip


def _currency(value: object) -> str:
    name = text(value).upper()
    if not re.fullmatch("[A-Z]{3}", name):
        raise ValueError(f"not a currency: {shown(value)}")
    return name


SOURCE = Source("openai-admin", sniff, read)
