"""The breakdown figure: what it says, that it is the same every time, and that names from logs are only text."""

from __future__ import annotations

import io
import re
import sys
import threading
import xml.etree.ElementTree as ET
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.analysis.breakdown import AppUse, Breakdown, Line, ModelCost
from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, Period
from llmcost.reporting.plot import figure, render
from llmcost.reporting.plot_fonts import drawable, fonts
from llmcost.reporting.plot_labels import Box, Bubble, places
from llmcost.reporting.plot_style import shown
from tests.budgets.rows import USD, us

START = us("2026-11-16T00:00:00Z")
CENT = USD // 100
PNG = b"\x89PNG\r\n\x1a\n"


def made(apps: list[AppUse], models: list[ModelCost] | None = None, days: int = 7) -> Breakdown:
    """Each app's cost is all of the first day."""
    period = Period(START, START + days * DAY_US, UTC, "test")
    own = apps if len(apps) <= 6 else apps[:5]
    lines = [Line(app.app, (app.cost, *(0,) * (days - 1))) for app in own]
    if len(own) < len(apps):
        lines.append(Line(None, (sum(app.cost for app in apps[5:]), *(0,) * (days - 1))))
    if models is None:
        models = [
            ModelCost("one", sum(a.requests for a in apps), sum(a.unpriced for a in apps), sum(a.cost for a in apps))
        ]
    cuts = tuple(START + day * DAY_US for day in range(days + 1))
    return Breakdown(period, "day", cuts, tuple(lines), tuple(models), tuple(apps))


def app(name: str, cost: int, requests: int = 10, **more: Any) -> AppUse:
    return AppUse(name, requests, 0, 1_000, 200, cost, cost // 2, cost - cost // 2)._replace(**more)


def texts(found: Breakdown) -> list[str]:
    """Every text of the SVG, in its order."""
    root = ET.fromstring(render(found, "svg"))  # noqa: S314 - our own
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def axes_of(found: Breakdown) -> Any:
    """Those of the figure: shares, trend, tokens, costs, bubbles, legend."""
    return figure(found).axes


SMALL = made(
    [app("chat", 3 * USD, 40), app("客服助手", USD, 10, unpriced=2), app("", 50 * CENT, 5),
     app("new", 0, 3, unpriced=3)],
    [
        ModelCost("big", 30, 0, 4 * USD), ModelCost("small", 20, 0, 45 * CENT), ModelCost("a", 2, 0, 3 * CENT),
        ModelCost("b", 1, 0, 2 * CENT), ModelCost("mystery", 5, 5, 0),
    ],
)  # fmt: skip


def test_everything_a_reader_needs_is_written() -> None:
    assert texts(SMALL) == [
        # Shares beside the slices, the total; then axes, titles and legends as they are drawn.
        "88.9%", "10.0%", "$4.50", "Cost by model",
        "big  $4.00  88.9%", "small  $0.4500  10.0%", "2 other models  $0.0500  1.1%",
        "11-16", "11-17", "11-18", "11-19", "11-20", "11-21", "11-22", "$0", "$0.5", "$1", "$1.5", "$2", "$2.5", "$3",
        "Cost per day and app", "chat", "客服助手*", "(not set)",
        "0", "400", "800", "chat", "客服助手*", "(not set)", "new*", "Tokens by app",
        "$0", "$0.6", "$1.2", "The same as cost",
        "10", "20", "30", "40", "requests (bubble area: output tokens, the largest 200)",
        "$0", "$0.5", "$1", "$1.5", "$2", "$2.5", "$3", "$3.5", "cost in USD",
        "chat", "客服助手*", "(not set)", "Cost against requests by app",
        "input", "output",
        "LLM spend, 16 Nov - 22 Nov 2026 (UTC): $4.50, 58 requests",
        "* 5 requests of 58 have no price and are in no cost; 1 app without a cost not in the last pane",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_values_give_the_same_bytes(form: str) -> None:
    first = render(SMALL, form)
    assert first == render(SMALL, form)
    assert b"dc:date" not in first
    assert b"Matplotlib" not in first


def test_a_png_is_fifteen_by_twelve_hundred_pixels() -> None:
    picture = render(SMALL, "png")
    assert picture.startswith(PNG)
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (1500, 1200)


def test_settings_of_the_program_around_it_neither_matter_nor_change() -> None:
    import matplotlib as mpl

    plain = render(SMALL, "svg")
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "svg.hashsalt": "other"}):
        assert render(SMALL, "svg") == plain
        assert (mpl.rcParams["axes.facecolor"], mpl.rcParams["svg.hashsalt"]) == ("black", "other")
    assert "matplotlib.pyplot" not in sys.modules


