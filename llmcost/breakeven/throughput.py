"""From measured runs to what a replica reads and writes in a second: least squares in exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

#: Input shares nearer together than this are one mix: a difference of noise would decide a fit.
ONE_MIX = Fraction(1, 20)
#: Requests whose mean lengths differ by less are the same requests.
_SAME_LENGTH = Fraction(1, 50)
#: Rates are given to a millionth of a token per second: exact beyond that are thousands of digits to compute with.
_STEPS = 10**6


class Run(NamedTuple):
    """One benchmark run of one replica."""

    input_tokens: Fraction
    """Mean per request."""
    output_tokens: Fraction
    input_tok_s: Fraction
    """Input tokens per second of the whole run, all requests together."""
    output_tok_s: Fraction

    @property
    def total_tok_s(self) -> Fraction:
        return self.input_tok_s + self.output_tok_s

    @property
    def input_share(self) -> Fraction:
        return self.input_tok_s / self.total_tok_s


class Fitted(NamedTuple):
    """Tokens per second and replica."""

    input_tps: Fraction | None
    """theta_in; None where the runs have one mix only, which does not tell reading from writing."""
    output_tps: Fraction | None
    """theta_out."""
    combined_tps: Fraction
    """Input and output tokens per second together, the mean of the runs used."""
    lowest: Fraction
    """The smallest input share measured."""
    highest: Fraction
    worst: Fraction
    """The largest relative difference between a run's time by the fit and as measured."""
    used: tuple[Run, ...]
    left_out: int
    """Runs of the same requests that were slower than another: the replica was not full."""

    def seconds(self, input_share: Fraction) -> Fraction:
        """Replica-seconds per token of a mix: s / theta_in + (1 - s) / theta_out, or 1 / the combined rate."""
        if self.input_tps is None or self.output_tps is None:
            return 1 / self.combined_tps
        return input_share / self.input_tps + (1 - input_share) / self.output_tps


def fit_runs(runs: Sequence[Run]) -> Fitted:
    """The theta_in, theta_out that explain the runs best.

    In a second a run reads a and writes b tokens, which should take a / theta_in + b / theta_out = 1 second
    (1 / throughput = share / theta_in + (1 - share) / theta_out, times the throughput). The sum of the squared
    differences from 1 is least where, with x = 1 / theta_in and y = 1 / theta_out,

        x sum(a a) + y sum(a b) = sum(a)        x sum(a b) + y sum(b b) = sum(b)

    solved exactly, and the rates rounded to a millionth of a token per second. Each run counts the same however long
    it took; two runs are met exactly.

    Raises:
        ValueError: no runs, or a rate would not be above zero: the runs contradict each other.
    """
    used = full(runs)
    if not used:
        raise ValueError("no runs")
    shares = [run.input_share for run in used]
    combined = _rate(sum((run.total_tok_s for run in used), Fraction(0)) / len(used))
    spread = (min(shares), max(shares))
    if spread[1] - spread[0] < ONE_MIX:
        worst = max(abs(run.total_tok_s / combined - 1) for run in used)
        return Fitted(None, None, combined, *spread, worst, used, len(runs) - len(used))
    aa = sum(run.input_tok_s**2 for run in used)
    ab = sum(run.input_tok_s * run.output_tok_s for run in used)
    bb = sum(run.output_tok_s**2 for run in used)
    a, b = sum(run.input_tok_s for run in used), sum(run.output_tok_s for run in used)
    determinant = aa * bb - ab * ab  # above zero: the runs have different mixes (Cauchy-Schwarz)
    x, y = (a * bb - b * ab) / Fraction(determinant), (b * aa - a * ab) / Fraction(determinant)
    if x <= 0 or y <= 0:
        raise ValueError("the runs contradict each other")
    input_tps, output_tps = _rate(1 / x), _rate(1 / y)
    worst = max(abs(run.input_tok_s / input_tps + run.output_tok_s / output_tps - 1) for run in used)
    return Fitted(input_tps, output_tps, combined, *spread, worst, used, len(runs) - len(used))


def full(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs without those a faster run of the same requests (mean lengths within 2%) shows not to be full."""
    kept: list[Run] = []
    for run in sorted(runs, key=lambda run: run.total_tok_s, reverse=True):
        if not any(
            _near(run.input_tokens, other.input_tokens) and _near(run.output_tokens, other.output_tokens)
            for other in kept
        ):
            kept.append(run)
    return tuple(kept)


def _rate(exact: Fraction) -> Fraction:
    return Fraction(max(1, round(exact * _STEPS)), _STEPS)


def _near(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= _SAME_LENGTH * max(one, other)
