"""The provider's own count, asked of a server on this machine."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from llmcost.core.errors import LlmcostError, UsageError
from llmcost.tokens.counter import Count
from llmcost.tokens.prompt import Prompt, from_value, plain
from llmcost.tokens.remote import exact_count
from llmcost.tokens.template import filled

KEY = "sk-ant-api03-0123456789abcdefghij"
Answer = tuple[int, dict[str, str], bytes]


class Server:
    """Answers with `answers` in turn (the last one again and again), and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer | Callable[[BaseHTTPRequestHandler], None]] = []
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                owner.asked.append((self.path, headers, json.loads(body)))
                answer = owner.answers.pop(0) if len(owner.answers) > 1 else owner.answers[0]
                if callable(answer):
                    answer(self)
                    return
                self.send_response(answer[0])
                for name, value in answer[1].items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer[2])

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
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def counted(tokens: int, field: str = "input_tokens") -> Answer:
    return 200, {}, json.dumps({field: tokens}).encode()


def ask(server: Server, *answers: Any, prompt: Prompt | None = None, pauses: list[float] | None = None) -> Count:
    server.answers = list(answers)
    environ = {"ANTHROPIC_API_KEY": f" {KEY}\n", "ANTHROPIC_BASE_URL": server.url + "/"}
    waited = pauses if pauses is not None else []
    return exact_count(
        prompt or plain("hi"), "claude-sonnet-4-5", "anthropic", environ, timeout=5, pause=waited.append
    )  # fmt: skip


def fails(server: Server, *answers: Any, pauses: list[float] | None = None) -> LlmcostError:
    with pytest.raises(LlmcostError) as caught:
        ask(server, *answers, pauses=pauses)
    assert KEY not in caught.value.message + caught.value.hint
    assert caught.value.hint
    return caught.value


def test_anthropic(server: Server) -> None:
    assert ask(server, counted(42)) == Count(42, True, "Anthropic's own count", 42, 42)
    path, headers, body = server.asked[0]
    assert path == "/v1/messages/count_tokens"
    assert (headers["x-api-key"], headers["anthropic-version"]) == (KEY, "2023-06-01")
    assert body == {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("variable", ["GEMINI_API_KEY", "GOOGLE_API_KEY"])
def test_google(server: Server, variable: str) -> None:
    server.answers = [counted(7, "totalTokens")]
    environ = {variable: "AIzaKey", "GEMINI_BASE_URL": server.url}
    assert exact_count(plain("hi"), "models/gemini-2.5-pro", "google", environ).tokens == 7
    path, headers, body = server.asked[0]
    assert path == "/v1beta/models/gemini-2.5-pro:countTokens"
    assert headers["x-goog-api-key"] == "AIzaKey"
    assert body == {
        "generateContentRequest": {
            "model": "models/gemini-2.5-pro",
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        }
    }


def test_openai(server: Server) -> None:
    server.answers = [counted(9)]
    environ = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": server.url + "/v1"}
    assert exact_count(plain("hi"), "gpt-5", "openai", environ).tokens == 9
    path, headers, body = server.asked[0]
    assert (path, headers["authorization"]) == ("/v1/responses/input_tokens", "Bearer sk-x")
    assert body == {"model": "gpt-5", "input": "hi"}


def test_a_models_name_cannot_leave_its_place_in_the_path(server: Server) -> None:
    server.answers = [counted(1, "totalTokens")]
    exact_count(plain("x"), "../a?b=c", "google", {"GEMINI_API_KEY": "k", "GEMINI_BASE_URL": server.url})
    assert server.asked[0][0] == "/v1beta/models/..%2Fa%3Fb%3Dc:countTokens"


def test_sizes_of_variables_are_added_and_not_exact(server: Server) -> None:
    prompt = Prompt(("user", "hi"), "hi", extra_tokens=100)
    assert ask(server, counted(8), prompt=prompt)[:2] == (108, False)


def test_two_failures_are_tried_again(server: Server) -> None:
    pauses: list[float] = []
    assert ask(server, (500, {}, b""), (503, {}, b"x"), counted(3), pauses=pauses).tokens == 3
    assert pauses == [0.5, 1.0]


def test_three_failures_end_it(server: Server) -> None:
    pauses: list[float] = []
    error = fails(server, (500, {}, b""), pauses=pauses)
    assert (error.message, len(server.asked), pauses) == ("Anthropic failed 3 times (last: 500)", 3, [0.5, 1.0])
    assert error.exit_code == 1


def test_a_short_wait_is_waited(server: Server) -> None:
    pauses: list[float] = []
    assert ask(server, (429, {"Retry-After": "2"}, b""), counted(3), pauses=pauses).tokens == 3
    assert pauses == [2.0]


@pytest.mark.parametrize(("after", "when"), [("60", "in 60 s"), ("1" * 40, "later"), ("Tue, 1 Jan 2030", "later")])
def test_a_long_wait_is_told(server: Server, after: str, when: str) -> None:
    pauses: list[float] = []
    error = fails(server, (429, {"Retry-After": after}, b""), pauses=pauses)
    assert error.message == "Anthropic asks for fewer requests (429)"
    assert error.hint == f"try again {when}, or leave --exact out"
    assert sum(pauses) <= 10


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "Anthropic refuses the key (401)"), (403, "Anthropic refuses the key (403)"),
     (404, "Anthropic knows no model 'claude-sonnet-4-5' (404)")],
)  # fmt: skip
def test_refusals(server: Server, status: int, message: str) -> None:
    error = fails(server, (status, {}, json.dumps({"error": {"message": f"bad {KEY}"}}).encode()))
    assert (error.message, error.exit_code, len(server.asked)) == (message, 2, 1)


