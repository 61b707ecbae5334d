"""The routing policy: candidates, constraints and floors, from a strict YAML file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from llmcost.core.errors import nearest
from llmcost.core.money import nano_from_usd
from llmcost.core.providers import canonical_provider
from llmcost.routing.complexity import LEVELS
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.tree import Node, parse, read_text

CAPABILITIES = ("tools", "vision")
#: Tokens of an answer when nobody says: the article's figure, and the answer says that it is assumed.
OUTPUT_TOKENS = 500

_POLICY_KEYS = ("version", "output_tokens", "min_quality", "max_usd", "require", "quality_floor", "candidates")
_CANDIDATE_KEYS = ("model", "provider", "quality", "context_window", "capabilities")


@dataclass(frozen=True)
class Candidate:
    """A model that may be chosen. None: not known, which is neither zero nor enough."""

    model: str
    provider: str = ""
    quality: Fraction | None = None
    """Prior of a good answer, 0 to 1."""
    context_window: int | None = None
    capabilities: frozenset[str] | None = None
    place: str = ""
    """File and line, for errors."""


@dataclass(frozen=True)
class Policy:
    origin: str
    candidates: tuple[Candidate, ...]
    output_tokens: int | None = None
    min_quality: Fraction = Fraction(0)
    max_nano: int | None = None
    require: frozenset[str] = frozenset()
    floors: tuple[Fraction, ...] = (Fraction(0),) * len(LEVELS)
    """The least quality by complexity, in the order of `LEVELS`."""

    def candidate(self, model: str) -> Candidate:
        """The candidate called `model`; one of which nothing is known where the policy has none."""
        return next((c for c in self.candidates if c.model.lower() == model.lower()), Candidate(model))


def packaged_policy() -> Path:
    """The example shipped with llmcost."""
    return Path(__file__).with_name("routing.yaml")


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        ConfigError: with the file, the line and the value; an unknown key names the nearest valid one.
    """
    return _policy(parse(read_text(path), str(path)), str(path))


def _policy(root: Node, origin: str) -> Policy:
    fields = Fields(root, origin, _POLICY_KEYS, "a routing policy")
    if (version := fields.text("version")) not in {None, "1"}:
        raise fields.error(fields.line_of("version"), f"unknown version {version!r}", "this llmcost reads version 1")
    candidates = tuple(_candidate(node, origin) for node in fields.items("candidates"))
    if not candidates:
        raise fields.error(fields.line_of("candidates"), "no candidates", "list models under `candidates:`")
    seen: set[tuple[str, str]] = set()
    for each in candidates:
        key = (each.provider, each.model.lower())
        if key in seen:
            raise fields.error(
                int(each.place.rsplit(":", 1)[1]), f"model {each.model!r} is listed twice", "remove one of them"
            )
        seen.add(key)
    usd = fields.number("max_usd")
    if usd is not None and usd > 10**6:
        raise fields.error(fields.line_of("max_usd"), f"implausible max_usd: {fields.text('max_usd')}", "USD a request")
    return Policy(
        origin, candidates, fields.count("output_tokens"), _share(fields, "min_quality") or Fraction(0),
        None if usd is None else nano_from_usd(fields.required("max_usd")), _capabilities(fields, "require"),
        _floors(fields),
    )  # fmt: skip


def _floors(fields: Fields) -> tuple[Fraction, ...]:
    node = fields.get("quality_floor")
    if node is None:
        return (Fraction(0),) * len(LEVELS)
    given = Fields(node, fields.origin, LEVELS, "quality_floor")
    floors = tuple(_share(given, level) or Fraction(0) for level in LEVELS)
    if list(floors) != sorted(floors):
        raise given.error(given.line, "quality_floor falls as prompts get harder", "write low <= medium <= high")
    return floors


def _candidate(node: Node, origin: str) -> Candidate:
    fields = Fields(node, origin, _CANDIDATE_KEYS, "a candidate")
    return Candidate(
        fields.required("model"),
        canonical_provider(fields.text("provider") or ""),
        _share(fields, "quality"),
        fields.count("context_window"),
        _capabilities(fields, "capabilities") if fields.has("capabilities") else None,
        f"{origin}:{fields.line}",
    )


def _share(fields: Fields, key: str) -> Fraction | None:
    value = fields.number(key)
    if value is not None and value > 1:
        raise fields.error(
            fields.line_of(key), f"{key!r} must be from 0 to 1: {fields.text(key)}", "write a share such as 0.8"
        )
    return value


def _capabilities(fields: Fields, key: str) -> frozenset[str]:
    names = fields.texts(key)
    for name in names:
        if name not in CAPABILITIES:
            raise fields.error(
                fields.line_of(key),
                f"unknown capability {name!r}{nearest(name, CAPABILITIES)}",
                f"use {', '.join(CAPABILITIES)}",
            )
    return frozenset(names)
