from __future__ import annotations

import io
import json

import pytest

from llmcost.routing import lines as module
from llmcost.routing.lines import lines


def read(*values: object) -> list[tuple[int, str | None, str]]:
    data = b"\n".join(value if isinstance(value, bytes) else json.dumps(value).encode() for value in values)
    return [(each.number, each.prompt.body if each.prompt else None, each.problem) for each in lines(io.BytesIO(data))]


def test_every_shape_of_a_request() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "four"}]}
    assert read("one", {"prompt": "two"}, [{"role": "user", "content": "three"}], {"custom_id": "x", "body": body}) == [
        (1, "one", ""), (2, "two", ""), (3, "three", ""), (4, "four", ""),
    ]  # fmt: skip


def test_a_bad_line_is_told_and_the_next_one_is_read() -> None:
    found = read(b"{", b"", 7, {"prompt": " "}, {"prompt": 7}, b'"\xff"', b"[" * 200_000, "ok")
    assert [number for number, _, _ in found] == [1, 3, 4, 5, 6, 7, 8]
    none = "no request: neither a prompt, messages nor a body of a known shape"
    assert [problem for _, _, problem in found] == [
        "not valid JSON", none, "the prompt is empty", none, "not valid UTF-8", "nested too deeply", "",
    ]  # fmt: skip


def test_what_a_line_says_of_itself() -> None:
    data = json.dumps({"id": 7, "prompt": "x", "app_id": "shop", "tags": {"a": "b", "c": 1}}).encode()
    (line,) = lines(io.BytesIO(b"\xef\xbb\xbf" + data))
    assert (line.name, line.given) == ("7", {"app": "shop", "tag.a": "b"})


def test_a_line_that_is_too_long_is_passed_over_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 2**20)
    whole = json.dumps("x" * (2**20 - 3)).encode()
    assert len(whole) + 1 == 2**20
    long = b'"' + b"y" * (5 * 2**20) + b'"'
    found = [(each.number, each.problem) for each in lines(io.BytesIO(b"\n".join((whole, long, b'"z"'))))]
    assert found == [(1, ""), (2, "longer than 1 MiB"), (3, "")]
