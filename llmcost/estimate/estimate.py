"""Prompts times models: tokens and cost of each, and the totals."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.estimate.find import Input
from llmcost.estimate.models import Model
from llmcost.estimate.prefix import most_cached
from llmcost.estimate.terms import Terms
from llmcost.estimate.totals import Item, Sum, Total
from llmcost.tokens.counter import Count, ahead, count, encoding_of
from llmcost.tokens.encodings import DEFAULT
from llmcost.tokens.prompt import Prompt
from llmcost.tokens.ratios import Learned

if TYPE_CHECKING:
    from llmcost.estimate.scorecard import Bands

#: Remarks that are kept; the others are counted.
KEPT_NOTES = 10
#: The first fields of `Terms`, which say what a call costs.
_COSTLY = Terms._fields.index("calls") + 1

_Pair = tuple[tuple[str, str], Prompt]


class Estimate(NamedTuple):
    """What was asked, priced. Several models for one prompt are alternatives."""

    items: tuple[Item, ...]
    """The dearest ones in the order of the prompts, as many as were asked for."""
    n_items: int
    prompts: int
    """Files (or standard input)."""
    totals: tuple[Total, ...]
    """By model, cheapest first."""
    folders: tuple[tuple[str, Total], ...]
    """(folder, total by model) of each folder named and of the folders directly in it, in the order of the prompts."""
    compared: bool
    """The totals are alternatives and do not add up."""
    notes: tuple[tuple[str, str], ...]
    """(path, remark), the first `KEPT_NOTES`."""
    n_notes: int
    kinds: dict[str, int]
    """Files by what they were counted as: `text`, `messages`, `requests`."""
    terms: frozenset[Terms]
    """The different ones among all items, as far as they are in the cost."""

    @property
    def total(self) -> Total | None:
        """All prompts once; None where models are compared. Its model is the first one's."""
        if self.compared or not self.totals:
            return None
        together = Sum()
        for each in self.totals:
            together.include(each)
        return together.total(self.totals[0].model)


def locally(prompt: Prompt, model: Model, ratios: Learned | None = None) -> Count:
    """The count without asking anybody; `ratios`: those the ledger taught."""
    card = model.priced.card
    return count(prompt, model.name, card.provider, also=card.model, ratios=ratios)


def estimate(
    prompts: Iterable[Input[Prompt]],
    models: Sequence[Model],
    *,
    fallback: Callable[[Prompt, Terms], Model],
    terms: Callable[[str], Terms] = lambda _: Terms(),
    counted: Callable[[Prompt, Model], Count] = locally,
    bands: Bands | None = None,
    each: Callable[[Item], None] | None = None,
    keep: int = 0,
) -> Estimate:
    """Price every prompt for every model; without models for the one `fallback` gives for the prompt.

    The prompts of one file that follow each other are one item. Its band is learned from earlier
    predictions where `bands` knows enough of them. `each` is given every item as soon as it is known;
    the `keep` dearest are in the result (0: all). Memory holds some MiB of prompts, however many there are.

    Raises:
        UsageError: a model has no rate for what is asked, or a prompt cannot be read.
    """
    made = _Making(keep, each)
    learned = _learned(bands)
    for path, folder, its_terms, batch in _by_file(prompts, models, terms):
        made.prompts += 1
        open_items: dict[str, Item] = {}
        for prompt in batch:
            for model in models or (fallback(prompt, its_terms),):
                item = _item(path, folder, prompt, model, its_terms, counted(prompt, model))
                known = open_items.get(model.name)
                open_items[model.name] = item if known is None else known.with_another(item)
        made.add_file([learned(item) for item in open_items.values()])
    return made.done(compared=len(models) > 1)


def _learned(bands: Bands | None) -> Callable[[Item], Item]:
    """Gives an item the band of earlier predictions."""
    if bands is None:
        return lambda item: item
    from llmcost.estimate.foretold import with_learned_band

    return lambda item: with_learned_band(item, bands)


