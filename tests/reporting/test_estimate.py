from __future__ import annotations

import json

from llmcost.estimate.estimate import Calls, Estimate, estimate
from llmcost.estimate.models import Model, priced_model
from llmcost.reporting.estimate import as_json, as_text, price_json, remarks
from llmcost.tokens.prompt import Prompt, plain
from tests.estimate.books import NOW, book

BOOK = book()


def model(name: str, tier: str = "standard") -> Model:
    return priced_model(BOOK, name, tier, NOW)


def made(
    *names: str, prompts: int = 1, output: int | None = None, calls: Calls | None = None, tier: str = "standard"
) -> Estimate:
    texts = [(f"p{number}.txt", plain("hello")) for number in range(prompts)]
    models = [model(name, tier) for name in names]

    def never(prompt: Prompt) -> Model:
        raise AssertionError(prompt)

    return estimate(texts, models, fallback=never, output_tokens=output, calls=calls)


def test_one_prompt_as_text() -> None:
    assert as_text(made("gpt-4o")) == (
        "gpt-4o: $2.5 input and $10 output per million tokens (price: test, exact match)\n"
        "counted with o200k_base: exact\n"
        "prompt  input tokens          cost\n"
        "p0.txt             8  $0.000020000\n"
        "output: not included (its length is unknown; --output-tokens N adds it)"
    )


def test_several_prompts_have_a_total_and_a_month() -> None:
    text = as_text(made("gpt-4o", prompts=2, output=100, calls=Calls(12, "day")))
    assert "2 prompts            16  $0.002040" in text
    assert "output: 100 tokens for each prompt" in text
    # 2 x 1,020,000 x 12 x 365 / 12 nano-dollars
    assert text.endswith("12 calls of each prompt per day: $0.7446 a month")


def test_models_are_a_table_cheapest_first() -> None:
    lines = as_text(made("gpt-4o", "claude-x", "gpt-4o-mini", calls=Calls(1_000, "month"))).split("\n")
    assert lines[:4] == [
        "model        input tokens          cost  cost a month  $/M input  $/M output  price from",
        "gpt-4o-mini             8  $0.000001200     $0.001200       0.15         0.6  test, exact",
        "gpt-4o                  8  $0.000020000       $0.0200        2.5          10  test, exact",
        "claude-x               ~9  $0.000027000       $0.0270          3          15  test, exact",
    ]
    assert lines[4].startswith("~ estimated")


def test_a_long_list_shows_the_dearest_and_says_how_many_are_left() -> None:
    text = as_text(made("gpt-4o", prompts=25))
    assert "… and 5 cheaper ones (--json lists all)" in text
    assert text.count("p") >= 20
    assert "25 prompts" in text


def test_json_of_one_model() -> None:
    document = json.loads(as_json(made("gpt-4o"), now_us=NOW, skipped={"hidden": 1}))
    item = document["items"][0]
    assert document["schema_version"] == 1
    assert document["as_of"] == "2026-06-01T00:00:00Z"
    assert (item["path"], item["model"], item["input_tokens"]) == ("p0.txt", "gpt-4o", 8)
    assert (item["input_tokens_exact"], item["output_tokens"], item["cost_usd"]) == (True, None, "0.00002")
    assert (document["total_usd"], document["cost_covers"]) == ("0.00002", "input")
    assert document["skipped"] == {"hidden": 1}


def test_json_of_a_comparison_has_totals_by_model_and_no_sum() -> None:
    document = json.loads(
        as_json(made("gpt-4o", "gpt-4o-mini", output=1, calls=Calls(2, "month")), now_us=NOW, skipped={})
    )
    assert document["total_usd"] is None
    assert [(m["model"], m["total_usd"], m["monthly_usd"]) for m in document["models"]] == [
        ("gpt-4o-mini", "0.0000018", "0.0000036"), ("gpt-4o", "0.00003", "0.00006"),
    ]  # fmt: skip
    assert (document["calls"], document["per"], document["cost_covers"]) == (2, "month", "input and output")


def test_the_price_names_its_card_its_source_and_the_rates_that_applied() -> None:
    priced = model("claude-x").priced
    below, above = price_json(priced, 100), price_json(priced, 101)
    assert below["card_id"] == priced.card.card_id
    assert (below["layer"], below["match"], below["tier"]) == ("test", "exact", "standard")
    assert (below["usd_per_million"]["input"], above["usd_per_million"]["input"]) == ("3", "6")
    assert below["context_tiers_above"] == [100]


def test_remarks_tell_notes_tiers_and_what_was_skipped() -> None:
    assert remarks(made("gpt-4o-mini", tier="flex"), {"hidden": 2, "too_large": 1, "binary": 0}) == [
        "gpt-4o-mini: no flex rate known: standard rates", "skipped 2 hidden, 1 too large",
    ]  # fmt: skip


def test_nothing_hostile_reaches_the_terminal() -> None:
    prompt = plain("x", notes=("note \x1b[31m",))
    shown = estimate([("evil\x1b]0;x\x07.txt", prompt)], [model("gpt-4o")], fallback=lambda _: model("gpt-4o"))
    for text in (as_text(shown), "\n".join(remarks(shown, {})), as_json(shown, now_us=NOW, skipped={})):
        assert "\x1b" not in text
        assert "\\u001b" not in text
