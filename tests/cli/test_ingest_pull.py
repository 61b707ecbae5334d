"""`ingest --pull` against a stand-in of the providers' administration APIs on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.run import llmcost

KEY = "sk-admin-0123456789abcdef"
AS_OF = ("--as-of", "2026-05-03T12:00:00Z", "--tz", "UTC")
REPORT = ("report", "--basis", "billed", "--since", "2026-05-01", "--until", "2026-05-04", "--json", *AS_OF)
DAY = 1_777_593_600


class Server:
    """Answers each path with its pages in turn: (status, headers, body)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[tuple[str, str]], dict[str, str]]] = []
        self.answers: dict[str, list[tuple[int, dict[str, str], Any]]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                outer.asked.append((parts.path, parse_qsl(parts.query), dict(self.headers)))
                waiting = outer.answers.get(parts.path, [])
                status, headers, body = waiting.pop(0) if waiting else (200, {}, {"data": [], "has_more": False})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    for name in ("OPENAI", "ANTHROPIC"):
        monkeypatch.setenv(f"{name}_ADMIN_KEY", KEY)
        monkeypatch.setenv(f"{name}_ADMIN_URL", made.url)
    monkeypatch.setattr("time.sleep", lambda seconds: made.asked.append(("slept", [("s", str(seconds))], {})))
    yield made
    made.close()


def costs(day: int, amount: str) -> bytes:
    start = DAY + (day - 1) * 86_400
    return (
        f'{{"object":"bucket","start_time":{start},"end_time":{start + 86_400},"results":[{{"object":'
        f'"organization.costs.result","amount":{{"value":{amount},"currency":"usd"}},"line_item":"gpt-4o, input"}}]}}'
    ).encode()


def page(bucket: bytes, following: str = "") -> bytes:
    more = f'"has_more":true,"next_page":"{following}"' if following else '"has_more":false,"next_page":null'
    return b'{"object":"page","data":[' + bucket + b"]," + more.encode() + b"}"


def test_openais_pages_are_followed_and_a_busy_answer_is_waited_for(server: Server) -> None:
    server.answers["/v1/organization/costs"] = [
        (429, {"Retry-After": "7"}, b""),
        (200, {}, page(costs(1, "0.1234567890123456789"), "page two&x=1")),
        (503, {}, b"busy"),
        (200, {}, page(costs(2, "5"))),
    ]
    ran = llmcost("ingest", "--pull", "openai", "--since", "2026-05-01", "--json", *AS_OF)
    assert (ran.code, ran.err) == (0, "fetched 3 pages from openai\n")
    assert ran.json["billed"] == {"lines": 2, "replaced": 0, "unchanged": 0, "left_out": 0}
    assert llmcost(*REPORT).json["total"]["costs"] == {"USD": "5.1234567890123456789"}
    requests = [(path, query) for path, query, _ in server.asked]
    first = [
        ("start_time", str(DAY)), ("end_time", str(DAY + 3 * 86_400)), ("bucket_width", "1d"), ("limit", "31"),
        ("group_by", "line_item"), ("group_by", "project_id"),
    ]  # fmt: skip
    assert requests[0] == ("/v1/organization/costs", first)
    assert requests[1] == ("slept", [("s", "7.0")])
    assert requests[3] == ("/v1/organization/costs", [*first, ("page", "page two&x=1")])
    assert requests[4] == ("slept", [("s", "2.0")])
    assert requests[6][0] == "/v1/organization/usage/completions"
    assert server.asked[0][2]["Authorization"] == f"Bearer {KEY}"
    # The same again changes nothing; a restated day takes its own place.
    server.answers["/v1/organization/costs"] = [(200, {}, page(costs(2, "6")))]
    again = llmcost("ingest", "--pull", "openai", "--since", "2026-05-02", "--json", *AS_OF)
    assert again.json["billed"] == {"lines": 1, "replaced": 1, "unchanged": 0, "left_out": 0}
    assert llmcost(*REPORT).json["total"]["costs"] == {"USD": "6.1234567890123456789"}


def test_anthropics_reports(server: Server) -> None:
    bucket = {"starting_at": "2026-05-01T00:00:00Z", "ending_at": "2026-05-02T00:00:00Z"}
    cost = {"amount": "250", "currency": "USD", "description": "Input", "model": "claude-opus-4-6"}
    used = {"model": "claude-opus-4-6", "uncached_input_tokens": 7, "output_tokens": 3}
    server.answers = {
        "/v1/organizations/cost_report": [(200, {}, {"data": [{**bucket, "results": [cost]}], "has_more": False})],
        "/v1/organizations/usage_report/messages": [(200, {}, {"data": [{**bucket, "results": [used]}]})],
    }
    ran = llmcost("ingest", "--pull", "anthropic", "--since", "2026-05-01", "--until", "2026-05-02", "--json", *AS_OF)
    assert ran.json["billed"]["lines"] == 2
    total = llmcost(*REPORT).json["total"]
    assert (total["costs"], total["input_tokens"], total["output_tokens"]) == ({"USD": "2.5"}, 7, 3)
    path, query, headers = server.asked[0]
    assert path == "/v1/organizations/cost_report"
    assert query[:2] == [("starting_at", "2026-05-01T00:00:00Z"), ("ending_at", "2026-05-02T00:00:00Z")]
    assert (headers["X-Api-Key"], headers["Anthropic-Version"]) == (KEY, "2023-06-01")


@pytest.mark.parametrize(
    ("answers", "code", "error"),
    [
        (
            [(401, {}, {"error": {"message": f"wrong key {KEY}"}})], 2,
            "openai refused the admin key for /v1/organization/costs: HTTP 401: wrong key ***",
        ),
        ([(404, {}, b"<html>")], 1, "cannot fetch /v1/organization/costs from openai: HTTP 404"),
        ([(500, {}, b"")] * 5, 1, "cannot fetch /v1/organization/costs from openai: HTTP 500"),
        ([(302, {"Location": "http://elsewhere.example/"}, b"")], 1, "cannot fetch /v1/organization/costs from openai"),
        ([(200, {}, b"<html>")], 1, "/v1/organization/costs did not answer with a page"),
        ([(200, {}, b"[" * 100_000)], 1, "/v1/organization/costs did not answer with a page"),
        ([(200, {}, page(costs(1, "1"), "same"))] * 2, 1, "/v1/organization/costs names the same page again"),
        ([(200, {}, page(costs(1, "1"), "z" * 5_000))], 1, "/v1/organization/costs has more pages but does not name"),
        (
            [(200, {}, page(costs(1, "1")).replace(b"false", b"true"))], 1,
            "/v1/organization/costs has more pages but does not name",
        ),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_two_lines_without_the_key_and_nothing_is_written(
    server: Server, answers: list[tuple[int, dict[str, str], Any]], code: int, error: str
) -> None:
    server.answers["/v1/organization/costs"] = list(answers)
    ran = llmcost("ingest", "--pull", "openai", "--since", "2026-05-01", *AS_OF)
    assert (ran.code, ran.out) == (code, "")
    lines = ran.err.splitlines()
    assert lines[0].startswith(f"error: {error}")
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2
    assert KEY not in ran.err
    assert llmcost("ledger", "info").code != 0


@pytest.mark.parametrize(
    ("arguments", "environ", "error"),
    [
        (("--pull", "openia", "--since", "30d"), {}, "cannot pull from 'openia'; did you mean 'openai'?"),
        (("--pull", "openai"), {}, "--pull needs --since"),
        (("--since", "30d"), {}, "--since and --until of an ingest need --pull"),
        (("x.jsonl", "--pull", "openai", "--since", "30d"), {}, "--pull and a path exclude each other"),
        (("--pull", "openai", "--since", "30d", "--watch"), {}, "--watch and --pull exclude each other"),
        (("--pull", "openai", "--since", "2026-05-02", "--until", "2026-05-01"), {}, "the period from 2026-05-02"),
        (("--pull", "openai", "--since", "30d"), {"OPENAI_ADMIN_KEY": " "}, "no admin key in OPENAI_ADMIN_KEY"),
        (
            ("--pull", "openai", "--since", "30d"), {"OPENAI_ADMIN_URL": "http://example.com"},
            "OPENAI_ADMIN_URL is no address for a key: 'http://example.com'",
        ),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_said_before_anything_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], environ: dict[str, str], error: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ran = llmcost("ingest", *arguments, *AS_OF)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {error}")
    assert len(ran.err.splitlines()) == 2
    assert server.asked == []


def test_where_nobody_answers_it_asks_once_more(server: Server) -> None:
    server.close()
    ran = llmcost("ingest", "--pull", "openai", "--since", "2026-05-01", *AS_OF)
    assert ran.code == 1
    assert ran.err.startswith("error: cannot fetch /v1/organization/costs from openai: ")
    assert [path for path, _, _ in server.asked] == ["slept"]