def _by_file(
    prompts: Iterable[Input[Prompt]], models: Sequence[Model], terms: Callable[[str], Terms]
) -> Iterator[tuple[str, str, Terms, Iterator[Prompt]]]:
    """(path, folder, terms, prompts) of each file; many prompts are counted in batches.

    The prompts of a file have to be taken before the next file is.
    """
    pairs: Iterator[_Pair] = (((given.path, given.folder), given.prompt) for given in prompts)
    first = list(islice(pairs, 2))
    if len(first) > 1:
        encodings = {encoding_of(m.name, m.priced.card.provider, also=m.priced.card.model) for m in models}
        pairs = ahead(chain(first, pairs), encodings or {DEFAULT})
    else:
        pairs = iter(first)
    for (path, folder), group in groupby(pairs, key=itemgetter(0)):
        yield path, folder, terms(path), (prompt for _, prompt in group)


def _item(path: str, folder: str, prompt: Prompt, model: Model, terms: Terms, counted: Count) -> Item:
    tokens, low, high = counted.tokens, counted.low, counted.high
    output = terms.output_tokens or 0
    most = most_cached(prompt.beginning, tokens, model) if terms.cached_share else 0
    cached = min(terms.cached_tokens(tokens), most)
    cost = model.cost(tokens, output, cached)
    ends = [
        None if end is None else cost if end == tokens else model.cost(end, output, min(terms.cached_tokens(end), most))
        for end in (low, high)
    ]
    over = model.context_window is not None and tokens + output > model.context_window
    return Item(
        path, folder, prompt.kind, model, 1, tokens, low, high, counted.exact, counted.method, terms,
        cached, cost, ends[0], ends[1], int(over), prompt.notes,
    )  # fmt: skip


class _Making:
    """Collects what an estimate keeps of its items."""

    def __init__(self, keep: int, each: Callable[[Item], None] | None) -> None:
        self.prompts = 0
        self._keep, self._each = keep, each
        self._dearest: list[tuple[int, int, Item]] = []
        self._n_items = 0
        # By model, folder named, and folder in that: one sum to add an item to.
        self._sums: dict[tuple[str, str, str], tuple[Model, Sum]] = {}
        self._notes: list[tuple[str, str]] = []
        self._n_notes = 0
        self._kinds: Counter[str] = Counter()
        self._terms: set[tuple[Any, ...]] = set()

    def add_file(self, items: Collection[Item]) -> None:
        """The items of one file, one for each model."""
        for item in items:
            self._add(item)
        # Remarks are on the prompts, whatever the model.
        for item in islice(items, 1):
            self._kinds[item.kind] += 1
            self._n_notes += len(item.notes)
            room = KEPT_NOTES - len(self._notes)
            self._notes += [(item.path, note) for note in item.notes[:room]]

    def _add(self, item: Item) -> None:
        self._n_items += 1
        if self._each is not None:
            self._each(item)
        place = self._n_items
        if not self._keep or len(self._dearest) < self._keep:
            heapq.heappush(self._dearest, (item.cost_nano, -place, item))
        else:
            heapq.heappushpop(self._dearest, (item.cost_nano, -place, item))
        self._terms.add(item.terms[:_COSTLY])
        key = item.model.name, item.folder, _subfolder(item)
        known = self._sums.get(key)
        if known is None:
            known = self._sums[key] = item.model, Sum()
        known[1].add(item)

    def done(self, *, compared: bool) -> Estimate:
        items = tuple(item for _, _, item in sorted(self._dearest, key=lambda kept: -kept[1]))
        by_model: dict[str, tuple[Model, Sum]] = {}
        by_folder: dict[tuple[str, str], tuple[Model, Sum]] = {}
        for (name, folder, subfolder), (model, part) in self._sums.items():
            total = part.total(model)
            by_model.setdefault(name, (model, Sum()))[1].include(total)
            for path in filter(None, (folder, subfolder)):
                by_folder.setdefault((path, name), (model, Sum()))[1].include(total)
        totals = [each.total(model) for model, each in by_model.values()]
        totals.sort(key=lambda total: (total.cost_nano, total.model.name))
        folders = tuple((folder, each.total(model)) for (folder, _), (model, each) in by_folder.items())
        return Estimate(
            items, self._n_items, self.prompts, tuple(totals), folders, compared, tuple(self._notes), self._n_notes,
            dict(self._kinds), frozenset(Terms(*each) for each in self._terms),
        )  # fmt: skip


def _subfolder(item: Item) -> str:
    """The folder the item is in that is directly in the folder named; empty where there is none."""
    if not item.folder:
        return ""
    start = 0 if item.folder == "." else len(item.folder.rstrip("/")) + 1
    end = item.path.find("/", start)
    return "" if end < 0 else item.path[:end]
