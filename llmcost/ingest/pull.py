"""Fetching the pages of a provider's organisation usage and cost API with an admin key, for `ingest` to read.

OpenAI: `/v1/organization/costs` and `/usage/completions`; Anthropic: `/v1/organizations/cost_report` and
`/usage_report/messages`; by the day, page after page. Nothing that comes back is trusted; the key is in no message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from llmcost.core.errors import ConfigError, LlmcostError, UsageError, nearest
from llmcost.core.instants import DAY_US, rfc3339
from llmcost.core.text import clean_field
from llmcost.core.web import Answer, ask, is_secure_base

#: A page's name is no longer.
_MAX_TOKEN = 4_096
MAX_PAGES = 2_000
_MAX_PAGE = 32 * 1024 * 1024
_TIMEOUT = 60.0
_TRIES = 5
_LONGEST_WAIT = 60.0


class Provider(NamedTuple):
    key: str
    """Environment variables: of the admin key, and of an address in place of the provider's."""
    base: str
    address: str
    paths: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """(path, what is asked of it beside the time)."""


PROVIDERS = {
    "openai": Provider(
        "OPENAI_ADMIN_KEY", "OPENAI_ADMIN_URL", "https://api.openai.com",
        (
            ("/v1/organization/costs", (
                ("bucket_width", "1d"), ("limit", "31"), ("group_by", "line_item"), ("group_by", "project_id"),
            )),
            ("/v1/organization/usage/completions", (
                ("bucket_width", "1d"), ("limit", "31"), ("group_by", "model"), ("group_by", "project_id"),
                ("group_by", "batch"),
            )),
        ),
    ),
    "anthropic": Provider(
        "ANTHROPIC_ADMIN_KEY", "ANTHROPIC_ADMIN_URL", "https://api.anthropic.com",
        (
            ("/v1/organizations/cost_report", (
                ("bucket_width", "1d"), ("limit", "31"), ("group_by[]", "workspace_id"), ("group_by[]", "description"),
            )),
            ("/v1/organizations/usage_report/messages", (
                ("bucket_width", "1d"), ("limit", "31"), ("group_by[]", "model"), ("group_by[]", "workspace_id"),
                ("group_by[]", "service_tier"),
            )),
        ),
    ),
}  # fmt: skip


class Pull(NamedTuple):
    """Whose pages, with which key, from where."""

    name: str
    provider: Provider
    key: str
    base: str


def prepared(name: str, environ: Mapping[str, str]) -> Pull:
    """Raises UsageError or ConfigError: no such provider, no key, or an address the key may not be sent to."""
    provider = PROVIDERS.get(name)
    if provider is None:
        raise UsageError(f"cannot pull from {name!r}{nearest(name, PROVIDERS)}", f"use {' or '.join(PROVIDERS)}")
    key = environ.get(provider.key, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ConfigError(
            f"no admin key in {provider.key}", f"set it to a key of your organisation's administration at {name}"
        )
    base = (environ.get(provider.base) or provider.address).rstrip("/")
    if not is_secure_base(base):
        raise ConfigError(f"{provider.base} is no address for a key: {base[:80]!r}", "use https://")
    return Pull(name, provider, key, base)


def pages(pull: Pull, start: int, end: int, sleep: Callable[[float], None]) -> Iterator[tuple[str, bytes]]:
    """(path, page) of everything between two times (microseconds UTC, taken as whole UTC days), in order.

    Raises:
        LlmcostError: the provider does not answer, refuses, or answers without end.
    """
    start, end = start // DAY_US * DAY_US, -(-end // DAY_US) * DAY_US
    for path, asked in pull.provider.paths:
        page = ""
        for _ in range(MAX_PAGES):
            query = [*_times(pull.name, start, end), *asked, *([("page", page)] if page else [])]
            body = _fetched(pull, f"{pull.base}{path}?{urlencode(query)}", path, sleep)
            yield path, body
            following = _next(body, path)
            if not following:
                break
            if following == page:
                raise LlmcostError(f"{path} names the same page again", "run the command again later")
            page = following
        else:
            raise LlmcostError(
                f"{path} has more than {MAX_PAGES:,} pages", "pull a shorter time with --since and --until"
            )


def _times(name: str, start: int, end: int) -> list[tuple[str, str]]:
    if name == "openai":
        return [("start_time", str(start // 1_000_000)), ("end_time", str(end // 1_000_000))]
    return [("starting_at", rfc3339(start)), ("ending_at", rfc3339(end))]


def _fetched(pull: Pull, url: str, path: str, sleep: Callable[[float], None]) -> bytes:
    headers = {"Accept": "application/json", "User-Agent": "llmcost"}
    if pull.name == "openai":
        headers["Authorization"] = f"Bearer {pull.key}"
    else:
        headers |= {"x-api-key": pull.key, "anthropic-version": "2023-06-01"}
    answer = Answer(0)
    for attempt in range(_TRIES):
        if attempt:
            sleep(min(max(answer.wait, float(2**attempt)), _LONGEST_WAIT))
        answer = ask("GET", url, headers, None, timeout=_TIMEOUT, most_bytes=_MAX_PAGE)
        if answer.status == 200:
            return answer.body
        busy = answer.status == 429 or answer.status >= 500
        # Where nobody answers at all, once more is enough.
        if not busy and (answer.status or attempt):
            break
    said = answer.failure or f"HTTP {answer.status}{_reason(answer.body)}"
    said = clean_field(said.replace(pull.key, "***"))
    if answer.status in (401, 403):
        raise ConfigError(
            f"{pull.name} refused the admin key for {path}: {said}", f"check {pull.provider.key} and the key's rights"
        )
    raise LlmcostError(f"cannot fetch {path} from {pull.name}: {said}", "run the command again later")


def _reason(body: bytes) -> str:
    error = _object(_object(body).get("error"))
    message = error.get("message")
    return f": {message[:200]}" if isinstance(message, str) else ""


def _next(body: bytes, path: str) -> str:
    page = _object(body)
    if "data" not in page:
        raise LlmcostError(f"{path} did not answer with a page", "check the address, or run the command again later")
    if not page.get("has_more"):
        return ""
    following = page.get("next_page")
    if not isinstance(following, str) or not following or len(following) >= _MAX_TOKEN:
        raise LlmcostError(f"{path} has more pages but does not name the next one", "run the command again later")
    return following


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, bytes):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}
