import re
from fractions import Fraction
from typing import Any

import pytest

from llmcost.breakeven.capacity import Capacity
from llmcost.breakeven.comparison import Comparison, Region, compare
from llmcost.breakeven.hosted import Hosted
from llmcost.breakeven.layers import Layer
from llmcost.breakeven.plan import inputs_of, plan
from llmcost.reporting import breakeven as shown
from llmcost.reporting import breakeven_text
from llmcost.reporting.breakeven_article import conclusions
from llmcost.reporting.breakeven_modes import _stretch as stretch
from tests.breakeven.books import BOOK, NOW
from tests.breakeven.samples import plan as bare
from tests.breakeven.test_comparison import MIX, ONE, OWNED, RENTED, REPLICA
from tests.breakeven.test_plan import BASE, given


def compared(tokens: int, hosted: Hosted = RENTED, owned: Any = OWNED) -> Comparison:
    return compare(bare(ONE, hosted, owned, MIX, tokens))


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (7, "7"), (999, "999"), (1000, "1k"), (1234, "1.23k"), (12_340, "12.3k"), (123_456, "123k"),
        (1_200_000_000, "1.2B"), (500_000_000, "500M"), (5 * 10**12, "5T"), (Fraction(1, 2) * 10**9, "500M"),
        (100_000_000, "100M"), (10_000, "10k"),
    ],
)  # fmt: skip
def test_sizes(tokens: int | Fraction, text: str) -> None:
    assert shown.tokens_text(tokens) == text


def test_verdicts() -> None:
    assert shown.verdict(compared(10**9)) == (
        "At 1B tokens a month hosted GPUs are cheapest: $730.00, $270.00 a month (27.0%) less than the API."
    )
    assert shown.verdict(compared(10**8)) == (
        "At 100M tokens a month the API is cheapest: $100.00, $630.00 a month (86.3%) less than hosted GPUs."
    )
    assert shown.verdict(compared(7 * 10**9)) == (
        "At 7B tokens a month own servers are cheapest: $2,000.00, $190.00 a month (8.7%) less than hosted GPUs."
    )
    assert shown.verdict(compared(730_000_000)) == (
        "At 730M tokens a month the API and hosted GPUs cost the same, $730.00."
    )


def test_one_crossing_is_a_sentence() -> None:
    once, dearer, _ = shown.turning(compared(10**9))
    assert once == "Hosted GPUs are cheaper than the API above 730,000,000 (730M) tokens a month."
    assert dearer == "Own servers are cheaper than the API above 2,000,000,000 (2B) tokens a month."


def test_several_crossings_are_listed() -> None:
    *_, line = shown.turning(compared(10**9))
    assert line.startswith(
        "Hosted GPUs or own servers, the cheaper: hosted GPUs first, own servers above 5.26B, hosted GPUs above 10.5B, "
    )
    assert line.endswith(" tokens a month.")


def test_a_crowd_is_cut() -> None:
    """A replica costs $2,627.27 and saves $2,628 of the API: each step gains 73 cents, 3,599 of them make one up."""
    near = Hosted(REPLICA, Fraction("3.599"))
    line = shown.turning(compared(10**9, near, None))[0]
    assert "… changing with each further step …, hosted GPUs above " in line
    assert line.endswith(" for good tokens a month.")
    assert line.count(" above ") == shown.SHOWN_CROSSINGS + 1


def test_never_is_said_with_its_reason() -> None:
    """A full replica of 2,628M tokens costs $3,650: $1.3889 per million."""
    dear = Hosted(REPLICA, Fraction(5))
    assert shown.turning(compared(10**9, dear, None)) == [
        "The API is cheaper than hosted GPUs at every volume: in the long run 1M more tokens cost $1.00 against $1.39."
    ]


def test_two_that_are_one() -> None:
    free = Hosted(Capacity(Fraction(1), Fraction(1)), Fraction(0))
    none = ONE._replace(rates=ONE.rates.times(Fraction(0)))
    found = compare(bare(none, free, None, MIX, 5))
    assert shown.turning(found) == ["API and hosted GPUs cost the same at every volume."]
    assert shown.verdict(found) == "At 5 tokens a month the API and hosted GPUs cost the same, $0.00."


def test_the_traffic_says_its_kinds() -> None:
    layer = Layer(given(cached_share="0.4", cache_write_share="0.1", batch_share="25%"), {"api": given(model="half")})
    found = plan(*inputs_of([BASE, layer]), BOOK, NOW)
    assert shown.traffic(found) == (
        "1,000,000,000 tokens a month: 750M in (300M cached, 75M cache writes), 250M out, 25.0% in batches"
    )


