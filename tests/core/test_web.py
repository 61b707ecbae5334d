"""Requests to where a secret may go, against a real server on this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from llmcost.core.web import Answer, ask, is_loopback, is_secure_base, origin


@contextmanager
def server(*pieces: bytes, then: Callable[[socket.socket], None] = lambda _: None) -> Iterator[str]:
    """An address that answers one request with these bytes, then does `then`."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65_536)
            for piece in pieces:
                connection.sendall(piece)
            then(connection)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        thread.join(10)
        listening.close()


def asked(*pieces: bytes, most: int = 100, timeout: float = 5.0) -> Answer:
    with server(*pieces) as base:
        return ask("GET", base + "/x", {}, None, timeout=timeout, most_bytes=most)


def test_an_answer() -> None:
    found = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\nhi")
    assert (found.status, found.body, found.wait, found.failure) == (200, b"hi", 7.0, "")


def test_a_refusal_keeps_its_body() -> None:
    found = asked(b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno")
    assert (found.status, found.body) == (404, b"no")


@pytest.mark.parametrize("wait", ["", "soon", "-1", "1.5", "9999999", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_wait_that_is_none(wait: str) -> None:
    assert Answer(429, {"retry-after": wait}).wait == 0


def test_a_redirect_is_not_followed() -> None:
    found = asked(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    assert found.status == 302


def test_an_answer_that_is_too_long() -> None:
    found = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"a" * 101)
    assert (found.status, found.failure) == (0, "an answer of more than 100 bytes")


def test_an_answer_cut_short() -> None:
    found = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")
    assert found.status == 0
    assert "IncompleteRead" in found.failure


@pytest.mark.parametrize("junk", [b"", b"SSH-2.0\r\n", b"\x00\xff" * 50])
def test_what_is_no_http(junk: bytes) -> None:
    found = asked(junk)
    assert found.status == 0
    assert found.failure


def test_one_that_does_not_answer() -> None:
    def wait(connection: socket.socket) -> None:
        connection.recv(1)

    with server(then=wait) as base:
        found = ask("GET", base, {}, None, timeout=0.2, most_bytes=100)
    assert found == Answer(0, failure="no answer within 0.2 s")


def test_one_that_drips_has_an_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"

    def drip(connection: socket.socket) -> None:
        connection.settimeout(0.05)
        for _ in range(90):
            connection.sendall(b"a")
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    with server(head, then=drip) as base:
        found = ask("GET", base, {}, None, timeout=0.3, most_bytes=1000)
    assert found == Answer(0, failure="no answer within 0.3 s")


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    found = ask("GET", address, {}, None, timeout=1, most_bytes=1)
    assert "refused" in found.failure


@pytest.mark.parametrize(
    ("address", "secure"),
    [
        ("https://api.example.com/v1", True), ("http://127.0.0.1:8080", True), ("http://[::1]/", True),
        ("http://localhost", True), ("http://example.com", False), ("ftp://127.0.0.1", False), ("https://", False),
        ("https://me:secret@example.com", False), ("example.com", False), ("https://[", False),
        ("https://example.com/?x=1", False), ("https://example.com/#x", False), ("https://x:99999", False),
        ("http://127.0.0.1.example.com", False), ("https://a\x00b", False), ("https://a b", False),
        ("https://é", False),
    ],
)  # fmt: skip
def test_where_a_secret_may_go(address: str, secure: bool) -> None:
    assert is_secure_base(address) is secure


def test_origin() -> None:
    assert origin("https://a.example/x?y") == origin("https://a.example:443/") == ("https", "a.example", 443)
    assert origin("http://[") == ("", "", None)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.8.9.1", True), ("::1", True), ("10.0.0.1", False), ("127.0.0.1.example.com", False),
     ("", False)],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
