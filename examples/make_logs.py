"""Writes examples/logs: two invented weeks of an invented company, in the formats llmcost reads.

The same bytes every time: seeded, standard library only. `tests/test_examples.py` checks that the committed
files are what this script writes.

    python examples/make_logs.py
"""

import csv
import gzip
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent / "logs"
#: Monday of the first week; the second ends on Sunday, 2026-11-22.
START = datetime(2026, 11, 9, tzinfo=UTC)
DAYS = 14
#: From this day on the document summaries run on a dearer model with four times the text: the jump to be found.
JUMP = 10
WEEKDAY = (1.0, 1.1, 1.05, 1.0, 0.9, 0.25, 0.2)
#: Share of a day's requests per hour, UTC.
HOURS = (1, 1, 1, 1, 1, 2, 4, 9, 14, 16, 15, 12, 11, 14, 15, 14, 11, 7, 4, 3, 2, 2, 1, 1)


class Draw:
    """Random draws that are the same in every Python version: only `random()` is used."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(sum(ord(c) * 31**i for i, c in enumerate(seed)) % 2**32)  # noqa: S311 - nothing secret is drawn

    def between(self, low: int, high: int) -> int:
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def one(self, options: tuple[str, ...]) -> str:
        return options[int(self._random.random() * len(options))]

    def hex(self, length: int) -> str:
        return "".join("0123456789abcdef"[int(self._random.random() * 16)] for _ in range(length))

    def weighted(self, weights: tuple[int, ...]) -> int:
        left = self._random.random() * sum(weights)
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return index
        return len(weights) - 1

    def moments(self, day: int, per_day: int) -> list[datetime]:
        """Times of one day's requests, sorted."""
        base = START + timedelta(days=day)
        count = round(per_day * WEEKDAY[day % 7] * (0.9 + self._random.random() * 0.2))
        return sorted(
            base
            + timedelta(
                hours=self.weighted(HOURS), minutes=self.between(0, 59), milliseconds=self.between(0, 59_999)
            )
            for _ in range(count)
        )  # fmt: skip


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def lines(values: list[dict[str, object] | str]) -> bytes:
    """JSON Lines; a str is written as it is (a damaged line)."""
    return "".join(
        (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))) + "\n"
        for value in values
    ).encode()


def packed(data: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=out, mode="wb", mtime=0, compresslevel=9) as file:
        file.write(data)
    return out.getvalue()


# --- Claude Code sessions --------------------------------------------------------------------------------------

PROJECTS = (("-home-dev-shop", "/home/dev/shop", "main"), ("-home-dev-billing", "/home/dev/billing", "fix/rounding"))


def claude_code() -> Iterator[tuple[str, bytes]]:
    """One file per project and working day: each response as two or three lines, the last with the full usage."""
    for folder, cwd, branch in PROJECTS:
        for day in range(DAYS):
            if day % 7 > 4:
                continue
            draw = Draw(f"claude {folder} {day}")
            session = f"{draw.hex(8)}-{draw.hex(4)}-4{draw.hex(3)}-8{draw.hex(3)}-{draw.hex(12)}"
            yield f"claude-code/projects/{folder}/{session}.jsonl", lines(_session(draw, day, cwd, branch, session))


def _session(draw: Draw, day: int, cwd: str, branch: str, session: str) -> list[dict[str, object] | str]:
    written: list[dict[str, object] | str] = [
        {"type": "summary", "summary": "Working on the order form", "leafUuid": draw.hex(12)}
    ]
    common: dict[str, object] = {
        "isSidechain": False, "cwd": cwd, "sessionId": session, "version": "2.0.14", "gitBranch": branch,
    }  # fmt: skip
    moment = START + timedelta(days=day, hours=8, minutes=draw.between(0, 50))
    context = 0
    for turn in range(draw.between(14, 22)):
        moment += timedelta(seconds=draw.between(20, 900))
        asked = {"role": "user", "content": "Please go on with the next step."}
        written.append({**common, "type": "user", "message": asked, "uuid": draw.hex(12), "timestamp": stamp(moment)})
        fresh = draw.between(9_000, 14_000) if not context else draw.between(300, 2_500)
        hour = turn == 0 and draw.chance(0.3)
        usage: dict[str, object] = {
            "input_tokens": draw.between(3, 12), "cache_creation_input_tokens": fresh,
            "cache_read_input_tokens": context,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 0 if hour else fresh, "ephemeral_1h_input_tokens": fresh if hour else 0,
            },
            "service_tier": "standard",
        }  # fmt: skip
        model = "claude-haiku-4-5-20251001" if draw.chance(0.25) else "claude-sonnet-4-5-20250929"
        identity, request = f"msg_01{draw.hex(20)}", f"req_01{draw.hex(20)}"
        final = draw.between(150, 1_800)
        for step in range(draw.between(2, 3), 0, -1):
            moment += timedelta(milliseconds=draw.between(400, 3_000))
            message = {
                "id": identity, "type": "message", "role": "assistant", "model": model,
                "content": [{"type": "text", "text": "Done." if step == 1 else "Looking at the form…"}],
                "usage": {**usage, "output_tokens": final if step == 1 else draw.between(1, 8)},
            }  # fmt: skip
            written.append(
                {
                    **common, "type": "assistant", "message": message, "requestId": request,
                    "uuid": draw.hex(12), "timestamp": stamp(moment),
                }
            )  # fmt: skip
        context += fresh + final
    if day == 2:
        synthetic = {"id": draw.hex(12), "role": "assistant", "model": "<synthetic>", "content": [],
                     "usage": {"input_tokens": 0, "output_tokens": 0}}  # fmt: skip
        written.append({**common, "type": "assistant", "message": synthetic, "timestamp": stamp(moment)})
        written.append('{"type":"assistant","message":{"id":"msg_01cut","model":"claude-sonnet-4-5-20250929","usa')
    return written


