"""Outcomes joined with what they cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.outcomes import Outcome, outcomes, read
from llmcost.core.errors import DataError, UsageError
from llmcost.ledger.measures import Group
from tests.analysis.test_variance import sums


def group(key: str, nano: int, requests: int = 1) -> Group:
    return Group((key,), sums(requests, input=(1, nano)))


def test_cost_per_success_counts_failures_too() -> None:
    given_ = {key: Outcome(key, state="failed" if key == "c" else "succeeded") for key in ("a", "b", "c", "absent")}
    groups = [group("a", 10), group("b", 20), group("c", 30), group("", 5), group("other", 7, 3)]
    found = outcomes(given_, "branch", groups)
    assert [(each.outcome.key, each.cost) for each in found.told] == [("c", 30), ("b", 20), ("a", 10)]
    assert found.per_outcome == 30
    assert (found.lost, found.without_cost) == (30, 1)
    assert (found.unattributed, found.unattributed_requests) == (12, 4)


def test_without_a_success_there_is_no_cost_of_one() -> None:
    assert outcomes({"a": Outcome("a", state="failed")}, "branch", [group("a", 10)]).per_outcome is None


def test_a_file() -> None:
    found = read(["key,value_usd,status,kind", "fix/1,12.5,merged,pr", "fix/2,,CLOSED,", " fix/3 ,,,"], "o.csv")
    assert found == {
        "fix/1": Outcome("fix/1", 12_500_000_000, "succeeded", "pr"), "fix/2": Outcome("fix/2", None, "failed"),
        "fix/3": Outcome("fix/3"),
    }  # fmt: skip


@pytest.mark.parametrize("line", ["a,=1+1", ",1", "a,1e99", "a,-1", "a,1,2"])
def test_a_line_that_cannot_be_read(line: str) -> None:
    with pytest.raises(DataError, match=r"o\.csv:[23]: "):
        read(["key,value_usd", *line.split("\n")], "o.csv")


def test_two_of_one_key_are_one() -> None:
    found = read(["key,status,value_usd", "a,closed,1", "a,merged,2", "b,open,", "b,closed,"], "o.csv")
    assert found == {"a": Outcome("a", 3 * 10**9), "b": Outcome("b", None, "open")}


def test_an_unknown_status_is_no_success() -> None:
    with pytest.raises(DataError, match="unknown status 'fialed'; did you mean 'failed'"):
        read(["key,status", "a,fialed"], "o.csv")


def test_what_is_open_is_neither() -> None:
    given_ = {"a": Outcome("a"), "b": Outcome("b", state="open")}
    found = outcomes(given_, "branch", [group("a", 10), group("b", 90)])
    assert found.per_outcome == 10
    assert (len(found.succeeded), found.lost, found.unattributed) == (1, 0, 0)


def test_names_meet_as_the_ledger_keeps_them() -> None:
    assert [*read(["key", "a\x00b"], "o.csv")] == ["a\ufffdb"]


def test_columns() -> None:
    for header in ("value_usd", "key,colour", "key,key", ""):
        with pytest.raises(UsageError):
            read([header], "o.csv")


_given = st.dictionaries(st.sampled_from("abcd"), st.booleans())
_costs = st.dictionaries(st.sampled_from(["", *"abcdef"]), st.integers(0, 99))


@given(_given, _costs)
def test_told_and_unattributed_are_all_of_it(failures: dict[str, bool], costs: dict[str, int]) -> None:
    told = {key: Outcome(key, state="failed" if failed else "open") for key, failed in failures.items()}
    found = outcomes(told, "user", [group(*each) for each in costs.items()])
    assert sum(each.cost for each in found.told) + found.unattributed == sum(costs.values())
