"""The findings in one prompt file, with what each saves: counted before and after, and priced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from llmcost.estimate.lint.page import Page, sent
from llmcost.estimate.lint.part import Edit, Hit, Part, apply, joined
from llmcost.estimate.lint.rules import Rule, function
from llmcost.estimate.lint.tools import compact
from llmcost.estimate.lint.volatile import prefix
from llmcost.estimate.models import Model
from llmcost.estimate.prefix import most_cached, prefix_rule
from llmcost.estimate.terms import Calls, Terms
from llmcost.tokens.counter import Count, count
from llmcost.tokens.prompt import Prompt, plain
from llmcost.tokens.tools import Tools

#: Findings of one rule in one text that are shown on their own; the smaller ones are put together.
SHOWN = 10


class Saving(NamedTuple):
    """What would be saved."""

    tokens: int = 0
    """Of input, in each call."""
    cacheable: int = 0
    """Tokens that stay, but that the provider's cache could serve."""
    nano: int = 0
    """nano-USD of each call; with `cacheable` the most it can be, since a cache may be cold."""


class Finding(NamedTuple):
    rule: str
    line: int
    places: int
    message: str
    fixable: bool
    saving: Saving


class Checked(NamedTuple):
    """One file. The savings of findings do not add up; `together` and `fix` are counted on their own."""

    path: str
    model: Model
    counted: Count
    calls: Calls | None
    """None: how often the prompt is sent is not known."""
    calls_from: str
    findings: tuple[Finding, ...]
    together: Saving
    """With everything done that is found."""
    fix: Saving
    """With what --fix does."""
    why_not: str
    """Why --fix leaves the file alone; empty where it does not."""
    fixed: str | None = None
    """The text that --fix would write; None where it changes nothing."""
    diff: str = ""
    """What --fix would change, where that is asked for."""
    written: bool = False
    """The file was rewritten."""

    def monthly(self, nano: int) -> int | None:
        """nano-USD a month; None where the number of calls is not known."""
        return None if self.calls is None else self.calls.monthly(nano)


class Counter:
    """Counts and prices texts of one prompt for one model."""

    def __init__(self, prompt: Prompt, model: Model, terms: Terms, beginning: str | None = None) -> None:
        """`beginning`: what precedes the first text that changes; None: nothing does."""
        self._model, self._terms = model, terms
        card = model.priced.card
        self._named = (model.name, card.provider, card.model)
        self.whole = count(prompt, model.name, card.provider, also=card.model)
        self._around = self._count("")
        self._rule = prefix_rule(card.provider, card.model) if model.discounts_cached else None
        self._most = most_cached(beginning, self.whole.tokens, model)

    def _count(self, text: str) -> int:
        name, provider, also = self._named
        return count(text, name, provider, also=also).tokens

    def tokens(self, text: str) -> int:
        """Tokens of a piece of text alone, without the message around it."""
        return self._count(text) - self._around

    def of_tools(self, definitions: tuple[Any, ...]) -> int:
        """Tokens of a request that offers these tools; only their difference means something."""
        name, provider, also = self._named
        return count(replace(plain(""), tools=Tools(definitions)), name, provider, also=also).tokens

    def cacheable(self, hit: Hit) -> tuple[int, int]:
        """Tokens that the provider's cache can serve, now and with all unchanging text first; none without a rule."""
        if self._rule is None or hit.prefix is None:
            return 0, 0
        now, then = (self._rule.cacheable(self.tokens(text)) for text in hit.prefix)
        return now, then

    def saving(self, tokens: int, cacheable: tuple[int, int] = (0, 0)) -> Saving:
        """`tokens` fewer; `cacheable`: what a cache can serve (now, then)."""
        whole = self.whole.tokens
        rest = max(0, whole - tokens)
        cost, kept = self._model.cost, self._cached(rest)
        nano = cost(whole, 0, self._cached(whole)) - cost(rest, 0, kept)
        now, then = max(cacheable[0], kept), min(cacheable[1], rest)
        if then <= now:
            return Saving(tokens, 0, nano)
        return Saving(tokens, then - now, nano + cost(rest, 0, now) - cost(rest, 0, then))

    def _cached(self, tokens: int) -> int:
        """Of an input of `tokens` those from the cache, as declared or measured and as far as it can serve them."""
        return min(self._terms.cached_tokens(tokens), self._most, tokens)


