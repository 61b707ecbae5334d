"""One request over HTTPS to an address a key or token may be sent to: no redirect, a bounded answer, no surprises."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

#: A Retry-After beyond this is no number of seconds.
_MOST_DIGITS = 6
_PIECE = 65_536


class Answer(NamedTuple):
    """What came back. Nothing in it is to be trusted."""

    status: int
    """0: nobody answered, or not with HTTP."""
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    """Names in lower case."""
    body: bytes = b""
    failure: str = ""
    """Why there was no answer."""

    @property
    def wait(self) -> float:
        """Seconds of its Retry-After; 0 for none, or a date."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 0.0


def is_secure_base(address: str) -> bool:
    """Whether a secret may be sent to `address`: https, or http on this machine itself, and nothing but a place."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    whole = address.isascii() and address.isprintable() and " " not in address
    return bool(host) and secure and whole and parts.username is None and not parts.query and not parts.fragment


def is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def origin(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; empty for what is no address."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", "", None


def ask(
    method: str, url: str, headers: dict[str, str], data: bytes | None, *, timeout: float, most_bytes: int
) -> Answer:
    """Send one request to a URL below a secure base. Follows no redirect, which would take the secret along.

    Uses the system's proxy, but not for this machine, where the secret would leave it unencrypted.

    Args:
        timeout: seconds for connecting, and for every read or write.
        most_bytes: of the answer; a longer one is a failure.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request

    request = Request(url, data, headers, method=method)  # noqa: S310 - the caller's base is a secure one
    try:
        with _opener(urlsplit(url).hostname or "").open(request, timeout=timeout) as response:
            return Answer(response.status, _headers(response), _read(response, most_bytes, timeout))
    except HTTPError as error:
        with error:
            return Answer(error.code, _headers(error), _read_if_can(error, most_bytes, timeout))
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            return Answer(0, failure=f"no answer within {timeout:g} s")
        return Answer(0, failure=str(reason) or type(reason).__name__)


def _opener(host: str) -> Any:
    from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

    class NoRedirect(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    return build_opener(NoRedirect, *([ProxyHandler({})] if is_loopback(host) else []))


def _headers(response: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _read(response: Any, most_bytes: int, timeout: float) -> bytes:
    """The whole answer, which may not take longer than `timeout` however it drips."""
    from http.client import IncompleteRead
    from time import monotonic

    end = monotonic() + timeout
    found = bytearray()
    while piece := response.read1(min(_PIECE, most_bytes + 1 - len(found))):
        found += piece
        if len(found) > most_bytes:
            raise ValueError(f"an answer of more than {most_bytes:,} bytes")
        if monotonic() > end:
            raise TimeoutError
    if getattr(response, "length", 0):
        # http.client says so only where it is not told how much to read at most.
        raise IncompleteRead(bytes(found), response.length)
    return bytes(found)


def _read_if_can(response: Any, most_bytes: int, timeout: float) -> bytes:
    from http.client import HTTPException

    try:
        return _read(response, most_bytes, timeout)
    except (OSError, HTTPException, AttributeError, ValueError):
        return b""
