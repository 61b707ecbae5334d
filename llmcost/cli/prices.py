"""`llmcost prices`: what llmcost believes things cost, and why."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env, expanded
from llmcost.cli.options import command, group
from llmcost.core.errors import ExitCode, UsageError, nearest

if TYPE_CHECKING:
    from llmcost.pricing.entry import Layer

app = group()
_At = Annotated[str, typer.Option("--at", metavar="TIME", help="The price at this time; default: now.")]
_Provider = Annotated[str, typer.Option("--provider", metavar="NAME", help="Who serves the model.")]


def show(
    env: Env,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model, under any name.")],
    provider: _Provider = "",
    tier: Annotated[str, typer.Option("--tier", metavar="NAME", help="The service tier.")] = "standard",
    at: _At = "",
) -> None:
    """The card that prices a model: rates, source, dates, and how the name matched."""
    from msgspec.structs import replace

    from llmcost.core.instants import parse_when, rfc3339
    from llmcost.core.record import TIERS
    from llmcost.reporting import prices

    form = env.choose_format("table", "json")
    if tier not in TIERS:
        raise UsageError(f"unknown tier {tier!r}{nearest(tier, TIERS)}", f"use one of {', '.join(TIERS)}")
    us = parse_when(at, env.zone) if at else env.now_us
    if not provider and env.book.resolve("", model, tier) is None:
        # `prices add` and `prices list` call it so.
        owner, slash, name = model.partition("/")
        if slash and env.book.resolve(owner, name, tier) is not None:
            provider, model = owner, name
    resolved = env.book.resolve(provider, model, tier)
    if resolved is None:
        of = f" of provider {provider!r}" if provider else nearest(model, env.book.model_names())
        raise UsageError(
            f"no price for {model!r}{of}", "`llmcost prices list TEXT` searches; `llmcost prices add` gives it one"
        )
    priced = resolved.at(us)
    if priced is None:
        raise UsageError(f"no price for {model!r} at {rfc3339(us, env.zone)}", "leave --at out for the price of today")
    matches = env.book.matches(provider, model)
    entry = next(match.entry for layer, match in matches if layer == priced.layer)
    if not entry.source:
        urls = next(layer.provider_urls for layer in env.book.layers if layer.name == priced.layer)
        entry = replace(entry, source=urls.get(entry.provider, ""))
    others = [(layer, match.entry.model, match.how) for layer, match in matches if layer != priced.layer]
    asked = f"{provider}/{model}" if provider else model
    if form == "json":
        env.emit(prices.show_json(asked, us, priced, entry, others))
    else:
        env.emit(prices.show_text(asked, us, priced, entry, others, zone=env.zone, width=env.width, color=env.color))


def list_(
    env: Env,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Only models whose name or provider contains this.")] = "",
    provider: _Provider = "",
    layer: Annotated[str, typer.Option("--layer", metavar="NAME", help="Only of this price source.")] = "",
    at: _At = "",
) -> None:
    """Every model with a price now: USD per million tokens, and the layer it comes from."""
    from llmcost.core.instants import parse_when
    from llmcost.core.providers import canonical_provider
    from llmcost.pricing.diff import rates_at
    from llmcost.reporting import prices
    from llmcost.reporting.cells import csv_text
    from llmcost.reporting.numbers import counted

    form = env.choose_format("table", "json", "csv")
    us = parse_when(at, env.zone) if at else env.now_us
    if layer:
        _layer(env, layer)
    wanted = canonical_provider(provider) if provider else ""
    providers = {entry.provider for part in env.book.layers for entry in part.entries}
    if wanted and wanted not in providers:
        raise UsageError(
            f"no prices of provider {provider!r}{nearest(wanted, providers)}",
            "`llmcost prices list` shows all providers",
        )
    rows = []
    for part in env.book.layers:
        for entry in part.entries:
            if (
                (layer and part.name != layer)
                or (wanted and entry.provider != wanted)
                or text.lower() not in f"{entry.provider}/{entry.model}".lower()
            ):
                continue
            rates = rates_at(entry, us)
            if rates is not None:
                shown = [rates.get(key, "") for key in ("input", "cached", "output")]
                if not any(shown):
                    continue  # priced by what llmcost has no bucket for; `prices check` lists these
                rows.append((entry.provider, entry.model, *shown, part.name, entry.checked))
    rows.sort(key=lambda row: row[:2])
    if form == "json":
        env.emit(prices.list_json(rows))
    elif form == "csv":
        env.emit(csv_text(prices.LIST_HEADER, rows))
    else:
        if rows:
            env.emit(prices.list_text(rows, width=env.width, color=env.color))
        env.note(counted(len(rows), "price"))


def add(
    env: Env,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, as its logs write it.")],
    input_: Annotated[str | None, typer.Option("--input", metavar="USD", help="Per million input tokens.")] = None,
    output: Annotated[str | None, typer.Option("--output", metavar="USD", help="Per million output tokens.")] = None,
    cached_input: Annotated[
        str | None, typer.Option("--cached-input", metavar="USD", help="Per million cached input tokens.")
    ] = None,
    cache_write: Annotated[
        str | None, typer.Option("--cache-write", metavar="USD", help="Per million tokens written to the cache.")
    ] = None,
    cache_write_1h: Annotated[
        str | None, typer.Option("--cache-write-1h", metavar="USD", help="The same, for one hour.")
    ] = None,
    provider: _Provider = "",
    valid_from: Annotated[
        str, typer.Option("--valid-from", metavar="DATE", help="The price begins then; an older one ends.")
    ] = "",
    source: Annotated[str, typer.Option("--source", metavar="URL", help="Where the price is published.")] = "",
) -> None:
    """Write a price of your own, into --prices FILE or the user's price file; then `llmcost reprice`."""
    from llmcost.core.instants import from_us
    from llmcost.pricing.edit import add_price
    from llmcost.reporting import prices

    form = env.choose_format("table", "json")
    if not (input_ or output):
        raise UsageError(f"no price given for {model!r}", "add --input USD and --output USD, per million tokens")
    owner = provider or _owner(env, model)
    named = env.setting("prices").value
    path = expanded(named) if named else env.user_prices
    stated = set() if named and not path.is_file() else _stated(env, owner, model)
    lost = stated - _stated_by(input_, output, cached_input, cache_write, cache_write_1h)
    add_price(
        path, model, owner, input=input_, output=output, cached_input=cached_input, cache_write=cache_write,
        cache_write_1h=cache_write_1h, valid_from=valid_from or None, source=source,
        checked=from_us(env.now_us, env.zone).date().isoformat(),
    )  # fmt: skip
    if form == "json":
        env.emit(prices.added_json(owner, model, path))
    else:
        env.emit(f"{owner}/{model} has a price in {path}")
    if lost:
        env.note(f"the price it takes the place of also has rates for {', '.join(sorted(lost))}: add them to the file")
    env.note("`llmcost reprice` gives it to the rows that had none")


