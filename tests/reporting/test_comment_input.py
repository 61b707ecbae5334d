"""What is not a document of ours is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.errors import ExitCode, UsageError
from llmcost.reporting.comment import render
from llmcost.reporting.comment_input import read_budgets, read_change
from tests.reporting.comment_samples import budgets, change, prompt, standing, written


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "d.json is not JSON (it is empty)"),
        (b"\n", "d.json is not JSON (it is empty)"),
        (b"{", "d.json is not JSON"),
        (b"\xff\xfe", "d.json is not JSON"),
        (b"[" * 200_000, "d.json is not JSON"),
        (b"[]", "d.json is not what `llmcost diff --json` writes: it has no schema_version"),
        (b'{"a": 1}', "d.json is not what `llmcost diff --json` writes: it has no schema_version"),
        (written(change(schema_version=2)), "d.json has schema_version 2, not 1"),
        (written(change(schema_version=True)), "d.json has schema_version True, not 1"),
        (written(change(schema_version="\x1b" * 100)), "d.json has schema_version '\\x1b"),
        (written(budgets()), "d.json is not what `llmcost diff --json` writes: object missing required field"),
        (written(change({**prompt(), "path": 3})), "files[0].path: expected str, got int"),
        (written(change(prompt(increase_usd="1e9"))), "files[0].increase_usd: expected str matching regex"),
        (written(change(prompt(increase_usd="1\n"))), "files[0].increase_usd: expected str matching regex"),
        (written(change(prompt(input_tokens_after=-1))), "files[0].input_tokens_after: expected int >= 0"),
        (written(change(prompt(input_tokens_after=1.5))), "files[0].input_tokens_after: expected int | null"),
        (written(change(prompt(change="@all"))), "files[0].change: invalid enum value '@all'"),
        (written(change(as_of="yesterday")), "as_of: expected str matching regex"),
        (written(change(verdict="fine")), "verdict: invalid enum value 'fine'"),
    ],
)  # fmt: skip
def test_a_diff_that_is_none(data: bytes, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_change(data, "d.json")
    assert said in caught.value.message
    assert caught.value.message.startswith("d.json ")
    assert caught.value.hint
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (change(), "b.json is not what `llmcost budget check --json` writes: object missing required field"),
        (budgets(standing(measure="tokens")), "budgets[0]: limit_tokens and spent_tokens are needed"),
        (budgets(standing(limit_usd=None)), "budgets[0]: limit_usd and spent_usd are needed"),
        (budgets(standing(state="great")), "budgets[0].state: invalid enum value 'great'"),
        (budgets(standing(exhausted_on="2026-11-20 [x](y)")), "budgets[0].exhausted_on: expected str matching regex"),
        (budgets(standing(currency={"code": "@me", "usd": "1", "date": ""})), "budgets[0].currency.code: expected"),
    ],
)
def test_budgets_that_are_none(document: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_budgets(written(document), "b.json")
    assert said in caught.value.message


def test_keys_that_are_not_shown_are_ignored() -> None:
    assert read_change(written(change(prompt(new=1), later={})), "d.json").files[0].path == "prompts/a.txt"


def test_an_exchange_rate_of_zero_is_no_division() -> None:
    currency = {"code": "EUR", "usd": "0", "date": "2026-11-20"}
    found = read_budgets(written(budgets(standing(currency=currency))), "b.json")
    assert "$40.00" in render(read_change(written(change(prompt())), "d.json"), found, "k")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(st.sampled_from(sorted(change())), st.sampled_from(sorted(prompt())), _JSON)
def test_any_value_anywhere_is_shown_or_refused(key: str, of_prompt: str, value: Any) -> None:
    for document in ({**change(), key: value}, change({**prompt(), of_prompt: value})):
        try:
            found = read_change(json.dumps(document).encode(), "d.json")
        except UsageError as error:
            assert error.message.startswith("d.json ")  # noqa: PT017 - either outcome is right
        else:
            assert render(found, None, "k").startswith("<!-- llmcost:k -->\n")


@given(st.sampled_from(sorted(standing())), _JSON)
def test_any_value_of_a_budget_is_shown_or_refused(key: str, value: Any) -> None:
    try:
        found = read_budgets(json.dumps(budgets({**standing(), key: value})).encode(), "b.json")
    except UsageError as error:
        assert error.message.startswith("b.json ")  # noqa: PT017 - either outcome is right
    else:
        assert "**Policy**" in render(read_change(written(change(prompt())), "d.json"), found, "k")