def test_what_a_provider_says_is_shown_without_secrets_or_escapes(server: Server) -> None:
    said = {"error": {"message": f"max_tokens\x1b[31m {KEY} sk-proj-{'a' * 30} " + "x" * 500}}
    error = fails(server, (400, {}, json.dumps(said).encode()))
    assert error.message.startswith("Anthropic does not count this request (400): max_tokens\ufffd[31m …redacted sk-p")
    assert len(error.message) < 260


@pytest.mark.parametrize(
    "junk",
    [b"", b"<html>", b"[" * 50_000, b"[1]", b"\xff", b'{"input_tokens": "5"}', b'{"input_tokens": -1}',
     b'{"input_tokens": true}', b'{"input_tokens": 1.5}'],
)  # fmt: skip
def test_junk_is_no_count(server: Server, junk: bytes) -> None:
    error = fails(server, (200, {}, junk))
    assert error.message == "Anthropic answered something that is no token count"


def test_a_long_answer_is_not_read_to_its_end(server: Server) -> None:
    error = fails(server, (200, {}, b"x" * 10**6))
    assert error.message == "cannot ask Anthropic: an answer of more than 65,536 bytes"


def test_a_redirect_is_not_followed(server: Server) -> None:
    other = Server()
    other.answers = [counted(1)]
    try:
        for status in (301, 302, 307, 308):
            error = fails(server, (status, {"Location": other.url + "/v1/messages/count_tokens"}, b""))
            assert f"redirect ({status})" in error.message
    finally:
        other.close()
    assert other.asked == []


def test_one_that_hangs_is_given_up(server: Server) -> None:
    done = threading.Event()

    def hang(_: BaseHTTPRequestHandler) -> None:
        done.wait(20)

    server.answers = [hang]
    environ = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
    with pytest.raises(LlmcostError) as caught:
        exact_count(plain("x"), "m", "anthropic", environ, timeout=0.1)
    done.set()
    assert caught.value.message == "cannot ask Anthropic: no answer within 0.1 s"


def test_one_that_hangs_up_is_told(server: Server) -> None:
    error = fails(server, lambda handler: handler.connection.shutdown(socket.SHUT_RDWR))
    assert error.message.startswith("cannot ask Anthropic: ")


