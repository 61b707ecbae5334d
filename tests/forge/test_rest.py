"""What a service may answer, and where a token may go."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from llmcost.core.errors import ExitCode, LlmcostError, UsageError
from llmcost.forge.rest import ATTEMPTS, Rest, secure_base
from tests.forge.standin import Standin, standin

SECRET = "a-token-without-any-known-shape"  # noqa: S105 - invented
ITEMS = "/repos/o/n/issues/7/comments"


@pytest.fixture
def server() -> Iterator[Standin]:
    with standin() as made:
        yield made


def rest(url: str, waited: list[float] | None = None, *, timeout: float = 5) -> Rest:
    pauses: list[float] = [] if waited is None else waited
    return Rest("GitHub", url, {"Authorization": f"Bearer {SECRET}"}, SECRET, timeout=timeout, pause=pauses.append)


def test_a_redirect_is_refused(server: Standin) -> None:
    with standin() as other:
        for status in (301, 302, 307, 308):
            server.failures = [("GET", (status, {"Location": other.url + ITEMS}, b""))]
            with pytest.raises(LlmcostError, match=rf"redirect \({status}\), not followed"):
                rest(server.url).call("GET", ITEMS)
        assert other.asked == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_next_page_elsewhere_is_refused(server: Standin, scheme: str) -> None:
    server.page = 1
    server.add("1")
    server.add("2")
    with standin() as other:
        server.next_host = other.url.removesuffix("/api").replace("http", scheme, 1)
        with pytest.raises(LlmcostError, match="a next page at another address"):
            list(rest(server.url).pages(ITEMS))
        assert other.asked == []


def test_pages_without_end_end(server: Standin) -> None:
    server.page = 1
    for number in range(202):
        server.add(str(number))
    with pytest.raises(LlmcostError, match="more than 200 pages"):
        list(rest(server.url).pages(ITEMS))
    assert len(server.asked) == 200


def test_it_gives_up(server: Standin) -> None:
    server.failures = [("GET", (503, {}, b""))] * ATTEMPTS
    waited: list[float] = []
    with pytest.raises(LlmcostError, match=r"GitHub failed 4 times \(last: 503\)"):
        rest(server.url, waited).call("GET", ITEMS)
    assert waited == [1, 2, 4]


def test_it_does_not_wait_for_an_hour(server: Standin) -> None:
    server.failures = [("GET", (429, {"Retry-After": "3600"}, b""))]
    with pytest.raises(LlmcostError, match="asks for fewer requests") as caught:
        rest(server.url).call("GET", ITEMS)
    assert caught.value.hint == "try again in 3600 s"
    assert len(server.asked) == 1


def test_the_token_is_in_no_message(server: Standin) -> None:
    for said in (f"bad {SECRET}", "\x1b[31mred\x1b[0m ghp_0123456789abcdefghijklmnopqrstuvwxyz"):
        server.failures = [("GET", (422, {}, json.dumps({"message": said}).encode()))]
        with pytest.raises(LlmcostError) as caught:
            rest(server.url).call("GET", ITEMS)
        assert SECRET not in caught.value.message
        assert "\x1b" not in caught.value.message
        assert "…redacted" in caught.value.message


@pytest.mark.parametrize("body", [b"<html>", b"[1", b"\xff", b"[" * 100_000])
def test_what_is_not_json(server: Standin, body: bytes) -> None:
    server.failures = [("GET", (200, {}, body))]
    with pytest.raises(LlmcostError, match="GitHub answered something that is not JSON"):
        rest(server.url).call("GET", ITEMS)


@pytest.mark.parametrize("body", [b"{}", b"null", b"3", b""])
def test_what_is_no_list(server: Standin, body: bytes) -> None:
    server.failures = [("GET", (200, {}, body))]
    with pytest.raises(LlmcostError, match="GitHub answered something that is no list"):
        list(rest(server.url).pages(ITEMS))


def test_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(LlmcostError, match="cannot reach GitHub: ") as caught:
            rest(url).call("GET", ITEMS)
        assert caught.value.exit_code == ExitCode.FAILURE
        free.listen()
        with pytest.raises(LlmcostError, match=r"no answer within 0\.05 s"):
            rest(url, timeout=0.05).call("GET", ITEMS)


def test_what_is_cut_off_is_asked_for_again(server: Standin) -> None:
    server.failures = [("GET", (200, {"Content-Length": "100"}, b"["))]
    assert list(rest(server.url).pages(ITEMS)) == []
    assert len(server.asked) == 2


@pytest.mark.parametrize("base", ["https://api.github.com", "https://git.example.com:8443/api/v4", "http://127.0.0.1:8/x",
                                  "http://localhost", "http://[::1]:8080"])  # fmt: skip
def test_a_base_a_token_may_go_to(base: str) -> None:
    assert secure_base(base, "X") == base


@pytest.mark.parametrize(
    "base",
    ["", "api.github.com", "http://api.github.com", "ftp://x", "https://", "https://u:p@x", "https://x?y", "https://x#y",
     "https://x:99999", "https://x y", "https://x\n", "http://127.0.0.1.example.com", "file:///etc/passwd", "https://é"],
)  # fmt: skip
def test_a_base_no_token_may_go_to(base: str) -> None:
    with pytest.raises(UsageError, match="GITHUB_API_URL is no address to send a token to"):
        secure_base(base, "GITHUB_API_URL")


def test_no_proxy_stands_between_us_and_this_machine(server: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found: Any = rest(server.url).call("GET", ITEMS)
    assert found == []
