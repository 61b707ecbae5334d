"""Charges as FOCUS 1.2 (https://focus.finops.org), CSV. docs/focus.md says which column holds what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Context, Decimal
from typing import NamedTuple
from urllib.parse import quote

from llmcost.analysis.focus import ADJUSTMENT, FEES, REPORTED_COST, Charge, month_bounds
from llmcost.core.instants import from_us
from llmcost.core.money import FEMTO_PER_USD
from llmcost.core.text import printable
from llmcost.reporting.cells import csv_line

COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency",
    "BillingPeriodStart", "BillingPeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
    "ChargePeriodStart", "ChargePeriodEnd", "CommitmentDiscountCategory", "CommitmentDiscountId",
    "CommitmentDiscountName", "CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType",
    "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice",
    "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory",
    "PricingCurrency", "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId",
    "RegionName", "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails",
    "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType", "Tags", "x_ModelId", "x_TokenType",
)  # fmt: skip
METERS = {
    "input": "Input Tokens", "cached": "Cached Input Tokens", "write_5m": "Cache Write Tokens",
    "write_1h": "1 Hour Cache Write Tokens", "input_audio": "Input Audio Tokens",
    "cached_audio": "Cached Input Audio Tokens", "input_image": "Input Image Tokens", "output": "Output Tokens",
    "reasoning": "Reasoning Tokens", "output_audio": "Output Audio Tokens", "output_image": "Output Image Tokens",
    "web_searches": "Web Searches", FEES: "Request Fees", REPORTED_COST: "Reported Cost", ADJUSTMENT: "Rounding",
}  # fmt: skip
#: Every printable character of ASCII but %.
_PLAIN = "".join(map(chr, range(32, 127))).replace("%", "")
#: What a reader that guesses a column's type takes for a number, a time or nothing, if every name in it is like that.
_TYPED = re.compile(
    r"[0-9 .,:+/TZeE_-]*[0-9][0-9 .,:+/TZeE_-]*|true|false|nan|inf(inity)?|null|invalid(_\w*)?|bad_date", re.IGNORECASE
)
#: More digits than any amount has.
_EXACT = Context(prec=60)
_MILLION = 10**6


class Account(NamedTuple):
    """Who is billed, which no log says."""

    id: str = "default"
    name: str = ""


def lines(charges: Iterable[Charge], account: Account) -> Iterator[str]:
    """The header and one line per charge."""
    yield csv_line(COLUMNS)
    for charge in charges:
        values = _values(charge, account)
        yield csv_line(values.get(name, "") for name in COLUMNS)


def _values(charge: Charge, account: Account) -> dict[str, str]:
    s = charge.service
    first, following = month_bounds(charge.month)
    provider, model = _name(s.provider) or "unknown", _ascii(s.model)
    meter = METERS[charge.kind]
    amount = _decimal(charge.amount, FEMTO_PER_USD)
    values = {
        "BilledCost": amount, "EffectiveCost": amount, "ListCost": amount, "ContractedCost": amount,
        "BillingAccountId": _ascii(account.id), "BillingAccountName": _ascii(account.name or account.id),
        "BillingAccountType": "Organization", "BillingCurrency": "USD",
        "BillingPeriodStart": _time(first), "BillingPeriodEnd": _time(following),
        "ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"{model} {meter}".strip(),
        "ChargePeriodStart": _time(charge.start), "ChargePeriodEnd": _time(charge.end),
        "InvoiceId": f"PROVISIONAL-{first_day(first)}", "InvoiceIssuerName": provider,
        "PricingCurrency": "USD", "PricingCurrencyEffectiveCost": amount,
        "ProviderName": provider, "PublisherName": provider,
        "RegionId": _name(s.region), "RegionName": _name(s.region),
        "ServiceCategory": "AI and Machine Learning", "ServiceName": f"{provider} API",
        "ServiceSubcategory": "Generative AI", "x_ModelId": model, "x_TokenType": charge.kind,
    }  # fmt: skip
    if s.app:
        values |= {"SubAccountId": _name(s.app), "SubAccountName": _name(s.app), "SubAccountType": "App"}
    named = (("app", s.app), ("team", s.team), ("environment", s.environment), ("project", s.project),
             ("user", s.user))  # fmt: skip
    values["Tags"] = _json({name: printable(text) for name, text in named if text})
    if charge.kind == ADJUSTMENT:
        return values | {"ChargeCategory": "Adjustment", "ChargeDescription": "Rounding of each request"}
    sku = f"{provider}/{model}/{charge.kind}"
    details = {"x_Model": model, "x_TokenType": charge.kind, "x_ServiceTier": _ascii(s.tier)}
    return values | _priced(charge) | {
        "PricingCategory": "Standard", "SkuId": sku, "SkuMeter": meter, "SkuPriceDetails": _json(details),
        "SkuPriceId": f"{sku}/{_ascii(s.tier)}/{charge.price_id or 'reported'}/{charge.rate or 0}",
    }  # fmt: skip


def _priced(charge: Charge) -> dict[str, str]:
    """Quantities and unit prices, of which unit price x quantity is the amount exactly."""
    if charge.rate is None:
        # What only a log told has no price per token: one charge at its own amount.
        consumed, unit, quantity = charge.units, "Requests", _decimal(1, 1)
        pricing, price = "Units", _decimal(charge.amount, FEMTO_PER_USD)
    elif charge.kind in {"web_searches", FEES}:
        consumed, unit, quantity = charge.units, "Requests", _decimal(charge.units, 1)
        pricing, price = "Requests", _decimal(charge.rate, FEMTO_PER_USD)
    else:
        consumed, unit, quantity = charge.units, "Tokens", _decimal(charge.units, _MILLION)
        pricing, price = "1000000 Tokens", _decimal(charge.rate * _MILLION, FEMTO_PER_USD)
    return {
        "ConsumedQuantity": _decimal(consumed, 1), "ConsumedUnit": unit, "PricingQuantity": quantity,
        "PricingUnit": pricing, "ListUnitPrice": price, "ContractedUnitPrice": price,
        "PricingCurrencyListUnitPrice": price, "PricingCurrencyContractedUnitPrice": price,
    }  # fmt: skip


def _decimal(numerator: int, denominator: int) -> str:
    """A plain decimal that always has a point: a column of whole numbers would be taken for integers."""
    text = f"{_EXACT.divide(Decimal(numerator), Decimal(denominator)):f}"
    return text if "." in text else f"{text}.0"


def _time(us: int) -> str:
    return f"{from_us(us):%Y-%m-%dT%H:%M:%SZ}"


def first_day(us: int) -> str:
    """The month of a time, as an invoice has it: 2026-11."""
    return f"{from_us(us):%Y-%m}"


def _ascii(text: str) -> str:
    """FOCUS's strings are ASCII: other characters, and %, are written as in an address."""
    text = printable(text)
    return text if text.isascii() and "%" not in text else quote(text, safe=_PLAIN)


def _name(text: str) -> str:
    """`_ascii`, that no reader takes for something else than text: its first character is written as in an address."""
    text = _ascii(text)
    return f"%{ord(text[0]):02X}{text[1:]}" if _TYPED.fullmatch(text) else text


def _json(values: dict[str, str]) -> str:
    return json.dumps(values)
