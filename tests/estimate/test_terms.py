from __future__ import annotations

from fractions import Fraction

import pytest

from llmcost.core.errors import UsageError
from llmcost.estimate import prompts
from llmcost.estimate.terms import Calls, Terms, Told, Where, share
from llmcost.estimate.traffic import Traffic
from llmcost.ledger.measures import MEASURE_NAMES, Sums

APP: Where = (("app", "bot"),)


def traffic(requests: int = 1_234) -> Traffic:
    values = {"requests": requests, "t_output": 100 * requests, "t_reasoning": 30 * requests}
    sums = Sums([values.get(name, 0) for name in MEASURE_NAMES])
    return Traffic(requests, 86_400_000_000, 0, "gpt-4o", "openai", 700, 100, 250, sums)


class Ledger:
    """Answers for one app, and counts the questions."""

    def __init__(self) -> None:
        self.asked: list[Where] = []

    def __call__(self, where: Where) -> Traffic | None:
        self.asked.append(where)
        return traffic() if where == APP else None


@pytest.mark.parametrize(
    ("calls", "monthly"),
    [(Calls(12, "day"), 3_650), (Calls(20_000, "month"), 200_000), (Calls(1, "day"), 304), (Calls(5, "day"), 1_521)],
)
def test_a_month_is_a_twelfth_of_365_days(calls: Calls, monthly: int) -> None:
    # 1 a day: 304.1666 nano-dollars, 5 a day: 1520.8333.
    assert calls.monthly(10) == monthly


def test_without_a_percentile_the_ledger_is_not_asked() -> None:
    ledger = Ledger()
    terms = Told(Terms(output_tokens=5), measure=ledger)("p.txt")
    assert (terms.output_tokens, terms.output_from, terms.where) == (5, "", (("prompt_id", "p.txt"),))
    assert ledger.asked == []


@pytest.mark.parametrize(("length", "tokens"), [("mean", 130), ("p50", 100), ("p90", 250)])
def test_the_length_of_answers_from_the_ledger(length: str, tokens: int) -> None:
    ledger = Ledger()
    told = Told(Terms(where=APP), length=length, measure=ledger)
    for path in ("a", "b"):
        terms = told(path)
        assert terms.output_tokens == tokens
        assert terms.output_from == f"{length} of 1,234 requests of app=bot in 30 days"
    assert ledger.asked == [APP]
    assert not told.silent


def test_a_prompt_the_ledger_does_not_know_has_an_unknown_output() -> None:
    told = Told(Terms(), length="p90", measure=Ledger())
    assert told("new.txt").output_tokens is None
    assert list(told.silent) == ["new.txt"]


def declared(path: str) -> prompts.Calls:
    return prompts.Calls(
        "greeting", (("prompt_id", "greeting"),), model="gpt-5", output_tokens=40, calls_per_month=900,
        cached_share=Fraction(1, 2), variables=(("name", "Ada"),), variable_tokens=(("document", 1_200), ("name", 3)),
    )  # fmt: skip


def test_what_prompts_yaml_declares_holds_where_no_option_does() -> None:
    terms = Told(Terms(), declared=declared)("p.txt")
    assert terms == Terms(
        40, "prompts.yaml", Fraction(1, 2), Calls(900, "month"), "gpt-5", (("prompt_id", "greeting"),),
        (("document", 1_200), ("name", 3), ("name", "Ada")),
    )  # fmt: skip
    assert dict(terms.variables) == {"document": 1_200, "name": "Ada"}


def test_options_are_above_what_is_declared() -> None:
    options = Terms(7, "", Fraction(0), Calls(1, "day"), where=APP, variables=(("document", "text"),))
    terms = Told(options, declared=declared)("p.txt")
    assert terms[:4] == (7, "", Fraction(0), Calls(1, "day"))
    assert terms.where == APP
    assert dict(terms.variables) == {"document": "text", "name": "Ada"}


def test_a_percentile_is_above_a_declared_length() -> None:
    told = Told(Terms(where=APP), declared=declared, length="p50", measure=Ledger())
    assert told("p.txt").output_tokens == 100


@pytest.mark.parametrize(
    ("text", "value"), [("80%", Fraction(4, 5)), ("0.8", Fraction(4, 5)), ("100 %", Fraction(1)), ("0", Fraction(0))]
)
def test_a_share(text: str, value: Fraction) -> None:
    assert share(text) == value


@pytest.mark.parametrize("text", ["80", "-1%", "1.1", "nan", "x", "101%", "%", "1e999"])
def test_no_share(text: str) -> None:
    with pytest.raises(UsageError, match="is no share from 0 to 1"):
        share(text)


def test_cached_tokens_are_rounded_down() -> None:
    assert Terms(cached_share=Fraction(4, 5)).cached_tokens(9) == 7
    assert Terms().cached_tokens(9) == 0
