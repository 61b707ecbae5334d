"""The cost of changes, worked out by hand from prices of made-up size."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from llmcost.core.errors import UsageError
from llmcost.estimate.diff.cached import BrokenPrefix, Cacheable, broken, cacheable, first_difference
from llmcost.estimate.diff.changes import Changed, Changes
from llmcost.estimate.diff.compare import Diff, File, diff, judge, predictions
from llmcost.estimate.diff.git import Compared
from llmcost.estimate.diff.sent import Prefix, Sent
from llmcost.estimate.diff.sides import Amount, Known, Side
from llmcost.estimate.models import Model, priced_model
from llmcost.estimate.prompts import Calls
from llmcost.estimate.scorecard import Band
from llmcost.estimate.traffic import MONTH_US, Traffic
from llmcost.ledger.measures import MEASURE_NAMES, Sums
from llmcost.tokens.prompt import plain
from tests.estimate.books import NOW, book

BOOK = book(
    """
version: 1
models:
  - {model: gpt-4o, provider: openai, input: 2, cached_input: 1, output: 10}
  - {model: gpt-4o-mini, provider: openai, input: 0.2, cached_input: 0.1, output: 1}
  - {model: gpt-4.1, provider: openai, input: 2, output: 8}
  - {model: mistral-large, provider: mistral, input: 2, output: 6}
  - {model: mistral-small, provider: mistral, input: 1, output: 3}
  - {model: grok-4, provider: x-ai, input: 3, cached_input: 0.75, output: 15}
  - {model: claude-haiku-4-5, provider: anthropic, input: 1, cached_input: 0.1, output: 5}
  - {model: text-embedding-3-small, provider: openai, input: 0.02}
"""
)
COMPARED = Compared("b" * 40, "h" * 40, "b with h")
#: n of these are n tokens, and a plain text is 7 more as a message.
WORD = " word"


def price(name: str, provider: str) -> Model | str:
    try:
        return priced_model(BOOK, name, "standard", NOW, provider=provider)
    except UsageError as error:
        return error.message


KNOWN = Known(price, lambda where: None, lambda path, model: None)


def calls(**fields: Any) -> Calls:
    return Calls("p", (("prompt_id", "p"),), **{"calls_per_month": 1000, "output_tokens": 10, **fields})


def text(words: int, end: str = "") -> str:
    return "x" + WORD * (words - 1) + end


def sent(body: str, model: str = "gpt-4o", limit: int | None = None) -> Sent:
    return Sent("p", (body,), model=model, limit=limit)


def changed(
    before: Sent | None, after: Sent | None, first: Calls | None = None, second: Calls | None = None
) -> Changed:
    first = first or calls()
    return Changed("p", "p", "changed", before, after, first, second or first)


def made(*each: Changed, known: Known = KNOWN, unread: tuple[str, ...] = ()) -> Diff:
    return diff(Changes(each, unread), known, COMPARED)


def one(before: Sent | None, after: Sent | None, *declared: Calls, known: Known = KNOWN) -> File:
    return made(changed(before, after, *declared), known=known).files[0]


def both(file: File) -> tuple[Side, Side]:
    if file.before is None or file.after is None:
        pytest.fail("it is on one side only")
    return file.before, file.after


def call(side: Side | None) -> Amount:
    if side is None or side.call is None:
        pytest.fail("its cost is not known")
    return side.call


def increase(file: File) -> Amount:
    if file.increase is None:
        pytest.fail("its increase is not known")
    return file.increase


def lost(file: File) -> BrokenPrefix:
    if file.broken is None:
        pytest.fail("no prefix is broken")
    return file.broken


def traffic(*, cached: int = 0, output: tuple[int, int] = (20, 50), model: str = "gpt-4o") -> Traffic:
    """100 requests in a tenth of a month: 1,000 a month. `output`: mean and 90th percentile; the median is another."""
    mean, p90 = output
    values = dict.fromkeys(MEASURE_NAMES, 0) | {"requests": 100, "t_cached": 100 * cached, "t_output": 100 * mean}
    return Traffic(100, MONTH_US // 10, NOW, model, "openai", 500, mean // 2, p90, Sums(list(values.values())))


def measured(found: Traffic) -> Known:
    return KNOWN._replace(measure=lambda where: found)


def test_a_longer_prompt() -> None:
    file = one(sent(text(93)), sent(text(193)))
    assert [side.input_tokens for side in both(file)] == [100, 200]
    # (100 x 2 + 10 x 10) $/M = 300,000 nano-USD, then 500,000.
    assert [side.call for side in both(file)] == [(300_000,) * 3, (500_000,) * 3]
    assert (file.month_before, file.month_after, file.increase) == (300_000_000, 500_000_000, (200_000_000,) * 3)
    assert (file.calls_source, file.output_source, file.lacks) == ("declared", "declared", ())


def test_an_added_and_a_removed_prompt() -> None:
    added, removed = one(None, sent(text(93))), one(sent(text(93)), None)
    assert (added.month_before, added.month_after, added.increase) == (0, 300_000_000, (300_000_000,) * 3)
    assert (removed.month_before, removed.month_after, removed.increase) == (300_000_000, 0, (-300_000_000,) * 3)
    assert (added.calls_before, removed.calls_after) == (0, 0)


def test_a_model_swap_and_a_declared_one() -> None:
    swap = one(sent(text(93), "gpt-4o-mini"), sent(text(93)))
    assert swap.swapped
    assert swap.increase == (270_000_000, 270_000_000, 270_000_000)
    declared = one(sent(text(93), ""), sent(text(93), ""), calls(model="gpt-4o"), calls(model="gpt-4o-mini"))
    assert declared.swapped
    assert increase(declared).point == -270_000_000
    assert not one(sent("a"), sent("b")).swapped
    assert not one(None, sent("b")).swapped


def test_which_model_it_is() -> None:
    """In the file, else declared, else the ledger's, else the one given."""
    known = measured(traffic(model="gpt-4.1"))._replace(default_model="gpt-4o")
    cases = [
        (sent("a", "gpt-4o"), calls(model="gpt-4o-mini"), known), (sent("a", ""), calls(model="gpt-4o-mini"), known),
        (sent("a", ""), calls(), known), (sent("a", ""), calls(), known._replace(measure=lambda where: None)),
    ]  # fmt: skip
    sides = [one(None, body, declared, known=each).after for body, declared, each in cases]
    assert [side.model for side in sides if side] == ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4o"]


