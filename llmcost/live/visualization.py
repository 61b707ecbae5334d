"""The article's figure, from the article's analytics."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from llmcost.live.cost_analytics import CostAnalytics
from llmcost.reporting.plot import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_cost_breakdown(analytics: CostAnalytics, start_time: datetime, end_time: datetime) -> Figure:
    """Four panes: cost by model, cost over time by app, input and output by app, cost against requests.

    `.savefig("costs.png")` writes it; no window, display or `pyplot` is needed.

    Raises:
        UsageError: an empty period, or Matplotlib (`pip install 'llmcost[plot]'`) is not installed.
    """
    return figure(analytics.breakdown(start_time, end_time))
