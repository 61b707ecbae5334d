"""One comment on a pull request: what it changes, what that costs, how the budgets stand.

Names come from the repository of whoever opened the pull request. They are shown as code, in which neither GitHub nor
GitLab finds people, links, HTML or commands; all else is ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

from llmcost.core.money import round_half_even
from llmcost.core.text import printable, redact, shorten
from llmcost.reporting.comment_input import Budgets, Change, Limits, Prefix, Prompt, Standing, nano
from llmcost.reporting.numbers import count, counted, percent, usd

#: GitHub's limit, in characters; GitLab's is 1,000,000.
MAX_CHARACTERS = 65_536
#: Changed prompts in the open; the rest is behind a click.
SHOWN = 10
#: More of one list than this helps nobody.
_MOST = 500
_MAX_NAME = 160
#: Of a list within a line.
_FEW = 5
_UNKNOWN = "-"

_Table = tuple[tuple[str, ...], range, list[tuple[str, ...]]]


def marker(key: str) -> str:
    """What a comment of ours begins with, which no reader sees. `key`: letters, digits, single `.`, `_` and `-`."""
    return f"<!-- llmcost:{key} -->"


def nothing(key: str) -> str:
    """What becomes of a comment when there is nothing more to say."""
    return f"{marker(key)}\n**LLM cost: no change.** No prompt, model or limit differs any more.\n"


def render(change: Change, budgets: Budgets | None, key: str) -> str:
    """The comment, at most `MAX_CHARACTERS` long: as many entries of each list as fit."""
    fits, over = 0, _MOST + 1
    text = _with(change, budgets, key, over)
    if len(text) <= MAX_CHARACTERS:
        return text
    while over - fits > 1:
        middle = (fits + over) // 2
        if len(_with(change, budgets, key, middle)) <= MAX_CHARACTERS:
            fits = middle
        else:
            over = middle
    return _with(change, budgets, key, fits)


def code(text: str) -> str:
    """`text` as a code span that ends where it should, also within a table's cell."""
    # A table is cut at every bar before its code is seen, and a backslash before it is read in different ways.
    shown = shorten(printable(redact(text)), _MAX_NAME).replace("|", "\u00a6").strip() or "(empty)"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _with(change: Change, budgets: Budgets | None, key: str, most: int) -> str:
    """The comment with at most `most` entries of each list."""
    prompts = sorted(change.files, key=_weight)
    first = min(SHOWN, most)
    blocks = [f"{marker(key)}\n{headline(change)}"]
    if prompts:
        blocks.append(_table(*_changes(prompts[:first])))
    details = _details(change, prompts, first, most)
    blocks.append(_folded("Details", details))
    blocks += _policy(change, budgets, most)
    return "\n\n".join(blocks) + "\n"


def headline(change: Change) -> str:
    """The outcome in one sentence."""
    unread = f"{counted(len(change.unread), 'changed file')} could not be looked into"
    if not change.files:
        return f"**LLM cost: {unread}**; no other prompt, model or limit changed."
    unknown = sum(bool(prompt.unknown) for prompt in change.files)
    known = len(change.files) - unknown
    said = f"**{counted(len(change.files), 'prompt')} changed: "
    if known:
        total = change.total
        said += f"{_signed(total.increase_usd)} a month**"
        said += _band(total.increase_usd, total.increase_usd_low, total.increase_usd_high)
        said += f" for {count(known)} of them, unknown for {count(unknown)}" if unknown else ""
    else:
        said += "cost per month unknown**"
    return f"{said}{f'; {unread}' if change.unread else ''}."


def _weight(prompt: Prompt) -> tuple[bool, int, str]:
    """The dearest first, then what is not known, then savings."""
    increase = nano(prompt.increase_usd)
    return increase is not None and increase <= 0, -(increase or 0), prompt.path


def _changes(prompts: Iterable[Prompt]) -> _Table:
    head = ("prompt", "change", "model", "input tokens", "per call", "calls a month", "per month")
    rows: list[tuple[str, ...]] = [
        (
            code(prompt.path),
            prompt.change + (f" from {code(prompt.moved_from)}" if prompt.moved_from else ""),
            _arrow(*(code(model) if model else "" for model in (prompt.model_before, prompt.model_after))) or _UNKNOWN,
            _arrow(_tokens(prompt, prompt.input_tokens_before), _tokens(prompt, prompt.input_tokens_after)) or _UNKNOWN,
            _arrow(_usd(prompt.call_usd_before), _usd(prompt.call_usd_after)) or _UNKNOWN,
            _often(prompt),
            _UNKNOWN if prompt.increase_usd is None else _signed(prompt.increase_usd),
        )
        for prompt in prompts
    ]  # fmt: skip
    return head, range(3, 7), rows