def test_unknown_is_not_zero() -> None:
    cases = {
        "no model: name it in prompts.yaml or with --model": one(sent("a", ""), sent("b c", "")),
        "no price for model 'no-such-model'": one(sent("a", "no-such-model"), sent("b", "no-such-model")),
        "calls_per_month is neither measured nor declared in prompts.yaml": one(
            sent("a"), sent("b c"), calls(calls_per_month=None)
        ),
        "its text is not seen here": one(Sent("p", (), model="gpt-4o"), Sent("p", (), model="gpt-4o-mini")),
        "model 'text-embedding-3-small' has no rate for output": one(None, sent("a", "text-embedding-3-small")),
    }
    for lack, file in cases.items():
        assert lack in file.lacks[0]
        assert file.increase is None
        total = made(changed(sent("a"), sent("b"))).files[0]
        both = Diff((file, total), (), COMPARED)
        assert both.unknown == (file,)
        assert both.increase == total.increase


def test_a_price_without_output() -> None:
    file = one(None, sent(text(5), "text-embedding-3-small", limit=9), calls(output_tokens=None))
    assert call(file.after).point == 100
    assert file.after
    assert file.after.at_most is None


def test_no_change_in_cost_needs_no_number_of_calls() -> None:
    file = one(sent("same"), sent("same"), calls(calls_per_month=None))
    assert (file.lacks, file.increase, file.month_after) == ((), (0, 0, 0), None)


def test_unknown_output_is_left_out() -> None:
    file = one(sent(text(93)), sent(text(193)), calls(output_tokens=None))
    assert [side.output_tokens for side in both(file)] == [None, None]
    assert call(file.after).point == 400_000
    assert file.output_source == ""


def test_measured_traffic() -> None:
    file = one(sent(text(93)), sent(text(193)), calls(output_tokens=None), known=measured(traffic()))
    assert (file.calls_after, file.calls_source, file.output_source) == (1000, "measured", "measured")
    # Answers of 20 tokens on average, 50 at the 90th percentile: 400,000 (to 700,000), then 600,000 (to 900,000).
    assert [side.call for side in both(file)] == [(400_000, 400_000, 700_000), (600_000, 600_000, 900_000)]
    # The answer is as long on both sides, so it widens nothing.
    assert file.increase == (200_000_000, 200_000_000, 200_000_000)
    added = one(None, sent(text(93)), calls(output_tokens=None), known=measured(traffic()))
    assert added.increase == (400_000_000, 400_000_000, 700_000_000)
    assert "declared: 5 calls a month; the ledger's number is used" in one(
        sent("a"), sent("b"), calls(calls_per_month=5), known=measured(traffic())
    ).notes  # fmt: skip


