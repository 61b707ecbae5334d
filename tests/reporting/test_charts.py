"""Charts in characters: what their axes say."""

from __future__ import annotations

import re

import pytest

from llmcost.reporting import charts


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0.0002, ["0.000200", "0.000150", "0.000100", "0.000050", "0.000000"]),
        (0.5, ["0.5000", "0.3750", "0.2500", "0.1250", "0.0000"]),
        (4.0, ["4.00", "3.00", "2.00", "1.00", "0.00"]),
        (0.0, ["1.00", "0.75", "0.50", "0.25", "0.00"]),
    ],
)
def test_no_two_amounts_of_money_on_an_axis_are_the_same(highest: float, ticks: list[str]) -> None:
    for chart in (
        charts.columns(["a", "b"], [highest / 2, highest], width=80, color=False),
        charts.scatter([(3.0, highest, "x")], x="requests", y="USD", width=80, color=False),
    ):
        assert re.findall(r"^ *([0-9.]+\.[0-9]+)", chart, re.MULTILINE) == ticks


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (1.0, ["0", "1"]),
        (438.0, ["0", "110", "219", "328", "438"]),
        (4000.0, ["0", "1,000", "2,000", "3,000", "4,000"]),
    ],
)
def test_requests_are_whole(most: float, ticks: list[str]) -> None:
    chart = charts.scatter([(most, 1.0, "x")], x="requests", y="USD", width=80, color=False)
    assert chart.split("\n")[-2].split() == ticks
