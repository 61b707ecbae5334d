"""The options that say which requests."""

from __future__ import annotations

import pytest

from llmcost.cli.period import filters, with_values
from llmcost.core.errors import UsageError
from tests.run import llmcost


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (["--week"], ["--week=complete"]),
        (["report", "--day", "--json"], ["report", "--day=complete", "--json"]),
        (["--month=current"], ["--month=current"]),
        (["--weekly", "--last", "3d"], ["--weekly", "--last", "3d"]),
        (["route", "--", "--week"], ["route", "--", "--week"]),
        (["--month", "--", "--day", "--"], ["--month=complete", "--", "--day", "--"]),
        ([], []),
    ],
)
def test_a_bare_week_is_the_complete_one(given: list[str], seen: list[str]) -> None:
    assert with_values(given) == seen


def test_filters() -> None:
    assert filters(None) == ()
    assert filters(["app=chat", " user =a=b", "team=", "tag.k= v "]) == (
        ("app", "chat"), ("user", "a=b"), ("team", ""), ("tag.k", " v "),
    )  # fmt: skip


@pytest.mark.parametrize("bad", ["app", "", "=x", " =x", "app:x"])
def test_a_filter_needs_a_dimension_and_a_value(bad: str) -> None:
    with pytest.raises(UsageError, match="is not DIMENSION=VALUE"):
        filters([bad])


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--day", "--week"], "--day and --week exclude each other"),
        (["--last", "3d", "--since", "2026-01-01"], "--last and --since/until exclude each other"),
        (["--week=nxt"], "unknown --week 'nxt'"),
        (["--last", "soon"], "not a time span: 'soon'"),
        (["--since", "tomorrow"], "not a time: 'tomorrow'"),
        (["--since", "2026-02-01", "--until", "2026-02-01"], "the period from 2026-02-01 to 2026-02-01 is empty"),
        (["--until", "2026-02-01"], "--until without --since"),
        (["--where", "app"], "--where 'app' is not DIMENSION=VALUE"),
    ],
)
def test_a_wrong_period_is_told_before_the_ledger_is_looked_for(options: list[str], error: str) -> None:
    for command in ("requests", "export"):
        ran = llmcost(command, *options)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.splitlines()[0] == f"error: {error}"