def test_the_traffic_of_a_moved_prompt_is_found_under_its_old_name() -> None:
    old = calls()._replace(where=(("prompt_id", "old"),))
    known = KNOWN._replace(measure=lambda where: traffic() if where == old.where else None)
    assert one(sent("a"), sent("b"), old, calls(), known=known).calls_source == "measured"
    assert one(sent("a"), sent("b"), calls(), old, known=known).calls_source == "measured"


def test_traffic_that_prompts_share_is_said() -> None:
    known = measured(traffic())
    files = made(changed(sent("a"), sent("b")), changed(sent("c"), sent("d")), known=known).files
    assert all("the requests measured are those of 2 changed prompts together" in file.notes for file in files)


def test_the_band_of_an_estimated_count() -> None:
    """The same model errs the same way on both sides; of two models each errs alone."""
    longer = one(sent(text(993), "mistral-large"), sent(text(1993), "mistral-large"))
    swapped = one(sent(text(993)), sent(text(1993), "mistral-large"))
    first, second = (call(side) for side in both(longer))
    paired = [b - a for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    assert len(paired) == 3
    assert increase(longer) == (paired[0] * 1000, min(paired) * 1000, max(paired) * 1000)
    assert min(paired) < paired[0] < max(paired)
    exact = call(swapped.before).point
    assert increase(swapped) == tuple((end - exact) * 1000 for end in second if end is not None)
    other = one(sent(text(993), "mistral-large"), sent(text(1993), "mistral-small"))
    (_, low, high), (_, new_low, new_high) = (call(side) for side in both(other))
    assert increase(other)[1:] == (((new_low or 0) - (high or 0)) * 1000, ((new_high or 0) - (low or 0)) * 1000)


def test_a_learned_band_takes_the_place_of_the_counts() -> None:
    band = Band(Fraction(1, 2), Fraction(2), 7, "model", Fraction(3, 4))
    file = one(sent(text(93)), sent(text(193)), known=KNOWN._replace(learn=lambda path, model: band))
    assert call(file.after) == (500_000, 250_000, 1_000_000)
    assert file.increase == (200_000_000, 100_000_000, 400_000_000)
    assert "band learned from 7 earlier predictions of this model" in file.notes


def test_a_limit_of_the_answer() -> None:
    file = one(
        sent(text(93), limit=1000),
        sent(text(93), limit=15),
        known=measured(traffic()),
    )
    assert file.limited
    # Declared answers of 10 tokens fit in both.
    assert [(side.output_tokens, side.at_most) for side in both(file)] == [(10, 10_200_000), (10, 350_000)]
    cut = one(
        sent(text(93), limit=1000), sent(text(93), limit=15), calls(output_tokens=None), known=measured(traffic())
    )
    assert [(side.output_tokens, side.output_high) for side in both(cut)] == [(20, 50), (15, 15)]
    assert not one(sent("a", limit=5), sent("b", limit=5)).limited


BREAK = "{{date}}"


def test_a_broken_prefix_with_measured_cache() -> None:
    """1,300 static tokens, of which OpenAI caches 1,280; the average call had 640 of them cached."""
    before, after = sent(text(1300) + " {{q}}"), sent(BREAK + text(1300) + " {{q}}")
    file = one(before, after, known=measured(traffic(cached=640)))
    assert [side.cached_tokens for side in both(file)] == [640, 0]
    # 640 tokens at 1 $/M more.
    assert lost(file) == BrokenPrefix(1, "date", 1280, 0, 1024, 640, 640_000, 640_000_000, "measured")
    assert increase(file).point == 640_000_000


def test_a_broken_prefix_with_a_declared_share() -> None:
    before, after = sent(text(2000)), sent(text(1100) + BREAK + WORD * 900)
    file = one(before, after, calls(cached_share=Fraction(9, 10)))
    # 90% of 2,007 is 1,806; 1,920 can be cached, then 1,024: 1,806 x 1,024 / 1,920 = 963.
    assert [side.cached_tokens for side in both(file)] == [1806, 963]
    assert (lost(file).lost_tokens, lost(file).basis, lost(file).call_nano) == (843, "declared", 843_000)


def test_a_declared_share_of_a_beginning_too_short_to_be_cached_is_none() -> None:
    file = one(sent(text(500)), sent(text(600)), calls(cached_share=Fraction(1, 2)))
    assert [side.cached_tokens for side in both(file)] == [0, 0]
    new = one(None, sent(text(1300)), calls(cached_share=Fraction(1, 2)))
    assert new.after
    assert new.after.cached_tokens == 653
    other = one(None, sent(text(500), "mistral-large"), calls(cached_share=Fraction(1, 2)))
    # No rule is published for it, so what is declared is believed.
    assert other.after
    assert other.after.cached_tokens == (other.after.input_tokens or 0) // 2
    changed_share = one(
        sent(text(1300)), sent(text(1300)), calls(cached_share=Fraction(1, 2)), calls(cached_share=Fraction(1, 4))
    )
    assert [side.cached_tokens for side in both(changed_share)] == [653, 326]


def test_a_broken_prefix_of_unknown_use_is_an_upper_bound_outside_the_total() -> None:
    file = one(sent(text(1300)), sent(BREAK + text(1300)))
    assert (lost(file).basis, lost(file).lost_tokens, lost(file).month_nano) == ("at most", 1280, 1_280_000_000)
    assert [side.cached_tokens for side in both(file)] == [0, 0]
    # Two tokens less of what is declared nowhere, the placeholder's: none.
    assert increase(file).point == 0


def test_cached_tokens_are_no_more_than_the_static_beginning() -> None:
    file = one(sent(text(1300) + BREAK), sent(text(1410) + BREAK), known=measured(traffic(cached=5000)))
    # 1,300 tokens of which 1,280 can be cached; the measured 5,000 are another prompt's or a conversation's.
    assert [side.cached_tokens for side in both(file)] == [1280, 1408]
    short = one(sent(text(500)), sent(text(400)), known=measured(traffic(cached=5000)))
    # By the published rule these are too short, but the ledger says otherwise.
    assert [side.cached_tokens for side in both(short)] == [500, 400]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (text(1300), text(1200)),
        (text(1300), text(1300) + BREAK),
        (text(1300) + BREAK, text(1300) + BREAK + text(900)),
        (text(500), BREAK + text(500)),
        (text(1300), "y" + WORD * 1299),
    ],
)
def test_what_breaks_no_prefix(before: str, after: str) -> None:
    assert one(sent(before), sent(after)).broken is None


