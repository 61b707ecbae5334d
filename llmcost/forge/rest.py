"""JSON over HTTPS to one service: patient with a service that fails, never away from the address it was given."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from llmcost.core.errors import LlmcostError, UsageError
from llmcost.core.text import printable, redact, shorten

TIMEOUT = 30.0
ATTEMPTS = 4
#: A longer wait is the caller's to decide on.
_MOST_WAIT = 60.0
#: A hundred comments of 65,536 characters, four bytes each and escaped.
_MOST_BYTES = 64 * 2**20
#: Twenty thousand comments.
_MOST_PAGES = 200
_NEXT = re.compile(r'<([^<>\s]+)>\s*(?:;[^,<]*)?;\s*rel="?next"?', re.IGNORECASE)


class RefusedError(LlmcostError):
    """The service answered, but with a status that is no success; 429 for any that means "too many"."""

    def __init__(self, status: int, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.status = status


class _Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    failure: str = ""
    """Why there was no answer, when `status` is 0."""

    @property
    def again(self) -> bool:
        """Whether the same request may succeed later. GitHub says "too many" with a 403, too."""
        limited = self.status == 403 and (
            "retry-after" in self.headers or self.headers.get("x-ratelimit-remaining") == "0"
        )
        return self.status in {0, 429} or self.status >= 500 or limited

    @property
    def wait(self) -> float:
        """Seconds of its Retry-After; 0 for none, or a date."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0.0


class Rest:
    """A service at `base`. `headers` hold `secret`, which is in nothing that is shown."""

    def __init__(
        self, name: str, base: str, headers: dict[str, str], secret: str, *, timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.name = name
        self._base = base.rstrip("/")
        self._headers = {"User-Agent": "llmcost", "Content-Type": "application/json", **headers}
        self._secret = secret
        self._timeout = timeout
        self._pause = pause

    def call(
        self, method: str, path: str, document: dict[str, Any] | None = None, *,
        done: Callable[[], Any] = lambda: None,
    ) -> Any:  # fmt: skip
        """What the service answers, decoded; None where it answers nothing.

        `done` is asked before a request is sent again whose fate is not known; what it finds stands for the answer.

        Raises:
            RefusedError: the service answers, and not with a success.
            LlmcostError: it does not answer, or not with JSON.
        """
        return self._decoded(self._answered(method, self._base + path, document, done))

    def pages(self, path: str) -> Iterator[Any]:
        """The items of a list, page after page."""
        url = self._base + path
        for _ in range(_MOST_PAGES):
            answer = self._answered("GET", url, None, lambda: None)
            items = self._decoded(answer)
            if not isinstance(items, list):
                raise self._unfit("something that is no list")
            yield from items
            found = _NEXT.search(answer.headers.get("link", ""))
            if found is None:
                return
            if _origin(found[1]) != _origin(self._base):
                raise self._unfit("with a next page at another address, where the token is not sent")
            url = found[1]
        raise self._unfit(f"with more than {_MOST_PAGES} pages")

    def _answered(self, method: str, url: str, document: Any, done: Callable[[], Any]) -> _Answer:
        data = None if document is None else json.dumps(document).encode()
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._once(method, url, data)
            if 200 <= answer.status < 300:
                return answer
            if not answer.again or attempt == ATTEMPTS or answer.wait > _MOST_WAIT:
                raise self._refused(answer, method)
            self._pause(answer.wait or 2.0 ** (attempt - 1))
            if answer.status == 0 or answer.status >= 500:
                known = done()
                if known is not None:
                    return _Answer(200, {}, json.dumps(known).encode())
        raise AssertionError("unreachable")

    def _once(self, method: str, url: str, data: bytes | None) -> _Answer:
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request

        request = Request(url, data, self._headers, method=method)  # noqa: S310 - `secure_base` admits https and this machine
        try:
            with _opener(urlsplit(url).hostname or "").open(request, timeout=self._timeout) as response:
                return _Answer(response.status, _headers(response), _read(response))
        except HTTPError as error:
            with error:
                return _Answer(error.code, _headers(error), _read_if_can(error))
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                return _Answer(0, {}, b"", f"no answer within {self._timeout:g} s")
            return _Answer(0, {}, b"", self._safe(str(reason)) or type(reason).__name__)

    def _decoded(self, answer: _Answer) -> Any:
        if not answer.body.strip():
            return None
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self._unfit("something that is not JSON") from None

    def _refused(self, answer: _Answer, method: str) -> LlmcostError:
        status = answer.status
        if status == 0:
            return LlmcostError(f"cannot reach {self.name}: {answer.failure}", "check the network and its address")
        if 300 <= status < 400:
            return RefusedError(
                status,
                f"{self.name} answered with a redirect ({status}), not followed: it would take the token along",
                "name the repository and the service as they are called now",
            )
        if answer.again and status < 500:
            when = f"in {answer.wait:g} s" if answer.wait else "later"
            return RefusedError(429, f"{self.name} asks for fewer requests ({status})", f"try again {when}")
        if answer.again:
            return RefusedError(status, f"{self.name} failed {ATTEMPTS} times (last: {status})", "try again later")
        said = self._safe(_message(answer.body))
        return RefusedError(
            status, f"{self.name} refuses to {_DOES[method]} ({status}){': ' if said else ''}{said}",
            "see docs/ci.md for what a token needs",
        )  # fmt: skip

    def _unfit(self, what: str) -> LlmcostError:
        return LlmcostError(f"{self.name} answered {what}", "check its address: it may not be the REST interface")

    def _safe(self, text: str) -> str:
        return shorten(printable(redact(text.replace(self._secret, "…redacted"))), 200)


_DOES = {"GET": "list", "POST": "comment", "PATCH": "update", "PUT": "update", "DELETE": "delete"}


def secure_base(address: str, origin: str) -> str:
    """`address`, to which a token may be sent: https, or http on this machine itself.

    Raises:
        UsageError: it is not such an address; `origin` says where it was written.
    """
    from llmcost.tokens.remote import is_loopback

    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    whole = address.isascii() and address.isprintable() and " " not in address
    if not host or not secure or not whole or parts.username is not None or parts.query or parts.fragment:
        raise UsageError(
            f"{origin} is no address to send a token to", "write https://HOST[/PATH]; http is for this machine alone"
        )
    return address


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", "", None


def _opener(host: str) -> Any:
    """Follows no redirect; uses the system's proxy but for this machine, where the token would leave it unencrypted."""
    from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

    from llmcost.tokens.remote import is_loopback

    class NoRedirect(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    return build_opener(NoRedirect, *([ProxyHandler({})] if is_loopback(host) else []))


def _headers(response: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _read(response: Any) -> bytes:
    from http.client import IncompleteRead

    found = bytes(response.read(_MOST_BYTES + 1))
    if len(found) > _MOST_BYTES:
        raise ValueError(f"an answer of more than {_MOST_BYTES // 2**20} MiB")
    if getattr(response, "length", 0):
        # http.client says so only where it is not told how much to read at most.
        raise IncompleteRead(found, response.length)
    return found


def _read_if_can(response: Any) -> bytes:
    from http.client import HTTPException

    try:
        return _read(response)
    except (OSError, HTTPException, AttributeError, ValueError):
        return b""


def _message(body: bytes) -> str:
    """What the service says is wrong."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    texts = [said.get(key) for key in ("message", "error_description", "error")] if isinstance(said, dict) else []
    return next((text for text in texts if isinstance(text, str)), "")
