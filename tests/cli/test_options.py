"""The common options: before and after the subcommand, the nearest wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import COMMON, command, group, single
from llmcost.core.errors import UsageError

GIVEN: dict[str, tuple[list[str], Any]] = {
    "ledger": (["--ledger", "a.db"], "a.db"),
    "prices": (["--prices", "p.yaml"], "p.yaml"),
    "as_of": (["--as-of", "2026-11-24"], "2026-11-24"),
    "tz": (["--tz", "Asia/Shanghai"], "Asia/Shanghai"),
    "format": (["--format", "csv"], "csv"),
    "json": (["--json"], True),
    "output": (["--output", "o.txt"], "o.txt"),
    "quiet": (["--quiet"], True),
    "no_color": (["--no-color"], True),
}
SHORT = {"output": ["-o", "o.txt"], "quiet": ["-q"]}


@pytest.fixture
def given() -> Callable[..., dict[str, Any]]:
    """What a command under two groups gets, as a function of the command line."""
    seen: list[dict[str, Any]] = []

    def leaf(env: Env, own: str = "") -> None:
        seen.append(dict(env.given))

    inner = group()
    inner.command("leaf")(command(leaf))
    inner.command("other")(command(leaf))
    outer = group()
    outer.add_typer(inner, name="inner")
    line = typer.main.get_command(outer)

    def run(*arguments: str) -> dict[str, Any]:
        seen.clear()
        line.main(args=list(arguments), prog_name="test", standalone_mode=False)
        return seen[0]

    return run


def test_the_common_options_are_all_tried_here() -> None:
    assert GIVEN.keys() == COMMON.keys()


@pytest.mark.parametrize("name", GIVEN)
def test_an_option_counts_wherever_it_stands(name: str, given: Callable[..., dict[str, Any]]) -> None:
    words, value = GIVEN[name]
    expected = {name: value}
    assert given(*words, "inner", "leaf") == expected
    assert given("inner", *words, "leaf") == expected
    assert given("inner", "leaf", *words) == expected
    if name in SHORT:
        assert given("inner", "leaf", *SHORT[name]) == expected
        assert given(*SHORT[name], "inner", "leaf") == expected


def test_nothing_given_is_nothing(given: Callable[..., dict[str, Any]]) -> None:
    assert given("inner", "leaf") == {}


def test_the_nearest_wins(given: Callable[..., dict[str, Any]]) -> None:
    assert given("--tz", "a", "inner", "--tz", "b", "leaf", "--tz", "c") == {"tz": "c"}
    assert given("--tz", "a", "inner", "--tz", "b", "leaf") == {"tz": "b"}
    assert given("--tz", "a", "inner", "leaf", "--ledger", "l", "-q") == {"tz": "a", "ledger": "l", "quiet": True}
    assert given("inner", "leaf", "--tz", "a", "--tz", "b") == {"tz": "b"}


def test_json_is_a_format_and_the_nearest_wins_too(given: Callable[..., dict[str, Any]]) -> None:
    assert given("--json", "inner", "leaf", "--format", "csv") == {"format": "csv"}
    assert Env(given("--format", "csv", "inner", "leaf", "--json")).format == "json"
    assert Env(given("inner", "leaf", "--json", "--format", "json")).format == "json"
    with pytest.raises(UsageError) as caught:
        given("inner", "leaf", "--json", "--format", "csv")
    assert caught.value.message == "--json and --format csv exclude each other"


@pytest.mark.parametrize("name", [name for name, (words, _) in GIVEN.items() if len(words) == 2])
def test_an_empty_value_is_an_error_not_the_default(name: str, given: Callable[..., dict[str, Any]]) -> None:
    option = GIVEN[name][0][0]
    for line in ([option, "", "inner", "leaf"], ["inner", "leaf", f"{option}="]):
        with pytest.raises(UsageError) as caught:
            given(*line)
        assert caught.value.message == f"{option} is empty"


def test_an_own_option_replaces_the_common_one() -> None:
    seen: list[Any] = []

    def add(env: Env, output: str = "") -> int:
        seen.append((env.given, output))
        return 5

    app = typer.main.get_command(single(add))
    assert app.main(args=["--output", "10", "-q"], prog_name="test", standalone_mode=False) == 5
    assert seen == [({"quiet": True}, "10")]
    with pytest.raises(Exception, match="-o"):
        app.main(args=["-o", "10"], prog_name="test", standalone_mode=False)