def test_a_prefix_shortened_below_the_minimum() -> None:
    file = one(sent(text(1030)), sent(text(1000)))
    assert (lost(file).before, lost(file).after, lost(file).placeholder) == (1024, 0, "")


def test_a_model_that_caches_only_longer_beginnings() -> None:
    file = one(sent(text(2000)), sent(text(2000), "claude-haiku-4-5"))
    assert (lost(file).before, lost(file).after, lost(file).minimum, lost(file).basis) == (1920, 0, 4096, "at most")


def test_a_model_without_a_cached_rate_loses_no_discount() -> None:
    assert one(sent(text(1300), "gpt-4.1"), sent(BREAK + text(1300), "gpt-4.1")).broken is None


def test_an_edit_within_the_prefix_is_written_once_more() -> None:
    file = one(sent(text(1300)), sent(text(700) + " other" + WORD * 600))
    assert file.broken is None
    late = one(sent(text(1300)), sent(text(1290) + " other" + WORD * 9))
    assert not [note for note in late.notes if "first differs" in note]
    (note,) = (note for note in file.notes if "first differs" in note)
    assert note == "first differs at about token 701 of the cached beginning: written to the cache once more"
    first, second = (cacheable(Prefix(body, "", 0), plain(body), None) for body in (text(1300), text(1300) + WORD))
    assert first_difference(first, second) is None
    assert broken(first, first, 1307, 1307) is None


def test_missing_variables_are_said() -> None:
    file = one(
        sent("Hi {{a}} {{b}}"),
        sent("Hi {{a}} {{b}} {{c}}"),
        calls(variables=(("a", "x"),), variable_tokens=(("b", 50),)),
    )
    # "Hi", " x" and " " are three tokens.
    assert [side.input_tokens for side in both(file)] == [7 + 50 + 3, 7 + 50 + 3]
    assert "not counted, as neither text nor size is declared: c" in file.notes
    many = one(None, sent("".join(f"{{{{v{number}}}}}" for number in range(7))))
    assert "declared: v0, v1, v2, v3, v4, …" in many.notes[0]


def test_a_wrong_template_is_counted_as_it_stands() -> None:
    file = one(None, sent("{% if %} {{ a }}")._replace(jinja=True))
    assert call(file.after).point > 0
    assert file.notes[0].startswith("counted without filling the template: ")


@pytest.mark.parametrize(
    ("declared", "exact"),
    [({}, False), ({"variables": (("q", "why"),)}, True), ({"variable_tokens": (("q", 12),)}, False)],
)
def test_a_count_is_exact_where_every_text_is_known(declared: dict[str, Any], exact: bool) -> None:
    file = one(sent(text(100)), sent(text(100) + " {{q}}"), calls(**declared))
    assert [side.counted.exact for side in both(file) if side.counted] == [True, exact]