def test_one_that_is_not_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        environ = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        with pytest.raises(LlmcostError, match=r"cannot ask Anthropic: .*refused"):
            exact_count(plain("x"), "m", "anthropic", environ)


def test_no_proxy_sees_a_key_for_this_machine(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Server()
    other.answers = [counted(1)]
    monkeypatch.setenv("http_proxy", other.url)
    try:
        assert ask(server, counted(5)).tokens == 5
    finally:
        other.close()
    assert other.asked == []


@pytest.mark.parametrize(
    ("provider", "environ", "message"),
    [
        ("anthropic", {}, "--exact needs Anthropic's key"),
        ("anthropic", {"ANTHROPIC_API_KEY": " "}, "--exact needs Anthropic's key"),
        ("google", {}, "--exact needs Google's key"),
        ("anthropic", {"ANTHROPIC_API_KEY": "a\nb"}, "ANTHROPIC_API_KEY holds a character that no key has"),
        ("anthropic", {"ANTHROPIC_API_KEY": "schlüssel"}, "ANTHROPIC_API_KEY holds a character that no key has"),
        ("mistral", {}, "--exact cannot ask mistral: it offers no count that llmcost knows"),
        ("", {}, "--exact cannot ask an unknown provider: it offers no count that llmcost knows"),
    ],
)  # fmt: skip
def test_without_a_key(provider: str, environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        exact_count(plain("x"), "m", provider, environ)
    assert caught.value.message == message
    assert all(value.strip() not in caught.value.message for value in environ.values() if value.strip())


def test_the_hint_names_the_variables() -> None:
    with pytest.raises(UsageError) as caught:
        exact_count(plain("x"), "m", "google", {})
    assert caught.value.hint == "set GEMINI_API_KEY or GOOGLE_API_KEY, or leave --exact out"


@pytest.mark.parametrize(
    "base",
    ["http://example.com", "ftp://127.0.0.1", "https://", "https://me:secret@example.com", "example.com", "https://[",
     "https://example.com/?x=1", "https://example.com/#x", "http://127.0.0.1.example.com", "https://x:99999",
     "https://a\x00b"],
)  # fmt: skip
def test_a_key_is_sent_by_https_or_to_this_machine(base: str) -> None:
    environ = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": base}
    with pytest.raises(UsageError, match="ANTHROPIC_BASE_URL is no address to send a key to"):
        exact_count(plain("x"), "m", "anthropic", environ)


def test_a_body_passes_with_its_images_and_tools(server: Server) -> None:
    request = {
        "model": "other", "max_tokens": 5, "temperature": 0, "system": "Be brief.",
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://x"}}]}],
    }  # fmt: skip
    prompt = from_value(request)
    assert prompt is not None
    assert ask(server, counted(1_600), prompt=prompt).tokens == 1_600
    assert server.asked[0][2] == {
        "model": "claude-sonnet-4-5", "system": "Be brief.", "messages": request["messages"], "tools": request["tools"],
    }  # fmt: skip


def test_what_is_missing_is_not_counted_exactly(server: Server) -> None:
    body = from_value({"messages": [{"role": "user", "content": "a {{b}}"}]})
    assert body is not None
    for prompt in (replace(plain("a {{b}}"), missing=("b",)), filled(body, {}), plain("a\ufffd", complete=False)):
        found = ask(server, counted(5), prompt=prompt)
        assert (found.tokens, found.exact) == (5, False)


def test_messages_are_asked_for_as_they_are_filled(server: Server) -> None:
    image = {"type": "image", "source": {"type": "base64", "data": "abcd"}}
    parts = [{"type": "text", "text": "Hi {{name}}"}, image]
    prompt = from_value({"messages": [{"role": "user", "content": parts}], "max_tokens": 3})
    assert prompt is not None
    assert ask(server, counted(5), prompt=filled(prompt, {"name": "Ada"})).exact
    messages = [{"role": "user", "content": [{"type": "text", "text": "Hi Ada"}, image]}]
    assert server.asked[0][2] == {"model": "claude-sonnet-4-5", "messages": messages}
