"""Cloud bills: FOCUS 1.0 to 1.4 as CSV, and AWS CUR 2.0 as CSV, of which only the lines of language models are read.

A line is one of them by FOCUS's service category `AI and Machine Learning` or by the name of a service known to serve
models; in a CUR by `AmazonBedrock` or "Bedrock" in its usage type. Input, output, cache reads and cache writes are
lines of their own: which one a line is, its token type, meter or description says, and tokens are told where its unit
is tokens. The cost is what was billed (`BilledCost`, `line_item_unblended_cost`). Lines of one account and billing
period, as an export holds them, replace those of an earlier export of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from llmcost.core.billed import Billed
from llmcost.core.providers import canonical_provider
from llmcost.core.record import Problem
from llmcost.core.usage import MAX_TOKENS, Usage
from llmcost.sources.delimited import delimiter_of, header_of, rows
from llmcost.sources.each import moment
from llmcost.sources.pages import decimal
from llmcost.sources.parsed import shown, text
from llmcost.sources.reader import LogFile, Source

Cells = Mapping[str, str]
_FOCUS = {"BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd"}
_CUR = {"line_item_unblended_cost", "line_item_usage_start_date", "line_item_product_code"}
_MODELS = re.compile(r"bedrock|openai|anthropic|claude|gemini|vertex|mistral|cohere|generative ai", re.IGNORECASE)
#: What a line counts, the narrower first.
_KINDS = tuple(
    (bucket, re.compile(pattern, re.IGNORECASE))
    for bucket, pattern in (
        ("write_1h", r"cache[\W_]*writ\w*[\W_]*1[\W_]*h|1[\W_]*h(?:our)?[\W_]*cache[\W_]*writ"),
        ("write_5m", r"cache[\W_]*(?:writ|creat)"),
        ("cached", r"cache[\W_]*(?:read|hit)|cached"),
        ("reasoning", r"reasoning"),
        ("output", r"output|completion"),
        ("input", r"input|prompt"),
    )
)
_UNIT = re.compile(r"(?:([0-9,]+|1?[km]|thousand|million) ?)?tokens?", re.IGNORECASE)
_SCALES = {"": 1, "k": 1_000, "1k": 1_000, "thousand": 1_000, "m": 10**6, "1m": 10**6, "million": 10**6}


def sniff(file: LogFile) -> bool:
    first = _first(file)
    return b"\x00" not in first and _kind(set(header_of(first.decode("utf-8", "replace")))) is not None


def _first(file: LogFile) -> bytes:
    return file.head.lstrip().split(b"\n", 1)[0].strip()


def _kind(names: set[str]) -> Callable[[LogFile, Cells], Billed | None] | None:
    return _focus if names >= _FOCUS else _cur if names >= _CUR else None


def read(file: LogFile) -> Iterator[Billed | Problem]:
    header: list[str] = []
    one = None
    for row in rows(file.raw_lines(), delimiter_of(_first(file).decode("utf-8", "replace"))):
        if isinstance(row, Problem):
            yield row
        elif row.problem:
            yield file.problem(row.line, row.problem)
        elif one is None:
            header, one = row.cells, _kind(set(row.cells))
            twice = next((name for name in header if header.count(name) > 1), None)
            if one is None or twice is not None:
                yield file.problem(
                    row.line, "not the header of a bill" if one is None else f"two columns {shown(twice)}"
                )
                return
        else:
            cells = {name: cell.strip() for name, cell in zip(header, row.cells, strict=True) if cell.strip()}
            try:
                line = one(file, cells)
            except ValueError as error:
                yield file.problem(row.line, str(error))
                continue
            if line is None:
                file.ignored += 1
            else:
                yield line


def _focus(file: LogFile, cells: Cells) -> Billed | None:
    service = cells.get("ServiceName", "")
    if cells.get("ServiceCategory") != "AI and Machine Learning" and not _MODELS.search(service):
        return None
    details = _details(cells.get("SkuPriceDetails", ""))
    issuer = cells.get("ServiceProviderName") or cells.get("ProviderName") or cells.get("PublisherName") or ""
    described = text(cells.get("ChargeDescription")) or text(cells.get("SkuMeter"))
    said = (cells.get("x_TokenType") or details.get("x_TokenType") or "", cells.get("SkuMeter", ""), described)
    quantity = decimal(cells.get("ConsumedQuantity"), "ConsumedQuantity")
    unit = text(cells.get("ConsumedUnit"))
    if quantity is None:
        quantity, unit = decimal(cells.get("PricingQuantity"), "PricingQuantity"), text(cells.get("PricingUnit"))
    account = text(cells.get("BillingAccountId"))
    return Billed(
        "focus", f"focus/{issuer[:80]}/{account}/{_month(cells, 'BillingPeriodStart', 'ChargePeriodStart')}",
        moment(file, cells.get("ChargePeriodStart")), moment(file, cells.get("ChargePeriodEnd")),
        canonical_provider(text(issuer)), _cost(cells.get("BilledCost")), _currency(cells.get("BillingCurrency")),
        _usage(quantity, unit, said), None, quantity, unit,
        text(cells.get("x_ModelId") or details.get("x_Model") or details.get("x_ModelId") or ""),
        text(details.get("x_ServiceTier") or ""), account, text(cells.get("SubAccountId")), "",
        text(cells.get("RegionId")), described or text(service),
    )  # fmt: skip


def _cur(file: LogFile, cells: Cells) -> Billed | None:
    kind = cells.get("line_item_usage_type", "")
    described = text(cells.get("line_item_line_item_description"))
    if cells.get("line_item_product_code") != "AmazonBedrock" and not re.search(
        "bedrock", f"{kind} {described}", re.IGNORECASE
    ):
        return None
    quantity = decimal(cells.get("line_item_usage_amount"), "line_item_usage_amount")
    unit = text(cells.get("pricing_unit"))
    payer = text(cells.get("bill_payer_account_id"))
    start = moment(file, cells.get("line_item_usage_start_date"))
    end = cells.get("line_item_usage_end_date")
    return Billed(
        "focus", f"cur/{payer}/{_month(cells, 'bill_billing_period_start_date', 'line_item_usage_start_date')}", start,
        moment(file, end) if end else start, "bedrock", _cost(cells.get("line_item_unblended_cost")),
        _currency(cells.get("line_item_currency_code")), _usage(quantity, unit, (kind, described)), None, quantity,
        unit, text(cells.get("product_model") or ""), "", payer, text(cells.get("line_item_usage_account_id")), "",
        text(cells.get("product_region_code")), text(kind) or described,
    )  # fmt: skip


def _month(cells: Cells, period: str, charge: str) -> str:
    """The billing period a line is restated with; where it names none, the month of its charge."""
    return cells.get(period, "")[:40] or cells.get(charge, "")[:7]


def _cost(cell: str | None) -> Decimal:
    cost = decimal(cell, "the cost")
    if cost is None:
        raise ValueError("a line without its cost")
    return cost


def _currency(cell: str | None) -> str:
    if not re.fullmatch("[A-Z]{3}", cell or ""):
        raise ValueError(f"not a currency: {shown(cell or '')}")
    return str(cell)


def _usage(quantity: Decimal | None, unit: str, said: tuple[str, ...]) -> Usage | None:
    """Tokens, where the unit is tokens and something says which they are; None else."""
    found = _UNIT.fullmatch(unit)
    if quantity is None or found is None:
        return None
    size = (found[1] or "").lower().replace(",", "")
    scale = _SCALES.get(size) or (int(size) if size.isdigit() else 0)
    tokens = quantity * scale
    if tokens != tokens.to_integral_value() or not 0 <= tokens <= MAX_TOKENS:
        return None
    for words in said:
        for bucket, pattern in _KINDS:
            if pattern.search(words):
                return Usage(**{bucket: int(tokens)})
    return None


def _details(cell: str) -> dict[str, str]:
    try:
        found = json.loads(cell) if cell else {}
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


SOURCE = Source("focus", sniff, read)