def _often(prompt: Prompt) -> str:
    if prompt.calls_per_month is None and prompt.calls_per_month_before is None:
        return _UNKNOWN
    before, after = (
        "" if calls is None else count(calls) for calls in (prompt.calls_per_month_before, prompt.calls_per_month)
    )
    source = f" {prompt.calls_source}" if prompt.calls_source in {"measured", "declared"} else ""
    if prompt.change in {"added", "removed"}:
        calls = after if prompt.change == "added" else before
        return calls + source if calls else _UNKNOWN
    return _arrow(before, after) + source


def _details(change: Change, prompts: list[Prompt], first: int, most: int) -> list[str]:
    blocks = []
    if len(prompts) > first:
        rest = prompts[first : max(first, most)]
        blocks += [_table(*_changes(rest))] if rest else []
        blocks += _more(len(prompts) - first - len(rest))
    bands = [prompt for prompt in prompts if _band_of(prompt)]
    blocks += _listed("Bands", [f"{code(prompt.path)}:{_band_of(prompt)} a month" for prompt in bands], most)
    blocks += _listed("max_tokens", [_limit(one) for one in change.max_tokens_changes], most)
    blocks += _listed("Broken cache prefix", [_broken(one) for one in change.cache_prefix], most)
    unknown = [f"{code(prompt.path)}: {_each(prompt.unknown)}" for prompt in prompts if prompt.unknown]
    blocks += _listed("Cost not known", unknown, most)
    blocks += _listed("Remarks", [f"{code(p.path)}: {code(note)}" for p in prompts for note in p.notes], most)
    blocks += _listed("Not looked into", [code(one) for one in change.unread], most)
    compared = f"Compared: {code(change.base)} with {code(change.head)}; prices of {change.as_of[:10]}."
    estimated = " ~ estimated: the model's own count is not known." if not all(p.exact for p in prompts) else ""
    return [*blocks, compared + estimated]


def _band_of(prompt: Prompt) -> str:
    return _band(prompt.increase_usd, prompt.increase_usd_low, prompt.increase_usd_high)


def _limit(one: Limits) -> str:
    before, after = ("no limit" if limit is None else count(limit) for limit in (one.before, one.after))
    return f"{code(one.path)}: {before} → {after}"


def _broken(one: Prefix) -> str:
    where = f", line {count(one.line)}" if one.line else ""
    cause = f"{code(one.placeholder)} now ends what can be cached" if one.placeholder else "less can be cached"
    most = "at most " if one.basis == "at most" else ""
    month = f", {most}{_signed(one.lost_usd_per_month)} a month" if one.lost_usd_per_month else ""
    return (
        f"{code(one.path)}{where}: {cause}: {count(one.cacheable_tokens_before)} →"
        f" {count(one.cacheable_tokens_after)} tokens, {most}{_signed(one.lost_usd_per_call)} a call{month}"
    )


_OVER = {"usd": "its increase per month", "pct": "its increase in percent"}
_CHANGE = {"ok": "within its limits", "over": "over its limits", "data": "no verdict, the data is not enough"}
_BUDGETS = {
    "ok": "within budget", "breach": "over budget", "data": "no verdict, the data is not enough",
    "forecast": "forecast over budget", "warn": "an alert threshold is reached",
}  # fmt: skip


