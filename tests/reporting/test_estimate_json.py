from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llmcost.estimate.find import Input
from llmcost.estimate.terms import Calls, Terms
from llmcost.reporting.estimate_json import document, item_lines, price_json
from llmcost.tokens.prompt import plain
from tests.estimate.books import NOW
from tests.estimate.made import about, made, model, uncalibrated


def written(*names: str, calls: Calls | None = None, skipped: Mapping[str, int] | None = None, **options: Any) -> Any:
    lines: list[str] = []
    line = item_lines()
    result = made(*names, each=lambda item: lines.append(line(item)), **options)
    assert not any("\n" in each for each in lines)
    pieces = document(result, lines, now_us=NOW, calls=calls, skipped=skipped or {}, remarks=["a \x1b"])
    return json.loads("".join(pieces))


def test_json_of_one_model() -> None:
    whole = written("gpt-4o", skipped={"hidden": 1, "binary": 0})
    item = whole["items"][0]
    assert whole["schema_version"] == 1
    assert whole["as_of"] == "2026-06-01T00:00:00Z"
    assert (item["path"], item["model"], item["input_tokens"]) == ("p0.txt", "gpt-4o", 8)
    assert (item["input_tokens_exact"], item["output_tokens"], item["cost_usd"]) == (True, None, "0.00002")
    assert (item["input_tokens_low"], item["input_tokens_high"], item["requests"]) == (8, 8, 1)
    assert (item["context_window"], item["over_context_window"]) == (1000, 0)
    assert (whole["total_usd"], whole["cost_covers"]) == ("0.00002", "input")
    assert whole["skipped"] == {"hidden": 1}
    assert whole["remarks"] == ["a \ufffd"]
    assert (whole["calls"], whole["monthly_usd"], whole["items_left_out"]) == (None, None, 0)


def test_json_of_a_comparison_has_totals_by_model_and_no_sum() -> None:
    often = Calls(2, "month")
    whole = written("gpt-4o", "gpt-4o-mini", terms=Terms(1, calls=often), calls=often)
    assert whole["total_usd"] is None
    assert [(m["model"], m["provider"], m["total_usd"], m["monthly_usd"]) for m in whole["models"]] == [
        ("gpt-4o-mini", "openai", "0.0000018", "0.0000036"), ("gpt-4o", "openai", "0.00003", "0.00006"),
    ]  # fmt: skip
    assert (whole["calls"], whole["per"], whole["cost_covers"]) == (2, "month", "input and output")
    assert [(item["monthly_usd"], item["per"]) for item in whole["items"]] == [
        ("0.00006", "month"),
        ("0.0000036", "month"),
    ]


def test_a_band_is_in_every_amount_it_concerns() -> None:
    terms = Terms(calls=Calls(10, "month"))
    whole = written("gpt-4o", counted=about(80, 100, 130), terms=terms, calls=terms.calls, prompts=2)
    item, total = whole["items"][0], whole["models"][0]
    assert (item["input_tokens_low"], item["input_tokens"], item["input_tokens_high"]) == (80, 100, 130)
    assert (item["cost_low_usd"], item["cost_usd"], item["cost_high_usd"]) == ("0.0002", "0.00025", "0.000325")
    assert (total["total_low_usd"], total["total_high_usd"]) == ("0.0004", "0.00065")
    assert (whole["monthly_low_usd"], whole["monthly_usd"], whole["monthly_high_usd"]) == ("0.004", "0.005", "0.0065")


def test_no_band_is_null_and_not_zero() -> None:
    whole = written("gpt-4o", counted=uncalibrated)
    assert whole["items"][0]["input_tokens_low"] is None
    assert whole["items"][0]["cost_high_usd"] is None
    assert whole["total_low_usd"] is None


def test_the_price_names_its_card_its_source_and_the_rates_that_applied() -> None:
    priced = model("claude-x").priced
    below, above = price_json(priced, 100), price_json(priced, 101)
    assert below["card_id"] == priced.card.card_id
    assert (below["layer"], below["match"], below["tier"]) == ("test", "exact", "standard")
    assert (below["usd_per_million"]["input"], above["usd_per_million"]["input"]) == ("3", "6")
    assert below["context_tiers_above"] == [100]


def test_each_item_has_the_price_of_its_length() -> None:
    inputs = [Input("a", "", plain("hello")), Input("b", "", plain("word " * 200)), Input("c", "", plain("hello"))]
    whole = written("claude-x", inputs=inputs)
    assert [item["price"]["usd_per_million"]["input"] for item in whole["items"]] == ["3", "6", "3"]
    assert whole["items"][0]["price"]["origin"] == "prices.yaml"
    dated = written("gpt-5")["items"][0]["price"]
    assert (dated["valid_from"], dated["checked"]) == ("2026-01-01", "2026-05-01")


def test_folders() -> None:
    inputs = [Input(f"d/{name}", "d", plain("hello")) for name in ("a", "x/b")]
    folders = written("gpt-4o", "gpt-4o-mini", inputs=inputs)["folders"]
    assert [(each["path"], each["model"], each["prompts"], each["total_usd"]) for each in folders] == [
        ("d", "gpt-4o", 2, "0.00004"), ("d", "gpt-4o-mini", 2, "0.0000024"),
        ("d/x", "gpt-4o", 1, "0.00002"), ("d/x", "gpt-4o-mini", 1, "0.0000012"),
    ]  # fmt: skip


def test_nothing_hostile_is_written_as_it_is() -> None:
    inputs = [Input("evil\x1b\udce9.txt", "evil\x1b", plain("x", notes=("note \x1b[31m",)))]
    whole = written("gpt-4o", inputs=inputs, terms=Terms(5, "\x1b"))
    item = whole["items"][0]
    assert (item["path"], item["notes"], item["output_from"]) == ("evil\ufffd\ufffd.txt", ["note \ufffd[31m"], "\ufffd")


def test_no_items_are_an_empty_list() -> None:
    whole = json.loads("".join(document(made("gpt-4o"), [], now_us=NOW, calls=None, skipped={}, left_out=lambda: 3)))
    assert (whole["items"], whole["items_left_out"]) == ([], 3)
