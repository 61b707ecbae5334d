"""The cost of a change as text, and as Markdown for a pull request."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from llmcost.core.text import printable, redact
from llmcost.reporting.cells import markdown_table, markdown_text
from llmcost.reporting.numbers import count, counted, percent, usd

if TYPE_CHECKING:
    from llmcost.estimate.diff.cached import BrokenPrefix
    from llmcost.estimate.diff.compare import Diff, File, Verdict
    from llmcost.estimate.diff.sides import Amount, Side

SHOWN_FILES = 25
SHOWN_NOTES = 20
SHOWN_PROBLEMS = 5
_UNKNOWN = "-"
_CHANGES = {"declared": "declared otherwise in prompts.yaml"}


def cell(text: str) -> str:
    """A name from a repository, fit to be shown."""
    return printable(redact(text))


def as_text(made: Diff) -> str:
    lines = [headline(made), ""] if made.files else [headline(made)]
    files = _by_weight(made)
    for file in files[:SHOWN_FILES]:
        lines += _block(file)
    if len(files) > SHOWN_FILES:
        lines.append(f"… and {count(len(files) - SHOWN_FILES)} more; --json lists them all")
    for title, entries in _sections(made):
        lines += ["", title]
        for first, *more in entries[:SHOWN_FILES]:
            lines += [f"  {first}", *(f"    {line}" for line in more)]
        if len(entries) > SHOWN_FILES:
            lines.append(f"  … and {count(len(entries) - SHOWN_FILES)} more")
    if any(estimated(file) for file in files):
        lines += ["", "~ estimated: not countable in full here (docs/estimate.md)"]
    return "\n".join(lines)


def headline(made: Diff) -> str:
    """The outcome in one line."""
    where = f"comparing {cell(made.compared.described)}"
    if not made.files:
        return f"no change in prompts, models or limits ({where})"
    known = len(made.files) - len(made.unknown)
    changed = counted(len(made.files), "prompt") + " changed"
    if not known:
        return f"{changed}, cost per month unknown ({where})"
    total = f"{_signed(made.increase.point)} a month{_band(made.increase)}"
    if made.unknown:
        total += f" for {count(known)} of them, unknown for {count(len(made.unknown))}"
    return f"{changed}, {total}\n{where}"


def _by_weight(made: Diff) -> list[File]:
    """The dearest first, then what is not known, then savings."""

    def weight(file: File) -> tuple[int, str]:
        return (-file.increase.point if file.increase else 0, file.name)

    return sorted(made.files, key=weight)


def _block(file: File) -> list[str]:
    moved = f" from {cell(file.moved_from)}" if file.moved_from else ""
    lines = [f"{cell(file.name)}  {_CHANGES.get(file.change, file.change)}{moved}"]
    tokens = _arrow(_tokens(file, file.before), _tokens(file, file.after))
    lines.append(f"  {tokens} input tokens, {_arrow(_call(file.before), _call(file.after))} a call{_covers(file)}")
    lines.append(f"  {_monthly(file)}")
    return lines


def _monthly(file: File) -> str:
    if file.increase is None:
        return f"per month unknown: {cell('; '.join(file.lacks))}"
    if file.month_after is None:
        return "per month as before"
    return f"{_signed(file.increase.point)} a month{_band(file.increase)}, {_often(file)}"


def _often(file: File) -> str:
    before = count(file.calls_before or 0) if file.before else ""
    after = count(file.calls_after or 0) if file.after else ""
    return f"{_arrow(before, after)} calls {file.calls_source}"


def _covers(file: File) -> str:
    sides = [side for side in (file.before, file.after) if side and side.call]
    return ", input only" if sides and all(side.output_tokens is None for side in sides) else ""


def _arrow(before: str, after: str) -> str:
    return before or after if before == after or not (before and after) else f"{before} -> {after}"


def _tokens(file: File, side: Side | None) -> str:
    """Both sides are estimates where one is: what changed between them is."""
    if side is None:
        return ""
    if side.counted is None:
        return _UNKNOWN
    return f"{'~' if estimated(file) else ''}{count(side.counted.tokens)}"


def _call(side: Side | None) -> str:
    return "" if side is None else _UNKNOWN if side.call is None else usd(side.call.point)


def _signed(nano: int) -> str:
    return usd(nano) if nano < 0 else f"+{usd(nano)}"


def _band(amount: Amount) -> str:
    if amount.low is None or amount.high is None or amount.low == amount.high:
        return ""
    return f" ({_signed(amount.low)} to {_signed(amount.high)})"


def estimated(file: File) -> bool:
    """Whether a count of it is no exact one."""
    return any(side and side.counted and not side.counted.exact for side in (file.before, file.after))


def _sections(made: Diff) -> list[tuple[str, list[tuple[str, ...]]]]:
    """(title, entries), each entry a line and those that explain it."""
    swaps: list[tuple[str, ...]] = []
    limits: list[tuple[str, ...]] = []
    broken: list[tuple[str, ...]] = []
    for file in _by_weight(made):
        before, after, name = file.before, file.after, cell(file.name)
        if before and after and file.swapped:
            models = f"{cell(before.model)} -> {cell(after.model)}"
            swaps.append((f"{name}: {models}", f"{_per_call(before)} -> {_per_call(after)}"))
        if before and after and file.limited:
            limits.append((f"{name}: {_limit(before)} -> {_limit(after)}{_at_most(after)}",))
        if file.broken:
            broken.append(_broken(name, file.broken))
    found = (("Model swaps", swaps), ("max_tokens", limits), ("Broken cache prefix", broken))
    return [(title, entries) for title, entries in found if entries]


def _per_call(side: Side) -> str:
    return "unpriced" if side.priced is None else f"{_call(side)} a call"


def _limit(side: Side) -> str:
    return "no limit" if side.limit is None else count(side.limit)


def _at_most(side: Side) -> str:
    return "" if side.at_most is None else f", at most {usd(side.at_most)} a call"


def _broken(name: str, lost: BrokenPrefix) -> tuple[str, ...]:
    """What broke it, and what that costs."""
    if lost.placeholder:
        cause = f"{name}, line {lost.line}: {{{{{cell(lost.placeholder)}}}}} now ends what can be cached"
    else:
        cause = f"{name}: the beginning that can be cached is shorter"
    short = f", under the provider's {count(lost.minimum)}" if not lost.after else ""
    most = "at most " if lost.basis == "at most" else ""
    month = "" if lost.month_nano is None else f", {most}{_signed(lost.month_nano)} a month"
    return (
        cause,
        f"{count(lost.before)} -> {count(lost.after)} tokens{short} ({_BASIS[lost.basis]})",
        f"the discount on {count(lost.lost_tokens)} is lost: {most}{_signed(lost.call_nano)} a call{month}",
    )


_BASIS = {
    "measured": "cached tokens as measured",
    "declared": "cached share as declared",
    "at most": "if every call had hit the cache; not in the total",
}


def remarks(made: Diff, ledger_problem: str) -> list[str]:
    """What the person should know beside the numbers."""
    notes = [f"{cell(file.name)}: {cell(note)}" for file in made.files for note in file.notes]
    lines = [f"not looked into: {cell(reason)}" for reason in made.unread[:SHOWN_NOTES]]
    if len(made.unread) > SHOWN_NOTES:
        lines.append(f"… and {count(len(made.unread) - SHOWN_NOTES)} more files not looked into; --json lists them")
    lines += notes[:SHOWN_NOTES]
    if len(notes) > SHOWN_NOTES:
        lines.append(f"… and {count(len(notes) - SHOWN_NOTES)} more such remarks; --json lists them")
    if made.files and ledger_problem:
        lines.append(f"{ledger_problem}: calls per month and answers' lengths are as declared or unknown")
    return lines


def verdict_line(made: Diff, verdict: Verdict, over_usd: int | None, over_pct: Fraction | None) -> str:
    """The gate's outcome in one line."""
    increase = made.increase.point
    said = []
    if "usd" in verdict.over:
        said.append(f"{_signed(increase)} a month is above the limit of {usd(over_usd)}")
    if "pct" in verdict.over:
        limit = f"the limit of {over_pct if over_pct is None or over_pct.denominator == 1 else float(over_pct)}%"
        of = percent(increase, made.month_before, sign=True) if made.month_before else "an increase from nothing"
        said.append(f"{of} is above {limit}")
    problems = [cell(problem) for problem in verdict.problems]
    more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
    listed = "; ".join(problems[:SHOWN_PROBLEMS]) + more
    if verdict.word == "over":
        return f"over the limit: {', '.join(said)}" + (f"; also: {listed}" if problems else "")
    if verdict.word == "data":
        return f"no verdict, the data is not enough: {listed}"
    lacking = f"; {counted(len(made.unknown), 'prompt')} of unknown cost not judged (--strict fails on them)"
    return f"within the limits: {_signed(increase)} a month" + (lacking if made.unknown else "")


