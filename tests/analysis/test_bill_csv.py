"""Bills written down: taken whole, or refused with the line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmcost.analysis.bill_csv import read
from llmcost.core.errors import DataError, UsageError
from llmcost.core.instants import DAY_US
from llmcost.core.usage import Usage

DAY = 1_793_577_600_000_000  # 2026-11-02T00:00:00Z


def test_lines_with_and_without_counts() -> None:
    text = (
        "date,provider,model,cost_usd,input_tokens,cached_input_tokens,output_tokens,requests,line_item\n"
        "2026-11-02,OpenAI,gpt-4o,1.2345678901234567890,100,40,10,3,\n"
        "2026-11-02,openai,,-0.5,,,,,Promo credit\n"
    )
    first, second = read(text.splitlines(), "bill.csv")
    assert (first.start, first.end, first.provider, first.model) == (DAY, DAY + DAY_US, "openai", "gpt-4o")
    assert (first.cost, first.currency, first.requests) == (Decimal("1.2345678901234567890"), "USD", 3)
    assert first.usage == Usage(input=60, cached=40, output=10)
    assert (second.cost, second.usage, second.requests, second.line_item) == (
        Decimal("-0.5"),
        None,
        None,
        "Promo credit",
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-13-01,openai,1", "bill.csv:2: "), ("2026-11-02,openai,nan", "bill.csv:2: not an amount"),
        ("2026-11-02,openai,=1+1", "bill.csv:2: not an amount"), ("2026-11-02,openai,1e400", "bill.csv:2: "),
        ("2026-11-02,openai,9999999999999", "bill.csv:2: not an amount"), (",,", "bill.csv:2: "),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_refuses_the_bill(row: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(["date,provider,cost_usd", row], "bill.csv")


def test_columns() -> None:
    with pytest.raises(UsageError, match="no column 'provider'"):
        read(["date,cost_usd"], "bill.csv")
    with pytest.raises(UsageError, match="an unknown column 'usd'"):
        read(["date,provider,cost_usd,usd"], "bill.csv")
    with pytest.raises(UsageError, match="two columns 'cost_usd'"):
        read(["date,provider,cost_usd,cost_usd", "2026-11-02,openai,1,2"], "bill.csv")
    with pytest.raises(DataError, match=r"bill\.csv:2: more cells than columns"):
        read(["date,provider,cost_usd", "2026-11-02,openai,1,234"], "bill.csv")
    with pytest.raises(DataError, match="not a count"):
        read(["date,provider,cost_usd,requests", "2026-11-02,openai,1,-3"], "bill.csv")
    with pytest.raises(UsageError):
        read([], "bill.csv")
