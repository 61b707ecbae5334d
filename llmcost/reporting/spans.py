"""Lengths of time as people read them."""

from __future__ import annotations

_MINUTE_US = 60_000_000


def duration(us: int) -> str:
    """The two largest units of a length of time, cut off below: 2h 45m, 45m, 23d 17h."""
    minutes = us // _MINUTE_US
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m" if hours < 48 else f"{hours // 24}d {hours % 24}h"


def left(us: int) -> str:
    """A time that is left: 2h 45m left."""
    return f"{duration(us)} left"
