from __future__ import annotations

import msgspec

from llmcost.core.instants import parse_timestamp
from llmcost.pricing.book import PriceBook
from llmcost.pricing.check import Finding, check
from llmcost.pricing.diff import Change, diff_layers
from llmcost.pricing.entry import Entry, Layer, Prices, Rate
from llmcost.pricing.yaml_book import compile_yaml

NOW, _ = parse_timestamp("2026-11-24T12:00:00Z")
HEAD = "version: 1\nmodels:\n"


def own(models: str, *, name: str = "own", yields: bool = False) -> Layer:
    layer = compile_yaml(HEAD + models, f"{name}.yaml", name=name)
    return msgspec.structs.replace(layer, yields=yields)


def catalogue(*entries: Entry) -> Layer:
    return Layer("catalogue", "test", entries)


def kinds(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.model) for finding in findings]


def test_stale_entries_in_force() -> None:
    layer = own(
        "  - {model: old, provider: p, input: 1, checked: 2026-08-25}\n"
        "  - {model: fresh, provider: p, input: 1, checked: 2026-08-26}\n"
        "  - {model: history, provider: p, input: 1, checked: 2020-01-01, valid_to: 2021-01-01}\n"
        "  - {model: future, provider: p, input: 1, valid_from: 2027-01-01}\n"
        "  - {model: unchecked, provider: p, input: 1}\n",
        yields=True,
    )
    findings = check(PriceBook([layer]), NOW)
    assert kinds(findings) == [("stale", "old")]
    assert findings[0].message == "last checked 2026-08-25, 91 days ago"


def test_contradictions_name_both_values() -> None:
    layer = own(
        "  - {model: m, provider: openai, input: 2.5, output: 10, context_tiers: [{above: 100, input: 5}]}\n"
        "  - {model: same, provider: openai, input: 1}\n"
        "  - {model: other, provider: openai, input: 1}\n"
    )
    theirs = catalogue(
        Entry("openai", "m", (Prices({"input": Rate(2 * 10**9, ((100, 4 * 10**9),)), "output": Rate(10**10)}),)),
        Entry("openai", "same", (Prices({"input": Rate(10**9)}),)),
    )
    assert [finding.message for finding in check(PriceBook([layer, theirs]), NOW)] == [
        "input is 2.5 USD here and 2 USD in the catalogue",
        "input > 100 is 5 USD here and 4 USD in the catalogue",
    ]


def test_colliding_aliases() -> None:
    layer = own(
        "  - {model: a, provider: p, input: 1, aliases: [x, b, A]}\n"
        "  - {model: b, provider: p, input: 1, aliases: [X]}\n"
        "  - {model: c, provider: q, input: 1, aliases: [x]}\n"
    )
    assert [(f.model, f.message) for f in check(PriceBook([layer]), NOW)] == [
        ("a", "alias 'b' already means 'b'"),
        ("b", "alias 'X' already means 'a'"),
    ]


def test_expired_overrides() -> None:
    text = "  - {model: gone, provider: p, input: 1, valid_to: 2026-11-24T12:00:00Z}\n"
    findings = check(PriceBook([own(text)]), NOW)
    assert kinds(findings) == [("expired", "gone")]
    assert "2026-11-24T12:00:00Z" in findings[0].message
    assert check(PriceBook([own(text, name="packaged", yields=True)]), NOW) == []


def test_catalogue_models_without_a_modelled_price() -> None:
    theirs = catalogue(
        Entry("p", "voice", (Prices(),), unmodelled=("input_audio_hours",)),
        Entry("p", "mixed", (Prices({"input": Rate(1)}),), unmodelled=("pages",)),
    )
    assert kinds(check(PriceBook([theirs]), NOW)) == [("unmodelled", "voice")]


def test_diff_of_two_layers() -> None:
    old = own(
        "  - {model: gone, provider: p, input: 1, output: 2}\n"
        "  - {model: m, provider: p, input: 2.5, cached_input: 1, per_request: 0.002,"
        " tiers: {batch: {discount: 50%}}}\n"
        "  - {model: same, provider: p, input: 1}\n"
    )
    new = own(
        "  - {model: m, provider: p, prices: [{input: 2.5, valid_to: 2026-11-24}, {input: 0.0375, per_web_search: 0.01,"
        " valid_from: 2026-11-24, tiers: {batch: {discount: 50%}}}]}\n"
        "  - {model: same, provider: p, input: 1.0}\n"
        "  - {model: added, provider: p, input: 3}\n"
    )
    assert diff_layers(old, new, NOW) == [
        Change("added", "p", "added", new="input 3"),
        Change("removed", "p", "gone", old="input 1, output 2"),
        Change("changed", "p", "m", "input", "2.5", "0.0375"),
        Change("changed", "p", "m", "cached", "1", ""),
        Change("changed", "p", "m", "per_request", "0.002", ""),
        Change("changed", "p", "m", "batch input", "1.25", "0.01875"),
        Change("changed", "p", "m", "batch cached", "0.5", ""),
        Change("changed", "p", "m", "web_searches", "", "0.01"),
    ]
    assert diff_layers(old, old, NOW) == []
