"""What a comparison takes for granted of the traffic and its peaks, and what it leaves out."""

from __future__ import annotations

from llmcost.breakeven.fields import Given, Mode
from llmcost.breakeven.layers import Layer


def given(**values: tuple[str, str]) -> dict[str, Given]:
    return {name: Given(text, f"the default {name!r}", source) for name, (text, source) in values.items()}


TRAFFIC = given(
    input_share=("0.75", "assumption: three input tokens for each output token"),
    cached_share=("0", "assumption: no prompt caching"),
    cache_write_share=("0", "assumption: no prompt caching"),
    batch_share=("0", "assumption: nobody can wait for a batch"),
)
API = given(model=("gpt-4o-mini", "assumption: a small model of the class an open 70B model replaces"))
SIZING = given(
    peak_to_avg=("3", "assumption: office-hours traffic"),
    max_util=("0.8", "assumption: room for bursts"),
)


def described(stated: frozenset[Mode]) -> Layer:
    """The lowest layer for modes that a scenario describes: what it leaves out there costs nothing, but no traffic
    is without peaks, and no replica is always full."""
    return Layer(TRAFFIC, {mode: SIZING for mode in stated if mode != "api"})


#: Effects the comparison leaves out; said with every answer.
NOT_MODELLED = (
    "throughput that depends on how many requests are there at a time: replicas are taken to be full when busy",
    "prefix caching on the GPUs: cached tokens count as read again there",
    "quality: the models need not answer equally well",
    "discounts for commitment, taxes, the cost of capital",
)