def test_the_price_says_what_it_holds_for() -> None:
    def price(**values: str) -> str:
        traffic = {name: text for name, text in values.items() if name != "model"}
        layer = Layer(given(**traffic), {"api": given(model=values.get("model", "one"))})
        return shown.price(plan(*inputs_of([BASE, layer]), BOOK, NOW))

    assert price() == (
        "Price per 1M tokens of acme one: $2.50 in, $1.25 cached, $2.50 cache write, $10.00 out (exact match, test)"
    )
    assert " of acme long for requests of up to 200,000 input tokens: $1.00 in" in price(model="long")
    assert " for requests of 300,000 input tokens: $3.00 in" in price(model="long", input_per_request="300k")
    own = plan(*inputs_of([BASE, Layer({}, {"api": given(price_in="1", price_out="2")})]), BOOK, NOW)
    assert shown.price(own) == (
        "Price per 1M tokens: $1.00 in, $1.00 cached, $1.00 cache write, $2.00 out (the scenario's)"
    )


def test_what_modes_share_is_listed_once_and_hostile_text_is_shown_as_text() -> None:
    layer = Layer(given(mix="1:1"), {"hosted": given(gpu_hour="2"), "owned": given(months="9")})
    source = "s\x1b[2J.yaml:1"
    layer = layer._replace(traffic={"mix": layer.traffic["mix"]._replace(source=source)})
    found = plan(*inputs_of([BASE, layer]), BOOK, NOW)
    rows = {row[1]: row for row in shown.assumptions(found)}
    assert rows["tok_s_in"] == ("hosted, owned", "tok_s_in", "5000", "tokens/s per replica", "test")
    assert rows["mix"][0] == ""
    assert "\x1b" not in rows["mix"][4]


@pytest.mark.parametrize("width", [80, 200, None])
def test_nothing_is_cut_at_any_width(width: int | None) -> None:
    found = compare(plan(*inputs_of([BASE]), BOOK, NOW))
    text = breakeven_text.as_text(found, width=width, color=False)
    assert "…" not in text
    for part in ("$1,825.00", "Own servers", "equal", "cheapest in"):
        assert part in text
    if width is not None:
        assert max(map(len, text.splitlines())) <= width


def test_the_chart_has_the_volume_and_its_crossings() -> None:
    text = breakeven_text.as_text(compare(plan(*inputs_of([BASE]), BOOK, NOW)), width=100, color=False)
    _, _, chart = text.partition("USD a month by tokens a month")
    chart = chart.partition("One input at a time")[0]
    lines = chart.splitlines()[1:]
    assert sum("|" in line for line in lines) >= 15
    assert sum(line.count("x") for line in lines) >= 1
    assert all(mark in chart for mark in "aho")
    assert lines[-2].split()[0].endswith("M")


@pytest.mark.parametrize("width", [80, 200])
def test_a_coloured_chart_is_the_same_chart(width: int) -> None:
    found = compare(plan(*inputs_of([BASE]), BOOK, NOW))
    colored = breakeven_text.as_text(found, width=width, color=True)
    assert "\x1b[" in colored
    plain = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    lines = [line.rstrip() for line in plain.splitlines()]
    assert lines == breakeven_text.as_text(found, width=width, color=False).splitlines()


def test_a_chart_of_nothing_is_still_a_chart() -> None:
    free = Hosted(Capacity(Fraction(1), Fraction(1)), Fraction(0))
    none = ONE._replace(rates=ONE.rates.times(Fraction(0)))
    found = compare(bare(none, free, None, MIX, 1))
    legend, chart = breakeven_text._chart(found, width=80, color=False)
    assert str(legend).startswith("USD a month by tokens a month")
    assert "$10 " in str(chart)


def test_stretches() -> None:
    assert stretch(Region(Fraction(0), None, "api")) == "every volume"
    assert stretch(Region(Fraction(5000), None, "api")) == "above 5k"
    assert stretch(Region(Fraction(0), Fraction(5000), "api")) == "up to 5k"
    assert stretch(Region(Fraction(1000), Fraction(5000), "api")) == "1k to 5k"


def test_the_article_is_answered_with_numbers() -> None:
    memory, load, claim, people = conclusions()
    assert memory.startswith("A model of 70B parameters in 16 bits takes 140 GB, an A100 has 80: it needs 2, $2,190.00")
    assert "4.6% busy and a million costs $21.90; at 500M, 22.8% and $4.38, not $0.5000." in load
    assert "between $4.38 and $21.90 per 1M tokens. GPT-4 Turbo at $20.00 does; " in claim
    assert claim.endswith("a GPU would have to cost $0.3425 an hour.")
    # (2,190 + 220,000 / 24) / 20
    assert "to 567,833,333 (568M) tokens a month." in people
