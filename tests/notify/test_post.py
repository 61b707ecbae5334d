"""One POST against servers that answer, and against those that do not."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from llmcost.notify.outlet import UndeliveredError
from llmcost.notify.post import is_public, post
from tests.notify.samples import to
from tests.notify.servers import CERTIFICATE, CUT, HANG, OK, Answer, Connection, http, refused, status


def drip(connection: Connection) -> None:
    connection.write(b"HTTP/1.1 2")
    connection.hang()


def failure(address: str, **fields: Any) -> UndeliveredError:
    with pytest.raises(UndeliveredError) as caught:
        post(to(address, **fields), b"{}", {})
    return caught.value


def test_a_post_arrives_whole() -> None:
    with http() as server:
        post(to(f"{server.url}/a b/é?x=1&y=ü"), '{"é": 1}'.encode(), {"Idempotency-Key": "k"})
    (request,) = server.requests
    assert request.line == "POST /hook/a%20b/%C3%A9?x=1&y=%C3%BC HTTP/1.1"
    assert request.body == '{"é": 1}'.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["idempotency-key"] == "k"
    assert request.headers["user-agent"] == "llmcost"


@pytest.mark.parametrize("line", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
def test_any_success_will_do(line: str) -> None:
    with http(status(line)) as server:
        post(to(server.url), b"{}", {})
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "said", "after"),
    [
        (status("500 x"), "it answered 500 Internal Server Error", 0),
        (status("404 <b>SECRET\x1b"), "it answered 404 Not Found", 0),
        (status("599 x"), "it answered 599", 0),
        (status("429 x", "Retry-After: 120"), "it answered 429 Too Many Requests", 120_000_000),
        (status("503 x", "Retry-After: Fri, 20 Nov 2026 16:05:00 GMT"), "it answered 503 Service Unavailable", 0),
        (status("503 x", "Retry-After: -5"), "it answered 503 Service Unavailable", 0),
        (CUT, "the connection was cut", 0),
        (lambda connection: None, "the connection was cut", 0),
        (lambda connection: connection.write(b"220 smtp.example.com ESMTP\r\n"), "it does not speak HTTP", 0),
        (lambda connection: connection.write(b"\xff\x00" * 40_000), "it does not speak HTTP", 0),
        (status("200 OK", *["A: b"] * 200), "it does not speak HTTP", 0),
    ],
)  # fmt: skip
def test_what_is_no_success(answer: Answer, said: str, after: int) -> None:
    with http(answer) as server:
        error = failure(server.url)
    assert str(error).startswith(said)
    assert error.after_us == after
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [HANG, drip])
def test_a_server_that_hangs_is_left(answer: Answer) -> None:
    with http(answer) as server:
        assert str(failure(server.url, timeout=0.2)) == "no answer in time"


def test_nobody_there() -> None:
    assert str(failure(f"http://127.0.0.1:{refused()}/")) == "Connection refused"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int) -> None:
    with http() as other, http(status(f"{code} Moved", f"Location: {other.url}")) as server:
        assert str(failure(server.url)).startswith(f"it answered {code}, a redirect, which is not followed")
    assert other.requests == []


def test_only_the_status_counts_when_the_rest_is_cut() -> None:
    with http(lambda connection: connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nhalf")) as server:
        post(to(server.url), b"{}", {})


def test_an_endless_answer_is_not_read() -> None:
    def endless(connection: Connection) -> None:
        connection.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.write(b"x" * 65536)  # ends with an error when we close

    with http(endless) as server:
        post(to(server.url), b"{}", {})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls_with_a_trusted_certificate(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with http(tls=True) as server:
        url = server.url.replace("127.0.0.1", host)
        assert str(failure(url)).startswith("its certificate is not trusted: self-signed certificate")
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        post(to(url), b"{}", {})
    assert len(server.requests) == 1


def test_tls_for_another_name_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    real = socket.getaddrinfo

    def here(_host: str, port: int, *_args: object, **_named: object) -> list[Any]:
        return list(real("127.0.0.1", port, type=socket.SOCK_STREAM))

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with http(tls=True) as server:
        error = failure(server.url.replace("127.0.0.1", "hooks.example.com"))
    assert "certificate is not trusted: Hostname mismatch" in str(error)


def test_a_server_without_tls_behind_https() -> None:
    with http() as server:
        assert str(failure(server.url.replace("http:", "https:"))) == "no secure connection could be made"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://example.com/x", "its address is not an http(s) address"),
        ("file:///etc/passwd", "its address is not an http(s) address"),
        ("https://", "its address is not an http(s) address"),
        ("https://[::1/", "its address is not an http(s) address"),
        ("https://example.com:99999/", "its address is not an http(s) address"),
        ("hooks.example.com/x", "its address is not an http(s) address"),
        ("https://user:pass@example.com/", "its address holds a user name, which is not sent"),
        ("http://a..b/", "it does not speak HTTP, or its address is malformed"),
        (f"http://{'a' * 70}/", "it does not speak HTTP, or its address is malformed"),
    ],
)
def test_addresses_that_are_none(address: str, said: str) -> None:
    assert str(failure(address)).startswith(said)


def test_an_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_named: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert str(failure("http://nowhere.invalid/")) == "its host name is not known"


# Private addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2002:7f00:1::",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:c0a8:101::", "::7f00:1",
    ],
)  # fmt: skip
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_a_private_address_needs_leave(host: str) -> None:
    with http() as server:
        error = failure(server.url.replace("127.0.0.1", host), allow_private=False)
        assert "private or local: write `allow_private: true`" in str(error)
    assert server.requests == []


def test_a_name_that_leads_home_is_a_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    home = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: home)
    assert "private or local" in str(failure("https://hooks.example.com/", allow_private=False))


def test_the_address_that_was_looked_at_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    # A name server that answers otherwise the second time: it is never asked by name again.
    asked: list[str] = []
    connected: list[str] = []

    def lookup(host: str, port: int, *_args: object, **_named: object) -> list[Any]:
        asked.append(host)
        address = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: tuple[str, int], *_args: object) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert str(failure("http://hooks.example.com/", allow_private=False)) == "Connection refused"
    assert (asked, connected) == (["hooks.example.com"], ["8.8.8.8"])


def test_of_several_addresses_only_the_public_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def connect(address: tuple[str, int], *_args: object) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80)) for host in ("10.0.0.1", "8.8.8.8", "1.1.1.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
    monkeypatch.setattr(socket, "create_connection", connect)
    failure("http://hooks.example.com/", allow_private=False)
    assert tried == ["8.8.8.8", "1.1.1.1"]


def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with http(OK) as server:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port)) for host in ("127.0.0.2", "127.0.0.1")
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
        post(to(server.url), b"{}", {})
    assert len(server.requests) == 1
