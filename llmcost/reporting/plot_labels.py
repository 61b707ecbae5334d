"""Where the names of bubbles go, so that none hides another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import NamedTuple

#: Points: a character's width, a line's height and the gap between a bubble and its name.
_CHARACTER, _LINE, _GAP = 6.2, 13.0, 3.0


class Bubble(NamedTuple):
    """A bubble's centre in points, and its area in points squared."""

    x: float
    y: float
    area: float

    @property
    def radius(self) -> float:
        return sqrt(self.area) / 2


class Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def within(self, other: Box) -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )


class Place(NamedTuple):
    """Of a name: points from the bubble's centre to the middle of its nearer end (or its middle), and which that is."""

    x: float
    y: float
    align: str
    """left, right or center."""


def places(bubbles: Sequence[Bubble], columns: Sequence[float], frame: Box) -> list[Place | None]:
    """A place for each name, the first ones first; None where there is no room.

    `columns`: how many characters wide each name is. Names stay within the frame, and off each other and the bubbles.
    """
    taken = [
        Box(each.x - each.radius, each.y - each.radius, each.x + each.radius, each.y + each.radius) for each in bubbles
    ]
    found: list[Place | None] = []
    for at, width in enumerate(columns):
        others = [*taken[:at], *taken[at + 1 :]]
        place = None
        for candidate in _candidates(bubbles[at].radius):
            box = _box(bubbles[at], candidate, width * _CHARACTER)
            if box.within(frame) and not any(box.overlaps(other) for other in others):
                place = candidate
                taken.append(box)
                break
        found.append(place)
    return found


def _candidates(radius: float) -> Iterator[Place]:
    """Beside, above and below the bubble, then further up and down beside it."""
    side, up = radius + _GAP, radius + _LINE / 2 + 1
    yield Place(side, 0, "left")
    yield Place(-side, 0, "right")
    yield Place(0, up, "center")
    yield Place(0, -up, "center")
    for lift in (0.7 * radius + _LINE / 2, radius + _LINE):
        for x, align in ((0.7 * radius + _GAP, "left"), (-0.7 * radius - _GAP, "right")):
            yield Place(x, lift, align)
            yield Place(x, -lift, align)


def _box(bubble: Bubble, place: Place, width: float) -> Box:
    start = {"left": 0.0, "right": -width, "center": -width / 2}[place.align]
    left, middle = bubble.x + place.x + start, bubble.y + place.y
    return Box(left, middle - _LINE / 2, left + width, middle + _LINE / 2)