def _policy(change: Change, budgets: Budgets | None, most: int) -> list[str]:
    over = f" ({' and '.join(_OVER[gate] for gate in dict.fromkeys(change.over))})" if change.over else ""
    lines = [f"- this change: **{_CHANGE[change.verdict]}**{over}", *_problems(change.problems, most)]
    if budgets is None:
        return ["**Policy**", "\n".join(lines)]
    lines += [f"- budgets: **{_BUDGETS[budgets.verdict]}**", *_problems(budgets.problems, most)]
    blocks = ["**Policy**", "\n".join(lines)]
    rows = [standing for standing in budgets.budgets if standing.state != "ok"]
    if rows:
        blocks += [_table(*_standings(rows[:most])), *_more(len(rows) - most)]
    fine = [standing for standing in budgets.budgets if standing.state == "ok"]
    newest = (budgets.newest_request or "never")[:10]
    inner = [_table(*_standings(fine[:most])), *_more(len(fine) - most)] if fine and most else _more(len(fine))
    waivers = [_waiver(one) for one in budgets.budgets if one.waiver]
    inner += _listed("Waivers", waivers, most)
    unpriced = [one for one in budgets.budgets if one.unpriced_requests and one.measure == "usd"]
    said = [f"{code(one.name)}, {code(one.window)}: {counted(one.unpriced_requests, 'request')}" for one in unpriced]
    inner += _listed("Not in the spend, for want of a price", said, most)
    counts = [f"{counted(len(fine), 'limit')} within budget"] if fine else []
    counts += [counted(len(waivers), "waiver")] if waivers else []
    return [*blocks, _folded(", ".join(counts) or "Budget data", [*inner, f"Newest request: {newest}."])]


def _problems(problems: Sequence[str], most: int) -> list[str]:
    shown = [f"  - {code(problem)}" for problem in problems[:most]]
    return shown + [f"  - {line}" for line in _more(len(problems) - most)]


def _standings(standings: Iterable[Standing]) -> _Table:
    head = ("budget", "window", "spent", "limit", "used", "forecast", "state")
    rows: list[tuple[str, ...]] = []
    for one in standings:
        limit, spent = one.amount("limit") or 0, one.amount("spent") or 0
        day = f", over on {one.exhausted_on}" if one.exhausted_on else ""
        rows.append(
            (
                code(one.name) + (f" of {code(one.owner)}" if one.owner else ""),
                f"{code(one.window)} from {one.start[:10]}",
                _amount(one, spent),
                _amount(one, limit),
                percent(spent, limit),
                _amount(one, one.amount("forecast")) + day,
                one.state,
            )
        )
    return head, range(2, 6), rows


def _amount(one: Standing, number: int | None) -> str:
    if number is None:
        return _UNKNOWN
    if one.measure != "usd":
        return f"{count(number)} {one.measure}"
    if one.currency is None or not one.currency.date or not (rate := Fraction(one.currency.usd)):
        return usd(number)
    own = Fraction(number) / rate
    return f"{usd(round_half_even(own.numerator, own.denominator)).replace('$', '')} {one.currency.code}"


def _waiver(one: Standing) -> str:
    waiver = one.waiver
    assert waiver is not None  # noqa: S101 - asked for those with one
    held = "until" if waiver.holds else "expired on"
    return f"{code(one.name)}, {code(one.window)}: {held} {waiver.until}, by {code(waiver.by)}: {code(waiver.reason)}"


def _arrow(before: str, after: str) -> str:
    return before or after if before == after or not (before and after) else f"{before} → {after}"


def _tokens(prompt: Prompt, number: int | None) -> str:
    return "" if number is None else f"{'' if prompt.exact else '~'}{count(number)}"


def _usd(money: str | None) -> str:
    return "" if money is None else usd(nano(money))


def _signed(money: str) -> str:
    return _usd(money) if (nano(money) or 0) < 0 else f"+{_usd(money)}"


def _band(point: str | None, low: str | None, high: str | None) -> str:
    if point is None or low is None or high is None or low == high:
        return ""
    return f" ({_signed(low)} to {_signed(high)})"


def _each(texts: Sequence[str]) -> str:
    return ", ".join([*map(code, texts[:_FEW]), *_more(len(texts) - _FEW)])


def _more(number: int) -> list[str]:
    return [f"… and {count(number)} more"] if number > 0 else []


def _listed(title: str, items: list[str], most: int) -> list[str]:
    if not items:
        return []
    lines = [f"- {item}" for item in items[:most]] + [f"- {line}" for line in _more(len(items) - most)]
    return [f"**{title}**\n\n" + "\n".join(lines)]


def _table(head: tuple[str, ...], right: range, rows: Iterable[tuple[str, ...]]) -> str:
    under = ["---:" if index in right else "---" for index in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, under, *rows))


def _folded(title: str, blocks: Iterable[str]) -> str:
    return "\n\n".join((f"<details><summary>{title}</summary>", *blocks, "</details>"))
