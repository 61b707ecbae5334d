"""Amounts of many scopes at once are those of a query each."""

from contextlib import closing
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from llmcost.budgets.amounts import Scope, read
from llmcost.core.instants import QUARTER_US
from llmcost.ledger.measures import ROLLED, Amounts
from llmcost.ledger.protocol import Query
from llmcost.ledger.schema import SERIES
from tests.budgets.rows import ledger, row, us

T0 = us("2026-11-01T00:00:00Z")
SCOPES: list[Scope] = [
    (), (("app", "a"),), (("app", "a"), ("app", "b")), (("app", "a"), ("team", "x")), (("team", "x"), ("team", "")),
    (("user", "u"),), (("app", "a"), ("user", "u")), (("tag.k", "v"),), (("prompt_id", "p"),), (("app", "ghost"),),
]  # fmt: skip
MADE = st.tuples(
    st.integers(0, 40 * QUARTER_US), st.sampled_from("ab"), st.sampled_from(["", "x"]), st.sampled_from(["", "u"]),
    st.booleans(), st.none() | st.integers(0, 99),
)  # fmt: skip


def test_the_quick_dimensions_are_those_of_the_ledgers_series() -> None:
    assert ROLLED == SERIES


@given(
    st.lists(MADE, max_size=12),
    st.lists(st.sampled_from(SCOPES), min_size=1, unique=True),
    st.lists(st.integers(0, 41 * 4), min_size=2, max_size=6, unique=True),
    st.booleans(),
)
def test_amounts_of_many_scopes_are_those_of_a_query_each(
    made: list[tuple[int, str, str, str, bool, int | None]], scopes: list[Scope], quarters: list[int], tokens: bool
) -> None:
    rows = [
        row("2026-11-01T00:00:00Z", app, nano, ts=T0 + at, id=f"acme:{number}", team=team, user=user,
            tags=(("k", "v"),) if tagged else (), prompt_id="p" if tagged else "")
        for number, (at, app, team, user, tagged, nano) in enumerate(made)
    ]  # fmt: skip
    # Each scope has cuts of its own; a quarter of them lie within a quarter-hour.
    cuts = [T0 + quarter * QUARTER_US // 4 * 4 + quarter % 4 // 3 for quarter in sorted(quarters)]
    wanted = {scope: {cuts[0], cuts[-1], *cuts[number % 3 :: 3]} for number, scope in enumerate(scopes)}
    with closing(ledger(*rows)) as store:
        found = read(store, wanted, tokens=tokens)
        assert list(found) == [scope for scope in found if scope in wanted]
        for scope, own in wanted.items():
            expected = []
            for start, end in pairwise(sorted(own)):
                sums = store.sums(Query(start, end, where=scope))[0].sums
                total = sums.usage.tokens if tokens else 0
                expected.append(Amounts(sums["requests"], sums["unpriced"], sums["cost"], total))
            assert found[scope].daily(sorted(own)) == expected
            assert found[scope].between(cuts[0], cuts[-1]) == Amounts(*map(sum, zip(*expected, strict=True)))
