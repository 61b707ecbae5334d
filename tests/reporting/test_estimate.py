from __future__ import annotations

from fractions import Fraction

import pytest

from llmcost.estimate.estimate import estimate
from llmcost.estimate.find import Input
from llmcost.estimate.models import Model
from llmcost.estimate.terms import Calls, Terms
from llmcost.reporting.columns import width_of
from llmcost.reporting.estimate import as_text, remarks
from llmcost.tokens.prompt import Prompt, plain
from tests.estimate.made import about, made, model, uncalibrated


def test_one_prompt_as_text() -> None:
    assert as_text(made("gpt-4o")) == (
        "gpt-4o: $2.5 input and $10 output per million tokens\n"
        "price: test, exact match\n"
        "counted with o200k_base: exact\n"
        "prompt  input tokens          cost\n"
        "p0.txt             8  $0.000020000\n"
        "output: not included (its length is unknown; --output-tokens N adds it)"
    )


def test_the_price_names_its_dates_and_its_rate_for_cached_input() -> None:
    assert as_text(made("gpt-5", tier="flex")).split("\n")[1] == (
        "price: test, exact match, tier standard, valid from 2026-01-01, checked 2026-05-01"
    ), "no rates of that tier are known"
    assert as_text(made("gpt-4o", tier="batch")).split("\n")[1] == "price: test, exact match, tier batch"
    first = as_text(made("gpt-cached", terms=Terms(cached_share=Fraction(4, 5)))).split("\n")
    assert first[0] == "gpt-cached: $2 input, $0.5 cached and $8 output per million tokens"
    # OpenAI's cache serves 1,024 tokens and more.
    assert first[-1] == "cached: 0 tokens of the declared 80.0% of the input, as no more can come from a cache"


def test_the_line_of_cached_input_says_where_a_share_is_more_than_can_be() -> None:
    terms = Terms(cached_share=Fraction(4, 5))
    long = Input("long.txt", "", plain("word " * 1_500))
    assert as_text(made("gpt-cached", inputs=[long], terms=terms)).endswith(
        "\ncached: 80.0% of the input, at the rate of cached input"
    )
    both = as_text(made("gpt-cached", inputs=[long, Input("a.txt", "", plain("hello"))], terms=terms))
    assert both.endswith(
        "\ncached: less of the declared 80.0% of the input for 1 of 2, as no more can come from a cache"
    )


def test_several_prompts_have_a_total_and_a_month() -> None:
    text = as_text(made("gpt-4o", prompts=2, terms=Terms(100, calls=Calls(12, "day"))))
    assert "2 prompts            16  $0.002040" in text
    assert "output: 100 tokens for each request" in text
    # 2 x 1,020,000 x 12 x 365 / 12 nano-dollars
    assert text.endswith("12 calls of each prompt per day: $0.7446 a month")


def test_where_a_learned_length_is_from() -> None:
    terms = Terms(250, "p90 of 1,234 requests of app=bot in 30 days")
    assert "output: 250 tokens (p90 of 1,234 requests of app=bot in 30 days)" in as_text(made("gpt-4o", terms=terms))


def test_an_estimate_shows_its_band() -> None:
    lines = as_text(made("gpt-4o", counted=about(80, 100, 130), terms=Terms(calls=Calls(1_000, "month")))).split("\n")
    assert lines[2:6] == [
        "counted with a guess: estimated",
        "prompt   input tokens       cost",
        "p0.txt  ~100 (80-130)  $0.000250",
        "band of the cost: $0.000200 to $0.000325",
    ]
    assert lines[-1] == "1,000 calls per month: $0.2500 a month ($0.2000 to $0.3250)"


def test_an_estimate_without_a_band_says_so() -> None:
    text = as_text(made("gpt-4o", counted=uncalibrated))
    assert "p0.txt          ~100  $0.000250\n~ estimated, and no band is known\n" in text
    inputs = [Input("a", "", plain("x")), Input("b", "", plain("x", complete=False))]
    assert "~ estimated, and no band is known for 1 of 2" in as_text(made("gpt-4o", inputs=inputs))


