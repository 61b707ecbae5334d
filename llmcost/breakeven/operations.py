"""What any mode costs beside tokens and machines: people, tools, disaster recovery, network, storage. USD, exact."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

_NONE = Fraction(0)


class Operations(NamedTuple):
    """Costs of a month, the same at any volume but for the network. Source of the terms: the article's section 1.1."""

    fte: Fraction = _NONE
    """People, in full-time equivalents."""
    fte_year: Fraction = _NONE
    """USD a year for one of them, employer's costs included."""
    monitoring: Fraction = _NONE
    """USD a month."""
    recovery: Fraction = _NONE
    """USD a month for disaster recovery: backups, a standby."""
    storage: Fraction = _NONE
    """USD a month."""
    other: Fraction = _NONE
    """USD a month."""
    network_token: Fraction = _NONE
    """USD per token for what leaves the data centre."""

    @property
    def staff(self) -> Fraction:
        """FTE x USD a year / 12."""
        return self.fte * self.fte_year / 12

    @property
    def fixed(self) -> Fraction:
        return self.staff + self.monitoring + self.recovery + self.storage + self.other

    def parts(self, tokens: Fraction | int) -> dict[str, Fraction]:
        """USD a month by kind."""
        return {
            "staff": self.staff,
            "monitoring": self.monitoring,
            "recovery": self.recovery,
            "storage": self.storage,
            "network": self.network_token * tokens,
            "other": self.other,
        }
