"""What is known of GPUs, models and throughput, and from where: the packaged gpus.yaml under a person's own files.

Values and look-up by name; `evidence_file` reads them, `rates` chooses throughput. Format: docs/gpus.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Literal, NamedTuple

from llmcost.breakeven.throughput import Run
from llmcost.core.errors import UsageError, nearest

PriceKind = Literal["on-demand", "reserved", "bought"]
#: What to do where no measurement holds.
OWN_RATES = "give your own throughput, or measure it and --fit"
PRICE_KINDS: tuple[PriceKind, ...] = ("on-demand", "reserved", "bought")
_DECORATION = re.compile(r"^(?:nvidia|amd|google|cloud|meta)-|-(?:instruct|chat|hf|it)$")


class Source(NamedTuple):
    """Where a row is from."""

    text: str
    """An address; for an assumption the reason for it."""
    date: str
    """ISO: when it was published, else when it was read. Empty for an assumption."""
    assumption: bool = False
    note: str = ""

    def __str__(self) -> str:
        return f"assumption: {self.text}" if self.assumption else f"{self.text} ({self.date})"


class Price(NamedTuple):
    provider: str
    kind: PriceKind
    usd: Fraction
    """Per GPU: an hour of it if rented, once if bought."""
    source: Source


class Quote(NamedTuple):
    """The prices of one kind, together."""

    usd: Fraction
    """The median; of an even number the mean of the middle two."""
    lowest: Fraction
    highest: Fraction
    prices: tuple[Price, ...]


class Gpu(NamedTuple):
    """A GPU, or one chip of a TPU."""

    name: str
    aliases: tuple[str, ...]
    kind: Literal["gpu", "tpu"]
    memory_gb: Fraction
    """10^9 bytes, as data sheets count."""
    power_watts: Fraction | None
    """The most it draws; None where nobody says."""
    prices: tuple[Price, ...]
    source: Source

    def quote(self, kind: PriceKind) -> Quote | None:
        """None where no price of the kind is known."""
        prices = tuple(sorted((price for price in self.prices if price.kind == kind), key=lambda price: price.usd))
        if not prices:
            return None
        middle = (prices[(len(prices) - 1) // 2].usd + prices[len(prices) // 2].usd) / 2
        return Quote(middle, prices[0].usd, prices[-1].usd, prices)


class Model(NamedTuple):
    name: str
    aliases: tuple[str, ...]
    parameters: int
    """All of them: a mixture of experts keeps every expert in memory."""
    kv_values: int | None
    """Values in the KV cache per token: 2 x layers x KV heads x head size; None where the shape is not known."""
    source: Source


class Throughput(NamedTuple):
    """One measured run of a replica."""

    model: str
    gpu: str
    gpus: int
    """GPUs of the replica."""
    precision: str
    engine: str
    run: Run
    concurrency: int | None
    """Requests in the replica at a time; None where the source offers them without limit or does not say."""
    requests_s: Fraction | None
    """Requests offered per second; None where they were offered without pause."""
    source: Source

    @property
    def setting(self) -> tuple[str, str, int, str, str, str]:
        """What runs must share to be compared: one benchmark's runs of one deployment."""
        return (self.model, self.gpu, self.gpus, self.precision, self.engine, self.source.text)


class Assumption(NamedTuple):
    name: str
    value: Fraction
    unit: str
    source: Source


class Evidence(NamedTuple):
    gpus: tuple[Gpu, ...]
    models: tuple[Model, ...]
    throughput: tuple[Throughput, ...]
    assumptions: tuple[Assumption, ...]

    def gpu(self, name: str) -> Gpu:
        """By name or alias.

        Raises:
            UsageError: not known; names the nearest.
        """
        found = _named(name, self.gpus)
        if isinstance(found, Gpu):
            return found
        raise UsageError(f"unknown GPU {name[:60]!r}{found}", f"known are {listed(gpu.name for gpu in self.gpus)}")

    def model(self, name: str) -> Model:
        """By name or alias, with or without the maker's name and `-Instruct`.

        Raises:
            UsageError: not known; names the nearest.
        """
        found = _named(name, self.models)
        if isinstance(found, Model):
            return found
        raise UsageError(
            f"no measurements of model {name[:60]!r}{found}",
            f"known are {listed(model.name for model in self.models)}; {OWN_RATES}",
        )

    def assumption(self, name: str) -> Assumption:
        """By its exact name.

        Raises:
            KeyError: no such assumption.
        """
        for assumption in self.assumptions:
            if assumption.name == name:
                return assumption
        raise KeyError(name)


def listed(values: Iterable[str]) -> str:
    """Each once, in order."""
    return ", ".join(dict.fromkeys(values)) or "nothing"


def _named(name: str, items: tuple[Gpu, ...] | tuple[Model, ...]) -> Gpu | Model | str:
    """The item of that name, or what to say of the nearest one."""
    for item in items:
        if name == item.name:
            return item
    names = {simple(spelling): item for item in items for spelling in (*item.aliases, item.name)}
    return names.get(simple(name)) or nearest(simple(name), names)


def simple(name: str) -> str:
    """A name as compared: lower case, without organisation, maker and `-Instruct`; `_` and blanks are `-`."""
    text = re.sub(r"[\s_]+", "-", name.strip().lower().rpartition("/")[2])
    while (bare := _DECORATION.sub("", text)) not in {text, ""}:
        text = bare
    return text
