"""What `llmcost breakeven` takes for granted unless told otherwise, and where each value comes from."""

from __future__ import annotations

from typing import NamedTuple


class Assumption(NamedTuple):
    """One input as it is shown: value as text, unit, and whether it was given or where the default is from."""

    name: str
    value: str
    unit: str
    source: str


_PACKAGED = "assumption for batched serving, as in the packaged pricing.yaml (llama-2-70b-a100); measure your own"

#: option -> the value used without it.
DEFAULTS: dict[str, Assumption] = {
    item.name: item
    for item in (
        Assumption("model", "gpt-4o-mini", "", "assumption: a small model of the class an open 70B model replaces"),
        Assumption("input-share", "0.75", "of all tokens", "assumption: three input tokens for each output token"),
        Assumption("cached-share", "0", "of input tokens", "assumption: no prompt caching"),
        Assumption("gpu-hour", "1.50", "USD per GPU and hour", "the article llmcost grew from: an A100 at $1.50"),
        Assumption("gpus", "2", "per replica", "70B parameters in 16 bits are 140 GB: two A100-80GB"),
        Assumption("input-tps", "5000", "tokens/s per replica", _PACKAGED),
        Assumption("output-tps", "1700", "tokens/s per replica", _PACKAGED),
        Assumption("peak-to-average", "3", "", "assumption: office-hours traffic"),
        Assumption("max-utilisation", "0.8", "at the peak", "assumption: room for bursts"),
        Assumption("fixed", "0", "USD per month", "assumption: nothing beside the GPUs"),
    )
}

#: What holds in every comparison so far.
CONSTANTS = (
    Assumption("hours", "730", "per month", "8,760 / 12, as in cloud price lists"),
    Assumption("replicas", "at least 1, no spare", "", "the model runs all month"),
)

#: Costs and effects the comparison leaves out; said with every answer.
NOT_MODELLED = (
    "people, monitoring, disaster recovery, network and storage (give them as --fixed)",
    "scaling with the hour of the day: GPUs are provisioned for the peak all month",
    "batch discounts, cache writes and long-context price tiers of the API",
    "prefix caching on the GPUs: cached tokens count as read again there",
    "quality: the two models need not answer equally well",
)
