"""One HTTP POST to an address that somebody wrote into a file: where it may go, and what counts as an answer."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, quote, urlsplit

from llmcost.core.instants import SECOND_US
from llmcost.notify.outlet import Destination, UndeliveredError

#: IPv4 behind IPv6 (RFC 6052): what it leads to is decided by the last four bytes.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SECONDS = re.compile(r"[0-9]{1,9}")


def post(to: Destination, body: bytes, headers: dict[str, str]) -> None:
    """POST JSON; returns when a 2xx status came. The answer's content is not read.

    Raises:
        UndeliveredError: the address may not be used, nobody answered, or the answer was another.
    """
    url = _url(to.address)
    try:
        connection = HTTPConnection(str(url.hostname), 80, timeout=to.timeout)  # the socket below decides the port
        with _connected(url, to) as connection.sock:
            target = quote(url.path or "/", safe="/%:=&~+!$,;'@()*[]") + (f"?{_query(url)}" if url.query else "")
            sent = {"Content-Type": "application/json", "User-Agent": "llmcost", "Connection": "close"}
            connection.request("POST", target, body, {"Host": _host(url), **sent, **headers})
            answer = connection.getresponse()
            status, wait = answer.status, answer.headers.get("Retry-After", "")
            answer.close()
    except TimeoutError:
        raise UndeliveredError("no answer in time") from None
    except ssl.SSLCertVerificationError as error:
        raise UndeliveredError(f"its certificate is not trusted: {error.verify_message}") from None
    except ssl.SSLError:
        raise UndeliveredError("no secure connection could be made") from None
    except socket.gaierror:
        raise UndeliveredError("its host name is not known") from None
    except (ConnectionResetError, BrokenPipeError):
        raise UndeliveredError("the connection was cut") from None
    except OSError as error:
        raise UndeliveredError(error.strerror or "no connection") from None
    except (HTTPException, ValueError):
        raise UndeliveredError("it does not speak HTTP, or its address is malformed") from None
    _judge(status, wait)


def _judge(status: int, wait: str) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise UndeliveredError(f"it answered {status}, a redirect, which is not followed: write the final address")
    known = status in HTTPStatus._value2member_map_
    phrase = f" {HTTPStatus(status).phrase}" if known else ""
    raise UndeliveredError(
        f"it answered {status}{phrase}", int(wait) * SECOND_US if _SECONDS.fullmatch(wait.strip()) else 0
    )


def _url(address: str) -> SplitResult:
    try:
        url = urlsplit(address)
        usable = bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        usable = False
    if not usable or url.scheme not in {"http", "https"}:
        raise UndeliveredError("its address is not an http(s) address")
    if url.username is not None:
        raise UndeliveredError("its address holds a user name, which is not sent: use `secret` to sign messages")
    return url


def _query(url: SplitResult) -> str:
    return quote(url.query, safe="/%:=&?~+!$,;'@()*[]")


def _host(url: SplitResult) -> str:
    host = str(url.hostname).encode("idna").decode() if ":" not in str(url.hostname) else f"[{url.hostname}]"
    return host if url.port is None else f"{host}:{url.port}"


def _connected(url: SplitResult, to: Destination) -> socket.socket:
    """A connection to an address that was looked at: the name is asked for once, so that it cannot change meanwhile."""
    host, port = str(url.hostname), url.port or (443 if url.scheme == "https" else 80)
    found = [each[4] for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    allowed = [address for address in found if to.allow_private or is_public(str(address[0]))]
    if not allowed:
        raise UndeliveredError("its address is private or local: write `allow_private: true` if it is meant")
    failure = OSError("no address")
    for address in allowed:
        try:
            plain = socket.create_connection((str(address[0]), port), to.timeout)
            break
        except OSError as error:
            failure = error
    else:
        raise failure
    if url.scheme == "http":
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public Internet, whichever way it is written."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved
