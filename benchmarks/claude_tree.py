"""A seeded tree of Claude Code session logs, as the tool writes them: `projects/FOLDER/SESSION.jsonl`.

Every response stands in several lines that repeat its id, the last one with the full output; between them stand the
person's messages, results of tools, snapshots and a summary. Subagents have files of their own beside their session.
Nothing in it is damaged or doubled (tests/sources/quirks is), and no request has more than 200,000 input tokens.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MODELS = (
    "claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001", "claude-sonnet-4-20250514",
    "claude-opus-4-1-20250805", "claude-sonnet-4-6", "claude-opus-4-6",
)  # fmt: skip
PRICED = (
    "claude-3-haiku-20240307", "claude-3-5-haiku-20241022", "claude-3-5-sonnet-20241022", "claude-3-7-sonnet-20250219",
    *MODELS, "claude-opus-4-20250514", "claude-sonnet-5", "claude-sonnet-5-5", "claude-haiku-5-5",
)  # fmt: skip
PRICED_FAST = (
    "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-fable-5-2",
)  # fmt: skip
PROJECTS = ("/home/dev/shop", "/home/dev/search", "/srv/客服助手", "/home/dev/infra")
START = datetime(2026, 4, 6, tzinfo=UTC)
DAYS = 10
_WORDS = (
    "the cart total is wrong when a coupon and free shipping meet: «größe» 修正 tests/cart.py assert total == 4.20\n"
    * 400
)


def write(folder: Path, size: int, seed: int = 7) -> int:
    """Write a tree of at least `size` bytes under `folder`; its bytes."""
    rng = random.Random(seed)
    written = session = 0
    while written < size:
        cwd = PROJECTS[session % len(PROJECTS)]
        home = folder / "projects" / cwd.replace("/", "-")
        home.mkdir(parents=True, exist_ok=True)
        name = f"{rng.getrandbits(128):032x}"
        begin = START + timedelta(days=session % DAYS, seconds=rng.randrange(80_000))
        shared = {"parentUuid": None, "isSidechain": False, "userType": "external", "cwd": cwd, "sessionId": name,
                  "version": "2.1.7", "gitBranch": "main"}  # fmt: skip
        written += _file(home / f"{name}.jsonl", _session(rng, shared, begin, rng.randrange(10, 60)))
        if session % 3 == 0:
            agents = home / name / "subagents"
            agents.mkdir(parents=True)
            side = {**shared, "isSidechain": True, "agentId": "a1"}
            written += _file(agents / "agent-a1.jsonl", _session(rng, side, begin, rng.randrange(3, 12)))
        session += 1
    return written


def write_prices(folder: Path) -> None:
    """A tree of one request for each model, at both speeds where it has two, with tokens of every kind."""
    rng = random.Random(7)
    shared = {"sessionId": "s1", "version": "2.1.7"}
    split = {"ephemeral_5m_input_tokens": 1_000, "ephemeral_1h_input_tokens": 2_000}
    usage = {"input_tokens": 10_000, "output_tokens": 1_000, "cache_read_input_tokens": 20_000,
             "cache_creation_input_tokens": 3_000, "cache_creation": split}  # fmt: skip
    asked = dict.fromkeys([(name, "standard") for name in (*PRICED, *PRICED_FAST)])
    messages = [
        {"model": model, "id": f"msg_{number}", "usage": {**usage, "speed": speed}}
        for number, (model, speed) in enumerate([*asked, *((name, "fast") for name in PRICED_FAST)])
    ]
    home = folder / "projects" / "p"
    home.mkdir(parents=True)
    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
    lines = (_line(rng, shared, moment, "assistant", message=made, requestId=made["id"]) for made in messages)
    _file(home / "s1.jsonl", lines)


def roughen(folder: Path, seed: int = 7) -> None:
    """Do to a tree's files, in turn, what crashes, editors, resumed sessions and subagents do. No response is lost."""
    rng = random.Random(seed)
    for number, path in enumerate(sorted(folder.rglob("*.jsonl"))):
        lines = path.read_bytes().splitlines(keepends=True)
        match number % 8:
            case 0:  # JSON with spaces
                lines = [json.dumps(json.loads(line), ensure_ascii=False).encode() + b"\n" for line in lines]
            case 1:  # an editor of another system
                lines = [b"\xef\xbb\xbf", *(line.replace(b"\n", b"\r\n\r\n") for line in lines)]
            case 2:  # lines cut short by a crash, the next one behind them
                lines = [line[: rng.randrange(1, 60)] + line if rng.random() < 0.2 else line for line in lines]
            case 3:  # blocks of NUL bytes, as a power cut leaves them
                lines = [b"\0" * 512 + line if rng.random() < 0.2 else line for line in lines]
            case 4:  # a resumed session begins with the first one's lines
                _copy(path, lines[: len(lines) // 2], rng)
            case 5:  # the same by a version that writes no requestId
                _copy(path, lines[len(lines) // 3 :], rng, requestId=None)
            case 6:  # a subagent repeats the main thread under other ids of requests
                _copy(path, lines, rng, requestId="req_replay", isSidechain=True)
            case _:  # lines that are written twice
                lines = [line for line in lines for _ in range(rng.randrange(1, 3))]
        path.write_bytes(b"".join(lines))


def _copy(path: Path, lines: list[bytes], rng: random.Random, **changes: str | bool | None) -> None:
    """Another session's file in the same folder, which repeats `lines`; what is changed to None is left out."""
    session = _uuid(rng)
    values = ({**json.loads(line), **changes, "sessionId": session} for line in lines)
    kept = ({name: value for name, value in one.items() if name not in changes or value is not None} for one in values)
    _file(path.with_name(f"{session}.jsonl"), kept)


def _file(path: Path, values: Iterator[dict[str, Any]]) -> int:
    text = "".join(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n" for value in values)
    return path.write_bytes(text.encode())


def _session(rng: random.Random, shared: dict[str, Any], moment: datetime, turns: int) -> Iterator[dict[str, Any]]:
    yield {"type": "summary", "summary": "Fix the cart's total", "leafUuid": _uuid(rng)}
    model = rng.choice(MODELS)
    for turn in range(turns):
        if rng.random() < 0.05:
            model = rng.choice(MODELS)
        moment += timedelta(seconds=rng.randrange(5, 90), milliseconds=rng.randrange(1000))
        text = _text(rng, 200)
        yield _line(rng, shared, moment, "user", message={"role": "user", "content": text})
        yield from _response(rng, shared, moment, model)
        moment += timedelta(seconds=rng.randrange(1, 20))
        text = _text(rng, 6_000)
        found = [{"tool_use_id": f"toolu_{_uuid(rng)}", "type": "tool_result", "content": text}]
        result = {"stdout": text, "stderr": "", "interrupted": False}
        yield _line(rng, shared, moment, "user", message={"role": "user", "content": found}, toolUseResult=result)
        if turn % 10 == 9:
            yield {"type": "file-history-snapshot", "messageId": _uuid(rng), "snapshot": {}, "isSnapshotUpdate": False}


def _response(rng: random.Random, shared: dict[str, Any], moment: datetime, model: str) -> Iterator[dict[str, Any]]:
    minutes, hour = rng.choice(((0, 0), (1, 0), (0, 1), (1, 1)))
    minutes, hour = minutes * rng.randrange(1, 9_000), hour * rng.randrange(1, 9_000)
    usage = {
        "input_tokens": rng.randrange(1, 3_000), "cache_creation_input_tokens": minutes + hour,
        "cache_read_input_tokens": rng.choice((0, rng.randrange(150_000))),
        "cache_creation": {"ephemeral_5m_input_tokens": minutes, "ephemeral_1h_input_tokens": hour},
        "output_tokens": rng.randrange(1, 9), "service_tier": "standard",
    }  # fmt: skip
    head = {"model": model, "id": f"msg_{rng.getrandbits(100):026x}", "type": "message", "role": "assistant"}
    request = f"req_{rng.getrandbits(100):026x}"
    blocks = rng.randrange(1, 4)
    for block in range(blocks):
        moment += timedelta(milliseconds=rng.randrange(100, 4_000))
        last = block == blocks - 1
        if last:
            usage = {**usage, "output_tokens": rng.randrange(10, 4_000)}
        content = [{"type": "text", "text": _text(rng, 1_500)}]
        message = {**head, "content": content, "stop_reason": "tool_use" if last else None, "usage": usage}
        yield _line(rng, shared, moment, "assistant", message=message, requestId=request)


def _line(rng: random.Random, shared: dict[str, Any], moment: datetime, kind: str, **more: Any) -> dict[str, Any]:
    stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**shared, "type": kind, **more, "uuid": _uuid(rng), "timestamp": stamp}


def _text(rng: random.Random, most: int) -> str:
    begin = rng.randrange(200)
    return _WORDS[begin : begin + rng.randrange(20, most)]


def _uuid(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"
