from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.errors import ConfigError
from llmcost.core.instants import parse_timestamp
from llmcost.core.usage import Usage
from llmcost.pricing import yaml_book
from llmcost.pricing.book import PriceBook, Quote
from llmcost.pricing.entry import Entry, Rate
from llmcost.pricing.yaml_book import compile_yaml, load_yaml
from llmcost.yamlfile import tree

PER_MILLION = 10**9
SCHEMA: dict[str, Any] = json.loads(Path(yaml_book.__file__).with_name("schema.json").read_text())


def entry(model: str) -> Entry:
    lines = "\n".join("    " + line for line in model.strip("\n").splitlines())
    text = f"version: 1\nmodels:\n  - model: m\n    provider: p\n{lines}\n"
    return compile_yaml(text, "pricing.yaml", name="own").entries[0]


def quote(model: str, when: str, usage: Usage, tier: str = "standard") -> Quote:
    lines = "\n".join("    " + line for line in model.strip("\n").splitlines())
    text = f"version: 1\nmodels:\n  - model: m\n    provider: p\n{lines}\n"
    book = PriceBook([compile_yaml(text, "pricing.yaml", name="own")])
    return book.quote("p", "m", tier, parse_timestamp(when)[0], usage)


def nano(model: str, when: str, usage: Usage, tier: str = "standard") -> int:
    found = quote(model, when, usage, tier).cost
    assert found is not None
    return found[0]


def test_numbers_are_taken_at_their_text() -> None:
    rates = entry("input: 2.50\ncached_input: 0.1\noutput: 1e1\nreasoning: '3'").prices[0].rates
    assert rates["input"] == Rate(2_500_000_000)
    assert rates["cached"] == Rate(100_000_000)
    assert rates["output"] == Rate(10_000_000_000)
    assert rates["reasoning"] == Rate(3_000_000_000)


def test_every_rate_key_reaches_its_bucket() -> None:
    text = "\n".join(f"{key}: {number}" for number, key in enumerate(yaml_book.RATE_BUCKETS, 1))
    rates = entry(text + "\nper_request: 0.002\nper_web_search: 0.01").prices[0]
    for number, bucket in enumerate(yaml_book.RATE_BUCKETS.values(), 1):
        assert rates.rates[bucket] == Rate(number * PER_MILLION)
    assert rates.rates["web_searches"] == Rate(10**13)
    assert rates.per_request == 2 * 10**12


def test_factors_multiply_exactly_and_round_once() -> None:
    model = """
currency: EUR
fx: {rate: 1.0843, date: 2026-11-02}
discount: 12.5%
regional_multiplier: 1.1
input: 3.33
per_request: 0.01
"""
    found = entry(model)
    assert found.prices[0].rates["input"].base == round(333 * 10843 * 875 * 11 * 10**9 / (100 * 10**4 * 1000 * 10))
    assert found.prices[0].per_request == 9487625000000
    assert "1 EUR = 1.0843 USD on 2026-11-02" in found.note
    assert "12.5% off list" in found.note


def test_self_hosted_price_from_gpu_hours() -> None:
    model = """
self_hosted:
  gpu_hour_usd: 1.5
  gpus: 2
  input_tokens_per_second: 5000
  output_tokens_per_second: 1700
  utilisation: 0.3
"""
    rates = entry(model).prices[0].rates
    assert rates["input"].base == 555_555_556  # 3 / (3600 * 5000 * 0.3) USD per token
    assert rates["output"].base == 1_633_986_928


def test_context_tiers_above_and_from() -> None:
    for bound in ("above: 200000", "from: 200001"):
        model = f"input: 1\noutput: 10\ncontext_tiers:\n  - {{{bound}, input: 2, output: 15}}"
        assert nano(model, "2026-01-01T00:00:00Z", Usage(input=200_000)) == 200_000 * 1000
        assert nano(model, "2026-01-01T00:00:00Z", Usage(input=200_001)) == 200_001 * 2000
        assert nano(model, "2026-01-01T00:00:00Z", Usage(input=200_001, output=1)) == 200_001 * 2000 + 15_000