def test_models_are_a_table_cheapest_first() -> None:
    names = ("gpt-4o", "claude-x", "gpt-4o-mini")
    lines = as_text(made(*names, counted=about(7, 8, 9), terms=Terms(calls=Calls(1_000, "month")))).split("\n")
    assert lines == [
        "model        input tokens          cost    a month  $/M input  $/M output  context   price from",
        "gpt-4o-mini      ~8 (7-9)  $0.000001200  $0.001200       0.15         0.6        -  test, exact",
        "gpt-4o           ~8 (7-9)  $0.000020000    $0.0200        2.5          10    1,000  test, exact",
        "claude-x         ~8 (7-9)  $0.000024000    $0.0240          3          15        -  test, exact",
        "~ estimated: the model's own count is not known here (docs/estimate.md)",
        "output: not included (its length is unknown; --output-tokens N adds it)",
    ]


def test_a_prompt_longer_than_the_window_is_marked() -> None:
    long = [Input("long.txt", "", plain("word " * 1_500))]
    table = as_text(made("gpt-4o", "gpt-4o-mini", inputs=long))
    assert "1,000 !" in table
    assert "! longer than the model's context window, output included: would be refused" in table
    assert "! longer than the context window of 1,000 tokens, output included: would be refused" in as_text(
        made("gpt-4o", inputs=long)
    )
    both = [*long, Input("short.txt", "", plain("hello"))]
    assert "! 1 of 2: longer than the context window" in as_text(made("gpt-4o", inputs=both))
    assert "!" not in as_text(made("gpt-4o", "gpt-4o-mini"))


@pytest.mark.parametrize("top", [5, 20])
def test_a_long_list_shows_the_dearest_and_says_how_many_are_left(top: int) -> None:
    text = as_text(made("gpt-4o", prompts=25, keep=top), top=top)
    assert f"… and {25 - top} cheaper ones (--top 0 shows all, --json lists all)\n25 prompts" in text
    assert text.count(".txt") == top


def test_many_models_are_cut_to_the_cheapest() -> None:
    lines = as_text(made("gpt-4o", "gpt-4o-mini", "claude-x"), top=1).split("\n")
    assert lines[1].startswith("gpt-4o-mini")
    assert lines[2] == "… and 2 dearer ones (--top 0 shows all, --json lists all)"


def test_folders() -> None:
    inputs = [Input(f"d/{name}", "d", plain("hello")) for name in ("a", "x/b", "x/c")]
    lines = as_text(made("gpt-4o", inputs=inputs)).split("\n")
    start = lines.index("")
    assert lines[start : start + 5] == [
        "",
        "folder  prompts  input tokens          cost",
        "d/            3            24  $0.000060000",
        "d/x/          2            16  $0.000040000",
        "",
    ]
    assert "… and 1 cheaper folders" in as_text(made("gpt-4o", inputs=inputs), top=1)
    alone = [Input("d/a", "d", plain("hello"))]
    assert "folder" not in as_text(made("gpt-4o", inputs=alone))


def test_a_file_of_requests_says_how_many() -> None:
    inputs = [Input("a.jsonl", "", plain("hello"))] * 3 + [Input("b.txt", "", plain("hello"))]
    text = as_text(made("gpt-4o", inputs=inputs))
    assert "a.jsonl                     3            24  $0.000060000" in text
    assert "2 files, 4 requests         4            32  $0.000080000" in text


def test_what_is_known_of_some_only() -> None:
    def terms(path: str) -> Terms:
        return Terms(10, calls=Calls(1_000, "month")) if path == "p0.txt" else Terms()

    inputs = [Input(f"p{number}.txt", "", plain("hello")) for number in range(2)]
    result = estimate(inputs, [model("gpt-4o")], fallback=lambda *_: model("gpt-4o"), terms=terms)
    text = as_text(result)
    assert "output: included for 1 of 2; for the others its length is unknown" in text
    # 8 x 2.5 + 10 x 10 $/M, 1,000 times
    assert "calls as declared for 1 of 2 prompts: $0.1200 a month" in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_a_table_fits_the_terminal_as_far_as_it_can(width: int) -> None:
    inputs = [
        Input("a/very/long/path/提示词/到/一个/文件/with-a-name-that-does-not-end.txt", "", plain("word " * 9_000))
    ]
    for names in (("gpt-4o",), ("gpt-4o", "gpt-4o-mini", "claude-x")):
        result = made(*names, inputs=inputs, terms=Terms(calls=Calls(20_000, "day")))
        table = [line for line in as_text(result, width=width).split("\n") if "input tokens" in line or "45,0" in line]
        assert max(map(width_of, table)) <= max(width, 70)
        assert any("…" in line for line in as_text(result, width=40).split("\n")) == (len(names) == 1)
        assert "…" not in as_text(result)


