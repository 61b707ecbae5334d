"""Our own check of FOCUS 1.2's rules, those that its validator passes over among them."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import closing
from decimal import Context, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from llmcost.analysis.focus import Charges
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.reporting.focus import COLUMNS, Account, lines
from tests.analysis.test_focus import T0, row
from tests.reporting.weekly_samples import HOSTILE
from tests.run import llmcost

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingCurrencyEffectiveCost")
NEVER_NULL = (
    *COSTS, "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency", "BillingPeriodStart",
    "BillingPeriodEnd", "ChargeCategory", "ChargeDescription", "ChargeFrequency", "ChargePeriodStart",
    "ChargePeriodEnd", "InvoiceIssuerName", "PricingCurrency", "ProviderName", "PublisherName", "ServiceCategory",
    "ServiceName", "ServiceSubcategory",
)  # fmt: skip
OF_USE = (
    "ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit", "PricingCategory", "ListUnitPrice",
    "ContractedUnitPrice", "SkuId", "SkuPriceId", "SkuMeter", "SkuPriceDetails", "PricingCurrencyListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
)  # fmt: skip


_EXACT = Context(prec=60)


def exported(*usages: Usage, **fields: Any) -> list[dict[str, str]]:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        rows = [row(T0 + at * 86_400_000_000, usage, **fields) for at, usage in enumerate(usages)]
        ledger.add(rows, ledger.begin_batch("test", T0))
        text = "".join(
            lines(Charges(ledger.requests(Query(0, 2**62), order="time", limit=None)), Account("org-1", "组织"))
        )
    assert tuple(next(csv.reader(io.StringIO(text)))) == COLUMNS
    return list(csv.DictReader(io.StringIO(text)))


def obeys(found: dict[str, str]) -> None:
    for name in NEVER_NULL:
        assert found[name], name
    for name in COSTS:
        assert re.fullmatch(r"-?[0-9]+\.[0-9]+", found[name]), "a plain decimal with a point"
        assert found[name] == found["BilledCost"]
    for name in (each for each in COLUMNS if each.endswith(("PeriodStart", "PeriodEnd"))):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", found[name]), "UTC, with its Z"
    assert (
        found["BillingPeriodStart"]
        <= found["ChargePeriodStart"]
        < found["ChargePeriodEnd"]
        <= found["BillingPeriodEnd"]
    )
    assert found["BillingPeriodStart"][8:10] == found["BillingPeriodEnd"][8:10] == "01"
    assert bool(found["RegionId"]) == bool(found["RegionName"])
    assert bool(found["SubAccountId"]) == bool(found["SubAccountName"]) == bool(found["SubAccountType"])
    assert isinstance(json.loads(found["Tags"]), dict)
    assert all(value.isascii() for value in found.values())
    assert not [name for name in COLUMNS if name.startswith("CommitmentDiscount") and found[name]]
    if found["ChargeCategory"] != "Usage":
        assert found["ChargeCategory"] == "Adjustment"
        assert not [name for name in OF_USE if found[name]]
        return
    for name in OF_USE:
        assert found[name], name
    for unit in ("ListUnitPrice", "ContractedUnitPrice"):
        assert _EXACT.multiply(Decimal(found[unit]), Decimal(found["PricingQuantity"])) == Decimal(found["ListCost"])
    assert found["SkuPriceId"].startswith(found["SkuId"] + "/")
    assert all(name.startswith("x_") for name in json.loads(found["SkuPriceDetails"]))
    assert found["PricingUnit"] in {"1000000 Tokens", "Requests", "Units"}


def test_every_rule_of_ours() -> None:
    usages = (Usage(input=3, cached=5, output=7), Usage(input=101, web_searches=2), Usage(output=10**9))
    found = exported(*usages, app="聊天", region="eu")
    for each in found:
        obeys(each)
    assert [each["SkuMeter"] for each in found[:4]] == [
        "Cached Input Tokens", "Request Fees", "Input Tokens", "Output Tokens"
    ]  # fmt: skip
    assert found[0]["SubAccountId"] == "%E8%81%8A%E5%A4%A9"
    assert json.loads(found[0]["Tags"]) == {"app": "聊天"}
    assert (found[0]["BillingAccountId"], found[0]["BillingAccountName"]) == ("org-1", "%E7%BB%84%E7%BB%87")


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_text(text: str) -> None:
    for found in exported(Usage(input=3, output=1), app=text, team=text, model=text, provider=text, region=text):
        obeys(found)
        assert not [cell for cell in found.values() if re.match(r"[=+@\t\r]|-(?![0-9])", cell)]
        assert not [cell for cell in found.values() if re.search("[\x00-\x1f\x7f]", cell)]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("12345", "%312345"), ("-1.5e9", "%2D1.5e9"), ("2026-10-01", "%32026-10-01"), ("TRUE", "%54RUE"),
        ("2026-10-01T00:00:00Z", "%32026-10-01T00:00:00Z"), ("null", "%6Eull"), ("INVALID_COST", "%49NVALID_COST"),
        ("v2", "v2"), ("eu-west-1", "eu-west-1"), ("nullable", "nullable"), ("...", "..."),
    ],
)  # fmt: skip
def test_names_are_no_numbers_to_a_reader_that_guesses(name: str, written: str) -> None:
    for found in exported(Usage(input=3), app=name, region=name):
        obeys(found)
        if found["ChargeCategory"] == "Usage":
            cells = [found[column] for column in ("SubAccountId", "SubAccountName", "RegionId", "RegionName")]
            assert cells == [written] * 4
            assert unquote(written) == name == json.loads(found["Tags"])["app"]


def test_it_is_typed_written_and_read_back(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(
        "version: 1\nmodels:\n  - {model: m, provider: openai, input: 2.5, output: 10.1234567}\n"
    )
    log = [
        {"timestamp": f"2026-10-0{day}T12:00:00Z", "request_id": f"r{day}", "provider": "openai", "model": model,
         "app": "chat", "input_tokens": 1_001, "output_tokens": 7}
        for day, model in ((1, "m"), (2, "m"), (3, "mystery"))
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, log)))
    options = ["--ledger", str(tmp_path / "l.db"), "--prices", str(tmp_path / "prices.yaml"), "--as-of", "2026-11-23",
               "--tz", "UTC"]  # fmt: skip
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *options).code == 0
    bill = tmp_path / "bill.csv"
    ran = llmcost("export", "--format", "focus", "--account", "org-1=Example Ltd", "--output", str(bill), *options)
    assert (ran.code, ran.err) == (0, "not in it, for want of a price: 1 request\n")
    again = ["--ledger", str(tmp_path / "again.db"), *options[2:]]
    assert llmcost("ingest", str(bill), *again).code == 0
    billed = llmcost("report", "--basis", "billed", "--month", "--json", *again).json
    spent = llmcost("report", "--month", "--json", *options).json
    assert billed["total"]["costs"] == {"USD": spent["summary"]["cost_usd"]}
    wrong = llmcost("export", "--format", "focus", "--account", "=x", *options)
    assert (wrong.code, wrong.err.splitlines()[0]) == (2, "error: --account '=x' has no id")
