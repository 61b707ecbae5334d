"""The provider's own count of a request (`--exact`): the one place that talks to a network, and only when asked to.

Anthropic: https://docs.anthropic.com/en/api/messages-count-tokens (free; "an estimate" by Anthropic's own words).
Google: https://ai.google.dev/api/tokens (countTokens). OpenAI: https://platform.openai.com/docs/api-reference/responses
(input tokens). A key goes into a header, nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from llmcost.core.errors import LlmcostError, UsageError
from llmcost.core.text import printable, redact, shorten
from llmcost.core.web import ask, is_secure_base
from llmcost.tokens.counter import Count
from llmcost.tokens.forms import anthropic_body, google_body, openai_body
from llmcost.tokens.prompt import Prompt

TIMEOUT = 30.0
ATTEMPTS = 3
#: A longer wait is the caller's to decide on.
_MOST_WAIT = 10.0
_MOST_BYTES = 65_536


class Endpoint(NamedTuple):
    """Where a provider counts. `keys`: variables that may hold the key, the first that does is used."""

    name: str
    keys: tuple[str, ...]
    base_variable: str
    base: str
    path: Callable[[str], str]
    body: Callable[[Prompt, str], dict[str, Any]]
    headers: Callable[[str], dict[str, str]]
    answer: str
    """The field of the answer that holds the count."""


ENDPOINTS: dict[str, Endpoint] = {
    "anthropic": Endpoint(
        "Anthropic", ("ANTHROPIC_API_KEY",), "ANTHROPIC_BASE_URL", "https://api.anthropic.com",
        lambda model: "/v1/messages/count_tokens", anthropic_body,
        lambda key: {"x-api-key": key, "anthropic-version": "2023-06-01"}, "input_tokens",
    ),
    "google": Endpoint(
        "Google", ("GEMINI_API_KEY", "GOOGLE_API_KEY"), "GEMINI_BASE_URL", "https://generativelanguage.googleapis.com",
        lambda model: f"/v1beta/models/{quote(model.removeprefix('models/'), safe='')}:countTokens", google_body,
        lambda key: {"x-goog-api-key": key}, "totalTokens",
    ),
    "openai": Endpoint(
        "OpenAI", ("OPENAI_API_KEY",), "OPENAI_BASE_URL", "https://api.openai.com/v1",
        lambda model: "/responses/input_tokens", openai_body,
        lambda key: {"Authorization": f"Bearer {key}"}, "input_tokens",
    ),
}  # fmt: skip


def ready(provider: str, environ: Mapping[str, str]) -> tuple[Endpoint, str, str]:
    """The provider's endpoint, the key for it, and its base URL.

    Raises:
        UsageError: the provider has no such endpoint; no key; a base URL that is none.
    """
    endpoint = ENDPOINTS.get(provider)
    if endpoint is None:
        raise UsageError(
            f"--exact cannot ask {printable(provider) or 'an unknown provider'}: it offers no count that llmcost knows",
            f"it works for models of {', '.join(ENDPOINTS)}; leave it out for an estimate",
        )
    return endpoint, _key(endpoint, environ), _base(endpoint, environ)


def exact_count(
    prompt: Prompt, model: str, provider: str, environ: Mapping[str, str], *, timeout: float = TIMEOUT,
    pause: Callable[[float], None] = time.sleep,
) -> Count:  # fmt: skip
    """What the provider counts for `prompt` as a request to `model`.

    Raises:
        UsageError: the provider has no such endpoint; no key; a base URL that is none; a request the provider refuses.
        LlmcostError: it does not answer, or not with a count.
    """
    endpoint, key, base = ready(provider, environ)
    url = base + endpoint.path(model)
    tokens = _Asked(endpoint, url, key, timeout, pause).tokens(endpoint.body(prompt, model), model)
    tokens += prompt.extra_tokens
    method = f"{endpoint.name}'s own count"
    if prompt.extra_tokens:
        return Count(tokens, False, f"{method} (and sizes given for variables)", tokens, tokens)
    if prompt.missing or (prompt.kind == "text" and not prompt.complete):
        return Count(tokens, False, f"{method} (of what is known of the text)")
    return Count(tokens, True, method, tokens, tokens)


def _key(endpoint: Endpoint, environ: Mapping[str, str]) -> str:
    for variable in endpoint.keys:
        key = environ.get(variable, "").strip()
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise UsageError(f"{variable} holds a character that no key has", "set it to the key alone")
        if key:
            return key
    raise UsageError(f"--exact needs {endpoint.name}'s key", f"set {' or '.join(endpoint.keys)}, or leave --exact out")


def _base(endpoint: Endpoint, environ: Mapping[str, str]) -> str:
    """The base URL without a slash at its end: https, or any scheme of the web on this machine itself."""
    given = environ.get(endpoint.base_variable, "").strip()
    base = given or endpoint.base
    if not is_secure_base(base):
        raise UsageError(
            f"{endpoint.base_variable} is no address to send a key to",
            "write https://HOST[/PATH]; http is for this machine alone",
        )
    return base.rstrip("/")


class _Asked:
    """One question to one endpoint, asked again where that may help."""

    def __init__(self, endpoint: Endpoint, url: str, key: str, timeout: float, pause: Callable[[float], None]) -> None:
        self._endpoint, self._url, self._key = endpoint, url, key
        self._timeout, self._pause = timeout, pause

    def tokens(self, body: dict[str, Any], model: str) -> int:
        import json

        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", **self._endpoint.headers(self._key)}
        for attempt in range(1, ATTEMPTS + 1):
            answer = ask("POST", self._url, headers, data, timeout=self._timeout, most_bytes=_MOST_BYTES)
            if answer.status == 200:
                return self._count(answer.body)
            if answer.status == 0:
                raise self._unreachable(self._safe(answer.failure))
            again = answer.status >= 500 or (answer.status == 429 and answer.wait <= _MOST_WAIT)
            if not again or attempt == ATTEMPTS:
                raise self._refused(answer.status, answer.wait, answer.body, model)
            self._pause(answer.wait if answer.status == 429 else 0.5 * attempt)
        raise AssertionError("unreachable")

    def _count(self, answer: bytes) -> int:
        import json

        try:
            found = json.loads(answer)[self._endpoint.answer]
        except (ValueError, TypeError, KeyError, RecursionError):
            found = None
        if type(found) is not int or found < 0:
            raise LlmcostError(
                f"{self._endpoint.name} answered something that is no token count",
                f"check {self._endpoint.base_variable}, or leave --exact out",
            )
        return found

    def _refused(self, status: int, wait: float, answer: bytes, model: str) -> LlmcostError:
        name, keys = self._endpoint.name, " or ".join(self._endpoint.keys)
        if status in {401, 403}:
            return UsageError(f"{name} refuses the key ({status})", f"check {keys}")
        if status == 404:
            return UsageError(
                f"{name} knows no model {printable(model)!r} (404)", "check --model, or leave --exact out"
            )
        if status == 429:
            when = f"in {wait:g} s" if wait else "later"
            return LlmcostError(f"{name} asks for fewer requests (429)", f"try again {when}, or leave --exact out")
        if 300 <= status < 400:
            return LlmcostError(
                f"{name} answered with a redirect ({status}), which is not followed: it would take the key along",
                f"set {self._endpoint.base_variable} to the address itself",
            )
        if status >= 500:
            return LlmcostError(f"{name} failed {ATTEMPTS} times (last: {status})", "try again later")
        said = self._safe(_message(answer))
        return UsageError(f"{name} does not count this request ({status}){': ' if said else ''}{said}",
                          "correct the request, or leave --exact out")  # fmt: skip

    def _unreachable(self, why: str) -> LlmcostError:
        return LlmcostError(f"cannot ask {self._endpoint.name}: {why}", "check the network, or leave --exact out")

    def _safe(self, text: str) -> str:
        return shorten(printable(redact(text.replace(self._key, "…redacted"))), 200)


def _message(answer: bytes) -> str:
    """What a provider says is wrong: all three send {"error": {"message": …}}."""
    import json

    try:
        said = json.loads(answer)["error"]["message"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return said if isinstance(said, str) else ""
