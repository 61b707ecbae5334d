from __future__ import annotations

import json

import pytest

from llmcost.core.errors import DataError, UsageError
from llmcost.ledger.labels import Answered, StoredLabel
from llmcost.routing.features import features, packed
from llmcost.routing.labels import Line, averaged, from_ledger, from_lines, quality, read


@pytest.mark.parametrize(("text", "value"), [("good", 1), (" Bad ", 0), ("0.7", 0.7), ("1", 1), ("0", 0)])
def test_a_quality_is_a_word_or_a_number(text: str, value: float) -> None:
    assert quality(text) == value


@pytest.mark.parametrize("text", ["", "fine", "1.1", "-0.1", "nan", "inf", "1e400", "0x1"])
def test_nothing_else_is_a_quality(text: str) -> None:
    with pytest.raises(UsageError, match="is no quality"):
        quality(text)


def test_csv_and_json_lines_say_the_same() -> None:
    expected = [Line("r1", "", "gpt-4o", 1.0), Line("", 'Why, "oh"\nwhy?', "mini", 0.7, 0.001)]
    comma = 'id,prompt,model,quality,cost_usd\nr1,,gpt-4o,good,\n,"Why, ""oh""\nwhy?",mini,0.7,0.001\n'
    lines = [
        {"request_id": "r1", "model": "gpt-4o", "label": "good"},
        {"prompt": 'Why, "oh"\nwhy?', "model": "mini", "score": 0.7, "cost_usd": 0.001},
    ]
    assert read("\ufeff" + comma, "x").lines == expected
    assert read("\n".join(map(json.dumps, lines)) + "\n\n", "x").lines == expected


def test_a_prompt_may_hold_other_line_separators() -> None:
    text = '{"prompt": "a\u2028b\x85c", "model": "m", "quality": 1}\r\n{"prompt": "d", "model": "m", "quality": 0}\r\n'
    assert [line.prompt for line in read(text, "x").lines] == ["a\u2028b\x85c", "d"]


def test_a_wide_line_labels_several_models() -> None:
    text = '{"id": "1", "prompt": "p", "scores": {"a": 1, "b": 0.5}}\n{"prompt": "q", "strong": 1.0, "weak": 0.0}'
    assert read(text, "x").lines == [
        Line("1", "p", "a", 1.0), Line("1", "p", "b", 0.5), Line("", "q", "strong", 1.0), Line("", "q", "weak", 0.0),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["id", "model"])
def test_a_name_that_is_no_text_is_no_name(name: str) -> None:
    line = json.dumps({"id": "1", "model": "m", "quality": 1, name: ["x"]})
    with pytest.raises(DataError, match=f"{name} is no text"):
        read(line, "x")


def test_lines_that_make_no_sense_are_counted_and_the_first_are_named() -> None:
    good = '{"id": "1", "model": "m", "quality": "bad"}'
    bad = [
        "{", "[1]", '{"model": "m", "quality": 1}', '{"id": "1", "quality": "so-so"}', '{"id": "1"}',
        '{"prompt": "p", "quality": 1}', '{"id": "1", "model": "m", "quality": 1, "cost_usd": -1}',
        '{"id": "1", "model": "m", "quality": 1, "cost_usd": []}', '{"id": "1", "model": "m", "quality": [1]}',
        '{"id": "1", "quality": "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789\\u001b"}', "{" * 100_000,
    ]  # fmt: skip
    found = read("\n".join([good, *bad]), "x")
    assert found.lines == [Line("1", "", "m", 0.0)]
    assert found.skipped == len(bad)
    assert found.problems == [
        "line 2: not an object", "line 3: not an object", "line 4: neither id nor prompt",
        "line 5: 'so-so' is no quality", "line 6: no quality",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "id,model\n", "hello", "{}", "\x00\n\x00"])
def test_no_labels_at_all_is_an_error(text: str) -> None:
    with pytest.raises(DataError, match="no labels in x"):
        read(text, "x")


def test_a_secret_in_a_problem_is_not_repeated() -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
    with pytest.raises(DataError) as caught:
        read(json.dumps({"id": "1", "quality": key + "\x1b"}), "x")
    assert key not in caught.value.message
    assert "\x1b" not in caught.value.message


def test_labels_of_one_prompt_come_together_and_contradictions_are_averaged() -> None:
    lines = [
        Line("", "why?", "a", 1.0, 0.5), Line("", "why?", "b", 0.0), Line("", "why?", "b", 1.0),
        Line("", "how?", "a", 0.0),
    ]  # fmt: skip
    found = from_lines(lines, {}, {})
    assert (found.labels, found.contradicting, found.featureless) == (4, 1, 0)
    first, second = found.examples
    assert first == (features("why?"), {"a": 1.0, "b": 0.5}, {"a": 0.5}, 1)
    assert second == (features("how?"), {"a": 0.0}, {}, 1)


def test_what_a_line_lacks_comes_from_the_ledger_or_from_another_line() -> None:
    lines = [
        Line("1", "", "", 1.0), Line("openai:2", "", "b", 0.0), Line("3", "", "c", 1.0), Line("3", "said", ""),
        Line("9", "", "", 1.0), Line("8", "", "d", 1.0),
    ]  # fmt: skip
    stored = {"openai:1": packed(features("one")), "openai:2": b"\xff", "openai:7": None}
    answered = {"1": Answered("openai:1", "gpt-4o", 2_000_000_000)}
    found = from_lines(lines, stored, answered)
    assert (found.labels, found.featureless) == (5, 3)
    one, three = found.examples
    assert one.features.grams == features("one").grams
    assert (one.quality, one.usd, one.keywords) == ({"gpt-4o": 1.0}, {"gpt-4o": 2.0}, None)
    assert (three.features, three.quality) == (features("said"), {"c": 1.0})


def test_an_answer_of_another_model_to_the_same_request_has_not_that_requests_cost() -> None:
    lines = [Line("1", "said", "", 1.0), Line("1", "said", "mini", 0.0)]
    (only,) = from_lines(lines, {}, {"1": Answered("openai:1", "gpt-4o", 2_000_000_000)}).examples
    assert (only.quality, only.usd) == ({"gpt-4o": 1.0, "mini": 0.0}, {"gpt-4o": 2.0})


def test_the_ledgers_labels_are_joined_by_prompt() -> None:
    body = packed(features("the prompt"))
    labels = [
        StoredLabel("openai:1", "a", 1.0, 0, body), StoredLabel("openai:2", "b", 0.0, 0, body),
        StoredLabel("openai:2", "b", 0.5, 0, body), StoredLabel("openai:3", "b", 0.5, 0, None),
    ]  # fmt: skip
    found = from_ledger(
        labels, {"openai:1": Answered("openai:1", "a", 1_500_000), "openai:2": Answered("openai:2", "z", 9)}
    )
    assert (found.labels, found.contradicting, found.featureless) == (4, 1, 1)
    (only,) = found.examples
    assert (only.quality, only.usd) == ({"a": 1.0, "b": 0.25}, {"a": 0.0015})
    assert averaged(labels) == {("openai:1", "a"): 1.0, ("openai:2", "b"): 0.25, ("openai:3", "b"): 0.5}