def check(page: Page, model: Model, rules: Mapping[str, Rule], terms: Terms, *, calls_from: str = "") -> Checked:
    """What `rules` find in `page`.

    Raises:
        UsageError: the model has no rate for input.
    """
    counter = Counter(page.prompt, model, terms, _beginning(page) if terms.cached_share else None)
    findings: list[Finding] = []
    tokens = 0
    cacheable = (0, 0)
    for part in page.parts:
        before = counter.tokens(sent(part, part.text))
        edits: list[Edit] = []
        prefixed: list[Rule] = []
        for name, rule in rules.items():
            if (rule.over == "body") != (part.value is not None):
                continue
            for hit in _shown(list(function(rule)(part))):
                saving = _saving(hit, part, counter, before)
                if saving.tokens <= 0 and saving.cacheable <= 0:
                    continue
                fixable = hit.safe and part.fixable
                findings.append(Finding(name, part.line_of(hit.at), hit.places, hit.message, fixable, saving))
                edits += hit.edits
                if hit.prefix:
                    prefixed.append(rule)
                if hit.tools:
                    tokens += saving.tokens
        changed = replace(part, text=apply(part.text, edits))
        tokens += max(0, before - counter.tokens(sent(part, changed.text)))
        for rule in prefixed:
            for hit in function(rule)(changed):
                cacheable = max(cacheable, counter.cacheable(hit), key=lambda pair: pair[1] - pair[0])
    fixes, text = 0, None
    if not page.why_not:
        (part,) = page.parts
        text = fixed(part, rules, counter)
        fixes = counter.tokens(sent(part, part.text)) - counter.tokens(sent(part, text))
    return Checked(
        page.path, model, counter.whole, terms.calls, calls_from,
        tuple(sorted(findings, key=lambda each: (each.line, each.rule))),
        counter.saving(tokens, cacheable), counter.saving(fixes), page.why_not,
        text if fixes else None,
    )  # fmt: skip


def _beginning(page: Page) -> str | None:
    """What precedes the first text of the page that changes from call to call; None: nothing does."""
    hits = (hit for part in page.parts if part.value is None for hit in prefix(part))
    return next((hit.prefix[0] for hit in hits if hit.prefix), None)


def _saving(hit: Hit, part: Part, counter: Counter, before: int) -> Saving:
    """What `hit` alone saves; `before`: tokens of the part as it is."""
    if hit.prefix:
        return counter.saving(0, counter.cacheable(hit))
    if hit.tools:
        return counter.saving(counter.of_tools(hit.tools[0]) - counter.of_tools(hit.tools[1]))
    return counter.saving(before - counter.tokens(sent(part, apply(part.text, hit.edits))))


def _shown(hits: list[Hit]) -> Iterator[Hit]:
    """Each of the largest; the others together, so that no text is counted more often than that."""
    if len(hits) <= SHOWN:
        yield from hits
        return
    by_size = sorted(range(len(hits)), key=lambda index: (-_removed(hits[index]), index))
    alone = set(by_size[: SHOWN - 1])
    yield from (hits[index] for index in sorted(alone))
    rest = [hit for index, hit in enumerate(hits) if index not in alone]
    tools = [hit.tools for hit in rest if hit.tools]
    if tools:
        now, then = ([tool for pair in tools for tool in pair[side]] for side in (0, 1))
        yield rest[0]._replace(message="the same in smaller tools", places=len(rest), tools=(tuple(now), tuple(then)))
    else:
        yield from joined(rest, "the like in smaller places")


def _removed(hit: Hit) -> int:
    if hit.tools:
        return len(compact(hit.tools[0])) - len(compact(hit.tools[1]))
    return sum(end - start - len(text) for start, end, text in hit.edits)


def fixed(part: Part, rules: Mapping[str, Rule], counter: Counter) -> str:
    """The text after every safe edit that saves tokens, until there is none left: a second run changes nothing."""
    tokens = counter.tokens(sent(part, part.text))
    again = part.fixable
    while again:
        again = False
        for rule in (rule for rule in rules.values() if rule.fixes):
            edits = [edit for hit in function(rule)(part) if hit.safe for edit in hit.edits]
            if edits:
                changed = replace(part, text=apply(part.text, edits))
                fewer = counter.tokens(sent(part, changed.text))
                if fewer < tokens:
                    part, tokens, again = changed, fewer, True
    return part.text
