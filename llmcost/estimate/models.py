"""The models an estimate is made for, each with the price that applies."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.usage import Usage
from llmcost.pricing.book import PriceBook, Priced, price_or_error

#: Cheap, and one of the models OpenAI's published counting rule names, so that the count is exact.
DEFAULT_MODEL = "gpt-4o-mini"
DEFAULT_REASON = f"{DEFAULT_MODEL} by default, whose token counts OpenAI documents; choose with --model"


class Model(NamedTuple):
    """A model as it was named, and its card."""

    name: str
    priced: Priced

    def cost(self, input_tokens: int, output_tokens: int) -> int:
        """nano-USD of one request.

        Raises:
            UsageError: the card has no rate for what the request uses.
        """
        usage = Usage(input=input_tokens, output=output_tokens)
        costed = self.priced.card.cost(usage)
        if costed is None:
            missing = ", ".join(self.priced.card.missing(usage))
            raise UsageError(
                f"model {self.name!r} has no rate for {missing}", f"`llmcost prices show {self.name}` prints its card"
            )
        return costed[0]


def priced_model(book: PriceBook, name: str, tier: str, us: int, *, named_by: str = "--model") -> Model:
    """The model called `name` with its price at `us`.

    Raises:
        UsageError: no price is known for it, or none at that time.
    """
    return Model(name, price_or_error(book, name, us, tier=tier, place=named_by))
