"""What a month's tokens consist of. The mix is fixed; the volume is what break-even varies."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

#: Average hours in a month (8,760 / 12); the convention of cloud price lists.
HOURS_MONTH = 730
SECONDS_MONTH = HOURS_MONTH * 3600


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


def mix_of_ratio(output_per_input: Fraction) -> Fraction:
    """The input share of traffic with `output_per_input` output tokens for each input token: 1 / (1 + r)."""
    return 1 / (1 + output_per_input)
