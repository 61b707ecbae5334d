"""Layers of inputs: what one source says of the traffic and of each mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from llmcost.breakeven.fields import Given, Mode


class Layer(NamedTuple):
    """Inputs by name, of the traffic and of each mode."""

    traffic: Mapping[str, Given] = {}
    modes: Mapping[Mode, Mapping[str, Given]] = {}

    def without(self, modes: frozenset[Mode]) -> Layer:
        """The same but for those modes."""
        return Layer(self.traffic, {mode: given for mode, given in self.modes.items() if mode not in modes})