def test_a_call_whose_text_is_elsewhere_is_priced_at_its_median_input() -> None:
    file = one(
        Sent("p", (), model="gpt-4o"), Sent("p", (), model="gpt-4o-mini"), known=measured(traffic(output=(20, 20)))
    )
    # 500 tokens in; declared answers of 10.
    assert [call(side).point for side in both(file)] == [1_100_000, 110_000]
    assert [side.counted.exact for side in both(file) if side.counted] == [False, False]
    assert "its text is not seen here: the median input of its requests stands for it" in file.notes


UP = changed(sent(text(93)), sent(text(193)))  # 300 -> 500 million nano-USD a month


@pytest.mark.parametrize(
    ("usd", "pct", "word", "over"),
    [
        (200_000_000, None, "ok", ()),
        (199_999_999, None, "over", ("usd",)),
        (None, Fraction(200, 3), "ok", ()),
        (None, Fraction(200, 3) - Fraction(1, 10**12), "over", ("pct",)),
        (0, Fraction(0), "over", ("usd", "pct")),
        (None, None, "ok", ()),
    ],
)
def test_gates_are_exact(usd: int | None, pct: Fraction | None, word: str, over: tuple[str, ...]) -> None:
    verdict = judge(made(UP), over_usd=usd, over_pct=pct, strict=False)
    assert (verdict.word, verdict.over) == (word, over)


def test_a_saving_passes_and_an_increase_from_nothing_does_not() -> None:
    saving = made(changed(sent(text(193)), sent(text(93))))
    assert judge(saving, over_usd=0, over_pct=Fraction(0), strict=True).word == "ok"
    assert judge(made(changed(None, sent("a"))), over_usd=None, over_pct=Fraction(10**6), strict=False).over == ("pct",)


def test_strict_fails_on_what_is_not_known() -> None:
    unknown = made(UP, changed(sent("a", ""), sent("b", "")), unread=("x.py: not Python",))
    verdict = judge(unknown, over_usd=None, over_pct=None, strict=True, ledger_problem="no ledger")
    assert (verdict.word, verdict.problems) == (
        "data", ("p: no model: name it in prompts.yaml or with --model", "x.py: not Python", "no ledger"),
    )  # fmt: skip
    assert judge(unknown, over_usd=0, over_pct=None, strict=True).word == "over"
    assert judge(unknown, over_usd=None, over_pct=None, strict=False, ledger_problem="no ledger").word == "ok"
    nothing = made()
    assert judge(nothing, over_usd=0, over_pct=Fraction(0), strict=True, ledger_problem="no ledger").word == "ok"


def test_predictions() -> None:
    (kept,) = predictions(made(UP, changed(sent("a"), None), changed(None, sent("b", ""))))
    assert kept[2:] == (
        "diff", "p", "gpt-4o", (("prompt_id", "p"),), 200, 10, 500_000, 500_000, 500_000, 1000,
    )  # fmt: skip


def test_nothing_is_lost_to_a_provider_without_a_published_rule() -> None:
    """Its share of cached tokens is what is declared, not that of the rule of the model before."""
    file = one(sent(text(2000, "{{q}}")), sent(text(2000, "{{q}}"), "grok-4"), calls(cached_share=Fraction(1, 2)))
    before, after = both(file)
    assert file.broken is None
    assert before.cached_tokens == 1003
    assert after.input_tokens is not None
    assert after.cached_tokens == after.input_tokens // 2


def test_at_most_nothing_is_lost_to_a_provider_without_a_published_rule() -> None:
    assert one(sent(text(2000, "{{q}}")), sent(text(2000, "{{q}}"), "grok-4")).broken is None


@pytest.mark.parametrize(("outside", "is_broken"), [(1200, True), (1199, False)])
def test_one_step_of_the_prefix_lost_is_a_broken_prefix(outside: int, is_broken: bool) -> None:
    before = Cacheable("", 1152, 1152, 1024, 128, "", 0, "gpt-4o", "openai")
    after = before._replace(tokens=1024, usable=1024)
    assert (broken(before, after, 1200, outside) is not None) == is_broken


def test_strict_fails_on_a_file_that_could_not_be_read_though_nothing_else_changed() -> None:
    verdict = judge(made(unread=("a is not text",)), over_usd=None, over_pct=None, strict=True, ledger_problem="")
    assert (verdict.word, verdict.problems) == ("data", ("a is not text",))
