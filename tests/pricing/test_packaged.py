"""The pricing.yaml that ships with llmcost."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmcost.core.instants import parse_timestamp
from llmcost.core.usage import Usage
from llmcost.pricing import yaml_book
from llmcost.pricing.book import PriceBook
from llmcost.pricing.catalogue import compile_catalogue
from llmcost.pricing.check import check
from llmcost.pricing.entry import Layer
from llmcost.pricing.store import packaged_path
from llmcost.pricing.yaml_book import load_yaml

WRITTEN, _ = parse_timestamp("2026-11-24T12:00:00Z")
MILLION = Usage(input=1_000_000, output=1_000_000)


@pytest.fixture(scope="module")
def path() -> Path:
    found = packaged_path()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def book(path: Path) -> PriceBook:
    return PriceBook([packaged(path)])


def packaged(path: Path) -> Layer:
    return msgspec.structs.replace(load_yaml(path, name="packaged"), yields=True)


@pytest.mark.parametrize(
    ("provider", "model", "when", "usd"),
    [
        ("openai", "gpt-4", "2024-01-01", "90"),
        ("openai", "gpt-4-turbo", "2024-01-01", "40"),
        ("openai", "gpt-3.5-turbo", "2023-04-01", "4"),
        ("openai", "gpt-3.5-turbo", "2023-12-01", "3.5"),
        ("openai", "gpt-3.5-turbo", "2024-06-01", "2"),
        ("openai", "gpt-3.5-turbo-1106", "2023-12-01", "3"),
        ("anthropic", "claude-3-opus", "2024-06-01", "90"),
        ("anthropic", "claude-3-opus-20240229", "2024-06-01", "90"),
        ("anthropic", "claude-3-sonnet", "2024-06-01", "18"),
        ("", "llama-2-70b", "2024-06-01", "2"),
        ("self-hosted", "llama-2-70b-a100-full", "2024-06-01", "0.656862745"),
        ("", "self-hosted/llama-2-70b-a100", "2024-06-01", "2.189542484"),
        ("openai", "o3", "2025-05-01", "50"),
        ("", "gpt-4o", "2026-11-24", "12.5"),
        ("", "gpt-4o-2024-08-06", "2026-11-24", "12.5"),
        ("", "gpt-4o-2024-05-13", "2026-11-24", "20"),
        ("openai", "gpt-4o-2024-05-13", "2024-06-01", "20"),
    ],
)
def test_prices_without_a_catalogue(book: PriceBook, provider: str, model: str, when: str, usd: str) -> None:
    from llmcost.core.money import usd_text

    quote = book.quote(provider, model, "standard", parse_timestamp(when)[0], MILLION)
    assert quote.cost is not None
    assert usd_text(quote.cost[0]) == usd


def test_a_price_is_not_known_before_it_was_announced(book: PriceBook) -> None:
    assert book.quote("openai", "gpt-4", "standard", parse_timestamp("2023-03-13")[0], MILLION).cost is None


def test_every_entry_has_a_date_and_a_source(path: Path) -> None:
    for entry in load_yaml(path, name="packaged").entries:
        assert date.fromisoformat(entry.checked)
        assert entry.source.startswith("https://") or "example" in entry.note or entry.provider == "example"


def test_it_agrees_with_the_catalogue_it_was_written_beside(path: Path) -> None:
    layer = compile_catalogue()
    assert layer is not None
    if layer.origin != "genai-prices 0.2.3":
        pytest.skip(f"written beside genai-prices 0.2.3, not {layer.origin}")
    findings = check(PriceBook([packaged(path), layer]), WRITTEN)
    assert [finding for finding in findings if finding.layer == "packaged"] == []


def test_it_satisfies_the_schema(path: Path) -> None:
    import yaml

    schema = json.loads(Path(yaml_book.__file__).with_name("schema.json").read_text())
    document = yaml.safe_load(path.read_text())
    _validate(json.loads(json.dumps(document, default=str)), schema, schema, "$")


def test_the_schema_refuses_what_the_parser_refuses() -> None:
    schema = json.loads(Path(yaml_book.__file__).with_name("schema.json").read_text())
    wrong: dict[str, Any]
    for wrong in (
        {"models": []},
        {"version": 1, "models": [{"model": "a", "provider": "b", "ouput": 1}]},
        {"version": 1, "models": [{"model": "a", "input": 1}]},
        {"version": 1, "models": [{"model": "a", "provider": "b", "input": -1}]},
        {"version": 1, "models": [{"model": "a", "provider": "b", "input": [1]}]},
        {"version": 1, "models": [{"model": "a", "provider": "b", "input": 1, "valid_from": "soon"}]},
    ):
        with pytest.raises(AssertionError):
            _validate(wrong, schema, schema, "$")


def _validate(value: Any, rule: dict[str, Any], root: dict[str, Any], place: str) -> None:
    """Enough of JSON Schema 2020-12 for schema.json."""
    import re

    if "$ref" in rule:
        _validate(value, root["$defs"][rule["$ref"].rpartition("/")[2]], root, place)
    if "enum" in rule:
        assert value in rule["enum"], place
    if "type" in rule:
        types = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        assert any(_is(value, name) for name in types), f"{place}: {value!r} is not {types}"
    if isinstance(value, str):
        assert len(value) >= rule.get("minLength", 0), place
        assert re.search(rule.get("pattern", ""), value), f"{place}: {value!r}"
    if isinstance(value, int | float):
        assert value >= rule.get("minimum", value), place
        assert value <= rule.get("maximum", value), place
        assert "exclusiveMinimum" not in rule or value > rule["exclusiveMinimum"], place
        assert "exclusiveMaximum" not in rule or value < rule["exclusiveMaximum"], place
    if isinstance(value, list):
        assert len(value) >= rule.get("minItems", 0), place
        for index, item in enumerate(value):
            _validate(item, rule.get("items", {}), root, f"{place}[{index}]")
    if isinstance(value, dict):
        assert set(rule.get("required", ())) <= value.keys(), f"{place}: missing keys"
        properties = rule.get("properties", {})
        assert rule.get("additionalProperties", True) or value.keys() <= properties.keys(), f"{place}: unknown key"
        for key, item in value.items():
            _validate(item, properties.get(key, {}), root, f"{place}.{key}")
        if "oneOf" in rule:
            assert sum(set(option["required"]) <= value.keys() for option in rule["oneOf"]) == 1, place


def _is(value: Any, name: str) -> bool:
    kinds: dict[str, Any] = {
        "object": dict, "array": list, "string": str, "number": int | float, "integer": int, "null": type(None),
    }  # fmt: skip
    return isinstance(value, kinds[name]) and not isinstance(value, bool)
