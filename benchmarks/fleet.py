"""A company's requests, seeded: `python -m benchmarks.fleet ROWS > log.jsonl` writes interchange lines.

90 days of 50 apps and 5,000 users; models and apps by Zipf's law; office hours, quiet weekends, a growing trend, hours
in which one app runs wild; one line in fifty is written up to two days late. The same number gives the same bytes.
"""

from __future__ import annotations

import heapq
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate

DAYS = 90
START = int(datetime(2026, 8, 1, tzinfo=UTC).timestamp())
_MODELS = (
    ("openai", "gpt-4o-mini"), ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-flash"), ("openai", "gpt-4.1"),
    ("anthropic", "claude-sonnet-4-5"), ("openai", "gpt-4.1-mini"), ("google", "gemini-2.5-pro"), ("openai", "o4-mini"),
    ("openai", "gpt-4o"), ("deepseek", "deepseek-chat"), ("anthropic", "claude-opus-4-5"),
    ("mistral", "mistral-large-latest"),
)  # fmt: skip
_APPS, _USERS, _TEAMS = 50, 5_000, 10
_HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 14, 18, 19, 18, 15, 17, 19, 18, 16, 12, 8, 6, 5, 4, 3, 2)
_WEEKDAYS = (10, 11, 11, 10, 9, 3, 2)
_MINUTE = 60_000_000
_LATEST = 2 * 24 * 60 * _MINUTE


def lines(rows: int, seed: int = 7) -> Iterator[str]:
    """That many lines of JSON, in the order in which they were written."""
    dice = random.Random(seed)
    late: list[tuple[int, str]] = []
    for us, line in _requests(rows, dice):
        while late and late[0][0] <= us:
            yield heapq.heappop(late)[1]
        if dice.random() < 0.02:
            heapq.heappush(late, (us + int(dice.random() * _LATEST), line))
        else:
            yield line
    while late:
        yield heapq.heappop(late)[1]


def _requests(rows: int, dice: random.Random) -> Iterator[tuple[int, str]]:
    zipf = [*accumulate(1 / rank for rank in range(1, _APPS + 1))]
    model_weights = [*accumulate(1 / rank for rank in range(1, len(_MODELS) + 1))]
    # An app keeps to the models of its own order of preference.
    tastes = [dice.sample(_MODELS, len(_MODELS)) if app else [*_MODELS] for app in range(_APPS)]
    wild = {dice.randrange(DAYS * 24): dice.randrange(_APPS) for _ in range(DAYS // 6)}
    number = 0
    for minute, count in enumerate(_per_minute(rows, wild)):
        if not count:
            continue
        start = START * 1_000_000 + minute * _MINUTE
        apps = dice.choices(range(_APPS), cum_weights=zipf, k=count)
        runaway = wild.get(minute // 60)
        if runaway is not None:
            apps = [runaway if place % 3 else app for place, app in enumerate(apps)]
        ranks = dice.choices(range(len(_MODELS)), cum_weights=model_weights, k=count)
        seconds = sorted(int(dice.random() * _MINUTE) for _ in range(count))
        stamp = datetime.fromtimestamp(START + minute * 60, UTC).strftime("%Y-%m-%dT%H:%M:")
        for us, app, rank in zip(seconds, apps, ranks, strict=True):
            number += 1
            yield (
                start + us,
                _line(dice, number, f"{stamp}{us // 1_000_000:02d}.{us % 1_000_000:06d}Z", app, tastes[app][rank]),
            )


def _per_minute(rows: int, wild: dict[int, int]) -> Iterator[int]:
    """How many requests fall into each minute: seasons, a trend of a third in all, and what runs wild."""
    weights = []
    for hour in range(DAYS * 24):
        day, clock = divmod(hour, 24)
        weekday = datetime.fromtimestamp(START + day * 86_400, UTC).weekday()
        weight = _HOURS[clock] * _WEEKDAYS[weekday] * (270 + day) * (4 if hour in wild else 1)
        weights += [weight] * 60
    total, given = sum(weights), 0
    for reached in accumulate(weights):
        due = rows * reached // total
        yield due - given
        given = due


def _line(dice: random.Random, number: int, stamp: str, app: int, model: tuple[str, str]) -> str:
    bits = dice.getrandbits(64)
    given, out = 50 + (bits & 0x1FFF), 1 + (bits >> 13 & 0x3FF)
    cached = given // 2 if bits >> 23 & 7 == 0 else 0
    latency = 200 + (bits >> 26 & 0x1FFF)
    user = (app * 100 + (bits >> 39 & 0xFF)) % _USERS if bits >> 47 & 1 else (bits >> 48) % _USERS
    environment = "production" if app % 10 else "staging"
    failed = bits >> 60 == 0 and bits >> 58 & 3 == 0
    outcome = '"status":"error","error":"overloaded"' if failed else '"status":"ok"'
    return (
        f'{{"timestamp":"{stamp}","request_id":"req_{number:011x}","provider":"{model[0]}","model":"{model[1]}",'
        f'"app":"app-{app:02d}","environment":"{environment}","team":"team-{app % _TEAMS}","user":"u{user:04d}",'
        f'"input_tokens":{given},"cached_input_tokens":{cached},"output_tokens":{0 if failed else out},'
        f'"latency_ms":{latency},"time_to_first_token_ms":{latency // 4},{outcome}}}\n'
    )


if __name__ == "__main__":
    sys.stdout.writelines(lines(int(sys.argv[1])))
