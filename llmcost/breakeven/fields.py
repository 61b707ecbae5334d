"""The inputs of a comparison by name: what kind of value each is, and which mode it belongs to.

The names are those of scenario files; options set the same inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

from llmcost.breakeven.quantities import parse_amount, parse_share, parse_tokens
from llmcost.core.errors import UsageError

Mode = Literal["api", "hosted", "owned"]
MODES: tuple[Mode, ...] = ("api", "hosted", "owned")


class Given(NamedTuple):
    """One input as it was written."""

    text: str
    place: str
    """How an error names it: `--gpu-hour`, or `s.yaml:3: 'gpu_hour'`."""
    source: str
    """How the list of assumptions names where it comes from."""


class Field(NamedTuple):
    kind: Literal["tokens", "amount", "amount or 0", "share", "share above 0", "count", "count or 0", "factor", "text"]
    unit: str = ""


#: What passes through, whoever serves it. `mix` and `volumes_M` are other ways to write shares and volumes.
TRAFFIC = {
    "input_tokens": Field("tokens", "a month, cached ones included"),
    "output_tokens": Field("tokens", "a month"),
    "mix": Field("text", "input:output"),
    "volumes_M": Field("text", "million tokens a month, each"),
    "input_share": Field("share", "of all tokens"),
    "cached_share": Field("share", "of input tokens"),
    "cache_write_share": Field("share", "of input tokens"),
    "batch_share": Field("share", "of requests"),
    "input_per_request": Field("tokens", "tokens"),
}
_OPERATIONS = {
    "fte": Field("amount or 0", "people"),
    "fte_year": Field("amount or 0", "USD a year each"),
    "monitoring_month": Field("amount or 0", "USD a month"),
    "recovery_month": Field("amount or 0", "USD a month"),
    "recovery_share": Field("amount or 0", "of the cost before operations"),
    "storage_month": Field("amount or 0", "USD a month"),
    "other_month": Field("amount or 0", "USD a month"),
    "network_per_1M_out": Field("amount or 0", "USD per 1M output tokens"),
}
_CAPACITY = {
    "tok_s_total": Field("amount", "tokens/s per replica, in and out"),
    "tok_s_in": Field("amount", "tokens/s per replica"),
    "tok_s_out": Field("amount", "tokens/s per replica"),
    "gpus_per_replica": Field("count"),
    "peak_to_avg": Field("factor"),
    "max_util": Field("share above 0", "at the peak"),
    "min_replicas": Field("count or 0"),
    "spare_replicas": Field("count or 0"),
}
SECTIONS: Mapping[Mode, Mapping[str, Field]] = {
    "api": {
        "model": Field("text"),
        "price_in": Field("amount or 0", "USD per 1M tokens"),
        "price_cached_in": Field("amount or 0", "USD per 1M tokens"),
        "price_cache_write": Field("amount or 0", "USD per 1M tokens"),
        "price_out": Field("amount or 0", "USD per 1M tokens"),
        "batch_discount": Field("share"),
        **_OPERATIONS,
    },
    "hosted": {
        "gpu_hour": Field("amount", "USD per GPU and hour"),
        **_CAPACITY,
        "autoscaled": Field("text", "yes or no"),
        "overhead": Field("amount or 0", "of replica-hours"),
        **_OPERATIONS,
    },
    "owned": {
        "server_price": Field("amount or 0", "USD"),
        "gpus_per_server": Field("count"),
        "network_capex_share": Field("amount or 0", "of the servers' price"),
        "residual": Field("share", "of what was paid"),
        "months": Field("count", "months"),
        "server_kw_avg": Field("amount or 0", "kW"),
        "server_kw_rated": Field("amount or 0", "kW"),
        "pue": Field("factor"),
        "kwh": Field("amount or 0", "USD per kWh"),
        "colo_kw_month": Field("amount or 0", "USD per rated kW and month"),
        "maint_year": Field("amount or 0", "of the servers' price"),
        **_CAPACITY,
        **_OPERATIONS,
    },
}
#: The field that says that a mode is described, where a file has no sections.
TELLTALE: Mapping[Mode, tuple[str, ...]] = {
    "api": ("price_in", "price_out", "model"), "hosted": ("gpu_hour",), "owned": ("server_price",),
}  # fmt: skip


class Inputs:
    """The inputs of one mode (or of the traffic), read by name."""

    def __init__(self, what: str, known: Mapping[str, Field], given: Mapping[str, Given]) -> None:
        self.what = what
        self.given = given
        self._known = known

    def has(self, name: str) -> bool:
        return name in self.given

    def unit(self, name: str) -> str:
        return self._known[name].unit

    def text(self, name: str) -> str:
        return self.given[name].text if name in self.given else ""

    def number(self, name: str, default: int | None = None) -> Fraction:
        """The value of `name`; without one `default`, and if that is None it is missing.

        Raises:
            UsageError: it is missing, no number, or not of its kind.
        """
        if name not in self.given:
            if default is None:
                raise UsageError(f"{self.what} has no {name!r}", f"add `{name}: …` to the scenario")
            return Fraction(default)
        given, kind = self.given[name], self._known[name].kind
        if kind == "tokens":
            return Fraction(parse_tokens(given.text, given.place))
        if kind.startswith("share"):
            return parse_share(given.text, given.place, zero=kind == "share")
        value = parse_amount(given.text, given.place, zero=kind.endswith("0"))
        if kind.startswith("count") and value.denominator != 1:
            raise UsageError(f"{given.place} {given.text!r} is not a whole number", "write digits only")
        if kind == "factor" and value < 1:
            raise UsageError(f"{given.place} {given.text!r} is below 1", "a peak is no lower than the average, and a"
                             " data centre draws no less than its machines")  # fmt: skip
        return value

    def count(self, name: str, default: int | None = None) -> int:
        value = self.number(name, default).numerator
        if value > _MOST:
            raise UsageError(f"{self.given[name].place} {value} is implausible", "check the number of digits")
        return value

    def flag(self, name: str) -> bool:
        text = self.text(name).lower() or "no"
        if text not in _FLAGS:
            given = self.given[name]
            raise UsageError(f"{given.place} {given.text[:40]!r} is neither yes nor no", f"write `{name}: yes`")
        return _FLAGS[text]


_FLAGS = {"yes": True, "true": True, "no": False, "false": False}
#: Replicas, GPUs, months: more is a typing error.
_MOST = 10**6
