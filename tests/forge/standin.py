"""A local stand-in of GitHub's and GitLab's REST interfaces, which records every request."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

BOT = {"id": 41898282, "login": "github-actions[bot]", "type": "Bot"}
PERSON = {"id": 7, "login": "mallory", "type": "User"}
Answer = tuple[int, dict[str, str], bytes]

_GITHUB = re.compile(r"/api/repos/([^/]+/[^/]+)/issues(?:/([0-9]+))?/comments(?:/([0-9]+))?")
_GITLAB = re.compile(r"/api/projects/([^/]+)/merge_requests/([0-9]+)/notes(?:/([0-9]+))?")


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Any


class Standin:
    """Keeps the comments of one pull request. `failures` are answered first, in turn, instead of the truth."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.asked: list[Asked] = []
        self.failures: list[tuple[str, Answer]] = []
        """(method, answer)."""
        self.lost: list[str] = []
        """Methods whose next request is carried out but answered with 502."""
        self.me: dict[str, Any] | None = None
        """Whose token it is; None: a job's, which is nobody's."""
        self.page = 100
        self.pull_request: int = 7
        self.next_host = ""
        """Another host to name in the Link header."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._serve(self)

            do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/api"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, body: str, user: dict[str, Any] = BOT) -> int:
        """A comment that is there already; its number."""
        number = 100 + len(self.comments)
        self.comments.append(self._comment(number, body, user))
        return number

    @property
    def bodies(self) -> list[str]:
        return [comment["body"] for comment in self.comments]

    @property
    def changes(self) -> list[tuple[str, str]]:
        """(method, path) of all that was asked but reading."""
        return [(asked.method, asked.path) for asked in self.asked if asked.method != "GET"]

    @staticmethod
    def _comment(number: int, body: str, user: dict[str, Any]) -> dict[str, Any]:
        url = f"https://example.com/pull/7#{number}"
        return {"id": number, "body": body, "user": user, "author": user, "system": False, "html_url": url}

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        data = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.command, request.path, headers, json.loads(data) if data else None)
        self.asked.append(asked)
        status, more, body = self._answer(asked)
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **more}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def _answer(self, asked: Asked) -> Answer:
        for index, (method, failure) in enumerate(self.failures):
            if method == asked.method:
                del self.failures[index]
                return failure
        answer = self._truth(asked)
        if asked.method in self.lost:
            self.lost.remove(asked.method)
            return 502, {}, b"<html>bad gateway</html>"
        return answer

    def _truth(self, asked: Asked) -> Answer:
        path, _, query = asked.path.partition("?")
        if path == "/api/user":
            if self.me is None:
                return 403, {}, b'{"message": "Resource not accessible by integration"}'
            return 200, {}, json.dumps(self.me).encode()
        found = _GITHUB.fullmatch(path) or _GITLAB.fullmatch(path)
        if found is None or (found[2] and int(found[2]) != self.pull_request):
            return 404, {}, b'{"message": "Not Found"}'
        at = next((i for i, comment in enumerate(self.comments) if found[3] and comment["id"] == int(found[3])), None)
        if found[3] and at is None:
            return 404, {}, b'{"message": "Not Found"}'
        match asked.method:
            case "GET":
                return self._list(path, query)
            case "POST":
                self.add(asked.body["body"], self.me or BOT)
                return 201, {}, json.dumps(self.comments[-1]).encode()
            case "PATCH" | "PUT":
                assert at is not None
                self.comments[at]["body"] = asked.body["body"]
                return 200, {}, json.dumps(self.comments[at]).encode()
            case _:
                assert at is not None
                del self.comments[at]
                return 204, {}, b""

    def _list(self, path: str, query: str) -> Answer:
        matched = re.search(r"(?:^|&)page=([0-9]+)", query)
        page = int(matched[1]) if matched else 1
        part = self.comments[(page - 1) * self.page : page * self.page]
        links = {}
        if page * self.page < len(self.comments):
            host = self.next_host or self.url.removesuffix("/api")
            last = -(-len(self.comments) // self.page)
            url = f"{host}{path}?per_page=100&page"
            links = {"Link": f'<{url}={page + 1}>; rel="next", <{url}={last}>; rel="last"'}
        return 200, links, json.dumps(part).encode()


@contextmanager
def standin() -> Iterator[Standin]:
    made = Standin()
    try:
        yield made
    finally:
        made.close()
