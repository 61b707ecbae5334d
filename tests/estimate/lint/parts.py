"""What a rule finds in a text, and a counter for a model whose counts are exact."""

from __future__ import annotations

from llmcost.estimate.lint.check import Counter
from llmcost.estimate.lint.part import Find, Hit, Part, apply
from llmcost.estimate.models import Model, priced_model
from llmcost.estimate.terms import Terms
from llmcost.tokens.prompt import plain
from tests.estimate.books import NOW, book

PRICES = """
version: 1
models:
  - {model: gpt-4o, provider: openai, input: 2.5, cached_input: 1.25, output: 10}
  - {model: gpt-4o-mini, provider: openai, input: 0.15, output: 0.6}
  - {model: claude-sonnet-4-5, provider: anthropic, input: 3, cached_input: 0.3, output: 15}
"""
BOOK = book(PRICES)


def model(name: str = "gpt-4o") -> Model:
    return priced_model(BOOK, name, "standard", NOW)


def counter(text: str, name: str = "gpt-4o", terms: Terms | None = None) -> Counter:
    return Counter(plain(text), model(name), terms or Terms())


def hits(find: Find, text: str) -> list[Hit]:
    return list(find(Part(text)))


def changed(find: Find, text: str, *, safe: bool = True) -> str:
    """`text` with every safe (or unsafe) edit that `find` proposes."""
    return apply(text, [edit for hit in hits(find, text) if hit.safe == safe for edit in hit.edits])
