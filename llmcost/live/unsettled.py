"""What is known of a request before it is settled, and what it is charged if it never is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llmcost.core.errors import UsageError
from llmcost.core.record import Record, dimension
from llmcost.core.text import clean_field
from llmcost.core.usage import COST_PARTS, Usage
from llmcost.ledger.protocol import Basis, PricedRecord

#: What a request is charged of which nobody knows what it cost: the most it could have.
_ESTIMATE = Basis("reserved", "estimate", assumed=True)
_NO_PARTS = (0,) * (len(COST_PARTS) - 1)


def dimensions_of(given: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a record."""
    named = {dimension(name): clean_field(value) for name, value in given.items()}
    for name in named:
        if name in {"app", "source"} or name.startswith("tag."):
            raise UsageError(f"{name!r} is set otherwise", "an app by app_id, tags by tags={…}; the source is `live`")
    return named


def most_usage(input_tokens: int | None, max_output_tokens: int | None, *, or_cost: bool) -> Usage:
    """The most tokens a request may use; what is not known is an error where no cost stands for it."""
    if not or_cost and (input_tokens is None or max_output_tokens is None):
        raise UsageError(
            "how many tokens the request may use is not known",
            "give input_tokens and max_output_tokens (0 where there is no output), or cost_usd",
        )
    if min(input_tokens or 0, max_output_tokens or 0) < 0:
        raise UsageError(f"tokens cannot be negative: {input_tokens}, {max_output_tokens}", "give zero or more")
    return Usage(input=input_tokens or 0, output=max_output_tokens or 0)


def estimate(record: Record, nano: int) -> PricedRecord:
    """`record` charged the most it may cost."""
    return PricedRecord(record, nano, (*_NO_PARTS, nano), _ESTIMATE)


def written(record: Record, nano: int) -> str:
    """A request that goes out and the most it may cost, for `charged`."""
    return json.dumps({"record": record, "nano": nano})


def charged(text: str) -> PricedRecord:
    """The row of a request that nobody settled."""
    told = json.loads(text)
    record = Record(*told["record"])
    tags = tuple((key, value) for key, value in record.tags)
    return estimate(record._replace(usage=Usage(*record.usage), status="unknown", tags=tags), told["nano"])
