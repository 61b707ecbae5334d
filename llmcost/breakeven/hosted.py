"""Rented GPUs: all month for the peak (static), or for the hours they are needed (autoscaled). USD, exact."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from llmcost.breakeven.capacity import Capacity, Size, size
from llmcost.breakeven.curve import Curve
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.traffic import HOURS_MONTH, SECONDS_MONTH, Mix


class Hosted(NamedTuple):
    capacity: Capacity
    gpu_hour: Fraction
    """USD per GPU and hour."""
    autoscaled: bool = False
    overhead: Fraction = Fraction(0)
    """Autoscaled: replica-hours lost to starting, loading weights and scaling late, as a share of those needed."""
    operations: Operations = Operations()

    @property
    def replica_hour(self) -> Fraction:
        """USD: GPUs x USD/h."""
        return self.capacity.gpus * self.gpu_hour

    def size(self, tokens: Fraction | int, mix: Mix) -> Size:
        """What the peak needs. Autoscaled, that is the most that ever runs; utilisation is of the hours paid for."""
        sized = size(tokens, mix, self.capacity)
        if not self.autoscaled:
            return sized
        paid = self.replica_hours(tokens, mix)
        return sized._replace(utilisation=sized.load / 3600 / paid if paid else Fraction(0))

    def replica_hours(self, tokens: Fraction | int, mix: Mix) -> Fraction:
        """Static: replicas x 730. Autoscaled: max(min x 730, load / 3600 / u)(1 + overhead) + spares x 730."""
        capacity = self.capacity
        if not self.autoscaled:
            return Fraction(size(tokens, mix, capacity).replicas * HOURS_MONTH)
        needed = capacity.load(tokens, mix) / 3600 / capacity.max_utilisation
        least = Fraction(capacity.min_replicas * HOURS_MONTH)
        return max(least, needed) * (1 + self.overhead) + capacity.spare_replicas * HOURS_MONTH

    def parts(self, tokens: Fraction | int, mix: Mix) -> dict[str, Fraction]:
        """USD a month by kind; gpus = replica-hours x GPUs per replica x USD/h. 730 h: as in cloud price lists."""
        rent = self.replica_hours(tokens, mix) * self.replica_hour
        return {"gpus": rent} | self.operations.parts(rent, tokens * mix.output_share)

    def curve(self, mix: Mix) -> Curve:
        capacity, operations = self.capacity, self.operations
        month = self.replica_hour * HOURS_MONTH * (1 + operations.recovery_share)
        rest = Curve(fixed=operations.fixed, linear=operations.network_out * mix.output_share)
        if not self.autoscaled:
            return rest._replace(
                unit=month / capacity.gpus, replicas_per_token=capacity.replicas_per_token(mix),
                first=capacity.min_replicas, spare=capacity.spare_replicas, gpus=capacity.gpus,
            )  # fmt: skip
        months = capacity.seconds_per_token(mix) / SECONDS_MONTH / capacity.max_utilisation
        return rest._replace(
            fixed=rest.fixed + capacity.spare_replicas * month,
            least=capacity.min_replicas * month * (1 + self.overhead),
            elastic=months * month * (1 + self.overhead),
        )
