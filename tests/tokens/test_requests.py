from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.tokens import requests
from llmcost.tokens.requests import Requests, Skipped, batch

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 9}


def lines(*values: Any) -> Requests:
    texts = [value if isinstance(value, bytes) else json.dumps(value).encode() for value in values]
    return Requests(io.BytesIO(b"\n".join(texts)))


def test_every_kind_of_line_is_a_request() -> None:
    found = list(
        lines(
            {"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": BODY},
            {"custom_id": "r2", "params": {**BODY, "model": "claude-opus-5", "system": "Be brief."}},
            {"key": "r3", "request": {"contents": [{"parts": [{"text": "hello"}]}]}},
            {"recordId": "r4", "modelInput": BODY},
            BODY,
            BODY["messages"],
        )
    )
    assert [prompt.name for prompt in found] == ["r1", "r2", "r3", "r4", "", ""]
    assert [prompt.model for prompt in found] == ["gpt-4o", "claude-opus-5", "", "gpt-4o", "gpt-4o", ""]
    assert [prompt.max_output_tokens for prompt in found] == [9, 9, None, 9, 9, None]
    assert [prompt.body for prompt in found] == ["hello", "Be brief.\nhello", "hello", "hello", "hello", "hello"]


def test_a_line_that_is_none_is_skipped_with_its_number() -> None:
    made = lines(
        b"\xef\xbb\xbf" + json.dumps(BODY).encode(), b"", b"{", b"   ", b"\xff\xfe", b"[" * 10**5, {"a": 1}, BODY
    )
    assert len(list(made)) == 2
    assert made.n_skipped == 4
    assert made.skipped == [
        Skipped(3, "not valid JSON"),
        Skipped(5, "not valid UTF-8"),
        Skipped(6, "nested too deeply"),
        Skipped(7, "no request: neither messages nor a body of a known shape"),
    ]


def test_only_the_first_skipped_lines_are_kept() -> None:
    made = lines(*[b"x"] * 1_000)
    assert not list(made)
    assert (made.n_skipped, len(made.skipped)) == (1_000, 20)


def test_a_line_without_end_is_skipped_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_BYTES", 100)
    made = Requests(io.BytesIO(b"x" * 1_000 + b"\n" + json.dumps(BODY["messages"]).encode()))
    assert [prompt.body for prompt in made] == ["hello"]
    assert [skip.line for skip in made.skipped] == [1]


def test_memory_does_not_grow_with_the_file() -> None:
    class Endless(io.RawIOBase):
        left = 3_000

        def readline(self, size: int | None = -1, /) -> bytes:
            self.left -= 1
            return json.dumps(BODY).encode() + b"\n" if self.left >= 0 else b""

    tracemalloc.start()
    assert len([None for _ in Requests(Endless())]) == 3_000  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_whole_file_may_be_a_batch() -> None:
    line = {"custom_id": "a", "params": BODY}
    for value in ({"requests": [line, {**line, "custom_id": "b"}]}, [line, {**line, "custom_id": "b"}]):
        found = batch(value)
        assert found is not None
        assert [(prompt.name, prompt.model) for prompt in found] == [("a", "gpt-4o"), ("b", "gpt-4o")]


@pytest.mark.parametrize(
    "value", [BODY, BODY["messages"], {"requests": []}, {"requests": "x"}, [], [1], [BODY, {"a": 1}], None, 5]
)
def test_any_other_file_is_none(value: Any) -> None:
    assert batch(value) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    made = Requests(io.BytesIO(data))
    found = len(list(made))
    assert found + made.n_skipped <= data.count(b"\n") + 1
