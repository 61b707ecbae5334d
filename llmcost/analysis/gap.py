"""Why a bill and the ledger differ over one model's use: dollars by cause, which add up to the difference.

docs/reconcile.md explains each cause. Amounts are exact fractions of nano-USD.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from llmcost.core.usage import Usage
from llmcost.ledger.measures import Sums

CAUSES = (
    "calls", "extra_calls", "subscription", "unpriced", "cache", "cache_ttl", "reasoning", "tier", "price", "time_zone",
    "credits_and_tax", "rounding", "unexplained",
)  # fmt: skip
_INPUT = ("input", "cached", "write_5m", "write_1h", "input_audio", "cached_audio", "input_image")
_OUTPUT = ("output", "reasoning", "output_audio", "output_image")
_WRITES = ("write_5m", "write_1h")


class Side(NamedTuple):
    """What the bill says of one model in one stretch of time; None: it does not say."""

    cost: Fraction
    """nano-USD."""
    rounding: Fraction
    """The most that its lines may have been rounded by."""
    usage: Usage | None = None
    requests: int | None = None
    tiers: Mapping[str, int] = {}
    """Tokens by tier, where lines tell both."""


def gap(bill: Side | None, ledger: Sums | None, tiers: Mapping[str, int], covered: int = 0) -> dict[str, Fraction]:
    """Dollars by cause, of CAUSES; together bill - ledger.

    Args:
        bill: None where it has no line of the model.
        ledger: None where it has no request of it.
        tiers: the ledger's tokens by tier.
        covered: nano-USD of the ledger's requests that a subscription pays for.
    """
    found = dict.fromkeys(CAUSES, Fraction())
    paid = bill.cost if bill else Fraction()
    counted = Fraction(ledger["cost"]) if ledger else Fraction()
    rest = paid - counted
    if ledger is None:
        found["calls"] = rest
        return found
    found["subscription"] = Fraction(-covered)
    rest += covered
    if bill is None:
        found["extra_calls"] = rest
        return found
    if ledger["unpriced"]:
        # What those cost is not known, so neither is what else there is.
        found["unpriced"] = rest
        return found
    # The tokens of covered requests are among the ledger's: counts cannot be compared then.
    for cause, amount in ({} if covered else _of_use(bill, ledger)).items():
        found[cause] += amount
        rest -= amount
    found["unexplained" if covered else _of_rest(bill, ledger, tiers, rest)] += rest
    return found


def _of_use(bill: Side, ledger: Sums) -> dict[str, Fraction]:
    """What follows from other counts at the ledger's own rates."""
    if bill.usage is None:
        if bill.requests is None or not ledger["requests"]:
            return {}
        return _calls(Fraction(ledger["cost"]) * (Fraction(bill.requests, ledger["requests"]) - 1))
    amounts: dict[str, Fraction] = {}
    calls = Fraction()
    for names in (_INPUT, _OUTPUT):
        mine = {name: ledger[f"t_{name}"] for name in names}
        theirs = {name: getattr(bill.usage, name) for name in names}
        if not sum(mine.values()):
            continue
        growth = Fraction(sum(theirs.values()), sum(mine.values()))
        calls += sum(ledger[f"n_{name}"] for name in names) * (growth - 1)
        moved = {name: theirs[name] - mine[name] * growth for name in names}
        rates = {name: Fraction(ledger[f"n_{name}"], mine[name]) for name in names if mine[name]}
        if names is _OUTPUT:
            amounts["reasoning"] = _moved(moved, rates)
        else:
            amounts["cache_ttl"] = _ttl(moved, rates)
            amounts["cache"] = _moved(moved, rates) - amounts["cache_ttl"]
    return {**amounts, **_calls(calls)}


def _calls(amount: Fraction) -> dict[str, Fraction]:
    return {"calls": amount} if amount > 0 else {"extra_calls": amount}


def _moved(moved: Mapping[str, Fraction], rates: Mapping[str, Fraction]) -> Fraction:
    """Tokens counted as another kind, at the ledger's rates; nothing where a rate of one of them is not known."""
    if any(tokens and name not in rates for name, tokens in moved.items()):
        return Fraction()
    return sum((tokens * rates[name] for name, tokens in moved.items() if tokens), Fraction())


def _ttl(moved: Mapping[str, Fraction], rates: Mapping[str, Fraction]) -> Fraction:
    """Of what moved, the part from one lifetime of cache writes to the other."""
    short, long = (moved[name] for name in _WRITES)
    if short * long >= 0 or any(name not in rates for name in _WRITES):
        return Fraction()
    tokens = min(abs(short), abs(long)) * (1 if long > 0 else -1)
    return tokens * (rates["write_1h"] - rates["write_5m"])


def _of_rest(bill: Side, ledger: Sums, tiers: Mapping[str, int], rest: Fraction) -> str:
    """The cause of what equal use at the ledger's rates leaves."""
    # Half a nano-dollar of ours for each request.
    if abs(rest) <= bill.rounding + Fraction(ledger["requests"], 2):
        return "rounding"
    if bill.tiers and _shares(bill.tiers) != _shares(tiers):
        return "tier"
    if bill.usage is None:
        return "price" if bill.requests is not None else "unexplained"
    unknown = {name for name in (*_INPUT, *_OUTPUT) if getattr(bill.usage, name) and not ledger[f"t_{name}"]}
    if unknown & set(_WRITES) and any(ledger[f"t_{name}"] for name in _WRITES):
        return "cache_ttl"
    if unknown & {*_INPUT[1:4], "cached_audio"}:
        return "cache"
    if "reasoning" in unknown:
        return "reasoning"
    return "price"


def _shares(tiers: Mapping[str, int]) -> dict[str, Fraction]:
    whole = sum(tiers.values())
    return {tier: Fraction(tokens, whole) for tier, tokens in tiers.items() if tokens}
