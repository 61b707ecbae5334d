"""Each kind of waste, once; and what caches saved, by the rates of the card."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis import waste as module
from llmcost.analysis.waste import Waste, Wasted, waste
from llmcost.core.record import Record
from llmcost.core.usage import BUCKETS, Usage
from llmcost.ledger.protocol import Basis, PricedRecord, StoredRequest
from llmcost.pricing.card import Card

MINUTE = 60_000_000
#: Nano-dollars a token.
RATES = {"input": 1000, "cached": 100, "write_5m": 1250, "write_1h": 2000, "output": 5000}
CARD = Card("anthropic", "c", "standard", ((0, tuple(RATES.get(b, 0) * 10**6 or None for b in BUCKETS)),))
BASIS = Basis(CARD.card_id, "exact", "test", json.dumps(CARD.as_dict()))


def row(minute: float, usage: Usage = Usage(output=1), **fields: Any) -> StoredRequest:  # noqa: B008 - a value
    record = Record(int(minute * MINUTE), f"p:{minute}", "anthropic", "c", usage)._replace(**fields)
    costed = CARD.cost(usage)
    assert costed is not None
    return StoredRequest(PricedRecord(record, *costed, BASIS), 1)


LATE = 10**15


def told(*rows: StoredRequest, until: int = LATE) -> dict[str, tuple[int, int]]:
    return {name: each[:2] for name, each in waste(rows, until).categories.items() if each.requests}


def test_failures_and_streams_cut_off() -> None:
    assert told(row(0, status="error"), row(1, partial=True), row(2)) == {"errors": (1, 5000), "abandoned": (1, 5000)}


def test_a_prompt_asked_again_within_ten_minutes() -> None:
    asked: dict[str, Any] = {"prompt_digest": "d", "app": "a"}
    assert told(row(0, **asked), row(10, **asked), row(20.1, **asked)) == {"retries": (1, 5000)}
    assert told(row(0, **asked), row(1, **{**asked, "app": "b"}), row(2, prompt_digest="e"), row(3), row(4)) == {}
    # After a failure it is no retry of ours to have: the failure itself is the waste.
    assert told(row(0, status="error", **asked), row(1, **asked)) == {"errors": (1, 5000)}


def test_cache_writes_nobody_read() -> None:
    write = Usage(write_5m=100, output=1)
    assert told(row(0, write, session="s")) == {"unread_cache_writes": (1, 100 * 250)}
    assert told(row(0, write, session="s"), row(4, Usage(cached=100), session="s")) == {}
    # Too late, or by another session.
    for later in (row(6, Usage(cached=100), session="s"), row(4, Usage(cached=100), session="t")):
        assert told(row(0, write, session="s"), later) == {"unread_cache_writes": (1, 25_000)}
    hour = Usage(write_1h=100)
    assert told(row(0, hour, prefix_digest="p"), row(59, Usage(cached=1), prefix_digest="p")) == {}
    assert told(row(0, hour)) == {}, "without a session nobody knows"


def test_writes_of_one_session_add_up_until_they_are_read() -> None:
    write = Usage(write_5m=100)
    rows = [row(0, write, session="s"), row(1, write, session="s"), row(2, write, session="s", partial=True)]
    assert told(*rows) == {"abandoned": (1, 125_000), "unread_cache_writes": (1, 50_000)}


def test_lifetimes_are_judged_apart() -> None:
    hour, short = row(0, Usage(write_1h=100), session="s"), row(1, Usage(write_5m=1), session="s")
    read = row(10, Usage(cached=100), session="s")
    assert told(hour, short, read) == {"unread_cache_writes": (1, 250)}


def test_what_is_still_alive_may_yet_be_read() -> None:
    write = row(0, Usage(write_5m=100), session="s")
    assert told(write, until=5 * MINUTE - 1) == {}
    assert told(write, until=5 * MINUTE) == {"unread_cache_writes": (1, 25_000)}


def test_a_failed_request_reads_a_cache_too() -> None:
    write = row(0, Usage(write_5m=100), session="s")
    assert told(write, row(1, Usage(cached=100), session="s", status="error")) == {"errors": (1, 10_000)}


def test_without_a_price_waste_is_counted_and_not_zero() -> None:
    one = row(0, status="error", session="s")
    bare = one._replace(priced=one.priced._replace(cost=None, parts=(), basis=Basis("unpriced")))
    assert waste([bare], LATE).categories["errors"] == Wasted(1, 0, 1)


def test_what_caches_saved() -> None:
    found = waste([row(0, Usage(write_5m=100, write_1h=10)), row(1, Usage(cached=1000))], LATE)
    assert (found.read, found.written) == (1000 * 900 * 10**6, (100 * 250 + 10 * 1000) * 10**6)
    assert found.saved == 900_000 - 35_000


def test_without_rates_nothing_is_claimed() -> None:
    one = row(0, Usage(cached=1000), session="s")
    bare = one._replace(priced=one.priced._replace(basis=Basis("reported")))
    assert waste([bare], LATE) == Waste(dict.fromkeys(module.CATEGORIES, Wasted()), Wasted(), 0, 0, 1)


def test_five_failures_of_a_session_within_an_hour_are_a_loop() -> None:
    failing = [row(at * 10, status="error", session="s") for at in range(5)]
    assert tuple(waste(failing, LATE).loops)[:2] == (5, 25_000)
    assert tuple(waste([*failing, row(50, status="error", session="s")], LATE).loops)[:2] == (6, 30_000)
    assert tuple(waste([row(at * 20, status="error", session="s") for at in range(9)], LATE).loops)[:2] == (0, 0)
    assert tuple(waste([row(at, status="error") for at in range(9)], LATE).loops)[:2] == (0, 0)


_fields = st.fixed_dictionaries({
    "status": st.sampled_from(["ok", "error"]), "partial": st.booleans(), "session": st.sampled_from(["", "s"]),
    "prompt_digest": st.sampled_from(["", "d"]),
})  # fmt: skip
_usages = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)).map(
    lambda counts: Usage(input=counts[0], cached=counts[1], write_5m=counts[2])
)


@given(st.lists(st.tuples(st.integers(0, 90), _usages, _fields), max_size=15))
def test_no_more_is_wasted_than_was_spent_and_tidying_changes_nothing(
    rows: list[tuple[int, Usage, dict[str, Any]]],
) -> None:
    rows.sort(key=itemgetter(0))
    made = [row(minute + at / 100, usage, **fields) for at, (minute, usage, fields) in enumerate(rows)]
    found = waste(made, LATE)
    assert 0 <= found.total <= sum(each.priced.cost or 0 for each in made)
    often, module._TIDY = module._TIDY, 1
    try:
        assert waste(made, LATE) == found
    finally:
        module._TIDY = often
