from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.tokens.image_size import size, size_of_base64

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4) + (480).to_bytes(4) + b"\x08\x02\0\0\0"
GIF = b"GIF89a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little") + b"\0\0\0"
_FRAME = b"\x08" + (480).to_bytes(2) + (640).to_bytes(2) + b"\x03"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + b"\xff\xff\xc0\0\x11" + _FRAME + b"\0" * 9
PROGRESSIVE = b"\xff\xd8" + b"\xff\xe1\x40\x00" + b"\xff\xc0" * 0x1FFF + b"\xff\xc2\0\x11" + _FRAME + b"\0" * 9
RIFF = b"RIFF\0\0\0\0WEBP"
LOSSY = RIFF + b"VP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little")
LOSSLESS = RIFF + b"VP8L\0\0\0\0\x2f" + (639 | 479 << 14).to_bytes(4, "little") + b"\0" * 5
EXTENDED = RIFF + b"VP8X\x0a\0\0\0\0\0\0\0" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")
KINDS = [PNG, GIF, JPEG, PROGRESSIVE, LOSSY, LOSSLESS, EXTENDED]


@pytest.mark.parametrize("data", KINDS)
def test_the_header_tells_the_size(data: bytes) -> None:
    assert size(data) == (640, 480)
    text = base64.b64encode(data).decode()
    assert size_of_base64(text) == size_of_base64(f"data:image/x;base64,{text}") == (640, 480)
    assert size_of_base64(base64.urlsafe_b64encode(data).decode()) == (640, 480)


@pytest.mark.parametrize("data", KINDS)
def test_a_file_cut_short_tells_none_or_the_same(data: bytes) -> None:
    for end in range(len(data)):
        assert size(data[:end]) in {None, (640, 480)}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"%PDF-1.7", b"<svg width='9'/>", PNG[:16] + b"\0" * 8 + PNG[24:], PNG[:16] + b"\xff" * 8,
        b"\xff\xd8\xff\xda\0\x04xx" + JPEG[20:], b"\xff\xd8\xff\xe0\0\0" + b"\xff" * 20, b"\xff\xd8xxxxxxxxxxxx",
        RIFF + b"VP9 " + b"\0" * 20, PNG.replace(b"IHDR", b"IDAT"),
    ],
)  # fmt: skip
def test_no_image_and_an_absurd_size_are_none(data: bytes) -> None:
    assert size(data) is None


@pytest.mark.parametrize(
    "text",
    ["", "https://example.com/a.png", "data:image/png,abc", "data:image/png;base64", "data:;base64,%%%", "é" * 9, "=="],
)
def test_what_is_no_base64_is_none(text: str) -> None:
    assert size_of_base64(text) is None


def test_only_the_beginning_of_a_huge_text_is_decoded() -> None:
    assert size_of_base64(base64.b64encode(PNG).decode().rstrip("=") + "A" * 10**7) == (640, 480)


@given(st.binary(max_size=200), st.sampled_from([*KINDS, b"\xff\xd8"]), st.integers(0, 40))
def test_any_bytes_are_survived(data: bytes, start: bytes, keep: int) -> None:
    found = size(start[:keep] + data)
    assert found is None or (0 < found[0] <= 65_535 and 0 < found[1] <= 65_535)


@given(st.text(max_size=100))
def test_any_text_is_survived(text: str) -> None:
    size_of_base64("data:image/png;base64," + text)
    size_of_base64(text)