def test_marginal_context_tiers() -> None:
    model = "input: 1\noutput: 10\ncontext_tiers:\n  - {above: 1000, mode: marginal, input: 2}"
    assert nano(model, "2026-01-01T00:00:00Z", Usage(input=1500)) == 1000 * 1000 + 500 * 2000


TIERED = """
prices:
  - input: 4
    cached_input: 1
    output: 8
    valid_to: 2025-01-01
    tiers:
      batch: {discount: 50%, valid_from: 2024-06-01}
  - input: 2
    cached_input: 1
    output: 6
    valid_from: 2025-01-01
    context_tiers:
      - {above: 100, input: 4}
    tiers:
      batch: {discount: 50%, cached_input: 1}
      priority: {multiplier: 2}
      flex: {input: 1.5}
"""


def test_tiers() -> None:
    usage = Usage(input=10, cached=10, output=10)
    assert nano(TIERED, "2025-02-01T00:00:00Z", usage) == 90_000
    assert nano(TIERED, "2025-02-01T00:00:00Z", usage, "batch") == 10_000 + 10_000 + 30_000
    assert nano(TIERED, "2025-02-01T00:00:00Z", usage, "priority") == 180_000
    assert nano(TIERED, "2025-02-01T00:00:00Z", usage, "flex") == 85_000
    assert nano(TIERED, "2025-02-01T00:00:00Z", Usage(input=200), "batch") == 200 * 2000
    assert nano(TIERED, "2024-07-01T00:00:00Z", usage, "batch") == 65_000


def test_a_tier_with_its_own_start_does_not_hold_before_it() -> None:
    found = quote(TIERED, "2024-05-31T23:59:59Z", Usage(input=10), "batch")
    assert found.cost is not None
    assert found.cost[0] == 40_000
    assert found.priced is not None
    assert "no batch rate" in found.priced.card.note


def test_hours_shield_a_tier_they_do_not_have() -> None:
    model = """
prices:
  - hours: {from: 22:00, to: "06:00", tz: Europe/Berlin, days: [fri, saturday]}
    input: 1
  - input: 2
    tiers:
      batch: {discount: 50%}
"""
    night, day = "2026-11-20T23:00:00Z", "2026-11-20T12:00:00Z"
    assert nano(model, night, Usage(input=1)) == 1000
    assert nano(model, day, Usage(input=1)) == 2000
    assert nano(model, night, Usage(input=1), "batch") == 1000
    assert nano(model, day, Usage(input=1), "batch") == 1000
    assert entry(model).prices[1].hours is not None


