"""Estimates and predictions: what is kept of one to be judged later, and what those judged say of the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.core.errors import UsageError
from llmcost.core.money import round_half_even
from llmcost.ledger.protocol import Prediction

if TYPE_CHECKING:
    from llmcost.estimate.scorecard import Bands
    from llmcost.estimate.totals import Item

_OF = {"prompt": "this prompt", "model": "this model", "all": "all prompts"}


def foretold(item: Item) -> Prediction:
    """What one call is foretold to cost: of a file of several requests, its average one. Without id and time.

    Raises:
        UsageError: the prompt has no name, so that no rows of the ledger are its own.
    """
    if item.path == "-" and item.terms.where in {(), (("prompt_id", "-"),)}:
        raise UsageError(
            "--record of standard input: which requests in the ledger are those of this prompt is not known",
            "choose them: --where prompt=NAME",
        )
    calls = item.terms.calls
    return Prediction(
        name="", recorded_us=0, kind="estimate", path=item.path, model=item.model.name, where=item.terms.where,
        input_tokens=round_half_even(item.input_tokens, item.requests),
        output_tokens=item.terms.output_tokens,
        call_nano=round_half_even(item.cost_nano, item.requests),
        low_nano=None if item.cost_low is None else item.cost_low // item.requests,
        high_nano=None if item.cost_high is None else -(-item.cost_high // item.requests),
        calls_per_month=None if calls is None else calls.monthly(item.requests),
    )  # fmt: skip


def with_learned_band(item: Item, bands: Bands) -> Item:
    """The item with the band that earlier errors give its cost; as it is where too few predictions are judged."""
    band = bands.band(item.path, item.model.name, output=item.terms.output_tokens is not None)
    if band is None:
        return item
    low, high = band.around(item.cost_nano)
    note = f"band learned from {band.n} earlier predictions of {_OF[band.of]}"
    return item._replace(cost_low=low, cost_high=high, notes=(*item.notes, note))
