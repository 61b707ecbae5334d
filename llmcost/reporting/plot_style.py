"""What the panes of the breakdown figure share: colours, and text as it is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmcost.analysis.breakdown import AppUse
from llmcost.core.money import NANO_PER_USD
from llmcost.reporting.numbers import short
from llmcost.reporting.plot_fonts import BASE
from llmcost.reporting.view import name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's colours, told apart with any colour vision (https://jfly.uni-koeln.de/color/); grey for the rest.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
REST = "#999999"
#: Columns a name may take; a Chinese character takes two.
_WIDTH = 26
#: Points: a common letter, what stands before a legend's label, and a pane.
_LETTER, _HANDLE, _PANE = 5.8, 45, 500

#: A name, or a character of it, as it is drawn.
Text = Callable[[str], str]


def columns(text: str) -> float:
    """How wide a text is, in widths of a common letter; a Chinese character takes two."""
    return sum(map(_column, text))


def _column(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 1.65 if character in "MWmw@%" else 1.25 if character.isupper() else 1


def legend_columns(labels: Sequence[str]) -> int:
    """Into how many columns a pane's legend fits."""
    widest = max(map(columns, labels)) * _LETTER + _HANDLE
    return max(1, min(3, int(_PANE / widest)))


def shown(value: str, text: Text) -> str:
    """A name as a label: never empty, never long."""
    label, room = "", float(_WIDTH)
    for character in name(value):
        piece = text(character)
        room -= columns(piece)
        if room < 0:
            return literal(label) + "…"
        label += piece
    return literal(label)


def literal(text: str) -> str:
    """`text` that Matplotlib draws as it is: it takes what stands between two dollar signs for a formula."""
    return text.replace("$", r"\$")


def dollars(nano: float) -> float:
    return nano / NANO_PER_USD


def tick(value: float) -> str:
    """Money on an axis."""
    if value >= 10_000:
        return rf"\${short(round(value))}"
    return r"\$" + (
        f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.3g}" if value >= 1e-4 else f"{value:.1e}"
    )


def head(axes: Axes, words: str) -> None:
    # Few Chinese fonts have a bold face, and titles hold no names.
    axes.set_title(words, fontweight="bold", fontfamily=BASE)


def nothing(axes: Axes, words: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes)


def app_label(app: AppUse, text: Text) -> str:
    return shown(app.app, text) + ("*" if app.unpriced else "")
