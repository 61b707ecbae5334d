"""What any mode costs beside tokens and machines: people, tools, disaster recovery, network, storage. USD, exact."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

_NONE = Fraction(0)


class Operations(NamedTuple):
    """Costs of a month. Source of the terms: the article's section 1.1."""

    fte: Fraction = _NONE
    """People, in full-time equivalents."""
    fte_year: Fraction = _NONE
    """USD a year for one of them, with what an employer pays."""
    monitoring: Fraction = _NONE
    """USD a month."""
    recovery: Fraction = _NONE
    """USD a month for disaster recovery."""
    recovery_share: Fraction = _NONE
    """The same as a share of what the mode costs before operations: capacity kept elsewhere."""
    storage: Fraction = _NONE
    """USD a month."""
    other: Fraction = _NONE
    """USD a month."""
    network_out: Fraction = _NONE
    """USD per output token, for what leaves the data centre."""

    @property
    def staff(self) -> Fraction:
        """FTE x USD a year / 12."""
        return self.fte * self.fte_year / 12

    @property
    def fixed(self) -> Fraction:
        return self.staff + self.monitoring + self.recovery + self.storage + self.other

    def parts(self, before: Fraction, output_tokens: Fraction) -> dict[str, Fraction]:
        """USD a month by kind, for a mode that costs `before` without operations."""
        return {
            "staff": self.staff,
            "monitoring": self.monitoring,
            "recovery": self.recovery + before * self.recovery_share,
            "storage": self.storage,
            "network": self.network_out * output_tokens,
            "other": self.other,
        }
