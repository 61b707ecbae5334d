"""Reading a made-up log through its source, as an ingest does."""

import io
import json
from pathlib import Path
from typing import Any

from llmcost.core.record import Problem, Record
from llmcost.sources import detect
from llmcost.sources.reader import LogFile, Source


def encoded(*values: Any) -> bytes:
    return b"".join(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values)


def outcome(source: Source, file: LogFile) -> tuple[list[Record], list[tuple[int, str]], int]:
    """Requests, (line, reason) of problems, and the number of lines ignored."""
    found = detect(file)
    assert found is not None
    assert found.name == source.name
    items = list(source.read(file))
    records = [item for item in items if isinstance(item, Record)]
    return records, [(item.line, item.reason) for item in items if isinstance(item, Problem)], file.ignored


def read(source: Source, *values: Any) -> tuple[list[Record], list[tuple[int, str]], int]:
    return outcome(source, LogFile(io.BytesIO(encoded(*values)), "log"))


def read_path(source: Source, path: Path) -> tuple[list[Record], list[tuple[int, str]], int]:
    file = LogFile.open(path)
    try:
        return outcome(source, file)
    finally:
        file.close()
