"""JSON over HTTPS to one service: patient with a service that fails, never away from the address it was given."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from llmcost.core.errors import LlmcostError, UsageError
from llmcost.core.text import printable, redact, shorten
from llmcost.core.web import Answer, ask, is_secure_base, origin

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


def _again(answer: Answer) -> bool:
    """Whether the same request may succeed later. GitHub says "too many" with a 403, too."""
    limited = answer.status == 403 and (
        "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    )
    return answer.status in {0, 429} or answer.status >= 500 or limited


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
            if origin(found[1]) != origin(self._base):
                raise self._unfit("with a next page at another address, where the token is not sent")
            url = found[1]
        raise self._unfit(f"with more than {_MOST_PAGES} pages")

    def _answered(self, method: str, url: str, document: Any, done: Callable[[], Any]) -> Answer:
        data = None if document is None else json.dumps(document).encode()
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._once(method, url, data)
            if 200 <= answer.status < 300:
                return answer
            if not _again(answer) or attempt == ATTEMPTS or answer.wait > _MOST_WAIT:
                raise self._refused(answer, method)
            self._pause(answer.wait or 2.0 ** (attempt - 1))
            if answer.status == 0 or answer.status >= 500:
                known = done()
                if known is not None:
                    return Answer(200, {}, json.dumps(known).encode())
        raise AssertionError("unreachable")

    def _once(self, method: str, url: str, data: bytes | None) -> Answer:
        return ask(method, url, self._headers, data, timeout=self._timeout, most_bytes=_MOST_BYTES)

    def _decoded(self, answer: Answer) -> Any:
        if not answer.body.strip():
            return None
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self._unfit("something that is not JSON") from None

    def _refused(self, answer: Answer, method: str) -> LlmcostError:
        status = answer.status
        if status == 0:
            return LlmcostError(
                f"cannot reach {self.name}: {self._safe(answer.failure)}", "check the network and its address"
            )
        if 300 <= status < 400:
            return RefusedError(
                status,
                f"{self.name} answered with a redirect ({status}), not followed: it would take the token along",
                "name the repository and the service as they are called now",
            )
        if _again(answer) and status < 500:
            when = f"in {answer.wait:g} s" if answer.wait else "later"
            return RefusedError(429, f"{self.name} asks for fewer requests ({status})", f"try again {when}")
        if _again(answer):
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


def secure_base(address: str, place: str) -> str:
    """`address`, to which a token may be sent.

    Raises:
        UsageError: it is not such an address; `place` says where it was written.
    """
    if not is_secure_base(address):
        raise UsageError(
            f"{place} is no address to send a token to", "write https://HOST[/PATH]; http is for this machine alone"
        )
    return address


def _message(body: bytes) -> str:
    """What the service says is wrong."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    texts = [said.get(key) for key in ("message", "error_description", "error")] if isinstance(said, dict) else []
    return next((text for text in texts if isinstance(text, str)), "")
