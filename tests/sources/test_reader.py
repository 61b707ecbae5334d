"""Files as sources see them: compressed, damaged, endless, in one piece or in lines."""

import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import IO, Any

import pytest
import zstandard

from llmcost.core.record import Problem
from llmcost.sources import reader
from llmcost.sources.reader import LogFile, Value, decode_json, glued

PACKERS = {"plain": bytes, "gzip": gzip.compress, "zstandard": zstandard.ZstdCompressor().compress}


class Slow(io.RawIOBase):
    """A pipe that gives one byte at a time."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._inner.read(1)
        buffer[: len(data)] = data
        return len(data)


def log(data: bytes) -> LogFile:
    return LogFile(io.BytesIO(data), "log")


def lines(file: LogFile) -> list[tuple[int, bytes] | Problem]:
    return list(file.lines())


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_compressed_alike(pack: Any) -> None:
    content = b'{"a": 1}\n\n  \r\n{"b": 2}\r\n{"c": 3}'
    assert lines(log(pack(content))) == [(1, b'{"a": 1}'), (4, b'{"b": 2}'), (5, b'{"c": 3}')]


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_content_larger_than_every_buffer(pack: Any) -> None:
    content = b"".join(b'{"number": %d}\n' % n for n in range(300_000))
    found = lines(log(pack(content)))
    assert found[::100_000] == [
        (1, b'{"number": 0}'),
        (100_001, b'{"number": 100000}'),
        (200_001, b'{"number": 200000}'),
    ]
    assert len(found) == 300_000


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_several_members_follow_one_another(pack: Any) -> None:
    assert lines(log(pack(b'{"a": 1}\n') + pack(b"") + pack(b'{"b": 2}\n'))) == [(1, b'{"a": 1}'), (2, b'{"b": 2}')]


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_pipe_that_trickles(pack: Any) -> None:
    stream: IO[bytes] = io.BufferedReader(Slow(pack(b'{"a": 1}\n{"b": 2}\n')), 1)
    assert lines(LogFile(stream, "-")) == [(1, b'{"a": 1}'), (2, b'{"b": 2}')]


def read_until_damage(data: bytes) -> tuple[list[tuple[int, bytes] | Problem], str]:
    found: list[tuple[int, bytes] | Problem] = []
    try:
        found += log(data).lines()  # list += keeps what came before the error
    except OSError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstandard"])
@pytest.mark.parametrize("count", [2_000, 200_000])
def test_a_truncated_archive_gives_what_stands_before_the_end(pack: Any, count: int) -> None:
    # Numbers that do not repeat, so that half of the archive is about half of the content.
    content = b"".join(b'{"n": %d, "x": %d}\n' % (n, n * n * 7919 % 1_000_003) for n in range(count))
    packed = pack(content)
    found, why = read_until_damage(packed[: len(packed) // 2])
    assert "damaged" in why
    assert found == list(enumerate(content.split(b"\n")[: len(found)], 1))
    if pack is gzip.compress or count > 100_000:  # a small zstandard frame is one block: nothing stands before
        assert len(found) > count // 4


def test_damage_after_a_member_is_met_after_its_lines() -> None:
    found, why = read_until_damage(gzip.compress(b'{"a": 1}\n') + b"garbage")
    assert (found, "damaged gzip data" in why) == ([(1, b'{"a": 1}')], True)
    found, why = read_until_damage(zstandard.ZstdCompressor().compress(b'{"a": 1}\n') + b"garbage")
    assert (found, "damaged zstandard data" in why) == ([(1, b'{"a": 1}')], True)


@pytest.mark.parametrize(
    "data", [b"\x1f\x8b", b"\x1f\x8b\x08garbage", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfdxxxxxxxx"]
)
def test_an_archive_damaged_from_the_start_is_an_os_error(data: bytes) -> None:
    with pytest.raises(OSError, match="damaged"):
        log(data)


def test_damage_is_met_again_on_every_read() -> None:
    file = log(gzip.compress(b'{"a": 1}\n')[:-4])
    for _ in range(2):
        with pytest.raises(OSError, match="damaged"):
            list(file.lines())


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_a_line_beyond_the_limit_is_skipped_and_no_other(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LINE", 1 << 20)
    content = b'{"a": 1}\n' + b"x" * ((1 << 20) - 1) + b"\n" + b"y" * (5 << 20) + b'\n{"b": 2}\n' + b"z" * (3 << 20)
    found = lines(log(pack(content)))
    assert found == [
        (1, b'{"a": 1}'), (2, b"x" * ((1 << 20) - 1)), Problem("log", 3, "line longer than 1 MiB"), (4, b'{"b": 2}'),
        Problem("log", 5, "line longer than 1 MiB"),
    ]  # fmt: skip


def test_a_line_of_exactly_the_limit_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LINE", 1000)
    assert lines(log(b"x" * 1000 + b"\n" + b"y" * 1000)) == [(1, b"x" * 1000), (2, b"y" * 1000)]
    assert [type(item) for item in lines(log(b"x" * 1001 + b"\n" + b"y" * 1001))] == [Problem, Problem]


def test_overlong_first_lines_are_counted_and_the_rest_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LINE", 1 << 20)
    long = b'{"x": "' + b"x" * (4 << 20) + b'"}\n'
    file = log(long + long + b'{"a": 1}\n')
    assert file.overlong == 2
    assert file.sample == [{"a": 1}]
    reason = "line longer than 1 MiB"
    assert lines(file) == [Problem("log", 1, reason), Problem("log", 2, reason), (3, b'{"a": 1}')]


@pytest.mark.parametrize("start", [b"x", b'{"x": "'])
def test_memory_is_bounded_whatever_the_line(start: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reader, "MAX_LINE", 1 << 20)
    path = tmp_path / "one-line.jsonl"
    path.write_bytes(start + b"x" * (40 << 20))
    tracemalloc.start()
    try:
        file = LogFile.open(path)
        found = lines(file)
        file.close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == [Problem(str(path), 1, "line longer than 1 MiB")]
    assert peak < 12 << 20


def test_a_bomb_of_zeros_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LINE", 1 << 20)
    bomb = zstandard.ZstdCompressor().compress(b"\x00" * (300 << 20))
    tracemalloc.start()
    try:
        found = lines(log(bomb))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == [Problem("log", 1, "line longer than 1 MiB")]
    assert peak < 160 << 20


def test_a_byte_order_mark_is_no_content() -> None:
    assert lines(log(b"\xef\xbb\xbf" + b'{"a": 1}\n')) == [(1, b'{"a": 1}')]
    assert log(b"\xef\xbb\xbf" + b"[]").text().read() == b"[]"


def values(file: LogFile) -> list[Any]:
    return [item.value if isinstance(item, Value) else item.reason for item in file.values()]


CUT = "not JSON: the line is cut short or malformed"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": 1}\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        (b'{"a": 1}', [{"a": 1}]),
        (b'[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        (b'  \n[\n {"a": 1},\n {"b": 2}\n]\n', [{"a": 1}, {"b": 2}]),
        (b'{\n "a": 1,\n "b": {\n  "c": 2\n }\n}\n', [{"a": 1, "b": {"c": 2}}]),
        (b'{\n "a": [\n  {"c": 2},\n  {"d": 3}\n ]\n}\n', [{"a": [{"c": 2}, {"d": 3}]}]),
        (b'{"a": 1\n{"b": 2}\n', [CUT, {"b": 2}]),
        (b'{"a": \n{"b": 2}\n{"c": 3}\n', [CUT, {"b": 2}, {"c": 3}]),
        (b'1\n{"b": 2}\n"x"\n', [1, {"b": 2}, "x"]),
        (b'{"a": 1', ["not JSON: the document is cut short or malformed"]),
        (b"[1, 2", ["not JSON: the document is cut short or malformed"]),
        (b'{"a": NaN, "b": -Infinity}\n', [{"a": None, "b": None}]),
        (b'{"a": "x\x00\xffy"}\n', [{"a": "x\ufffdy"}]),
    ],
)
def test_json_in_lines_or_in_one_document(data: bytes, expected: list[Any]) -> None:
    file = log(data)
    sample = file.sample
    assert values(file) == expected
    assert sample == [value for value in expected if isinstance(value, dict)]


def test_a_document_beyond_the_limit_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_LINE", 1 << 20)
    (reason,) = values(log(b"[\n" + b"1,\n" * (1 << 20) + b"1]"))
    assert reason == "a JSON document larger than 1 MiB; write one value per line"


def test_identities() -> None:
    file = log(b"")
    assert file.identity("openai", "r1", b"x") == file.identity("openai", "r1", b"y") == "openai:r1"
    first, other, *again = [file.identity("openai", "", raw) for raw in (b"x", b"y", b"x", b"x")]
    assert again == [f"{first}.1", f"{first}.2"]
    assert first != other
    # blake2b with 16 bytes of "x", as `b2sum -l 128` prints it
    assert first == "~442a44457137672b3218c1007dc8f76a"


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a regular file"):
        LogFile.open(tmp_path)
    with pytest.raises(FileNotFoundError):
        LogFile.open(tmp_path / "missing")
    with pytest.raises(OSError, match="not a regular file"):
        LogFile.open(Path("/dev/zero"))


def test_the_object_behind_a_cut_one() -> None:
    whole = b'{"x": {"y": [{"z": 1}]}}'
    assert glued(b'{"x": {"y": "cut' + whole) == whole
    assert glued(whole) is None
    assert glued(b"no object here") is None


def test_the_search_behind_a_cut_object_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    monkeypatch.setattr(reader, "decode_json", lambda raw: tried.append(len(raw)))
    assert glued(b'{"' * 100_000 + b"x" * 1_000_000) is None
    assert 0 < sum(tried) < 20 << 20


def test_decode_json_gives_none_for_what_is_no_json() -> None:
    assert decode_json(b"{") is None
    assert decode_json(b"null") is None
    assert decode_json(json.dumps({"a": [1]}).encode()) == {"a": [1]}


def test_a_first_line_whose_brace_became_a_bracket_costs_itself_only() -> None:
    found = list(log(b'["a": 1}\n{"b": 2}\n{"c": 3}\n').values())
    assert found[0] == Problem("log", 1, "not JSON: the line is cut short or malformed")
    assert [(item.line, item.value) for item in found[1:] if isinstance(item, reader.Value)] == [
        (2, {"b": 2}), (3, {"c": 3}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b'[{"b": 2},\n{"c": 3}\n]', b'[\n{"b": 2},\n{"c": 3}\n]', b'[{"b": 2}\n,\n{"c": 3}\n]', b'[{"b": 2}, {"c": 3}]\n'],
)
def test_an_array_over_several_lines_is_a_document(content: bytes) -> None:
    values = [item.value for item in log(content).values() if isinstance(item, reader.Value)]
    assert values == [{"b": 2}, {"c": 3}]
