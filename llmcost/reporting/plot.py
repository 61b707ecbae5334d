"""The breakdown as a picture of four panes, drawn with Matplotlib (extra `plot`).

No state of `pyplot` is used: it works without a display, and in any thread.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from llmcost.analysis.breakdown import Breakdown
from llmcost.core.errors import UsageError
from llmcost.reporting.numbers import count, counted, usd
from llmcost.reporting.plot_fonts import drawable, fonts
from llmcost.reporting.view import days

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Inches, the article's; 100 pixels each.
SIZE, DPI = (15, 12), 100
INK = "#1a1a1a"
#: Matplotlib's settings are global to the process.
_LOCK = Lock()


def figure(breakdown: Breakdown, *, escape: bool = True) -> Figure:
    """Cost by model, cost over time by app, input and output by app, cost against requests.

    `escape`: characters that no installed font has are written as code points.

    Raises:
        UsageError: Matplotlib is not installed.
    """
    require()
    with _settings():
        return _figure(breakdown, escape=escape)


def render(breakdown: Breakdown, form: str) -> bytes:
    """`figure` as `png` or `svg`; the same bytes for the same values. An SVG's text is text, in the reader's fonts.

    Raises:
        UsageError: Matplotlib is not installed.
    """
    require()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.BytesIO()
    with _settings(), warnings.catch_warnings():
        if form == "svg":
            # Who looks at it may well have the characters that are missing here.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            made = _figure(breakdown, escape=False)
            FigureCanvasSVG(made).print_svg(out, metadata={"Date": None, "Creator": "llmcost"})
        else:
            FigureCanvasAgg(_figure(breakdown, escape=True)).print_png(out, metadata={"Software": None})
    return out.getvalue()


def require() -> None:
    """Raises UsageError: Matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError(
            "matplotlib is not installed, which draws png and svg", "pip install 'llmcost[plot]'"
        ) from None


def _figure(breakdown: Breakdown, *, escape: bool) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from llmcost.reporting import plot_panes as panes
    from llmcost.reporting.plot_bubbles import efficiency
    from llmcost.reporting.plot_style import literal

    covered = fonts().covered

    def text(raw: str) -> str:
        return drawable(raw, covered) if escape else raw

    engine = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15, wspace=0.05, hspace=0.05, rect=(0.01, 0.02, 0.98, 0.97))
    made = Figure(SIZE, dpi=DPI, layout=engine, facecolor="white")
    made.suptitle(literal(_title(breakdown)), fontsize=15)
    grid = made.add_gridspec(2, 2)
    sides = grid[1, 0].subgridspec(2, 2, height_ratios=(1, 0.07))
    shares, costs = made.add_subplot(grid[0, 0]), made.add_subplot(grid[0, 1])
    tokens = made.add_subplot(sides[0, 0])
    same, bubbles = made.add_subplot(sides[0, 1], sharey=tokens), made.add_subplot(grid[1, 1])
    panes.models(shares, breakdown, text)
    panes.trend(costs, breakdown, text)
    panes.sides(tokens, same, made.add_subplot(sides[1, :]), breakdown, text)
    left_out = efficiency(bubbles, breakdown, text)
    note = _note(breakdown, left_out)
    if note:
        made.text(0.5, 0.008, note, ha="center", va="bottom", fontsize=10)
    return made


def _title(found: Breakdown) -> str:
    period = found.period
    return f"LLM spend, {days(period)} ({period.zone}): {usd(_cost(found))}, {counted(found.requests, 'request')}"


def _cost(found: Breakdown) -> int | None:
    """None where all that there is lacks a price: unknown is not zero."""
    return None if found.unpriced and not found.cost else found.cost


def _note(found: Breakdown, left_out: int) -> str:
    parts = []
    if found.unpriced:
        parts.append(
            f"* {counted(found.unpriced, 'request')} of {count(found.requests)} have no price and are in no cost"
        )
    if left_out:
        parts.append(f"{counted(left_out, 'app')} without a cost not in the last pane")
    return "; ".join(parts)


_STYLE = {
    "font.size": 10.5, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": "#8a8a8a", "axes.titlesize": 13,
    "axes.titlepad": 12, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "grid.color": "#dddddd", "xtick.color": "#8a8a8a", "ytick.color": "#8a8a8a", "xtick.labelcolor": INK,
    "ytick.labelcolor": INK, "legend.frameon": False, "svg.hashsalt": "llmcost", "svg.fonttype": "none",
}  # fmt: skip


@contextmanager
def _settings() -> Iterator[None]:
    """Matplotlib's own defaults, whatever the user's `matplotlibrc` says, and ours over them; then as it was."""
    from matplotlib import rc_context, rcdefaults, rcParams

    families = list(fonts().families)
    with _LOCK, rc_context():
        rcdefaults()
        rcParams.update(_STYLE)
        rcParams["font.family"] = families
        yield
