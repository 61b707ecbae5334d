from __future__ import annotations

from pathlib import Path

import pytest

from llmcost.core.errors import UsageError
from llmcost.estimate.lint.part import Part
from llmcost.estimate.lint.rules import RULES, chosen, function

PAGE = (Path(__file__).parents[3] / "docs" / "lint.md").read_text("utf-8")


@pytest.mark.parametrize("name", RULES)
def test_every_rule_runs_and_is_explained(name: str) -> None:
    assert list(function(RULES[name])(Part("Say hello.\n", value={}))) == []
    (row,) = (line for line in PAGE.split("\n") if line.startswith(f"| `{name}` |"))
    assert ("yes" in row.split("|")[4]) == RULES[name].fixes


def test_rules_are_chosen_by_name() -> None:
    assert list(chosen([], [])) == list(RULES)
    assert list(chosen(["invisible", "duplicate"], ["duplicate"])) == ["invisible"]
    assert "duplicate" not in chosen([], ["duplicate"])
    for only, ignored in ((["duplicat"], []), ([], ["duplicat"])):
        with pytest.raises(UsageError, match="did you mean 'duplicate'"):
            chosen(only, ignored)
