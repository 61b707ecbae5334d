"""A request that goes out is written so that it can be charged by somebody else."""

from __future__ import annotations

import pytest

from llmcost.core.errors import UsageError
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.live.unsettled import charged, dimensions_of, most_usage, written

RECORD = Record(
    7, "~x", "acme", "one", Usage(input=5, output=2), app="shop", user="o'hara", partial=True, tags=(("k", "中"),)
)


def test_what_was_written_is_charged_whole_and_marked() -> None:
    row = charged(written(RECORD, 9))
    assert row.record == RECORD._replace(status="unknown")
    assert (row.cost, sum(row.parts), row.basis.assumed) == (9, 9, True)


def test_dimensions_by_their_other_names() -> None:
    assert dimensions_of({"env": "prod", "user_id": "ann"}) == {"environment": "prod", "user": "ann"}
    for name in ("app_id", "source", "tag.k"):
        with pytest.raises(UsageError, match="set otherwise"):
            dimensions_of({name: "x"})


def test_the_most_a_request_may_use() -> None:
    assert most_usage(5, 0, or_cost=False) == Usage(input=5)
    assert most_usage(None, 4, or_cost=True) == Usage(output=4)
    with pytest.raises(UsageError, match="is not known"):
        most_usage(5, None, or_cost=False)
    with pytest.raises(UsageError, match="negative"):
        most_usage(5, -1, or_cost=True)
