"""Rented GPUs that run all month: how many replicas the traffic needs, and what they cost. USD, exact.

Utilisation is a result here, not an input: it follows from traffic, throughput and peaks.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from llmcost.breakeven.traffic import HOURS_MONTH, SECONDS_MONTH, Mix


class Deployment(NamedTuple):
    """One model on replicas of whole GPUs, statically provisioned for the peak."""

    gpu_hour: Fraction
    """USD per GPU and hour."""
    gpus: int
    """GPUs per replica."""
    input_tps: Fraction
    """Input tokens a replica reads per second when it does nothing else."""
    output_tps: Fraction
    """Output tokens a replica writes per second when it does nothing else, requests batched."""
    peak_to_average: Fraction
    """Traffic of the busiest hour / average traffic, at least 1."""
    max_utilisation: Fraction
    """The share of its capacity a replica may be used at the peak, above 0 and at most 1."""
    fixed: Fraction = Fraction(0)
    """USD per month beside the GPUs."""
    min_replicas: int = 1
    spare_replicas: int = 0

    @property
    def replica_month(self) -> Fraction:
        """USD per replica and month: GPUs x USD/h x 730 h."""
        return self.gpus * self.gpu_hour * HOURS_MONTH


class HostedCost(NamedTuple):
    replicas: int
    gpus: int
    gpu_cost: Fraction
    """USD per month."""
    fixed: Fraction
    """USD per month."""
    utilisation: Fraction
    """Average load / capacity of all replicas."""

    @property
    def total(self) -> Fraction:
        return self.gpu_cost + self.fixed


def seconds_per_token(mix: Mix, deployment: Deployment) -> Fraction:
    """Replica-seconds one average token takes: s_in / theta_in + s_out / theta_out.

    Reading (prefill) and writing (decode) take turns on a GPU, so their times add. A measured combined rate
    is the case theta_in = theta_out.
    """
    return mix.input_share / deployment.input_tps + mix.output_share / deployment.output_tps


def load(tokens: Fraction | int, mix: Mix, deployment: Deployment) -> Fraction:
    """Replica-seconds per month: V_in / theta_in + V_out / theta_out."""
    return tokens * seconds_per_token(mix, deployment)


def replicas_per_token(mix: Mix, deployment: Deployment) -> Fraction:
    """Replicas at the peak per token a month: seconds per token / (730 x 3600) x peak_to_average / max_utilisation."""
    busy = seconds_per_token(mix, deployment) / SECONDS_MONTH
    return busy * deployment.peak_to_average / deployment.max_utilisation


def hosted_cost(tokens: Fraction | int, mix: Mix, deployment: Deployment) -> HostedCost:
    """The month's cost of replicas = max(min, ceil(load / (730 x 3600) x peak_to_average / max_utilisation)) + spares.

    cost = replicas x GPUs x USD/h x 730 + fixed.
    Source: Little's law for the average number of busy replicas; 730 h is the average month of cloud price lists.
    """
    needed = ceil(tokens * replicas_per_token(mix, deployment))
    replicas = max(deployment.min_replicas, needed) + deployment.spare_replicas
    return HostedCost(
        replicas=replicas,
        gpus=replicas * deployment.gpus,
        gpu_cost=replicas * deployment.replica_month,
        fixed=deployment.fixed,
        utilisation=load(tokens, mix, deployment) / SECONDS_MONTH / replicas,
    )
