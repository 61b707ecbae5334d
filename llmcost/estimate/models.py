"""The models an estimate is made for, each with the price that applies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from llmcost.core.errors import UsageError, nearest
from llmcost.core.providers import canonical_provider
from llmcost.core.usage import BUCKETS, Usage
from llmcost.pricing.book import PriceBook, Priced, price_or_error
from llmcost.pricing.entry import Entry

#: Cheap, and one of the models OpenAI's published counting rule names, so that the count is exact.
DEFAULT_MODEL = "gpt-4o-mini"
DEFAULT_REASON = f"{DEFAULT_MODEL} by default, whose token counts OpenAI documents; choose with --model"

_INPUT, _CACHED, _OUTPUT = (BUCKETS.index(bucket) for bucket in ("input", "cached", "output"))
#: Models with token rates whose answer is no text, or whose input is none. The catalogue does not tell them apart.
_NOT_TEXT = (
    r"(?i)(?:^|[-_/.])(?:audio|tts|stt|voice|realtime|speech|transcribe|whisper|image|img|video|embed\w*|rerank\w*|ocr\w*"
    r"|\w+ocr|moderation|guard)(?:[-_/.:\d]|$)"
)
#: Whose prices in the packaged file are an article's, not anybody's offer.
_INVENTED = "example"
#: How OpenRouter calls routes that answer within a day.
_BATCH = ":batch"


class Model(NamedTuple):
    """A model as it was named, and its card."""

    name: str
    priced: Priced
    context_window: int | None = None
    """Tokens of input and output together, where a price source states it."""
    valid_from: int | None = None
    """Since when the price holds, microseconds UTC; None where its source does not say."""
    checked: str = ""
    """The day the price was last compared with its provider's list; empty where its source does not say."""
    origin: str = ""
    """The file, or the version of the catalogue, that the price is from."""

    @property
    def discounts_cached(self) -> bool:
        """Whether input from the prompt cache has a rate of its own; a card without one charges it as input."""
        return any(rates[_CACHED] != rates[_INPUT] for _, rates in self.priced.card.bands)

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> int:
        """nano-USD of one request, `cached_tokens` of whose input come from the prompt cache.

        Raises:
            UsageError: the card has no rate for what the request uses.
        """
        usage = Usage(input=input_tokens - cached_tokens, cached=cached_tokens, output=output_tokens)
        costed = self.priced.card.cost(usage)
        if costed is None:
            missing = ", ".join(self.priced.card.missing(usage))
            raise UsageError(
                f"model {self.name!r} has no rate for {missing}", f"`llmcost prices show {self.name}` prints its card"
            )
        return costed[0]


def priced_model(
    book: PriceBook, name: str, tier: str, us: int, *, provider: str = "", named_by: str = "--model"
) -> Model:
    """The model called `name`, served by `provider` (empty: whoever owns the name), with its price at `us`.

    Raises:
        UsageError: no price is known for it, or none at that time.
    """
    priced = price_or_error(book, name, us, provider=provider, tier=tier, place=named_by)
    return _model(book, name, priced, us, [(layer, match.entry) for layer, match in book.matches(provider, name)])


def every_model(book: PriceBook, tier: str, us: int, *, provider: str = "") -> list[Model]:
    """Every text model with an input and an output rate at `us`, one for each provider and model, as PROVIDER/MODEL.

    Left out are models their price source calls deprecated, and those for speech, images, embeddings and the like,
    by their names; at another tier than batch, routes for batches; and examples, which nobody sells.

    Raises:
        UsageError: `provider` sells none.
    """
    wanted = canonical_provider(provider)
    not_text = re.compile(_NOT_TEXT)
    deprecated = {(e.provider, e.model) for layer in book.layers for e in layer.entries if e.deprecated}
    models: dict[tuple[str, str], Model] = {}
    for layer in book.layers:
        for entry in layer.entries:
            if (wanted and entry.provider != wanted) or (entry.provider, entry.model) in deprecated:
                continue
            if not_text.search(entry.model) or entry.provider == _INVENTED:
                continue
            if entry.model.endswith(_BATCH) and tier != "batch":
                continue
            resolved = book.resolve(entry.provider, entry.model, tier)
            priced = resolved.at(us) if resolved is not None else None
            if priced is None or (key := (priced.card.provider, priced.card.model)) in models:
                continue
            rates = priced.card.bands[0][1]
            if rates[_INPUT] is not None and rates[_OUTPUT] is not None:
                matches = book.matches(*key)
                found = [(name, match.entry) for name, match in matches] or [(layer.name, entry)]
                models[key] = _model(book, "/".join(key), priced, us, found)
    if not models:
        known = {entry.provider for layer in book.layers for entry in layer.entries}
        raise UsageError(
            f"no text models of provider {provider!r}{nearest(wanted, known)}", "`llmcost prices list` shows providers"
        )
    return list(_once(models))


def _once(models: dict[tuple[str, str], Model]) -> Iterator[Model]:
    """Without the bare names of models that the same provider sells by a longer name, too, for the same price."""
    longer = {
        (provider, name.rpartition("/")[2], model.priced.card.bands)
        for (provider, name), model in models.items() if "/" in name
    }  # fmt: skip
    for key, model in models.items():
        if (*key, model.priced.card.bands) not in longer:
            yield model


def _model(book: PriceBook, name: str, priced: Priced, us: int, entries: list[tuple[str, Entry]]) -> Model:
    """`entries`: (layer, what it has under the name), highest authority first."""
    window = next((entry.context_window for _, entry in entries if entry.context_window is not None), None)
    origin = next(layer.origin for layer in book.layers if layer.name == priced.layer)
    entry = next((entry for layer, entry in entries if layer == priced.layer), None)
    if entry is None:
        return Model(name, priced, window, origin=origin)
    valid_from = next((prices.valid_from for prices in reversed(entry.prices) if prices.covers(us)), None)
    return Model(name, priced, window, valid_from, entry.checked, origin)
