"""What the panes of the breakdown figure share: colours, and text as it is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmcost.analysis.breakdown import AppUse
from llmcost.core.money import NANO_PER_USD
from llmcost.reporting.plot_fonts import BASE
from llmcost.reporting.view import name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's colours, told apart with any colour vision (https://jfly.uni-koeln.de/color/); grey for the rest.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
REST = "#999999"
#: Columns a name may take; a Chinese character takes two.
_WIDTH = 26

#: A name, or a character of it, as it is drawn.
Text = Callable[[str], str]


def columns(text: str) -> int:
    """How wide a text is: a Chinese character takes two columns."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shown(value: str, text: Text) -> str:
    """A name as a label: never empty, never long."""
    label, room = "", _WIDTH
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
