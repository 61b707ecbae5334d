"""Scenario files: the inputs of a comparison in YAML, strict."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.breakeven.fields import MODES, SECTIONS, TELLTALE, TRAFFIC, Given, Mode
from llmcost.core.errors import UsageError
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.tree import Mapping, Scalar, parse

#: Of the traffic, what every section may repeat, because it is one volume that the modes are compared at.
_VOLUME = ("input_tokens", "output_tokens", "mix", "volumes_M")


class Scenario(NamedTuple):
    traffic: dict[str, Given]
    modes: dict[Mode, dict[str, Given]]
    """Inputs by mode; those above the sections hold for each mode that knows them."""
    stated: frozenset[Mode]
    """Modes the file describes: what it leaves out there costs nothing. Others keep their defaults."""


def read(text: str, origin: str) -> Scenario:
    """The scenario in `text`; `origin` names the file in errors.

    Raises:
        ConfigError: not YAML, an unknown key, a value that is no text.
        UsageError: two sections disagree about the volume.
    """
    every = {**TRAFFIC, **{name: field for fields in SECTIONS.values() for name, field in fields.items()}}
    root = Fields(parse(text, origin), origin, ("version", "note", *MODES, *every), "a scenario")
    if (version := root.text("version")) not in (None, "1"):
        raise root.error(root.line_of("version"), f"unknown version {version!r}", "this llmcost reads version 1")
    traffic: dict[str, Given] = {}
    modes: dict[Mode, dict[str, Given]] = {mode: {} for mode in MODES}
    stated: set[Mode] = set()
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
                raise UsageError(
                    f"{given.place} {given.text[:40]!r} contradicts {other.place} {other.text[:40]!r}",
                    "modes are compared at one volume: state it once",
                )
    return Scenario(traffic, modes, frozenset(stated))


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
