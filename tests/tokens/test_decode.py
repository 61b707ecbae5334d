from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.errors import ExitCode, UsageError
from llmcost.tokens import decode as module
from llmcost.tokens.decode import NotTextError, decode, read_file, read_stream, without_surrogates


def test_utf8_is_taken_as_it_is() -> None:
    assert decode("你好\r\n".encode(), "f") == ("你好\r\n", (), True)
    assert decode(b"", "f") == ("", (), True)


def test_a_byte_order_mark_is_left_out_and_said() -> None:
    assert decode(b"\xef\xbb\xbfhello", "f") == ("hello", ("byte order mark left out",), True)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_with_a_mark_is_text(encoding: str) -> None:
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b"\xfe\xff"
    assert decode(mark + "你好".encode(encoding), "f") == ("你好", ("read as UTF-16",), True)


def test_bad_utf8_is_replaced_counted_and_no_longer_faithful() -> None:
    text, notes, faithful = decode(b"caf\xe9 na\xefve", "f")
    assert (text, faithful) == ("caf\ufffd na\ufffdve", False)
    assert notes == ("not valid UTF-8: 2 characters replaced",)


def test_a_replacement_character_of_the_file_itself_is_not_counted_as_replaced() -> None:
    assert decode("a\ufffdb".encode() + b"\xff", "f").notes == ("not valid UTF-8: 1 characters replaced",)


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7 text", b"PK\x03\x04", b"\x89PNG\r\n", b"a\0b", b"\x1f\x8b\x08", bytes(range(1, 32)) * 4]
)
def test_a_binary_is_an_error_with_its_name(data: bytes) -> None:
    with pytest.raises(NotTextError, match=r"x\.bin is not text") as caught:
        decode(data, "x.bin")
    assert caught.value.kind == "binary"
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    "text", ["RIFF is a container.", "ID3 tags", "BZh", "Rar!", "GIF8", "OggS", "SQLite format 3 is"]
)
def test_a_text_about_a_file_format_is_text(text: str) -> None:
    assert decode(text.encode(), "f").text == text


def test_a_stray_control_character_does_not_make_a_binary() -> None:
    assert decode(b"log \x07 line \x1b[31mred\x1b[0m", "f").faithful


def test_too_large_is_an_error_that_states_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 4)
    assert read_stream(io.BytesIO(b"1234"), "f").text == "1234"
    with pytest.raises(NotTextError, match="f is larger than 64 MiB") as caught:
        read_stream(io.BytesIO(b"12345"), "f")
    assert caught.value.kind == "too_large"


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_file(tmp_path / "absent.txt")


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_not_text(data: bytes) -> None:
    try:
        text, notes, faithful = decode(data, "f")
    except NotTextError:
        return
    text.encode("utf-8")
    assert faithful or notes


def test_surrogates_become_what_can_be_encoded() -> None:
    assert without_surrogates("\ud83d\ude00 x \ud800") == "\U0001f600 x \ufffd"
    assert without_surrogates("plain 你好") == "plain 你好"


@pytest.mark.parametrize("size", [module._MOST - 1, module._MOST, module._MOST + 1, 3 * module._MOST])
def test_a_stream_is_read_to_its_end(size: int) -> None:
    assert module.read_stream(io.BytesIO(b"x" * size), "f").text == "x" * size
