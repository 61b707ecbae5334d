"""A chart of columns as SVG for a page: colours are the page's, text alternatives its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from llmcost.core.money import NANO_PER_USD
from llmcost.reporting.numbers import usd

_TOP, _BOTTOM, _LEFT, _LETTER = 10, 24, 62, 7


def columns(bars: Sequence[tuple[str, int]], *, width: int, height: int, title: str, text: str, key: str) -> str:
    """An `svg` element; `bars` are (label, nano-USD), none below zero.

    `key` makes ids unique within a page; `text` says in words what the chart shows.
    """
    most = max((amount for _, amount in bars), default=0)
    step = _step(most / NANO_PER_USD)
    lines = max(1, ceil(most / NANO_PER_USD / step)) if most else 1
    high = round(lines * step * NANO_PER_USD) or 1
    inner, room = height - _TOP - _BOTTOM, (width - _LEFT) / max(1, len(bars))
    parts = [
        f'<svg class="chart {key}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}-t {key}-d">',
        f'<title id="{key}-t">{escape(title)}</title><desc id="{key}-d">{escape(text)}</desc>',
    ]
    for line in range(lines + 1):
        y = _TOP + inner * (lines - line) / lines
        shown = usd(round(line * step * NANO_PER_USD))
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>'
        )
    # As many labels as find room, the last one's column always among those that have one.
    every = max(
        1, ceil(len(bars) * (max((len(label) for label, _ in bars), default=0) + 1) * _LETTER / (width - _LEFT))
    )
    for place, (label, amount) in enumerate(bars):
        tall = inner * amount / high
        x, wide = _LEFT + room * (place + 0.15), room * 0.7
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{_TOP + inner - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}">'
            f"<title>{escape(label)}: {usd(amount)}</title></rect>"
        )
        if (len(bars) - 1 - place) % every == 0:
            parts.append(
                f'<text class="tick" x="{x + wide / 2:.1f}" y="{height - 6}" text-anchor="middle">{escape(label)}'
                "</text>"
            )
    return "".join(parts) + "</svg>"


def _step(most: float) -> float:
    """A round distance between lines, of which there are about four."""
    if not most:
        return 1.0
    size: float = 10 ** floor(log10(most / 4))
    return size * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * size * 4 >= most * 0.999)
