"""The live view as it is drawn."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC

import pytest

from llmcost.analysis.live_view import Frame, frame
from llmcost.core.instants import DAY_US
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.measures import Amounts
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.reporting.columns import width_of
from llmcost.reporting.console import render
from llmcost.reporting.live_view import line, screen, sparkline
from tests.reporting.weekly_samples import HOSTILE, MONDAY, rows, weekly

NOW = MONDAY - DAY_US + 10_800_000_100


def seen(names: tuple[str, str] = ("chat", "客服助手"), now: int = NOW) -> Frame:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add(rows(names, user=names[0]), ledger.begin_batch("test", MONDAY))
        return frame(ledger, now, UTC)


def drawn(found: Frame, width: int = 80) -> str:
    return render(screen(found, weekly().budgets, width), width=width, color=False)


def test_a_screen() -> None:
    text = drawn(seen())
    assert "$24.00  today, 2 requests" in text
    assert "$24.00 this minute, $24.00 in the last hour" in text
    assert re.search(r"chat +\$21\.00 +87\.5%", text)
    assert re.search(r"all +month .* breach", text)
    assert re.search(r"12:00:00 +客服助手 +claude-haiku-4-5 +\$3\.00 +1\.5M +chat", text)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_it_fits(width: int) -> None:
    text = drawn(seen(("a-name-of-an-application-that-is-rather-long", "客服助手" * 9)), width)
    assert max(map(width_of, text.splitlines())) <= max(width, 60)


def test_a_line() -> None:
    assert line(seen()) == "12:00:00  today $24.00 (2 requests), this minute $24.00"
    quiet = seen(now=MONDAY - 3 * DAY_US)
    assert line(quiet) == "09:00:00  today unpriced (1 request, 1 without a price), this minute $0.00"


def test_without_requests_it_says_how_old_the_newest_is() -> None:
    assert "the newest request is 4d 11h old" in drawn(seen(now=MONDAY + 4 * DAY_US - 32_400_000_000))


def test_a_mark_a_minute() -> None:
    assert sparkline(tuple(Amounts(cost=cost) for cost in (0, 1, 50, 99, 100))) == " ▁▄██"
    assert sparkline((Amounts(), Amounts())) == "  "


@pytest.mark.parametrize("text", HOSTILE)
def test_names_command_no_terminal(text: str) -> None:
    for made in (drawn(seen((text, f"{text}2"))), line(seen((text, f"{text}2")))):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\u2066]", made)
