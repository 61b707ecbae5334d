"""Cohere's chat and embed responses.

`billed_units` are what Cohere charges for; `tokens` also counts its own prompt template, which is free
(docs.cohere.com: "billed_units ... the number of billed input tokens"). Cached reads are reported beside
`tokens`, not within `billed_units`, so they are no part of what is billed.
"""

from __future__ import annotations

from llmcost.core.usage import usage_from_totals
from llmcost.sources.parsed import Body, Parsed, count, identifier, section, text


def matches(body: Body) -> bool:
    for name in ("usage", "meta"):
        part = body.get(name)
        if isinstance(part, dict) and ("billed_units" in part or isinstance(part.get("tokens"), dict)):
            return True
    return False


def parse(body: Body) -> Parsed:
    """Raises ValueError for counts that make no sense."""
    reported = body.get("usage")
    usage = section(body, "usage" if isinstance(reported, dict) else "meta")
    billed = section(usage, "billed_units") or section(usage, "tokens")
    images = count(billed, "image_tokens")
    embedded = "embeddings" in body
    return Parsed(
        "cohere",
        text(body.get("model")),
        usage_from_totals(
            input_total=count(billed, "input_tokens") + images,
            input_image=images,
            output_total=count(billed, "output_tokens"),
        ),
        identifier(body.get("id") or body.get("generation_id")),
        operation="embeddings" if embedded else "chat",
    )
