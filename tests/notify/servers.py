"""Local servers that answer as told, badly too. Each connection takes the next of `answers`, the last one for ever."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.message import Message as Mail
from io import BufferedReader
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Lock, Thread
from typing import NamedTuple

#: Key and certificate of `localhost` and 127.0.0.1, for these tests only.
CERTIFICATE = Path(__file__).with_name("localhost.pem")


class Request(NamedTuple):
    line: str
    headers: dict[str, str]
    body: bytes


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class Connection:
    """What an answer may do with its connection."""

    def __init__(self, plain: socket.socket, closing: Event) -> None:
        self.socket = plain
        self._closing = closing

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hang(self) -> None:
        """Until the test is over."""
        self._closing.wait()

    def reset(self) -> None:
        """Close at once and rudely."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()


Answer = Callable[[Connection], None]


def status(line: str, *headers: str) -> Answer:
    head = "\r\n".join([f"HTTP/1.1 {line}", *headers, "Content-Length: 2", "", "ok"])
    return lambda connection: connection.write(head.encode())


OK = status("200 OK")
HANG: Answer = Connection.hang
CUT: Answer = Connection.reset


def _serve(handle: Callable[[socket.socket], None]) -> _Server:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                handle(self.request)

    server = _Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


class HttpServer:
    def __init__(self, answers: Sequence[Answer], *, tls: bool = False) -> None:
        self.requests: list[Request] = []
        self._answers = list(answers)
        self._lock = Lock()
        self._closing = Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._context:
            self._context.load_cert_chain(CERTIFICATE)
        self._server = _serve(self._handle)
        self.port = int(self._server.server_address[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/hook"

    def _handle(self, plain: socket.socket) -> None:
        connection = self._context.wrap_socket(plain, server_side=True) if self._context else plain
        with self._lock:
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        with connection.makefile("rb") as stream:
            self.requests.append(_request(stream))
        try:
            answer(Connection(connection, self._closing))
        finally:
            connection.close()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


def _request(stream: BufferedReader) -> Request:
    line = stream.readline().decode().strip()
    headers: dict[str, str] = {}
    while text := stream.readline().decode().strip():
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    return Request(line, headers, stream.read(int(headers.get("content-length", "0"))))


@contextmanager
def http(*answers: Answer, tls: bool = False) -> Iterator[HttpServer]:
    server = HttpServer(answers or (OK,), tls=tls)
    try:
        yield server
    finally:
        server.close()


class SmtpServer:
    """Enough of SMTP to take mail. `replies` (verb -> reply line, or an Answer) overrides what it says to a verb.

    Of a tuple of replies each is given once, the last for ever.
    """

    def __init__(self, replies: dict[str, str | Answer | tuple[str, ...]], *, tls: str) -> None:
        self.mails: list[Mail] = []
        self.recipients: list[str] = []
        self.logins: list[str] = []
        self._replies = replies
        self._lock = Lock()
        self._tls = tls
        self._closing = Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(CERTIFICATE)
        self._server = _serve(self._handle)
        self.port = int(self._server.server_address[1])

    def _handle(self, connection: socket.socket) -> None:
        if self._tls == "implicit":
            connection = self._context.wrap_socket(connection, server_side=True)
        if self._say(connection, "CONNECT", "220 test"):
            connection = self._converse(connection)
        connection.close()

    def _converse(self, connection: socket.socket) -> socket.socket:
        """Until one of both ends it; the connection, which may have become one over TLS."""
        stream = connection.makefile("rb")
        while line := stream.readline().decode().strip():
            verb = line.partition(" ")[0].upper()
            plain = not isinstance(connection, ssl.SSLSocket)
            offers = "250-STARTTLS\r\n" if self._tls == "starttls" and plain else ""
            usual = {
                "EHLO": f"250-test\r\n{offers}250 AUTH PLAIN", "STARTTLS": "220 go", "AUTH": "235 in", "DATA": "354 go",
                "QUIT": "221 bye",
            }.get(verb, "250 ok")  # fmt: skip
            if verb == "AUTH":
                self.logins.append(line)
            if not self._say(connection, verb, usual) or verb == "QUIT":
                break
            if verb == "STARTTLS":
                stream.close()
                connection = self._context.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rb")
            elif verb == "RCPT":
                self.recipients.append(line)
            elif verb == "DATA":
                lines = iter(stream.readline, b".\r\n")
                mail = message_from_bytes(b"".join(lines))
                if not self._say(connection, "END", "250 taken", taken=mail):
                    break
        stream.close()
        return connection

    def _say(self, connection: socket.socket, verb: str, usual: str, taken: Mail | None = None) -> bool:
        """Reply; whether the connection goes on."""
        with self._lock:
            reply = self._replies.get(verb, usual)
            if isinstance(reply, tuple):
                self._replies[verb] = reply[1:] if len(reply) > 2 else reply[-1]
                reply = reply[0]
        if not isinstance(reply, str):
            reply(Connection(connection, self._closing))
            return False
        if taken is not None and reply.startswith("250"):
            self.mails.append(taken)
        connection.sendall(reply.encode() + b"\r\n")
        return True

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def smtp(replies: dict[str, str | Answer | tuple[str, ...]] | None = None, tls: str = "none") -> Iterator[SmtpServer]:
    server = SmtpServer(dict(replies or {}), tls=tls)
    try:
        yield server
    finally:
        server.close()


def refused() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
