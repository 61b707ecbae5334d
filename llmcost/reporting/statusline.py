"""The line below Claude Code's prompt: what its hook says, and the ledger's today and running block."""

from __future__ import annotations

import json
from datetime import tzinfo
from fractions import Fraction
from typing import Any, NamedTuple

from llmcost.analysis.blocks import Block
from llmcost.core.errors import UsageError
from llmcost.core.money import NANO_PER_USD, nano_from_usd, usd_text
from llmcost.core.text import clean_field, shorten
from llmcost.core.usage import MAX_TOKENS
from llmcost.ledger.measures import Sums
from llmcost.reporting.numbers import decimal, percent, short, usd
from llmcost.reporting.spans import left
from llmcost.reporting.view import cost_usd

#: A hook's JSON has some thousand bytes.
MAX_HOOK = 1 << 20
_MAX_NAME = 40


class Hook(NamedTuple):
    """What Claude Code tells its status line; what it does not tell, or not as it should, is empty or None."""

    model: str = ""
    session: str = ""
    session_nano: int | None = None
    """What the session cost, by Claude Code's own account, nano-USD."""
    context_tokens: int | None = None
    """Tokens in the context window now."""
    context_size: int | None = None
    transcript: str = ""


class Status(NamedTuple):
    hook: Hook
    today: Sums
    block: Block | None
    """The running one."""


def read_hook(raw: bytes) -> Hook:
    """The hook's JSON; nothing at all is a hook that tells nothing.

    Raises:
        UsageError: not a JSON object.
    """
    if not raw.strip():
        return Hook()
    try:
        told = json.loads(raw) if len(raw) <= MAX_HOOK else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise UsageError(
            "standard input is not the JSON object that Claude Code gives its status line",
            "name the command in settings.json as docs/statusline.md shows, or run it without input",
        )
    model, window = _object(told, "model"), _object(told, "context_window")
    return Hook(
        shorten(clean_field(_text(model, "display_name").strip() or _text(model, "id").strip()), _MAX_NAME),
        clean_field(_text(told, "session_id")),
        _nano(_object(told, "cost").get("total_cost_usd")),
        _context(window),
        _tokens(window.get("context_window_size")) or None,
        _text(told, "transcript_path"),
    )


def _object(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: dict[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _nano(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        nano = nano_from_usd(value)
    except ValueError:
        return None
    return nano if nano >= 0 else None


def _tokens(value: object) -> int | None:
    plain = isinstance(value, int) and not isinstance(value, bool)
    return value if plain and isinstance(value, int) and 0 <= value <= MAX_TOKENS else None


def _context(window: dict[str, Any]) -> int | None:
    """Tokens of the last request's whole input; None before the first, and in versions that do not tell."""
    now = _object(window, "current_usage")
    parts = [_tokens(now.get(f"{kind}input_tokens")) for kind in ("", "cache_creation_", "cache_read_")]
    return None if parts[0] is None else sum(part or 0 for part in parts)


def line(status: Status) -> str:
    """`Opus 4.5 | $0.23 session / $4.10 today / $1.20 block (2h 45m left) | $0.80/hr | 25.0k context (12.5%)`."""
    hook, block = status.hook, status.block
    spent = [f"{_usd(hook.session_nano)} session"] if hook.session_nano is not None else []
    spent.append(f"{_spent(status.today)} today")
    if block is None or block.left is None:
        spent.append("no active block")
    else:
        spent.append(f"{_spent(block.sums)} block ({left(block.left)})")
    parts = [hook.model, " / ".join(spent)]
    if block is not None and block.burn is not None and block.burn.cost_per_hour is not None:
        parts.append(f"{_usd(block.burn.cost_per_hour)}/hr")
    if hook.context_tokens is not None:
        share = f" ({percent(hook.context_tokens, hook.context_size)})" if hook.context_size else ""
        parts.append(f"{short(hook.context_tokens)} context{share}")
    return " | ".join(filter(None, parts))


def _usd(nano: int) -> str:
    """To the cent, as a line at the edge of one's eye has it; less than one as everywhere."""
    return f"${decimal(Fraction(nano, NANO_PER_USD), 2)}" if nano >= NANO_PER_USD // 100 else usd(nano)


def _spent(sums: Sums) -> str:
    """What is known of a cost, and how many requests it leaves out: unknown is not zero, and neither is no record."""
    if not sums["requests"]:
        return "nothing recorded"
    if cost_usd(sums) is None:
        return f"{sums['unpriced']:,} unpriced"
    return _usd(sums["cost"]) + (f" + {sums['unpriced']:,} unpriced" if sums["unpriced"] else "")


def document(status: Status, zone: tzinfo) -> str:
    """The same as JSON."""
    from llmcost.reporting.blocks import block_document, totals

    hook, block = status.hook, status.block
    share = Fraction(hook.context_tokens or 0, hook.context_size) if hook.context_size else None
    return json.dumps(
        {
            "schema_version": 1,
            "model": hook.model or None,
            "session": hook.session or None,
            "session_cost_usd": None if hook.session_nano is None else usd_text(hook.session_nano),
            "today": totals(status.today),
            "block": None if block is None else block_document(block, zone),
            "context_tokens": hook.context_tokens,
            "context_share": None if share is None or hook.context_tokens is None else float(round(share, 6)),
        },
        ensure_ascii=False,
        indent=2,
    )
