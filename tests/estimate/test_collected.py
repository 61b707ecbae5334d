"""Many stretches read at once equal each of them asked alone."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.estimate import collected as module
from llmcost.estimate.collected import Stretch, Where, collected
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.measures import Group
from llmcost.ledger.protocol import PricedRecord, Query
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import DAY, T0, add, distinct_rows, intervals, row, summed

WHERES: tuple[Where, ...] = (
    (("app", "shop"),), (("app", ""),), (("app", "shop"), ("app", "")), (("model", "gpt-4o"), ("user", "o'hara")),
    (("user", "o'hara"), ("model", "gpt-4o")), (("prompt_id", ""),), (("tag.k", "v"), ("status", "ok")),
    (("env", "prod"),), (("app", "absent"),),
)  # fmt: skip
_stretches = st.lists(
    st.builds(lambda where, ends: Stretch(where, *ends), st.sampled_from(WHERES), intervals), max_size=6
)


@pytest.mark.parametrize("filtered", [200, 0])
@given(distinct_rows, _stretches)
def test_every_stretch_has_its_own_totals(filtered: int, rows: list[PricedRecord], stretches: list[Stretch]) -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FILTERED", filtered)
        add(ledger, *rows)
        found = collected(ledger, stretches)
        for stretch, totals in zip(stretches, found, strict=True):
            alone = summed(ledger, Query(stretch.start, stretch.end, ("provider", "model"), stretch.where))
            assert {key: dict(zip(alone[key], sums.values, strict=True)) for key, sums in totals.items()} == alone


def test_no_filters_select_nothing() -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        add(ledger, row())
        assert collected(ledger, [Stretch((), T0, T0 + DAY)]) == [{}]


@pytest.mark.parametrize("prompts", [1, 40])
def test_the_ledger_is_asked_once_a_piece_of_time_however_many_prompts(prompts: int) -> None:
    asked = []

    class Counting(SqliteLedger):
        def sums(self, query: Query) -> list[Group]:
            asked.append(query)
            return []

    with closing(Counting(MEMORY, write=True)) as ledger:
        collected(ledger, [Stretch((("prompt_id", str(n)),), T0, T0 + DAY) for n in range(prompts)])
    assert len(asked) == 1