BAD = [
    ("ouput: 1", 5, "unknown key 'ouput'; did you mean 'output'?"),
    ("note: x", 3, "has no price"),
    ("cached_input: 1", 3, "neither 'input' nor 'output'"),
    ("input: -1", 5, "cannot be negative"),
    ("input: [1]", 5, "must be text"),
    ("input: {a: 1}", 5, "must be text"),
    ("input: .inf", 5, "not a number"),
    ("input: 1_000", 5, "not a number"),
    ("input: 1:30", 5, "not a number"),
    ("input: 1e999999999", 5, "not a number"),
    ("input: 99999999999", 5, "implausible"),
    ("input: 1\ninput: 2", 6, "given twice"),
    ("input: 1\nvalid_from: 2024-01-02\nvalid_to: 2024-01-02", 7, "is not after"),
    ("input: 1\nvalid_from: 2024-01-02T03:04:05", 6, "not a time"),
    ("input: 1\nvalid_from: 2024-01-02T03:04:05.5Z", 6, "not a time"),
    ("input: 1\nvalid_from: 1824-01-02", 6, "not a time"),
    ("input: 1\nvalid_from: 20240102", 6, "not a time"),
    ("input: 1\nchecked: soon", 6, "not a date"),
    ("input: 1\ncontext_window: 1.5", 6, "whole number"),
    ("input: 1\ncurrency: EUR", 6, "has no 'fx'"),
    ("input: 1\nfx: {rate: 1, date: 2026-01-01}", 6, "currency is USD"),
    ("input: 1\ncurrency: EUR\nfx: {rate: 0, date: 2026-01-01}", 7, "greater than zero"),
    ("input: 1\ncurrency: EUR\nfx: {rate: 1}", 7, "no 'date'"),
    ("input: 1\ndiscount: 100%", 6, "below 100%"),
    ("input: 1\ndiscount: 10", 6, "below 100%"),
    ("input: 1\ndiscount: some", 6, "not a share"),
    ("input: 1\nregional_multiplier: 0", 6, "greater than zero"),
    ("input: 1\nhours: {from: '25:00', to: '01:00'}", 6, "not a time of day"),
    ("input: 1\nhours: {from: '1:00', to: '01:00'}", 6, "empty"),
    ("input: 1\nhours: {from: '1:00', to: '2:00', tz: Mars/Base}", 6, "unknown time zone"),
    ("input: 1\nhours: {from: '1:00', to: '2:00', days: [noday]}", 6, "unknown day"),
    ("input: 1\nprices:\n  - input: 1", 5, "both 'prices' and its own 'input'"),
    ("prices:\n  - input: 1\n  - input: 2", 7, "overlaps the one on line 6"),
    ("prices:\n  - {input: 1, valid_to: 2025-01-02}\n  - {input: 2, valid_from: 2025-01-01}", 7, "overlaps"),
    ("input: 1\ncontext_tiers: [{above: 9, input: 2}, {above: 9, input: 3}]", 6, "does not ascend"),
    ("input: 1\ncontext_tiers: [{above: 9, input: 2}, {above: 10, mode: marginal, input: 3}]", 6, "mix"),
    ("input: 1\ncontext_tiers: [{above: 9, from: 10, input: 2}]", 6, "either 'above' or 'from'"),
    ("input: 1\ncontext_tiers: [{from: 1, input: 2}]", 6, "first token"),
    ("input: 1\ncontext_tiers: [{above: 9, mode: hole, input: 2}]", 6, "did you mean 'whole'?"),
    ("input: 1\ncontext_tiers: [{above: 9, output: 2}]", 6, "the price itself has not"),
    ("input: 1\ncontext_tiers: [{above: 9}]", 6, "has no rate"),
    ("input: 1\ntiers: {batsh: {discount: 50%}}", 6, "did you mean 'batch'?"),
    ("input: 1\ntiers: {batch: {}}", 6, "has no price"),
    ("input: 1\ntiers: {batch: 50%}", 6, "must be a mapping"),
    ("input: 1\ntiers: {batch: {discount: 50%, multiplier: 2}}", 6, "exclude each other"),
    ("input: 1\nvalid_to: 2025-01-01\ntiers: {batch: {discount: 50%, valid_from: 2025-01-01}}", 7, "starts after"),
    ("input: 1\nself_hosted: {gpu_hour_usd: 1}", 5, "exclude each other"),
    ("self_hosted: {gpu_hour_usd: 1}", 5, "no 'input_tokens_per_second'"),
    ("self_hosted: {gpu_hour_usd: 1, utilisation: 30}", 5, "above 1"),
    ("input: 1\naliases: x", 6, "must be a list"),
    ("input: 1\naliases: [[x]]", 6, "list of names"),
    ("input: &a 1\noutput: *a", 5, "anchors and aliases"),
    ("input: 1\n<<: {output: 1}", 6, "unknown key '<<'"),
    ("input: !!python/object/apply:os.getcwd []", 5, "must be text"),
    ("? [a]\n: 1", 5, "a key must be text"),
    ("input: [1", 6, "not valid YAML"),
    ("note: " + "[" * 60, 5, "nested deeper"),
]


