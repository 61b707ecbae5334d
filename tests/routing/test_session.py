from __future__ import annotations

from llmcost.core.instants import SECOND_US
from llmcost.core.usage import Usage
from llmcost.routing.judged import LastCall
from llmcost.routing.session import last_call
from tests.budgets.rows import ledger, row, us
from tests.estimate.books import book

LATE = us("2026-05-31T23:59:00Z")
ROWS = (
    row("2026-05-31T23:50:00Z", "a", 1, session="s", provider="openai", model="gpt-5", id="openai:1"),
    row("2026-05-31T23:58:00Z", "a", 1, session="s", provider="openai", model="gpt-4o", id="openai:2",
        usage=Usage(input=100, cached=900, output=50)),
    row("2026-05-31T23:58:30Z", "a", 1, session="t", provider="openai", model="gpt-4o-mini", id="openai:3"),
    row("2026-05-31T23:59:30Z", "a", 1, session="s", provider="openai", model="gpt-5", id="openai:4"),
)  # fmt: skip


def test_the_last_request_up_to_now_and_what_is_cached_of_it() -> None:
    found = last_call(ledger(*ROWS), book(), "s", now_us=LATE, cache_us=300 * SECOND_US)
    assert found == LastCall("openai", "gpt-4o", 1_000)


def test_a_cache_that_has_expired_holds_nothing() -> None:
    found = last_call(ledger(*ROWS), book(), "s", now_us=LATE, cache_us=59 * SECOND_US)
    assert found == LastCall("openai", "gpt-4o", 0)
    assert last_call(ledger(*ROWS), book(), "s", now_us=LATE, cache_us=60 * SECOND_US) == LastCall(
        "openai", "gpt-4o", 1_000
    )


def test_a_session_that_is_not_known_or_not_priced() -> None:
    assert last_call(ledger(*ROWS), book(), "x", now_us=LATE, cache_us=SECOND_US) is None
    unpriced = ledger(row("2026-05-31T23:58:00Z", "a", None, session="s"))
    assert last_call(unpriced, book(), "s", now_us=LATE, cache_us=SECOND_US) is None
