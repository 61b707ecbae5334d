"""Servers of our own: written off over months, powered, housed, maintained. USD, exact."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from llmcost.breakeven.capacity import Capacity, Size, size
from llmcost.breakeven.curve import Curve
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.traffic import HOURS_MONTH, Mix

_NONE = Fraction(0)


class Server(NamedTuple):
    """One server with its GPUs, and what it costs to have and to run."""

    price: Fraction
    """USD, network cards included."""
    gpus: int = 8
    months: int = 36
    """Over which it is written off."""
    network: Fraction = _NONE
    """Switches and cables, as a share of the servers' price."""
    residual: Fraction = _NONE
    """What it sells for at the end, as a share of what was paid, network included."""
    kw: Fraction = _NONE
    """Power it draws on average."""
    pue: Fraction = Fraction(1)
    """Power usage effectiveness: power of the data centre / power of its machines, at least 1."""
    kwh: Fraction = _NONE
    """USD per kWh."""
    rated_kw: Fraction = _NONE
    """Power it is rated at, by which colocation is billed."""
    colo_kw: Fraction = _NONE
    """USD per rated kW and month."""
    maintenance: Fraction = _NONE
    """A year's, as a share of the server's price."""

    def parts(self) -> dict[str, Fraction]:
        """USD a month of one server.

        amortisation = price (1 + network)(1 - residual) / months; power = kW x PUE x 730 h x USD/kWh;
        colo = rated kW x USD/kW; maintenance = price x share / 12. Power and colocation are charged both: a
        colocation price that includes power has kwh 0.
        Source: straight-line depreciation; PUE as ISO/IEC 30134-2 defines it.
        """
        return {
            "amortisation": self.price * (1 + self.network) * (1 - self.residual) / self.months,
            "power": self.kw * self.pue * HOURS_MONTH * self.kwh,
            "colo": self.rated_kw * self.colo_kw,
            "maintenance": self.price * self.maintenance / 12,
        }


class Owned(NamedTuple):
    capacity: Capacity
    server: Server
    operations: Operations = Operations()

    def size(self, tokens: Fraction | int, mix: Mix) -> Size:
        return size(tokens, mix, self.capacity, gpus_per_server=self.server.gpus)

    def parts(self, tokens: Fraction | int, mix: Mix) -> dict[str, Fraction]:
        """USD a month by kind: whole servers times what each costs, and operations."""
        servers = self.size(tokens, mix).servers or 0
        machines = {name: servers * part for name, part in self.server.parts().items()}
        operations = self.operations.parts(sum(machines.values(), _NONE), tokens * mix.output_share)
        return machines | operations

    def curve(self, mix: Mix) -> Curve:
        capacity = self.capacity
        return Curve(
            fixed=self.operations.fixed,
            linear=self.operations.network_out * mix.output_share,
            unit=sum(self.server.parts().values(), _NONE) * (1 + self.operations.recovery_share),
            replicas_per_token=capacity.replicas_per_token(mix),
            first=capacity.min_replicas,
            spare=capacity.spare_replicas,
            gpus=capacity.gpus,
            gpus_per_unit=self.server.gpus,
        )