# --- a gateway that writes the interchange record ------------------------------------------------------------

REVIEWERS = ("maya", "jonas", "lin", "amara")


def gateway() -> bytes:
    """Document summaries, code review and an internal assistant behind one gateway."""
    draw = Draw("gateway")
    written: list[dict[str, object] | str] = []
    for day in range(DAYS):
        written += [_gateway_line(draw, day, moment) for moment in draw.moments(day, 110)]
        if day == 4:
            written.append('{"timestamp":"2026-11-13T17:02:11.402Z","request_id":"gw-cut","model":"gpt-4.1-mi')
            written.append({"timestamp": "2026-11-13T17:02:12.000Z", "request_id": "gw-negative", "model": "gpt-4o",
                            "app": "code-review", "input_tokens": -1, "output_tokens": 12})  # fmt: skip
    return packed(lines(written))


def _gateway_line(draw: Draw, day: int, moment: datetime) -> dict[str, object]:
    kind = draw.weighted((50, 30, 15, 5))
    line: dict[str, object] = {"timestamp": stamp(moment), "request_id": f"gw-{draw.hex(16)}"}
    environment = "staging" if draw.chance(0.1) else "production"
    output = draw.between(80, 700)
    if kind == 0:
        dear = day >= JUMP
        line |= {"provider": "openai", "model": "gpt-4o" if dear else "gpt-4.1-mini", "app": "doc-summary",
                 "team": "operations", "user": "batch-runner", "environment": environment}  # fmt: skip
        given = draw.between(2_500, 9_000) * (4 if dear else 1)
        cached = given // 3 // 128 * 128 if draw.chance(0.4) else 0
    elif kind == 1:
        line |= {"provider": "openai", "model": "gpt-5-mini", "app": "code-review", "team": "engineering",
                 "user": draw.one(REVIEWERS), "environment": environment}  # fmt: skip
        given, cached = draw.between(1_500, 12_000), 1_024 if draw.chance(0.5) else 0
        line["reasoning_tokens"] = draw.between(2, 20) * 64
        output += int(str(line["reasoning_tokens"]))
    elif kind == 2:
        line |= {"provider": "google", "model": "gemini-2.5-flash", "app": "assistant", "team": "sales",
                 "user": draw.one(REVIEWERS), "environment": environment}  # fmt: skip
        given, cached = draw.between(400, 3_000), 0
    else:
        line |= {"provider": "self-hosted", "model": "acme-chat-7b", "app": "assistant", "team": "sales",
                 "user": draw.one(REVIEWERS), "environment": "staging"}  # fmt: skip
        given, cached = draw.between(300, 1_500), 0
    first = draw.between(180, 900)
    line |= {"operation": "chat", "input_tokens": given, "cached_input_tokens": cached, "output_tokens": output,
             "latency_ms": first + output * draw.between(6, 14), "time_to_first_token_ms": first,
             "cache_hit": False, "status": "ok"}  # fmt: skip
    if kind == 2 and draw.chance(0.25):
        line |= {"input_tokens": 0, "output_tokens": 0, "latency_ms": draw.between(4, 20), "cache_hit": True}
        del line["time_to_first_token_ms"], line["cached_input_tokens"]
    elif draw.chance(0.02):
        line |= {"input_tokens": 0, "output_tokens": 0, "status": "error", "error": "rate_limit: try again in 20 s"}
        for name in ("time_to_first_token_ms", "cached_input_tokens", "reasoning_tokens"):
            line.pop(name, None)
    return line


# --- OpenAI responses as an application logs them --------------------------------------------------------------


def search(week: int) -> bytes:
    """A search service: embeddings, and answers over what they found."""
    draw = Draw(f"search {week}")
    written: list[dict[str, object] | str] = []
    for day in range(week * 7, week * 7 + 7):
        written += [_search_line(draw, moment) for moment in draw.moments(day, 60)]
    return packed(lines(written))


