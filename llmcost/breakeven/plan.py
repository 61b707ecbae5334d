"""From inputs by name to the three modes that are compared: layers of inputs, the upper going before the lower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from llmcost.breakeven import prices
from llmcost.breakeven.api import Api
from llmcost.breakeven.capacity import Capacity
from llmcost.breakeven.fields import MODES, SECTIONS, TRAFFIC, Field, Given, Inputs, Mode
from llmcost.breakeven.hosted import Hosted
from llmcost.breakeven.layers import Layer
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.owned import Owned, Server
from llmcost.breakeven.quantities import parse_tokens
from llmcost.breakeven.traffic import Mix, mix_of, volumes_of
from llmcost.core.errors import UsageError
from llmcost.pricing.book import PriceBook, Priced

_MILLION = 10**6
#: The volume can also be said in one number.
_TRAFFIC = {**TRAFFIC, "monthly_tokens": Field("tokens", "a month")}
#: Names that say the same in another way: one of a higher layer replaces all of the lower ones.
_RIVALS = (
    (("model",), ("price_in", "price_cached_in", "price_cache_write", "price_out", "batch_discount")),
    (("tok_s_total",), ("tok_s_in", "tok_s_out")),
    (("input_share",), ("mix",)),
    (("input_tokens", "output_tokens"), ("mix", "input_share")),
)


class Plan(NamedTuple):
    volumes: tuple[int, ...]
    """Tokens a month; the first is the one asked for."""
    mix: Mix
    api: Api
    hosted: Hosted
    owned: Owned | None
    """None where nobody can own the GPUs."""
    priced: Priced | None
    """The card of the API's rates; None for prices of a scenario."""
    traffic_inputs: Inputs
    inputs: Mapping[Mode, Inputs]

    @property
    def tokens(self) -> int:
        return self.volumes[0]

    @property
    def modes(self) -> Mapping[Mode, Api | Hosted | Owned]:
        modes: dict[Mode, Api | Hosted | Owned] = {"api": self.api, "hosted": self.hosted}
        return modes if self.owned is None else {**modes, "owned": self.owned}


def over(lower: Mapping[str, Given], upper: Mapping[str, Given]) -> dict[str, Given]:
    """`lower` with what `upper` states instead; another way to say the same goes, too."""
    gone = {
        name
        for pair in _RIVALS
        for mine, theirs in (pair, pair[::-1])
        if any(name in upper for name in mine)
        for name in theirs
        if name not in upper
    }
    return {**{name: given for name, given in lower.items() if name not in gone}, **upper}


def inputs_of(layers: Sequence[Layer]) -> tuple[Inputs, dict[Mode, Inputs]]:
    """The inputs of the traffic and of each mode; later layers go before earlier ones."""
    traffic: Mapping[str, Given] = {}
    modes: dict[Mode, Mapping[str, Given]] = {mode: {} for mode in MODES}
    for layer in layers:
        traffic = over(_with_volume(traffic, layer.traffic), layer.traffic)
        for mode, given in layer.modes.items():
            modes[mode] = over(modes[mode], given)
    return (
        Inputs("the traffic", _TRAFFIC, traffic),
        {mode: Inputs(f"section {mode!r}", SECTIONS[mode], given) for mode, given in modes.items()},
    )


def _with_volume(lower: Mapping[str, Given], upper: Mapping[str, Given]) -> Mapping[str, Given]:
    """`lower` with its volume as `upper` needs it: another mix replaces token counts, but not their sum."""
    counts = ("input_tokens", "output_tokens")
    if any(name in upper for name in counts):
        return {name: given for name, given in lower.items() if name != "monthly_tokens"}
    if not {"mix", "input_share"} & upper.keys() or not all(name in lower for name in counts):
        return lower
    total = sum(parse_tokens(lower[name].text, lower[name].place, zero=True) for name in counts)
    return {"monthly_tokens": lower[counts[0]]._replace(text=str(total)), **lower}


def plan(traffic: Inputs, modes: Mapping[Mode, Inputs], book: PriceBook, us: int, *, ownable: bool = True) -> Plan:
    """The modes that the inputs describe, prices taken from `book` at `us` (microseconds UTC) where they name a model.

    Raises:
        UsageError: something is missing, out of its range, or has no price.
    """
    volumes = volumes_of(traffic)
    if not volumes:
        raise UsageError("nothing says how many tokens a month", "add --monthly-tokens 500M, or --from-ledger 30d")
    mix = mix_of(traffic)
    api, priced = _api(traffic, modes["api"], mix, book, us)
    owned = _owned(modes["owned"]) if ownable else None
    return Plan(volumes, mix, api, _hosted(modes["hosted"]), owned, priced, traffic, modes)


def _api(traffic: Inputs, given: Inputs, mix: Mix, book: PriceBook, us: int) -> tuple[Api, Priced | None]:
    share = traffic.number("batch_share", 0)
    if given.has("model"):
        length = traffic.number("input_per_request").numerator if traffic.has("input_per_request") else None
        model = given.given["model"]
        found = prices.of_model(
            book, model.text, "" if model.place.startswith("--") else model.place, us, mix,
            batch=bool(share), per_request=length,
        )  # fmt: skip
    else:
        found = prices.of_scenario(given, mix, batch=bool(share))
    return Api(found.rates, found.batch, share, _operations(given)), found.priced


def _operations(given: Inputs) -> Operations:
    return Operations(
        fte=given.number("fte", 0),
        # A salary without people costs nothing, people without a salary are not free.
        fte_year=given.number("fte_year", None if given.number("fte", 0) else 0),
        monitoring=given.number("monitoring_month", 0),
        recovery=given.number("recovery_month", 0),
        recovery_share=given.number("recovery_share", 0),
        storage=given.number("storage_month", 0),
        other=given.number("other_month", 0),
        network_out=given.number("network_per_1M_out", 0) / _MILLION,
    )


def _capacity(given: Inputs) -> Capacity:
    if given.has("tok_s_total"):
        if given.has("tok_s_in") or given.has("tok_s_out"):
            raise UsageError(
                f"{given.what} has 'tok_s_total' and 'tok_s_in' or 'tok_s_out'",
                "keep the combined rate, or those of reading and writing",
            )
        read = write = given.number("tok_s_total")
    else:
        read, write = given.number("tok_s_in"), given.number("tok_s_out")
    return Capacity(
        read,
        write,
        gpus=given.count("gpus_per_replica", 1),
        peak_to_average=given.number("peak_to_avg", 1),
        max_utilisation=given.number("max_util", 1),
        min_replicas=given.count("min_replicas", 1),
        spare_replicas=given.count("spare_replicas", 0),
    )


def _hosted(given: Inputs) -> Hosted:
    return Hosted(
        _capacity(given),
        given.number("gpu_hour"),
        autoscaled=given.flag("autoscaled"),
        overhead=given.number("overhead", 0),
        operations=_operations(given),
    )


def _owned(given: Inputs) -> Owned:
    server = Server(
        price=given.number("server_price"),
        gpus=given.count("gpus_per_server"),
        months=given.count("months"),
        network=given.number("network_capex_share", 0),
        residual=given.number("residual", 0),
        kw=given.number("server_kw_avg", 0),
        pue=given.number("pue", 1),
        kwh=given.number("kwh", 0),
        rated_kw=given.number("server_kw_rated", 0),
        colo_kw=given.number("colo_kw_month", 0),
        maintenance=given.number("maint_year", 0),
    )
    return Owned(_capacity(given), server, _operations(given))
