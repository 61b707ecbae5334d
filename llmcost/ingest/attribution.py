"""Whose a request is where its log does not say: rules over what the log does say.

A rule is `{"match": {FIELD: PATTERN, …}, "app": …, "team": …, "environment": …}`. Patterns are a shell's (`*` stands
for anything, `/` included), case counts, and all of a rule's have to fit. Of each name the first rule that fits and
gives it counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Any, NamedTuple

from llmcost.core.errors import ConfigError, UsageError, nearest
from llmcost.core.text import clean_field, printable
from llmcost.ledger.protocol import Names
from llmcost.sources import source_named

#: What a rule may match, and the field of `Names` it stands for: a log's path is the folder its session worked in.
MATCHED = {
    "path": "project", "project": "project", "branch": "branch", "machine": "machine", "source": "source",
    "user": "user", "provider": "provider", "model": "model",
}  # fmt: skip
#: What a rule gives.
GIVEN = ("app", "environment", "team")
MAX_RULES = 1_000
_MAX_PATTERN = 1_000
_REMEMBERED = 10_000


class Rule(NamedTuple):
    match: tuple[tuple[str, re.Pattern[str]], ...]
    """(field of `Names`, pattern)."""
    app: str = ""
    environment: str = ""
    team: str = ""

    def fits(self, names: Names) -> bool:
        return all(pattern.match(getattr(names, field)) for field, pattern in self.match)


class Rules:
    """Rules in their order."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = tuple(rules)
        self.fill = lru_cache(_REMEMBERED)(self._fill)

    def _fill(self, names: Names) -> Names:
        """`names` with what the rules give for those that are empty."""
        for rule in self.rules:
            if rule.fits(names):
                found = {field: getattr(rule, field) for field in GIVEN}
                names = names._replace(**{f: v for f, v in found.items() if v and not getattr(names, f)})
        return names

    @property
    def given(self) -> dict[str, set[str]]:
        """field -> the names the rules give."""
        return {field: {getattr(rule, field) for rule in self.rules} - {""} for field in GIVEN}


def parse_rules(raw: Any, where: str, home: str) -> Rules:
    """The rules of a configuration file; `~` in a path is `home`.

    Raises:
        ConfigError: something else than rules, naming `where` and the rule.
    """
    if not isinstance(raw, list) or not all(isinstance(rule, Mapping) for rule in raw):
        raise ConfigError(f"{where}: attribution is not a list of rules", "write each as [[attribution]]")
    if len(raw) > MAX_RULES:
        raise ConfigError(f"{where}: {len(raw):,} attribution rules", f"at most {MAX_RULES:,} are read")
    return Rules([_rule(rule, f"{where}: attribution rule {number}", home) for number, rule in enumerate(raw, 1)])


def _rule(raw: Mapping[str, Any], where: str, home: str) -> Rule:
    for key in raw:
        if key != "match" and key not in GIVEN:
            raise ConfigError(
                f"{where}: unknown key {key!r}{nearest(key, (*GIVEN, 'match'))}", f"use match, {', '.join(GIVEN)}"
            )
    match = raw.get("match")
    if not isinstance(match, Mapping) or not match:
        raise ConfigError(f"{where}: it has no match", 'write match = {path = "~/code/shop*"}, or another')
    given = {field: _text(raw[field], f"{where}: {field}", clean_field) for field in GIVEN if field in raw}
    if not given:
        raise ConfigError(f"{where}: it gives nothing", f"add one of {', '.join(GIVEN)}")
    patterns = []
    for name, pattern in match.items():
        if name not in MATCHED:
            raise ConfigError(
                f"{where}: cannot match {name!r}{nearest(name, MATCHED)}", f"use one of {', '.join(MATCHED)}"
            )
        text = _text(pattern, f"{where}: {name}")
        if MATCHED[name] == "project" and (text == "~" or text.startswith("~/")):
            text = home.rstrip("/") + text[1:]
        patterns.append((MATCHED[name], re.compile(translate(text))))
    return Rule(tuple(patterns), **given)


def _text(value: object, where: str, clean: Callable[[str], str] = printable) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _MAX_PATTERN or clean(value) != value:
        raise ConfigError(f"{where} is not a name: {str(value)[:80]!r}", "write it as text, on one line")
    return value


@lru_cache(100)
def default_app(source: str) -> str:
    """What an ingest calls the app of a source's requests where nothing names one."""
    try:
        return source_named(source).default_app
    except UsageError:
        return ""