def test_threads_draw_the_same() -> None:
    plain, found = render(SMALL, "png"), []
    threads = [threading.Thread(target=lambda: found.append(render(SMALL, "png"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [plain] * 3


HOSTILE = ["$x_{2}$", r"a\$b", "$", r"\frac{1}{0}$$", "<script>&amp;", "=1+1", "_hidden", "\x1b[31mred", "a\nb", "🦜"]


def test_names_are_text_whatever_they_hold() -> None:
    printed = [name.replace("\x1b", "�").replace("\n", "�") for name in HOSTILE]
    costs = [(10 - at) * USD for at in range(10)]
    found = made(
        [app(name, cost) for name, cost in zip(HOSTILE, costs, strict=True)],
        [ModelCost(name, 10, 0, cost) for name, cost in zip(HOSTILE[:6], costs, strict=False)],
    )
    said = texts(found)
    assert [text for text in said if text in printed] == [*printed[:5], *printed, *printed]
    assert [text for text in said if text.endswith("22.2%") and "$10.00" in text] == [f"{printed[0]}  $10.00  22.2%"]
    assert "_hidden" in texts(made([app("_hidden", USD)], [ModelCost("_hidden", 10, 0, USD)]))
    assert render(found, "png").startswith(PNG)


def test_a_picture_has_no_boxes_where_a_font_lacks_characters() -> None:
    assert drawable("客服 A", {ord(" "), ord("A")}) == r"\u5ba2\u670d A"
    assert drawable("🦜", set()) == r"\U0001f99c"
    assert drawable("plain", fonts().covered) == "plain"
    # Without one warning about a missing glyph: tests turn warnings into errors.
    drawn = figure(made([app("客服", USD)]))
    drawn.savefig(io.BytesIO(), format="png")
    label = drawn.axes[2].get_yticklabels()[0].get_text()
    assert label == drawable("客服", fonts().covered)


def test_long_names_are_cut_by_the_room_they_take() -> None:
    assert shown("a" * 26, str) == "a" * 26
    assert shown("a" * 27, str) == "a" * 26 + "…"
    assert shown("数" * 20, str) == "数" * 13 + "…"
    assert shown("数" * 20, lambda each: drawable(each, set())) == r"\u6570" * 4 + "…"
    assert shown("W" * 26, str) == "W" * 15 + "…"
    assert shown("", str) == "(not set)"
    assert shown("$$", str) == r"\$\$"


def test_small_models_are_one_slice_but_a_single_one_keeps_its_name() -> None:
    costs = [60, 30, 5, 3, 1, 1]
    many = [ModelCost(f"m{at}", 1, 0, cost * CENT) for at, cost in enumerate(costs)]
    legend = [text for text in texts(made([app("chat", USD)], many)) if text.startswith(("m", "2 other"))]
    assert legend == [
        "m0  $0.6000  60.0%", "m1  $0.3000  30.0%", "m2  $0.0500  5.0%", "m3  $0.0300  3.0%",
        "2 other models  $0.0200  2.0%",
    ]  # fmt: skip
    five = [*many[:3], ModelCost("m3", 1, 0, 4 * CENT), ModelCost("m4", 1, 0, CENT)]
    assert "m4  $0.0100  1.0%" in texts(made([app("chat", USD)], five))


def test_many_apps_are_pooled_and_none_is_lost() -> None:
    found = made([app(f"app{number:02}", (20 - number) * USD, 20 - number) for number in range(20)])
    said = texts(found)
    assert "15 others" in said  # of the lines: five have their own
    assert "10 others" in said  # of the bars: ten have their own
    drawn = axes_of(found)
    bars = drawn[2].patches
    assert len(bars) == 22
    assert sum(bar.get_width() for bar in bars[:11]) == 20 * 1_000
    assert sum(bar.get_width() for bar in bars[11:]) == 20 * 200
    money = drawn[3].patches
    assert sum(bar.get_width() for bar in money) == pytest.approx(210)


def test_fees_are_neither_input_nor_output() -> None:
    found = made([app("chat", USD, input_cost=20 * CENT, output_cost=30 * CENT)])
    assert "searches, fees, not split" in texts(found)
    assert [bar.get_width() for bar in axes_of(found)[3].patches] == pytest.approx([0.2, 0.3, 0.5])


@pytest.mark.parametrize(
    ("costs", "requests", "scales"),
    [
        ((20, 1), (20, 1), ("linear", "linear")),
        ((21, 1), (20, 1), ("linear", "log")),
        ((20, 1), (21, 1), ("log", "linear")),
        ((10_000, 1), (10_000, 1), ("log", "log")),
    ],
)
def test_axes_are_logarithmic_where_the_spread_is_large(
    costs: tuple[int, int], requests: tuple[int, int], scales: tuple[str, str]
) -> None:
    pairs = zip("ab", costs, requests, strict=True)
    axes = axes_of(made([app(name, cost * USD, count) for name, cost, count in pairs]))[4]
    assert (axes.get_xscale(), axes.get_yscale()) == scales


def test_bubbles_grow_with_output_tokens() -> None:
    drawn = axes_of(
        made([app("a", USD, output_tokens=1_000), app("b", USD, output_tokens=250), app("c", USD, output_tokens=0)])
    )
    assert list(drawn[4].collections[0].get_sizes()) == [1_400, 350, 30]


def test_what_has_no_price_is_no_bubble_and_what_is_free_is_one() -> None:
    drawn = axes_of(made([app("a", USD), app("free", 0), app("unknown", 0, unpriced=10)]))
    assert drawn[4].collections[0].get_offsets().tolist() == [[10, 1], [10, 0]]


@pytest.mark.parametrize("form", ["png", "svg"])
@pytest.mark.parametrize("apps", [[], [app("a", 0, unpriced=10)], [app("a", 0)], [app("a", 1)], [app("a", 10**17)]])
def test_every_pane_bears_nothing_and_extremes(apps: list[AppUse], form: str) -> None:
    assert len(render(made(apps), form)) > 1_000


def test_unknown_is_not_zero_in_the_title() -> None:
    assert "LLM spend, 16 Nov - 22 Nov 2026 (UTC): unpriced, 10 requests" in texts(made([app("a", 0, unpriced=10)]))
    assert "LLM spend, 16 Nov - 22 Nov 2026 (UTC): $0.00, 0 requests" in texts(made([]))


def test_the_widest_names_leave_room_for_every_pane() -> None:
    names = ["W" * 20 + f"{number:02}" for number in range(12)]
    costs = [(12 - number) * 10**6 * USD for number in range(12)]
    found = made(
        [app(name, cost) for name, cost in zip(names, costs, strict=True)],
        [ModelCost(name, 10, 1, cost) for name, cost in zip(names, costs, strict=True)],
    )
    drawn = figure(found)
    drawn.savefig(io.BytesIO(), format="png")
    assert all(axes.get_window_extent().width > 150 for axes in drawn.axes[:5])
    assert "$15.0M" in texts(found)


@pytest.mark.parametrize(("days", "most"), [(1, 1), (30, 9), (92, 9)])
def test_dates_are_few_enough_to_read(days: int, most: int) -> None:
    dates = [text for text in texts(made([app("a", USD)], days=days)) if re.fullmatch(r"(\d{4}-)?\d\d-\d\d", text)]
    assert 1 <= len(dates) <= most
    assert dates[0].endswith("11-16")


def test_text_is_dark_on_white() -> None:
    found = render(SMALL, "svg").decode()
    assert set(re.findall(r"<text[^>]*fill: (#\w+)", found)) <= {"#1a1a1a"}
    assert "fill: #ffffff" in found.partition('<g id="axes_1">')[0]


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (lambda: figure(SMALL), lambda: render(SMALL, "png")):
        with pytest.raises(UsageError, match="matplotlib is not installed") as caught:
            draw()
        assert caught.value.hint == "pip install 'llmcost[plot]'"


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 300), st.integers(30, 1_400)), max_size=14),
    st.lists(st.integers(1, 27), min_size=14, max_size=14),
)
def test_names_of_bubbles_hide_neither_each_other_nor_bubbles(
    drawn: list[tuple[int, int, int]], widths: list[int]
) -> None:
    bubbles = [Bubble(*each) for each in drawn]
    frame = Box(0, 0, 400, 300)
    boxes: list[Box] = []
    for bubble, width, place in zip(bubbles, widths, places(bubbles, widths[: len(bubbles)], frame), strict=False):
        if place is None:
            continue
        left = bubble.x + place.x - {"left": 0, "center": width * 6.2 / 2, "right": width * 6.2}[place.align]
        box = Box(left, bubble.y + place.y - 6.5, left + width * 6.2, bubble.y + place.y + 6.5)
        assert box.within(Box(-0.001, -0.001, 400.001, 300.001))
        for other in boxes:
            assert not box.overlaps(
                Box(other.left + 0.001, other.bottom + 0.001, other.right - 0.001, other.top - 0.001)
            )
        boxes.append(box)
