"""How many replicas, GPUs and servers a month's traffic needs. Utilisation is a result here, not an input."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from llmcost.breakeven.traffic import SECONDS_MONTH, Mix


class Capacity(NamedTuple):
    """One model on replicas of whole GPUs."""

    input_tps: Fraction
    """theta_in: input tokens a replica reads per second when it does nothing else."""
    output_tps: Fraction
    """theta_out: output tokens a replica writes per second when it does nothing else, requests batched."""
    gpus: int = 1
    """GPUs per replica."""
    peak_to_average: Fraction = Fraction(1)
    """Traffic of the busiest hour / average traffic, at least 1."""
    max_utilisation: Fraction = Fraction(1)
    """The share of its capacity a replica may be used at the peak, above 0 and at most 1."""
    min_replicas: int = 1
    spare_replicas: int = 0

    def seconds_per_token(self, mix: Mix) -> Fraction:
        """Replica-seconds one average token takes: s_in / theta_in + s_out / theta_out.

        Reading (prefill) and writing (decode) take turns on a GPU, so their times add. A measured combined rate
        is the case theta_in = theta_out.
        """
        return mix.input_share / self.input_tps + mix.output_share / self.output_tps

    def load(self, tokens: Fraction | int, mix: Mix) -> Fraction:
        """Replica-seconds per month: V_in / theta_in + V_out / theta_out."""
        return tokens * self.seconds_per_token(mix)

    def replicas_per_token(self, mix: Mix) -> Fraction:
        """Replicas at the peak per token a month: seconds per token / (730 x 3600) x peak / max utilisation."""
        return self.seconds_per_token(mix) / SECONDS_MONTH * self.peak_to_average / self.max_utilisation


class Size(NamedTuple):
    """What stands all month (static), or for the hours it is needed (autoscaled: averages)."""

    load: Fraction
    """Replica-seconds a month."""
    average: Fraction
    """Replicas busy on average: load / (730 x 3600) (Little's law)."""
    peak: int
    """max(min, ceil(average x peak_to_average / max_utilisation)): replicas without the spare ones."""
    replicas: int
    """Those and the spare ones."""
    gpus: int
    servers: int | None = None
    utilisation: Fraction = Fraction(0)
    """Average load / capacity of what is paid for."""


def size(tokens: Fraction | int, mix: Mix, capacity: Capacity, *, gpus_per_server: int | None = None) -> Size:
    """Replicas for the peak, whole GPUs, and whole servers where GPUs come in servers.

    A replica may span servers: servers = ceil(GPUs / GPUs per server).
    """
    load = capacity.load(tokens, mix)
    average = load / SECONDS_MONTH
    peak = max(capacity.min_replicas, ceil(tokens * capacity.replicas_per_token(mix)))
    replicas = peak + capacity.spare_replicas
    gpus = replicas * capacity.gpus
    servers = None if gpus_per_server is None else -(-gpus // gpus_per_server)
    paid = replicas if servers is None else Fraction(servers * (gpus_per_server or 1), capacity.gpus)
    return Size(load, average, peak, replicas, gpus, servers, average / paid)
