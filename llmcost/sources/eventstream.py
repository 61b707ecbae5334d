"""The binary framing `application/vnd.amazon.eventstream` of Bedrock's streamed responses.

A message is: total length (4 bytes, big-endian), headers' length (4), CRC-32 of these eight bytes (4), headers,
payload, CRC-32 of all before (4). A header is: length of its name (1), name, type of its value (1), value
(docs.aws.amazon.com, "Event stream encoding"; smithy.io, event stream specification).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple
from zlib import crc32

_PRELUDE = 12
_OVERHEAD = 16
#: Amazon's own limits: 24 MiB of payload, 128 KiB of headers.
_MAX_MESSAGE = 24 * 1024 * 1024 + 128 * 1024 + _OVERHEAD
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_SIZED = (6, 7)
_STRING = 7


class Frame(NamedTuple):
    """One message: its text headers and its payload."""

    headers: dict[str, str]
    payload: bytes


def is_eventstream(head: bytes) -> bool:
    """Whether `head` begins with a prelude whose checksum holds."""
    if len(head) < _PRELUDE:
        return False
    total, size, check = struct.unpack(">III", head[:_PRELUDE])
    return bool(_OVERHEAD + size <= total <= _MAX_MESSAGE) and crc32(head[:8]) == check


def frames(stream: IO[bytes]) -> Iterator[Frame]:
    """The messages of a stream, in order.

    Raises:
        ValueError: at the first damaged or cut message; nothing after it can be found again.
    """
    while prelude := stream.read(_PRELUDE):
        if len(prelude) < _PRELUDE:
            raise ValueError("event stream cut short")
        if not is_eventstream(prelude):
            raise ValueError("event stream damaged: wrong checksum or length of a prelude")
        total, size, _ = struct.unpack(">III", prelude)
        rest = stream.read(total - _PRELUDE)
        if len(rest) < total - _PRELUDE:
            raise ValueError("event stream cut short")
        if crc32(rest[:-4], crc32(prelude)) != int.from_bytes(rest[-4:], "big"):
            raise ValueError("event stream damaged: wrong checksum of a message")
        yield Frame(_headers(rest[:size]), rest[size:-4])


def _headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    place = 0
    while place < len(data):
        end = place + 1 + data[place]
        if end >= len(data):
            raise ValueError("event stream damaged: a header runs past its end")
        name, kind = data[place + 1 : end], data[end]
        place = end + 1
        if kind in _SIZED:
            size = int.from_bytes(data[place : place + 2], "big")
            place += 2
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise ValueError(f"event stream damaged: unknown header type {kind}")
        if place + size > len(data):
            raise ValueError("event stream damaged: a header runs past its end")
        if kind == _STRING:
            headers[name.decode("utf-8", "replace")] = data[place : place + size].decode("utf-8", "replace")
        place += size
    return headers
