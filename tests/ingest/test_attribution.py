"""Rules that say whose a request is."""

from __future__ import annotations

from typing import Any

import pytest

from llmcost.core.errors import ConfigError
from llmcost.ingest.attribution import Rules, parse_rules
from llmcost.ledger.protocol import Names

BARE = Names(
    "anthropic", "claude-opus-4-5", "", "", "", "ana@x", "/home/ana/code/shop", "main", "laptop", "claude-code"
)


def rules(*raw: dict[str, Any]) -> Rules:
    return parse_rules(list(raw), "config.toml", "/home/ana")


def given(names: Names = BARE, *raw: dict[str, Any]) -> tuple[str, str, str]:
    found = rules(*raw).fill(names)
    assert found._replace(app=names.app, environment=names.environment, team=names.team) == names
    return found.app, found.environment, found.team


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"path": "/home/ana/code/shop"}, True),
        ({"path": "~/code/*"}, True),
        ({"project": "~/code/**"}, True),
        ({"path": "~"}, False),
        ({"path": "/home/ana/code/sho"}, False),
        ({"path": "/home/ana/code/shop/*"}, False),
        ({"path": "/HOME/*"}, False),
        ({"model": "claude-*"}, True),
        ({"model": "claude-*-4-[45]", "user": "ana@*"}, True),
        ({"model": "claude-*", "user": "bob@*"}, False),
        ({"branch": "main", "machine": "lap?op", "source": "claude-code", "provider": "anthropic"}, True),
        ({"branch": "ma"}, False),
        ({"model": ".*"}, False),
    ],
)
def test_what_fits(match: dict[str, str], fits: bool) -> None:
    assert given(BARE, {"match": match, "app": "shop"}) == ("shop" if fits else "", "", "")


def test_of_each_name_the_first_rule_that_gives_it_counts_and_what_is_known_stays() -> None:
    raw = (
        {"match": {"user": "ana@*"}, "team": "web"},
        {"match": {"path": "*/shop"}, "app": "shop", "team": "ops", "environment": "dev"},
        {"match": {"path": "*"}, "app": "rest", "environment": "rest"},
    )
    assert given(BARE, *raw) == ("shop", "dev", "web")
    assert given(BARE._replace(project="/elsewhere"), *raw) == ("rest", "rest", "web")
    assert given(BARE._replace(app="own", team="t"), *raw) == ("own", "dev", "t")
    assert rules(*raw).given == {"app": {"shop", "rest"}, "environment": {"dev", "rest"}, "team": {"web", "ops"}}


def test_without_rules_nothing_changes() -> None:
    assert given() == ("", "", "")


@pytest.mark.parametrize(
    ("raw", "error", "hint"),
    [
        ({}, "config.toml: attribution is not a list of rules", "[[attribution]]"),
        ([1], "config.toml: attribution is not a list of rules", "[[attribution]]"),
        ([{"app": "a"}], "config.toml: attribution rule 1: it has no match", "match"),
        ([{"match": {}, "app": "a"}], "config.toml: attribution rule 1: it has no match", "match"),
        ([{"match": "x", "app": "a"}], "config.toml: attribution rule 1: it has no match", "match"),
        ([{"match": {"model": "m"}}], "config.toml: attribution rule 1: it gives nothing", "app"),
        (
            [{"match": {"model": "m"}, "app": "a"}, {"match": {"modle": "m"}, "app": "a"}],
            "config.toml: attribution rule 2: cannot match 'modle'; did you mean 'model'?", "user",
        ),
        ([{"match": {"model": 4}, "app": "a"}], "config.toml: attribution rule 1: model is not a name: '4'", "text"),
        ([{"match": {"model": " "}, "app": "a"}], "config.toml: attribution rule 1: model is not a name: ' '", "text"),
        (
            [{"match": {"model": "m\n"}, "app": "a"}], "config.toml: attribution rule 1: model is not a name: 'm\\n'",
            "text",
        ),
        ([{"match": {"model": "m"}, "app": ""}], "config.toml: attribution rule 1: app is not a name: ''", "text"),
        (
            [{"match": {"model": "m"}, "app": "\x1b[2J"}],
            "config.toml: attribution rule 1: app is not a name: '\\x1b[2J'", "text",
        ),
        ([{"match": {"model": "m"}, "ap": "a"}], "config.toml: attribution rule 1: unknown key 'ap'; did you", "team"),
        ([{"match": {"model": "m"}, "app": "a"}] * 1_001, "config.toml: 1,001 attribution rules", "1,000"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_named(raw: Any, error: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_rules(raw, "config.toml", "/home/ana")
    assert caught.value.message.startswith(error)
    assert hint in caught.value.hint


def test_a_hostile_pattern_ends_soon() -> None:
    fitting = rules({"match": {"path": "*a" * 400 + "b"}, "app": "x"})
    assert fitting.fill(BARE._replace(project="a" * 512)).app == ""