def as_markdown(made: Diff) -> str:
    """For a comment on a pull request."""
    head, _, where = headline(made).partition("\n")
    blocks = [f"### LLM cost: {markdown_text(head)}"]
    files = _by_weight(made)
    if files:
        rows = [
            (
                cell(file.name), file.change, _arrow(_tokens(file, file.before), _tokens(file, file.after)),
                _arrow(_call(file.before), _call(file.after)) + _covers(file),
                _UNKNOWN if file.calls_after is None else f"{_often(file)}".replace(" calls", ""),
                _UNKNOWN if file.increase is None else _signed(file.increase.point) + _band(file.increase),
            )
            for file in files[:SHOWN_FILES]
        ]  # fmt: skip
        head_row = ("prompt", "change", "input tokens", "per call", "calls a month", "per month")
        blocks.append(markdown_table(head_row, rows, right=range(2, 6)))
        if len(files) > SHOWN_FILES:
            blocks.append(f"… and {count(len(files) - SHOWN_FILES)} more")
    for title, entries in _sections(made):
        items = [f"- {markdown_text('; '.join(entry))}" for entry in entries[:SHOWN_FILES]]
        blocks.append(f"**{title}**\n\n" + "\n".join(items))
    if made.unread:
        shown = made.unread[:SHOWN_NOTES]
        blocks.append("**Not looked into**\n\n" + "\n".join(f"- {markdown_text(cell(line))}" for line in shown))
    if where:
        blocks.append(markdown_text(where))
    return "\n\n".join(blocks)
