"""Width and height of an image from the first bytes of its file: PNG, JPEG, GIF, WebP. Nothing is decoded.

Layouts: PNG (https://www.w3.org/TR/png-3/#11IHDR), GIF (GIF89a, section 18), JPEG (ITU T.81, B.2.2), WebP
(https://developers.google.com/speed/webp/docs/riff_container).
"""

from __future__ import annotations

import binascii

#: A JPEG's size stands behind its metadata, which may hold a preview and a colour profile.
_BASE64 = 512 * 1024
#: Beyond this no provider takes an image (Anthropic: 8,000 px); a header that claims more is damaged or a trick.
_LONGEST = 65_535


def size_of_base64(text: str) -> tuple[int, int] | None:
    """The size of an image in base64 (or a `data:` URL); None where it is no image of a known format.

    Only the beginning is decoded, so that a huge text costs nothing.
    """
    if text[:5].lower() == "data:":
        head, comma, _ = text[:256].partition(",")
        if not comma or "base64" not in head.lower():
            return None
        text = text[len(head) + 1 : len(head) + 1 + _BASE64]
    text = text[:_BASE64]
    try:
        # Google's client writes the alphabet for URLs.
        return size(binascii.a2b_base64(text[: len(text) // 4 * 4].replace("-", "+").replace("_", "/")))
    except ValueError:
        return None


def size(data: bytes) -> tuple[int, int] | None:
    """(width, height) from a file's first bytes; None where they tell none."""
    found = _read(data)
    return found if found and min(found) > 0 and max(found) <= _LONGEST else None


def _read(data: bytes) -> tuple[int, int] | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if data[:6] in {b"GIF87a", b"GIF89a"} and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = int.from_bytes(data[26:28], "little"), int.from_bytes(data[28:30], "little")
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """From the first frame header; segments before it are skipped by their length."""
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in {0xFF, 0x01} or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        length = int.from_bytes(data[at + 2 : at + 4])
        if marker in {0xD9, 0xDA} or length < 2:
            return None
        at += 2 + length
    return None
