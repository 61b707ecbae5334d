"""What a month's tokens are: how many, and what they consist of. The mix is fixed; break-even varies the volume."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from llmcost.breakeven.quantities import parse_ratio, parse_tokens
from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from llmcost.breakeven.fields import Inputs

#: Average hours in a month (8,760 / 12); the convention of cloud price lists.
HOURS_MONTH = 730
SECONDS_MONTH = HOURS_MONTH * 3600
MOST_VOLUMES = 100


class Mix(NamedTuple):
    """Shares, each from 0 to 1."""

    input_share: Fraction
    """Input tokens / all tokens, cached ones included."""
    cached_share: Fraction = Fraction(0)
    """Of the input tokens, those read from the provider's prompt cache."""
    write_share: Fraction = Fraction(0)
    """Of the input tokens, those written to it. Disjoint from the cached ones."""

    @property
    def output_share(self) -> Fraction:
        return 1 - self.input_share


def mix_of(given: Inputs) -> Mix:
    """The mix that the inputs state; `input_share` goes before token counts, these before `mix`.

    Raises:
        UsageError: a share is none, or cached and written tokens are more than the input.
    """
    cached, written = given.number("cached_share", 0), given.number("cache_write_share", 0)
    if cached + written > 1:
        place = given.given["cache_write_share"].place
        raise UsageError(
            f"cached and written input add up to more than 1 ({place} {given.text('cache_write_share')!r}"
            f" beside {given.text('cached_share')!r})",
            "both are shares of the input tokens, and no token is both",
        )
    return Mix(_input_share(given), cached, written)


def _input_share(given: Inputs) -> Fraction:
    if given.has("input_share"):
        return given.number("input_share")
    if (counts := _counts(given)) is not None:
        return Fraction(counts[0], sum(counts))
    return parse_ratio(given.text("mix"), given.given["mix"].place)


def volumes_of(given: Inputs) -> tuple[int, ...]:
    """The month's tokens, the asked volume first; empty where nothing states it.

    Raises:
        UsageError: a volume is none, or only one of input and output tokens is stated.
    """
    listed: list[int] = []
    if given.has("volumes_M"):
        place = given.given["volumes_M"].place
        listed = [parse_tokens(f"{item.strip()}M", place) for item in given.text("volumes_M").split(",")]
        if len(listed) > MOST_VOLUMES:
            raise UsageError(f"{place} lists {len(listed):,} volumes", f"ask for {MOST_VOLUMES} at most")
    if given.has("monthly_tokens"):
        asked = parse_tokens(given.text("monthly_tokens"), given.given["monthly_tokens"].place)
    elif (counts := _counts(given)) is not None:
        asked = sum(counts)
    else:
        return tuple(dict.fromkeys(listed))
    return tuple(dict.fromkeys([asked, *listed]))


def _counts(given: Inputs) -> tuple[int, int] | None:
    names = ("input_tokens", "output_tokens")
    stated = [name for name in names if given.has(name)]
    if not stated:
        return None
    if len(stated) == 1:
        other = names[1 - names.index(stated[0])]
        raise UsageError(f"{given.given[stated[0]].place} stands without {other!r}", f"state both, `{other}: 0` if so")
    read, written = (parse_tokens(given.text(name), given.given[name].place, zero=True) for name in names)
    if not read + written:
        raise UsageError("input_tokens and output_tokens are both 0", "state the tokens of a month")
    return read, written
