"""Cloud bills: FOCUS of every version, and AWS CUR 2.0."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.billed import Billed
from llmcost.core.record import Problem
from llmcost.core.usage import Usage
from llmcost.sources import detect
from llmcost.sources.reader import LogFile

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
START, END = 1_777_593_600_000_000, 1_777_680_000_000_000

FOCUS = {
    "BilledCost": "1.123456789012345678", "EffectiveCost": "1", "ListCost": "2", "ContractedCost": "1",
    "BillingCurrency": "EUR", "BillingAccountId": "acct", "BillingPeriodStart": "2026-05-01T00:00:00Z",
    "BillingPeriodEnd": "2026-06-01T00:00:00Z",
    "ChargePeriodStart": "2026-05-01T00:00:00Z", "ChargePeriodEnd": "2026-05-02T00:00:00Z", "ChargeCategory": "Usage",
    "ChargeDescription": "claude-sonnet-4-5 Input Tokens", "ProviderName": "Anthropic",
    "ServiceName": "Claude API", "ServiceCategory": "AI and Machine Learning", "ConsumedQuantity": "1500.0",
    "ConsumedUnit": "Tokens", "SubAccountId": "proj", "RegionId": "eu-west-1", "Tags": "{}",
    "SkuPriceDetails": '{"x_Model": "claude-sonnet-4-5", "x_ServiceTier": "batch"}',
}  # fmt: skip
CUR = {
    "bill_payer_account_id": "111", "bill_billing_period_start_date": "2026-05-01T00:00:00Z",
    "line_item_usage_account_id": "222", "line_item_usage_start_date": "2026-05-01T00:00:00Z",
    "line_item_usage_end_date": "2026-05-02T00:00:00Z", "line_item_product_code": "AmazonBedrock",
    "line_item_usage_type": "USE1-Claude4.5Sonnet-input-tokens", "line_item_usage_amount": "12.5",
    "line_item_unblended_cost": "0.0375", "line_item_currency_code": "USD", "pricing_unit": "1K tokens",
    "line_item_line_item_description": "", "product_region_code": "us-east-1", "product_model": "Claude 4.5 Sonnet",
}  # fmt: skip


def read(*rows: dict[str, str]) -> tuple[list[Billed], list[tuple[int, str]], int]:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    file = LogFile(io.BytesIO(out.getvalue().encode()), "bill.csv")
    source = detect(file)
    assert source is not None
    assert source.name == "focus"
    items: list[Any] = list(source.read(file))
    problems = [(item.line, item.reason) for item in items if isinstance(item, Problem)]
    return [item for item in items if isinstance(item, Billed)], problems, file.ignored


def test_a_line_of_focus() -> None:
    assert read(FOCUS) == ([
        Billed(
            "focus", "focus/Anthropic/acct/2026-05-01T00:00:00Z", START, END, "anthropic",
            Decimal("1.123456789012345678"), "EUR", Usage(input=1500), None, Decimal("1500.0"), "Tokens",
            "claude-sonnet-4-5", "batch", "acct", "proj", "", "eu-west-1", "claude-sonnet-4-5 Input Tokens",
        )
    ], [], 0)  # fmt: skip


@pytest.mark.parametrize(
    ("version", "without", "beside"),
    [
        ("1.0", ("SkuPriceDetails",), {"SkuMeter": ""}),
        ("1.1", (), {"SkuMeter": "Input Tokens", "ChargeDescription": ""}),
        ("1.2", (), {"x_TokenType": "input", "x_ModelId": "claude-sonnet-4-5", "ChargeDescription": "what"}),
        ("1.3", ("ProviderName",), {"ServiceProviderName": "Anthropic", "HostProviderName": "AWS"}),
        ("1.4", ("ProviderName", "PublisherName"), {"ServiceProviderName": "Anthropic"}),
    ],
)
def test_the_columns_of_each_version(version: str, without: tuple[str, ...], beside: dict[str, str]) -> None:
    row = {name: value for name, value in FOCUS.items() if name not in without} | beside
    (line,), problems, ignored = read(row)
    assert (problems, ignored) == ([], 0)
    assert (line.provider, line.cost, line.usage) == ("anthropic", Decimal("1.123456789012345678"), Usage(input=1500))
    assert line.model == ("" if version == "1.0" else "claude-sonnet-4-5")


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        ("Input Tokens", Usage(input=1500)), ("Output Tokens", Usage(output=1500)),
        ("Cached Input Tokens", Usage(cached=1500)), ("cache_read_input", Usage(cached=1500)),
        ("Cache Write Input Tokens", Usage(write_5m=1500)), ("cache-creation", Usage(write_5m=1500)),
        ("Cache Write 1h", Usage(write_1h=1500)), ("1-hour cache write", Usage(write_1h=1500)),
        ("Reasoning Output", Usage(reasoning=1500)), ("Images", None),
    ],
)  # fmt: skip
def test_which_tokens_a_line_counts(said: str, usage: Usage | None) -> None:
    assert read({**FOCUS, "ChargeDescription": said})[0][0].usage == usage


@pytest.mark.parametrize(
    ("quantity", "unit", "tokens"),
    [
        ("1.5", "1K tokens", 1500), ("1.5", "1000 Tokens", 1500), ("0.0015", "1M Tokens", 1500),
        ("0.0015", "1,000,000 tokens", 1500),
        ("1.5", "thousand tokens", 1500), ("1500", "Token", 1500), ("1500.5", "Tokens", None), ("-3", "Tokens", None),
        ("1500", "Hrs", None), ("", "Tokens", None), ("1500", "2 dozen tokens", None),
    ],
)  # fmt: skip
def test_tokens_are_told_where_the_unit_is_tokens(quantity: str, unit: str, tokens: int | None) -> None:
    (line,), problems, _ = read({**FOCUS, "ConsumedQuantity": quantity, "ConsumedUnit": unit})
    assert not problems
    assert line.usage == (None if tokens is None else Usage(input=tokens))


def test_other_services_are_left_out_and_counted() -> None:
    compute = {**FOCUS, "ServiceCategory": "Compute", "ServiceName": "Amazon Elastic Compute Cloud"}
    bedrock = {**FOCUS, "ServiceCategory": "Other", "ServiceName": "Amazon Bedrock"}
    lines, problems, ignored = read(compute, bedrock)
    assert (len(lines), problems, ignored) == (1, [], 1)


def test_bedrocks_lines_of_a_cur() -> None:
    kinds = {"input": "input", "output": "output", "cache-read-input": "cached", "cache-write-input": "write_5m"}
    rows = [{**CUR, "line_item_usage_type": f"USE1-Claude4.5Sonnet-{kind}-tokens"} for kind in kinds]
    lines, problems, ignored = read(
        *rows, {**CUR, "line_item_product_code": "AmazonEC2", "line_item_usage_type": "Box"}
    )
    assert (problems, ignored) == ([], 1)
    assert [line.usage for line in lines] == [Usage(**{bucket: 12_500}) for bucket in kinds.values()]
    assert lines[0] == Billed(
        "focus", "cur/111/2026-05-01T00:00:00Z", START, END, "bedrock", Decimal("0.0375"), "USD",
        Usage(input=12_500), None, Decimal("12.5"), "1K tokens", "Claude 4.5 Sonnet", "", "111", "222", "", "us-east-1",
        "USE1-Claude4.5Sonnet-input-tokens",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"BilledCost": ""}, "a line without its cost"),
        ({"BilledCost": "NULL"}, "the cost is no number: 'NULL'"),
        ({"BillingCurrency": "eur"}, "not a currency: 'eur'"),
        ({"ChargePeriodStart": ""}, "no timestamp"),
        ({"ChargePeriodEnd": "05/01/2026"}, "not a timestamp: '05/01/2026'"),
        ({"ConsumedQuantity": "many"}, "ConsumedQuantity is no number: 'many'"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_line(change: dict[str, str], why: str) -> None:
    lines, problems, _ = read(FOCUS, {**FOCUS, **change}, FOCUS)
    assert len(lines) == 2
    assert problems == [(3, why)]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
def test_the_samples_of_every_version() -> None:
    for path in sorted((SHARED / "samples" / "focus_csv").glob("focus-1.*.csv")):
        with closing(LogFile.open(path)) as file:
            source = detect(file)
            assert source is not None
            assert (source.name, list(source.read(file)), file.ignored) == ("focus", [], 4)
    with closing(LogFile.open(SHARED / "focus" / "llm_tokens_focus12.csv")) as file:
        source = detect(file)
        assert source is not None
        lines: list[Any] = list(source.read(file))
    assert sum(line.cost for line in lines) == Decimal("11.8750")
    assert [line.usage for line in lines] == [
        Usage(input=1_500_000), Usage(cached=500_000), Usage(output=250_000), Usage(output=1_000_000)
    ]  # fmt: skip


def test_a_line_without_its_product_is_of_no_model() -> None:
    assert read({**CUR, "line_item_product_code": "", "line_item_usage_type": "x"}) == ([], [], 1)


def test_without_a_billing_period_a_line_is_restated_with_its_month() -> None:
    january = {**FOCUS, "BillingPeriodStart": "", "ChargePeriodStart": "2026-01-31T00:00:00Z"}
    february = {**january, "ChargePeriodStart": "2026-02-01T00:00:00Z", "ChargePeriodEnd": "2026-02-02T00:00:00Z"}
    lines, _, _ = read({**january, "ChargePeriodEnd": "2026-02-01T00:00:00Z"}, february)
    assert [line.scope.rpartition("/")[2] for line in lines] == ["2026-01", "2026-02"]
