"""Scenario files: the inputs of a comparison in YAML, strict."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from llmcost.breakeven.fields import MODES, SECTIONS, TELLTALE, TRAFFIC, Given, Mode
from llmcost.breakeven.quantities import parse_tokens
from llmcost.core.errors import UsageError
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.tree import Mapping, Scalar, parse

#: Of the traffic, what every section may repeat, because it is one volume that the modes are compared at.
_VOLUME = ("input_tokens", "output_tokens", "mix", "volumes_M")
_COUNTS = ("input_tokens", "output_tokens")


class Conflict(NamedTuple):
    """Two sections state different volumes: an error unless options state the volume."""

    message: str
    same_mix: bool
    """Only the volumes differ, not the shares of input and output."""


class Scenario(NamedTuple):
    traffic: dict[str, Given]
    modes: dict[Mode, dict[str, Given]]
    """Inputs by mode; those above the sections hold for each mode that knows them."""
    stated: frozenset[Mode]
    """Modes the file describes: what it leaves out there costs nothing. Others keep their defaults."""
    conflict: Conflict | None


def read(text: str, origin: str) -> Scenario:
    """The scenario in `text`; `origin` names the file in errors.

    Raises:
        ConfigError: not YAML, an unknown key, a value that is no text.
        UsageError: token counts that are none, or two sections that disagree about `mix` or `volumes_M`.
    """
    every = {**TRAFFIC, **{name: field for fields in SECTIONS.values() for name, field in fields.items()}}
    root = Fields(parse(text, origin), origin, ("version", "note", *MODES, *every), "a scenario")
    if (version := root.text("version")) not in (None, "1"):
        raise root.error(root.line_of("version"), f"unknown version {version!r}", "this llmcost reads version 1")
    traffic: dict[str, Given] = {}
    modes: dict[Mode, dict[str, Given]] = {mode: {} for mode in MODES}
    stated: set[Mode] = set()
    told: list[tuple[Given, Given]] = []
    for name in every:
        if root.has(name):
            given = _given(root, name)
            if name in TRAFFIC:
                traffic[name] = given
            for mode in MODES:
                if name in SECTIONS[mode]:
                    modes[mode][name] = given
    stated.update(mode for mode in MODES if any(root.has(name) for name in TELLTALE[mode]))
    for mode in MODES:
        node = root.get(mode)
        if node is None:
            continue
        stated.add(mode)
        shared = TRAFFIC if mode == "api" else _VOLUME
        section = Fields(node, origin, (*shared, *SECTIONS[mode]), f"section {mode!r}")
        for name in (*shared, *SECTIONS[mode]):
            if not section.has(name):
                continue
            given = _given(section, name)
            if name in SECTIONS[mode]:
                modes[mode][name] = given
            elif (other := traffic.setdefault(name, given)).text != given.text:
                if name not in _COUNTS:
                    raise UsageError(_contradicts(given, other), ONE_VOLUME)
                told.append((given, other))
    return Scenario(traffic, modes, frozenset(stated), _conflict(told))


ONE_VOLUME = "modes are compared at one volume: state it once, or with --monthly-tokens and --input-share"


def _contradicts(given: Given, other: Given) -> str:
    return f"{given.place} {given.text[:40]!r} contradicts {other.place} {other.text[:40]!r}"


def _conflict(told: list[tuple[Given, Given]]) -> Conflict | None:
    """The first counts that differ from those of an earlier section, other than in how they are written."""
    ratios = {Fraction(_tokens(given), _tokens(other) or 1) for given, other in told}
    differing = [pair for pair in told if _tokens(pair[0]) != _tokens(pair[1])]
    if not differing:
        return None
    # Both counts of a section are the same multiple of the other section's.
    return Conflict(_contradicts(*differing[0]), len(ratios) == 1 and len(told) % 2 == 0)


def _tokens(given: Given) -> int:
    return parse_tokens(given.text, given.place, zero=True)


def _given(fields: Fields, name: str) -> Given:
    node = fields.get(name)
    line = fields.line_of(name)
    if name == "volumes_M" and not isinstance(node, Scalar):
        items = fields.items(name)
        if not all(isinstance(item, Scalar) for item in items):
            raise fields.error(line, f"{name!r} must be a list of numbers", f"write `{name}: [100, 1000]`")
        text = ", ".join(item.text for item in items if isinstance(item, Scalar))
    elif isinstance(node, Mapping):
        raise fields.error(line, f"{name!r} must be one value", f"write `{name}: value`")
    else:
        text = fields.text(name) or ""
    if not text.strip():
        raise fields.error(line, f"{name!r} is empty", "give it a value or leave it out")
    place = f"{fields.origin}:{line}"
    return Given(text, f"{place}: {name!r}", place)
