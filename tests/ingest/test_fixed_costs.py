"""Entries of cost as people write them."""

from __future__ import annotations

import io
from datetime import date
from fractions import Fraction

import pytest

from llmcost.core.errors import DataError, UsageError
from llmcost.ingest.fixed_costs import entry, read, weights
from llmcost.ledger.costs import FixedCost, Share

GPU = {"name": "gpu", "category": "infrastructure", "amount_usd": "2400", "per": "month", "start": "2026-01-01"}


def test_an_entry_from_its_fields() -> None:
    assert entry(GPU) == FixedCost("gpu", "infrastructure", 2400 * 10**9, "month", date(2026, 1, 1))
    made = entry({**GPU, "amount_usd": "-0.000000001", "end": "2026-01-01", "where": "env=; app = a b"}, ["user=u;v"])
    assert (made.amount, made.end) == (-1, date(2026, 1, 1))
    assert made.where == (("environment", ""), ("app", "a b"), ("user", "u;v"))
    by_hand = entry({**GPU, "to": "app_id=a:60,b:c:0.5"})
    assert (by_hand.rule, by_hand.shares) == (
        "manual", (Share("app", "a", Fraction(60)), Share("app", "b:c", Fraction(1, 2))),
    )  # fmt: skip
    seat = entry({**GPU, "category": "", "user": "ann", "tool": "codex"})
    assert (seat.category, seat.user, seat.tool, seat.rule) == ("seat", "ann", "codex", "tokens")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"name": " "}, "a cost without a name"),
        ({"category": ""}, "no category"),
        ({"category": "infra"}, "unknown category 'infra'"),
        ({"category": "seat"}, "gpu: a seat is a person's for a tool"),
        ({"user": "ann"}, "gpu: a user and a tool are a seat's, not of infrastructure"),
        ({"amount_usd": "2,400"}, "not an amount in USD: '2,400'"),
        ({"amount_usd": ""}, "not an amount in USD: ''"),
        ({"amount_usd": "NaN"}, "not an amount in USD: 'NaN'"),
        ({"amount_usd": "0.0000000001"}, "not an amount in USD: '0.0000000001'"),
        ({"amount_usd": "1e9"}, "not an amount in USD: '1e9'"),
        ({"per": "year"}, "unknown unit 'year'"),
        ({"start": ""}, "no start"),
        ({"start": "2026-02-30"}, "not a day: '2026-02-30'"),
        ({"start": "0001-01-01"}, "not a day: '0001-01-01' is outside the years 2000-2099"),
        ({"end": "2025-12-31"}, "gpu ends on 2025-12-31, before it starts on 2026-01-01"),
        ({"allocate": "token"}, "unknown rule 'token'; did you mean 'tokens'?"),
        ({"allocate": "manual"}, "gpu: weights are for the rule manual, and it needs them"),
        ({"allocate": "even", "to": "app=a:1"}, "gpu: weights are for the rule manual, and it needs them"),
        ({"to": "app=a:1", "where": "app=a"}, "gpu: weights and a filter exclude each other"),
        ({"where": "app"}, "a filter that is not DIMENSION=VALUE: 'app'"),
        ({"where": "ap=x"}, "unknown dimension 'ap'"),
    ],
)
def test_what_cannot_be_meant_is_refused(changed: dict[str, str], error: str) -> None:
    with pytest.raises(UsageError) as refused:
        entry({**GPU, **changed})
    assert refused.value.message.startswith(error)


@pytest.mark.parametrize("text", ["app", "app=", "app=a", "app=a:0", "app=a:-1", "app=a:x", "app=a:1,", "app:1"])
def test_weights_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="not weights of a dimension"):
        weights(text)


def test_a_value_has_one_weight() -> None:
    with pytest.raises(UsageError, match="a value has two weights"):
        weights("app=a:1,a:2")


def test_a_file_is_read_in_any_order_of_columns() -> None:
    text = "start, per,amount_usd,category,name,to\n2026-01-01,month,2400,infrastructure,gpu,\n"
    text += '2026-02-01,once,-5,inference,\'=x,"app=a:1,b:2"\n'
    gpu, credit = read(io.StringIO(text), "c.csv")
    assert gpu == entry(GPU)
    assert (credit.name, credit.amount, len(credit.shares)) == ("=x", -5 * 10**9, 2)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("name,category\n", "c.csv has no column 'amount_usd'"),
        ("name,category,amount_usd,per,start,team\n", "c.csv has an unknown or second column 'team'"),
        ("name,category,amount_usd,per,start,name\n", "c.csv has an unknown or second column 'name'"),
        ("", "c.csv has no column 'name'"),
    ],
)
def test_columns_are_checked(text: str, error: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(io.StringIO(text), "c.csv")
    assert refused.value.message == error


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("gpu,infrastructure,x,month,2026-01-01", "c.csv:3: not an amount in USD: 'x'"),
        ("b,infrastructure,1,month", "c.csv:3: no start"),
        ("a,operations,2,day,2026-01-01", "c.csv:3: a second 'a' from 2026-01-01"),
        ("b,infrastructure,1,month,2026-01-01,more", "c.csv:3: more cells than columns"),
        ('b,"infra', "c.csv is no CSV: unexpected end of data"),
    ],
)
def test_a_file_is_taken_whole_or_not_at_all(line: str, error: str) -> None:
    text = "name,category,amount_usd,per,start\na,operations,1,day,2026-01-01\n" + line
    with pytest.raises(DataError) as refused:
        read(io.StringIO(text), "c.csv")
    assert refused.value.message == error
