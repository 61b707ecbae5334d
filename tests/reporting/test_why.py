"""The words of changes and anomalies."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from llmcost.analysis.anomalies import Anomalies, DearRequest, Episode, Explained
from llmcost.analysis.variance import CAUSES, Row, Variance
from llmcost.core.instants import DAY_US, to_us
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.protocol import Basis, PricedRecord, StoredRequest
from llmcost.reporting import why
from llmcost.reporting.numbers import usd

NOON = to_us(datetime(2026, 11, 18, 22, tzinfo=UTC))
DAY = to_us(datetime(2026, 11, 18, tzinfo=UTC))
USD = 10**9


def row(change: int, **causes: int) -> Row:
    return Row("a\x1b[31m", "p", "m\u202e", dict.fromkeys(CAUSES, 0) | causes, change, 0)


def test_rows_of_a_variance() -> None:
    rows = why.variance_rows(
        Variance({}, (row(5 * USD, price=USD, volume=4 * USD), row(USD, unpriced=USD), row(0, mix=0))), None
    )
    assert rows == [
        ("a�[31m", "m�", "+$5.00", "+$1.00", "+$4.00", "", "", ""),
        ("a�[31m", "m�", "+$1.00", "no price", "", "", "", ""),
    ]


def test_small_causes_are_not_told() -> None:
    causes = dict.fromkeys(CAUSES, 0) | {"price": -100 * USD, "mix": USD, "new": USD - 1}
    assert why.told(Variance(causes, ())) == [("price", -100 * USD), ("mix", USD)]


@pytest.mark.parametrize(
    ("start", "end", "text", "command"),
    [
        (DAY, DAY + DAY_US, "18 Nov", "--since 2026-11-18 --until 2026-11-19"),
        (DAY, DAY + 3 * DAY_US, "18 Nov - 20 Nov", "--since 2026-11-18 --until 2026-11-21"),
        (NOON, NOON + 3_600_000_000, "18 Nov 22:00 - 23:00", "--since 2026-11-18T22:00 --until 2026-11-18T23:00"),
    ],
)
def test_when_and_where_to_look(start: int, end: int, text: str, command: str) -> None:
    episode = Episode("chat'; rm -rf ~", start, end, 30 * USD, 12 * USD, (Explained("model", "m", 9 * USD),))
    assert why.when(episode, UTC) == text
    assert why.drill(episode, UTC) == f"llmcost requests {command} --where 'app=chat'\"'\"'; rm -rf ~'"
    assert why.episode_rows([episode], UTC, None)[0][2:] == ("$30.00", "$12.00", "2.5x", "model m (+$9.00)")


def test_a_local_day_of_23_hours_is_a_day() -> None:
    zone = ZoneInfo("Europe/Berlin")
    start, end = (to_us(datetime(2026, 3, day, tzinfo=zone).astimezone(UTC)) for day in (29, 30))
    assert why.when(Episode("a", start, end, 1, 1, ()), zone) == "29 Mar"


def test_dear_requests() -> None:
    stored = StoredRequest(
        PricedRecord(Record(NOON, "openai:1", "openai", "gpt", Usage(), app=""), 25 * USD // 10, (), Basis("c")), 1
    )
    dear = DearRequest(stored, Fraction(USD), Fraction(USD, 2))
    assert why.request_rows([dear], UTC, 1) == [("(not set)", "11-18 22:00:00", "gpt", "$2.50", "2.5x", "openai:1")]
    assert why.over(dear._replace(p95=Fraction(0))) == "n/a"
    assert why.dear_sentence(Anomalies((dear,), 1, 25 * USD // 10)) == (
        "1 request above twice the 95th percentile of their app ($2.50)"
    )
    assert usd(why.rounded(Fraction(5, 2))) == "$0.000000002"