def _stated(env: Env, provider: str, model: str) -> set[str]:
    """The kinds of token, tiers included, that the price in force names a rate for."""
    from llmcost.pricing.diff import rates_at

    for _, match in env.book.matches(provider, model):
        if (rates := rates_at(match.entry, env.now_us)) is not None:
            return {what.partition(" >")[0] for what in rates}
    return set()


def _stated_by(*given: str | None) -> set[str]:
    kinds = ("input", "output", "cached", "write_5m", "write_1h")
    return {kind for kind, price in zip(kinds, given, strict=True) if price is not None}


def _owner(env: Env, model: str) -> str:
    """The provider of a model nobody named one for: that of the ledger's unpriced rows, else by its family.

    The rows first: Azure's gpt rows would stay unpriced by a price of OpenAI's.
    """
    from llmcost.sources.parsed import family_provider

    owners = sorted(set(_unpriced_providers(env, model)))
    if len(owners) > 1:
        raise UsageError(f"{model!r} is unpriced for {' and '.join(owners)}", "add --provider NAME")
    if owners:
        return owners[0]
    if family := family_provider(model):
        return family
    raise UsageError(f"whose model {model!r} is cannot be told from its name", "add --provider NAME")


def _unpriced_providers(env: Env, model: str) -> list[str]:
    from llmcost.ledger.protocol import Query

    if not env.ledger_path.is_file():
        return []
    with closing(env.open_ledger()) as ledger:
        first, last = ledger.bounds() or (0, 0)
        groups = ledger.sums(Query(first, last + 1, ("provider",), (("model", model),)))
    return [
        group.key[0] for group in groups if group.key[0] and (group.sums["unpriced"] or group.sums["reported_only"])
    ]


def check(
    env: Env,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 6 on any but an unmodelled one.")] = False,
) -> int:
    """Doubtful prices: not checked for 90 days, contradicting the catalogue, claimed twice, run out, unmodelled."""
    from llmcost.pricing.check import check as doubts
    from llmcost.reporting import prices
    from llmcost.reporting.numbers import counted

    form = env.choose_format("table", "json")
    findings = doubts(env.book, env.now_us)
    if form == "json":
        env.emit(prices.findings_json(findings))
    elif findings:
        env.emit(prices.findings_text(findings, width=env.width, color=env.color))
    env.note(counted(len(findings), "finding"))
    # What the catalogue prices by the hour or the page is nobody's mistake.
    mistakes = [finding for finding in findings if finding.kind != "unmodelled"]
    return ExitCode.DATA if strict and mistakes else ExitCode.OK


def diff(
    env: Env,
    a: Annotated[str, typer.Argument(metavar="A", help="A price file, or the name of a layer.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    at: _At = "",
) -> None:
    """What changes in the prices in force from A to B."""
    from llmcost.core.instants import parse_when
    from llmcost.pricing.diff import diff_layers
    from llmcost.reporting import prices
    from llmcost.reporting.numbers import counted

    form = env.choose_format("table", "json")
    us = parse_when(at, env.zone) if at else env.now_us
    changes = diff_layers(_layer(env, a), _layer(env, b), us)
    if form == "json":
        env.emit(prices.changes_json(changes))
    elif changes:
        env.emit(prices.changes_text(changes, width=env.width, color=env.color))
    env.note(counted(len(changes), "change"))


def _layer(env: Env, name: str) -> Layer:
    from llmcost.pricing.yaml_book import load_yaml

    for layer in env.book.layers:
        if layer.name == name:
            return layer
    path = expanded(name)
    if path.is_file():
        return load_yaml(path, name=name)
    names = [layer.name for layer in env.book.layers]
    raise UsageError(
        f"no price layer or file {name!r}{nearest(name, names)}", f"name a file or one of {', '.join(names)}"
    )


app.command("list")(command(list_))
for function in (show, add, check, diff):
    app.command(function.__name__)(command(function))