def _search_line(draw: Draw, moment: datetime) -> dict[str, object]:
    around: dict[str, object] = {"timestamp": stamp(moment), "app": "search", "environment": "production",
                                 "latency_ms": draw.between(90, 260)}  # fmt: skip
    if draw.chance(0.6):
        given = draw.between(200, 4_000)
        body: dict[str, object] = {
            "object": "list", "data": [], "model": "text-embedding-3-small",
            "usage": {"prompt_tokens": given, "total_tokens": given},
        }  # fmt: skip
        return {**around, "request_id": f"emb-{draw.hex(16)}", "request": {"model": "text-embedding-3-small"},
                "response": body}  # fmt: skip
    given, made = draw.between(1_200, 5_000), draw.between(60, 400)
    body = {
        "id": f"chatcmpl-{draw.hex(24)}", "object": "chat.completion", "created": int(moment.timestamp()),
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "…"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made,
                  "prompt_tokens_details": {"cached_tokens": 1_024 if draw.chance(0.5) else 0},
                  "completion_tokens_details": {"reasoning_tokens": 0}},
        "service_tier": "default",
    }  # fmt: skip
    return {**around, "latency_ms": draw.between(700, 4_000), "request": {"model": "gpt-4.1-mini"}, "response": body}


def batch() -> bytes:
    """The output file of one nightly OpenAI batch: product texts at batch rates, two of them failed."""
    draw = Draw("batch")
    written: list[dict[str, object] | str] = []
    created = int((START + timedelta(days=7, hours=2)).timestamp())
    for number in range(120):
        given, made = draw.between(500, 1_500), draw.between(150, 500)
        body: dict[str, object] = {
            "id": f"chatcmpl-{draw.hex(24)}", "object": "chat.completion", "created": created + number * 20,
            "model": "gpt-4.1-mini-2025-04-14", "choices": [],
            "usage": {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made},
        }  # fmt: skip
        status = 200
        if number in (40, 77):
            status, body = 500, {"error": {"type": "server_error", "message": "The server had an error"}}
        written.append({"id": f"batch_req_{draw.hex(16)}", "custom_id": f"product-{number:04d}",
                        "response": {"status_code": status, "request_id": draw.hex(16), "body": body},
                        "error": None})  # fmt: skip
    return lines(written)


# --- Anthropic streams, kept whole by a proxy --------------------------------------------------------------------


def streams() -> bytes:
    """Streamed Messages responses, each kept as the text of its events; the last one is cut short."""
    draw = Draw("streams")
    written: list[dict[str, object] | str] = []
    for day in range(DAYS):
        written += [_stream(draw, moment, "message_delta") for moment in draw.moments(day, 8)]
    written.append(_stream(draw, START + timedelta(days=13, hours=20), ""))
    return packed(lines(written))


def _stream(draw: Draw, moment: datetime, last: str) -> dict[str, object]:
    given, made = draw.between(800, 6_000), draw.between(120, 900)
    message = {"id": f"msg_01{draw.hex(20)}", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
               "content": [], "usage": {"input_tokens": given, "cache_creation_input_tokens": 0,
                                        "cache_read_input_tokens": 2_048, "output_tokens": 1}}  # fmt: skip
    events: list[dict[str, object]] = [{"type": "message_start", "message": message}]
    if last:
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        events += [{"type": last, "delta": delta, "usage": {"output_tokens": made}}, {"type": "message_stop"}]
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return {"timestamp": stamp(moment), "app": "assistant", "team": "sales", "environment": "production",
            "latency_ms": made * 11, "time_to_first_token_ms": draw.between(200, 800), "response": text}  # fmt: skip


# --- a support bot's own CSV -----------------------------------------------------------------------------------


def support() -> bytes:
    """客服助手, the support bot: semicolons, its own column names, one ragged row and one bad time."""
    draw = Draw("support")
    out = io.StringIO()
    table = csv.writer(out, delimiter=";", lineterminator="\r\n")
    table.writerow(("time", "id", "model", "app", "team", "user_id", "env", "prompt_tokens", "completion_tokens",
                    "cached_tokens", "duration_ms", "ttft_ms", "channel"))  # fmt: skip
    for day in range(DAYS):
        for number, moment in enumerate(draw.moments(day, 75)):
            first, made = draw.between(200, 700), draw.between(40, 350)
            model = "claude-sonnet-4-5" if draw.chance(0.3) else "claude-haiku-4-5"
            row = [stamp(moment), f"msg_01{draw.hex(20)}", model, "客服助手", "support", f"agent-{draw.between(1, 9)}",
                   "production", draw.between(1_500, 5_000), made, 1_024 if draw.chance(0.7) else 0,
                   first + made * draw.between(8, 16), first, draw.one(("chat", "mail", "微信"))]  # fmt: skip
            if day == 8 and number == 3:
                row = row[:-2]
            if day == 9 and number == 5:
                row[0] = "yesterday"
            table.writerow(row)
    return packed(out.getvalue().encode("utf-8-sig"))


def files() -> dict[str, bytes]:
    """Name below examples/logs -> content."""
    return {
        **dict(claude_code()),
        "gateway/requests.jsonl.gz": gateway(),
        "openai/search-week-1.jsonl.gz": search(0),
        "openai/search-week-2.jsonl.gz": search(1),
        "openai/batch-output.jsonl": batch(),
        "anthropic/streams.jsonl.gz": streams(),
        "support-bot.csv.gz": support(),
    }


def main() -> None:
    for name, content in files().items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