@pytest.mark.parametrize(("model", "line", "message"), BAD)
def test_mistakes_name_file_line_and_value(model: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        entry(model)
    assert caught.value.message.startswith(f"pricing.yaml:{line}: "), caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a mapping"),
        ("- 1", "must be a mapping"),
        ("models: []", "has no 'version'"),
        ("version: 2", "has version '2'"),
        ("version: 1\n---\nversion: 1", "second document"),
        ("version: 1\nmodels: [1]", "a model must be a mapping"),
        ("version: 1\nmodels: [{model: a, input: 1}]", "no 'provider'"),
        (
            "version: 1\nmodels:\n- {model: a, provider: openai, input: 1}\n- {model: A, provider: open_ai, input: 1}",
            "is also on line 3",
        ),
        ("version: 1\nmodels: [\x07]", "not valid YAML"),
        ("version: 1\nmodels:\n\t- {model: a}", "pricing.yaml:3: a tab where YAML takes none"),
        ("version: 1\r\nmodels:\r\n  - model: ä\r\n\tinput: 1", "pricing.yaml:4: a tab where YAML takes none"),
    ],
)
def test_mistakes_of_the_whole_file(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        compile_yaml(text, "pricing.yaml", name="own")


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pricing.yaml"
    with pytest.raises(ConfigError, match="cannot read"):
        load_yaml(path, name="own")
    path.write_bytes(b"version: 1\n\xff\n")
    with pytest.raises(ConfigError, match=":2: not UTF-8"):
        load_yaml(path, name="own")
    path.write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert load_yaml(path, name="own").entries == ()
    monkeypatch.setattr(tree, "MAX_BYTES", 10)
    with pytest.raises(ConfigError, match="larger than"):
        load_yaml(path, name="own")


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_MAX_VALUES", 100)
    with pytest.raises(ConfigError, match="more than 100 values"):
        compile_yaml("version: 1\nmodels: [" + "a," * 200 + "]", "pricing.yaml", name="own")


def test_currencies_are_read_exactly() -> None:
    layer = compile_yaml(
        'version: 1\ncurrencies:\n  EUR: {usd: 1.1604, date: 2026-11-24}\n  JPY: {usd: "0.0066", date: 2026-11-23}\n',
        "pricing.yaml",
        name="own",
    )
    assert layer.currencies == {"EUR": ("1.1604", "2026-11-24"), "JPY": ("0.0066", "2026-11-23")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("currencies: [EUR]", "pricing.yaml:2: 'currencies' must be a mapping"),
        ("currencies:\n  euro: {usd: 1, date: 2026-11-24}", "pricing.yaml:3: not a currency of its own: 'euro'"),
        ("currencies:\n  USD: {usd: 1, date: 2026-11-24}", "pricing.yaml:3: not a currency of its own: 'USD'"),
        ("currencies:\n  EUR: {usd: 1.16}", "pricing.yaml:3: currency 'EUR' has no 'date'"),
        ("currencies:\n  EUR: {date: 2026-11-24}", "pricing.yaml:3: currency 'EUR' has no 'usd'"),
        ("currencies:\n  EUR: {usd: 0, date: 2026-11-24}", "pricing.yaml:3: 'usd' must be greater than zero"),
        ("currencies:\n  EUR: {usd: 1, date: today}", "pricing.yaml:3: 'date' is not a date: 'today'"),
        ("currencies:\n  EUR:\n    rate: 1", "pricing.yaml:4: unknown key 'rate'"),
    ],
)
def test_what_is_wrong_with_a_currency_is_said(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compile_yaml(f"version: 1\n{text}\n", "pricing.yaml", name="own")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        ("model", yaml_book.MODEL_KEYS),
        ("price", yaml_book.PRICE_KEYS),
        ("context_tier", yaml_book.CONTEXT_KEYS),
        ("tiers", yaml_book.TIER_NAMES),
        ("tier", yaml_book.TIER_KEYS),
        ("hours", yaml_book.HOURS_KEYS),
        ("fx", yaml_book.FX_KEYS),
        ("currency", yaml_book.CURRENCY_KEYS),
        ("self_hosted", yaml_book.SELF_HOSTED_KEYS),
    ],
)
def test_schema_and_parser_know_the_same_keys(definition: str, keys: tuple[str, ...]) -> None:
    found = SCHEMA["$defs"][definition]
    assert set(found["properties"]) == set(keys)
    assert found["additionalProperties"] is False
    assert set(SCHEMA["properties"]) == set(yaml_book.TOP_KEYS)


def test_the_documented_example_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "pricing.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    assert len(compile_yaml(example[1], "docs/pricing.md", name="doc").entries) == 1
    documented = set(re.findall(r"`(\w+)`", page))
    assert documented >= {*yaml_book.MODEL_KEYS, *yaml_book.TIER_NAMES, *yaml_book.SELF_HOSTED_KEYS} - {
        "gpu_hour_usd",
        "gpus",
    }
