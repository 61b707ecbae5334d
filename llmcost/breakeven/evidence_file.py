"""gpus.yaml, read strictly: every error names the file, the line and the value. Format: docs/gpus.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar, cast

from llmcost.breakeven.evidence import (
    PRICE_KINDS,
    Assumption,
    Evidence,
    Gpu,
    Model,
    Price,
    PriceKind,
    Source,
    Throughput,
    simple,
)
from llmcost.breakeven.memory import BYTES
from llmcost.breakeven.throughput import Run
from llmcost.core.errors import ConfigError, UsageError, nearest
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.packaged import packaged
from llmcost.yamlfile.tree import Node, parse, read_text

_SOURCE = ("source", "date", "assumption", "reason", "note")
_TOP = ("version", "gpus", "models", "throughput", "assumptions")
_GPU = ("name", "aliases", "kind", "memory_gb", "power_watts", "prices", *_SOURCE)
_PRICE = ("provider", "kind", "usd", *_SOURCE)
_MODEL = ("name", "aliases", "parameters", "layers", "kv_heads", "head_dim", *_SOURCE)
_GROUP = ("model", "gpu", "gpus", "precision", "engine", "concurrency", "runs", *_SOURCE)
_RUN = ("input_tokens", "output_tokens", "input_tok_s", "output_tok_s", "concurrency", "requests_s")
_ASSUMPTION = ("name", "value", "unit", *_SOURCE)
_MOST_PARAMETERS = 10**15
_Named = TypeVar("_Named", Gpu, Model, Assumption)


def packaged_path() -> Path | None:
    """The evidence shipped with llmcost."""
    return packaged(__file__, "gpus.yaml")


def load(paths: Sequence[Path] = ()) -> Evidence:
    """The packaged evidence with the rows of `paths` over it, a later file over an earlier one.

    A GPU, model or assumption replaces the one of its name, whose aliases and prices of kinds it does not give stay.
    Throughput replaces every row of the same model, GPU and precision.

    Raises:
        ConfigError: a file cannot be read or breaks a rule of the format.
    """
    shipped = packaged_path()
    if shipped is None:
        raise ConfigError("gpus.yaml is missing from this installation", "install llmcost again")
    evidence = parse_evidence(read_text(shipped), str(shipped))
    for path in paths:
        evidence = parse_evidence(read_text(path), str(path), evidence)
    return evidence


def parse_evidence(text: str, origin: str, under: Evidence | None = None) -> Evidence:
    """The evidence of a file's text over `under`; `origin` names it in errors.

    Raises:
        ConfigError: the text breaks a rule of the format.
    """
    top = Fields(parse(text, origin), origin, _TOP, "an evidence file")
    if (version := top.text("version")) not in {None, "1"}:
        raise top.error(top.line_of("version"), f"unknown version {version!r}", "this llmcost reads version 1")
    base = under or Evidence((), (), (), ())
    gpus = tuple(_gpu(node, origin) for node in top.items("gpus"))
    models = tuple(_model(node, origin) for node in top.items("models"))
    assumptions = tuple(_assumption(node, origin, under) for node in top.items("assumptions"))
    merged = Evidence(
        _over(base.gpus, gpus, _with_prices), _over(base.models, models, _with_aliases), (),
        _over(base.assumptions, assumptions, lambda new, _: new),
    )  # fmt: skip
    own = tuple(row for node in top.items("throughput") for row in _throughput(node, origin, merged))
    taken = {(row.model, row.gpu, row.precision) for row in own}
    kept = tuple(row for row in base.throughput if (row.model, row.gpu, row.precision) not in taken)
    return merged._replace(throughput=kept + own)


def _over(
    base: Iterable[_Named], rows: Iterable[_Named], joined: Callable[[_Named, _Named], _Named]
) -> tuple[_Named, ...]:
    merged = {simple(item.name): item for item in base}
    for item in rows:
        key = simple(item.name)
        merged[key] = joined(item, merged[key]) if key in merged else item
    return tuple(merged.values())


def _with_aliases(new: Model, old: Model) -> Model:
    return new._replace(name=old.name, aliases=new.aliases + old.aliases)


def _with_prices(new: Gpu, old: Gpu) -> Gpu:
    given = {price.kind for price in new.prices}
    prices = (*new.prices, *(price for price in old.prices if price.kind not in given))
    return new._replace(name=old.name, aliases=new.aliases + old.aliases, prices=prices)


def _source(fields: Fields) -> Source:
    note = fields.text("note") or ""
    if fields.choice("assumption", ("true", "false"), "false") == "true":
        return Source(fields.required("reason"), fields.day("date"), assumption=True, note=note)
    if not fields.has("source"):
        raise fields.error(
            fields.line, f"{fields.what} has no 'source'", "say where it is from, or `assumption: true` and a `reason`"
        )
    fields.required("date")
    return Source(fields.required("source"), fields.day("date"), note=note)


def _gpu(node: Node, origin: str) -> Gpu:
    fields = Fields(node, origin, _GPU, "a GPU")
    prices = tuple(_price(item, origin) for item in fields.items("prices"))
    kind = cast(Literal["gpu", "tpu"], fields.choice("kind", ("gpu", "tpu"), "gpu"))
    return Gpu(
        fields.required("name"), fields.texts("aliases"), kind, fields.required_positive("memory_gb"),
        fields.positive("power_watts"), prices, _source(fields),
    )  # fmt: skip


def _price(node: Node, origin: str) -> Price:
    fields = Fields(node, origin, _PRICE, "a price")
    kind = cast(PriceKind, fields.choice("kind", PRICE_KINDS, "on-demand"))
    return Price(fields.required("provider"), kind, fields.required_positive("usd"), _source(fields))


def _model(node: Node, origin: str) -> Model:
    fields = Fields(node, origin, _MODEL, "a model")
    parameters = fields.number("parameters", most=_MOST_PARAMETERS)
    if not parameters or parameters.denominator != 1:
        raise fields.error(
            fields.line_of("parameters"), "a model needs its whole number of 'parameters'", "write `parameters: 70.6e9`"
        )
    shape = [fields.count(key) for key in ("layers", "kv_heads", "head_dim")]
    given = [size for size in shape if size is not None]
    if given and len(given) < len(shape):
        raise fields.error(
            fields.line, "give all of layers, kv_heads and head_dim, or none", "see the model's config.json"
        )
    values = 2 * given[0] * given[1] * given[2] if given else None
    return Model(fields.required("name"), fields.texts("aliases"), parameters.numerator, values, _source(fields))


def _throughput(node: Node, origin: str, known: Evidence) -> Iterator[Throughput]:
    fields = Fields(node, origin, _GROUP, "a throughput entry")
    try:
        model, gpu = known.model(fields.required("model")).name, known.gpu(fields.required("gpu")).name
    except ConfigError:
        raise
    except UsageError as error:
        raise fields.error(fields.line, error.message, "list it under `models` or `gpus` of the same file") from None
    precision = fields.choice("precision", tuple(BYTES), "")
    if not precision:
        raise fields.error(fields.line, "a throughput entry has no 'precision'", f"use one of {', '.join(BYTES)}")
    gpus, engine, source = fields.count("gpus") or 1, fields.required("engine"), _source(fields)
    if not (runs := fields.items("runs")):
        raise fields.error(fields.line_of("runs"), "a throughput entry has no 'runs'", "list at least one")
    concurrency = fields.count("concurrency")
    for item in runs:
        run = Fields(item, origin, _RUN, "a run")
        lengths = (run.required_positive("input_tokens"), run.required_positive("output_tokens"))
        written = run.required_positive("output_tok_s")
        given = run.positive("input_tok_s") or written * lengths[0] / lengths[1]
        yield Throughput(
            model, gpu, gpus, precision, engine, Run(*lengths, given, written), run.count("concurrency") or concurrency,
            run.positive("requests_s"), source,
        )  # fmt: skip


def _assumption(node: Node, origin: str, under: Evidence | None) -> Assumption:
    fields = Fields(node, origin, _ASSUMPTION, "an assumption")
    name = fields.required("name")
    known = {assumption.name: assumption for assumption in under.assumptions} if under is not None else None
    if known is not None and name not in known:
        raise fields.error(
            fields.line_of("name"),
            f"unknown assumption {name!r}{nearest(name, known)}",
            f"there are {', '.join(known)}",
        )
    unit = fields.required("unit")
    if known is not None and unit != known[name].unit:
        raise fields.error(
            fields.line_of("unit"), f"{name!r} is in {known[name].unit!r}, not {unit!r}", "convert the value"
        )
    value = fields.number("value")
    if value is None:
        raise fields.error(fields.line, f"assumption {name!r} has no 'value'", "add `value: …`")
    return Assumption(name, value, unit, _source(fields))
