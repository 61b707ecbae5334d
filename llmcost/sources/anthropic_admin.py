"""Anthropic's organisation reports: `/v1/organizations/cost_report` and `/v1/organizations/usage_report/messages`.

Amounts of the cost report are decimals in cents (the lowest unit of the currency). A usage result counts the tokens
of a model, workspace and tier in buckets that do not overlap; it does not count requests. They are two views of the
same use: a cost line has no tokens, a usage line no cost. A bucket read again replaces all its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Context

from llmcost.core.billed import Billed
from llmcost.core.record import Problem
from llmcost.core.usage import Usage, usage_from_parts
from llmcost.sources import pages
from llmcost.sources.each import moment
from llmcost.sources.parsed import Body, count, section, shown, text
from llmcost.sources.reader import LogFile, Source

_TOKENS = {"uncached_input_tokens", "cache_read_input_tokens", "cache_creation", "output_tokens", "server_tool_use"}
_COST = {"amount", "currency"}
_EXACT = Context(prec=100)
#: Places of the currencies whose lowest unit is no hundredth (ISO 4217); Anthropic bills in USD.
_WHOLE = {"JPY", "KRW"}


def sniff(file: LogFile) -> bool:
    return any(
        isinstance(bucket, dict) and {"starting_at", "ending_at"} <= bucket.keys() and _is_ours(pages.results(bucket))
        for value in file.sample
        for bucket in pages.buckets(value)
    )


def _is_ours(found: list[object]) -> bool:
    return any(isinstance(result, dict) and (result.keys() & _TOKENS or result.keys() >= _COST) for result in found)


def read(file: LogFile) -> Iterator[Billed | Problem]:
    return pages.read(file, _line)


def _line(file: LogFile, bucket: Body, result: Body) -> Iterator[Billed]:
    start, end = moment(file, bucket.get("starting_at")), moment(file, bucket.get("ending_at"))
    kind = "cost" if result.keys() >= _COST else "usage"
    line = Billed(
        "anthropic-admin", f"anthropic-admin/{kind}/{start}/{end}", start, end, "anthropic",
        model=text(result.get("model")), tier=text(result.get("service_tier")),
        project=text(result.get("workspace_id")), region=text(result.get("inference_geo")),
    )  # fmt: skip
    if kind == "cost":
        currency = text(result.get("currency")).upper()
        amount = pages.decimal(result.get("amount"), "amount")
        if amount is None or not re.fullmatch("[A-Z]{3}", currency):
            raise ValueError(f"not an amount: {shown(result.get('amount'))} {shown(result.get('currency'))}")
        item = text(result.get("description")) or text(result.get("cost_type"))
        yield line._replace(
            cost=amount if currency in _WHOLE else amount.scaleb(-2, _EXACT), currency=currency, line_item=item
        )
        return
    if not result.keys() & _TOKENS:
        raise ValueError(f"neither a cost nor tokens: {shown(sorted(result))}")
    written = section(result, "cache_creation")
    usage = usage_from_parts(Usage(
        input=count(result, "uncached_input_tokens"), cached=count(result, "cache_read_input_tokens"),
        write_5m=count(written, "ephemeral_5m_input_tokens"), write_1h=count(written, "ephemeral_1h_input_tokens"),
        output=count(result, "output_tokens"),
        web_searches=count(section(result, "server_tool_use"), "web_search_requests"),
    ))  # fmt: skip
    yield line._replace(usage=usage, line_item="messages")


SOURCE = Source("anthropic-admin", sniff, read)