def test_both_ends_of_a_path_stay() -> None:
    inputs = [Input("a/long/path/to/the/prompts/of/this/project/greeting.txt", "", plain("hello"))]
    (row,) = [line for line in as_text(made("gpt-4o", inputs=inputs), width=56).split("\n") if ".txt" in line]
    assert row.startswith("a/long/pa…oject/greeting.txt  ")
    assert width_of(row) == 56


def test_remarks_tell_notes_tiers_and_what_was_skipped() -> None:
    assert remarks(made("gpt-4o-mini", tier="flex"), {"hidden": 2, "too_large": 1, "binary": 0}) == [
        "gpt-4o-mini: no flex rate known: standard rates", "skipped 2 hidden, 1 too large",
    ]  # fmt: skip


def test_a_remark_on_many_models_is_one_line() -> None:
    assert remarks(made("gpt-4o", "gpt-4o-mini", "claude-x", tier="batch"), {}) == [
        "2 of 3 models: no batch rate known: standard rates"
    ]


def test_many_remarks_are_cut() -> None:
    inputs = [Input(str(number), "", plain("x", notes=("odd",))) for number in range(12)]
    lines = remarks(made("gpt-4o", inputs=inputs), {})
    assert lines[0] == "0: odd"
    assert lines[10:] == ["… and 2 more such remarks; --json lists them"]


def test_nothing_hostile_reaches_the_terminal() -> None:
    inputs = [Input("evil\x1b]0;x\x07\n.txt", "evil\x1b", plain("x", notes=("note \x1b[31m",)))] * 1
    inputs += [Input("evil\x1b/x/b", "evil\x1b", plain("x"))]
    result = made("gpt-4o", inputs=inputs, terms=Terms(5, "p90 of \x1b[2J"))
    for text in (as_text(result), as_text(result, width=80), "\n".join(remarks(result, {}))):
        assert "\x1b" not in text
        assert "\x07" not in text


def test_the_price_is_that_of_a_request_of_this_length() -> None:
    short, long = (as_text(made("claude-x", inputs=[Input("a", "", plain("word " * n))])) for n in (10, 200))
    assert short.startswith("claude-x: $3 input and $15 output per million tokens\n")
    assert long.startswith("claude-x: $6 input and $22.5 output (above 100 input tokens) per million tokens\n")


def test_what_is_said_of_all_holds_for_those_not_shown() -> None:
    terms = {"p0.txt": Terms(5, calls=Calls(1, "day")), "p1.txt": Terms(7, calls=Calls(2, "day"))}
    inputs = [Input(path, "", plain("hello")) for path in terms]
    result = estimate(inputs, [model("gpt-4o")], fallback=never, terms=lambda path: terms[path], keep=1)
    text = as_text(result, top=1)
    assert "output: the length declared or measured for each prompt" in text
    assert "calls as declared for 2 of 2 prompts" in text


def never(prompt: Prompt, terms: Terms) -> Model:
    raise AssertionError(prompt)


def test_prompts_of_several_models_are_named() -> None:
    inputs = [Input(name, "", plain("hello")) for name in ("a.txt", "b.txt")]
    models = {"a.txt": model("gpt-4o"), "b.txt": model("gpt-5")}
    paths = iter(models)
    result = estimate(inputs, [], fallback=lambda prompt, terms: models[next(paths)])
    lines = as_text(result).split("\n")
    assert lines[:4] == [
        "prompt   model  input tokens          cost",
        "a.txt   gpt-4o             8  $0.000020000",
        "b.txt    gpt-5             7  $0.000008750",
        "",
    ]
    assert lines[4] == "2 prompts"
    again = iter(models)
    cut = estimate(inputs, [], fallback=lambda prompt, terms: models[next(again)], keep=1)
    assert as_text(cut).split("\n")[2] == "… and 1 cheaper ones (--top 0 shows all, --json lists all)"
