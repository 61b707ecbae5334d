"""Findings of lint as text and as JSON (keys: docs/lint.md), and what --fix would change as a diff."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmcost.core.instants import rfc3339
from llmcost.core.money import usd_text
from llmcost.core.text import printable, redact
from llmcost.reporting.columns import columns
from llmcost.reporting.numbers import count, counted, usd

if TYPE_CHECKING:
    from llmcost.estimate.lint.check import Checked, Finding, Saving

_UNKNOWN = "-"
_INDENT = "      "
#: difflib takes time with the square of the lines; a longer text is no prompt to read a diff of.
_DIFF_LINES = 5_000


def unified(path: str, before: str, after: str) -> str:
    """The lines that differ, in the unified format of diff, without terminal escapes or line ends of Windows."""
    from difflib import unified_diff

    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > _DIFF_LINES:
        return f"{_shown(path)}: too many lines to show the difference"
    lines = unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
    return "\n".join(printable(line.removesuffix("\r").replace("\t", "    ")) for line in lines)


def as_text(found: Sequence[Checked], *, width: int | None, diff: bool = False) -> str:
    """Each file with findings, its findings by line, and the sum; or the differences alone."""
    if diff:
        return "\n".join(checked.diff for checked in found if checked.diff) or "nothing to fix"
    blocks = ["\n".join(_file(checked, width)) for checked in found if checked.findings]
    return "\n\n".join([*blocks, _sum(found)])


def _file(checked: Checked, width: int | None) -> list[str]:
    tokens = f"{'' if checked.counted.exact else '~'}{counted(checked.counted.tokens, 'token')}"
    calls = "calls unknown"
    if checked.calls is not None:
        calls = f"{counted(checked.calls.times, 'call')} a {checked.calls.per} ({checked.calls_from})"
    rows: list[tuple[str, ...]] = [("  line", "rule", "saves", "a call", "a month", "")]
    rows += [
        _row(checked, count(each.line).rjust(6), each.rule, each.saving, "--fix" if each.fixable else "")
        for each in checked.findings
    ]
    if len(checked.findings) > 1:
        rows.append(_row(checked, "", "together", checked.together, ""))
    if checked.fix.tokens and any(not each.fixable for each in checked.findings):
        rows.append(_row(checked, "", "with --fix", checked.fix, ""))
    head, *lines = columns(rows, right={0, 2, 3, 4})
    shown = [f"{_shown(checked.path)}: {tokens} for {_shown(checked.model.name)}, {calls}", head]
    for index, line in enumerate(lines):
        shown.append(line)
        if index < len(checked.findings):
            shown += _wrapped(_message(checked.findings[index]), width)
    if checked.written:
        shown.append("  fixed")
    return shown


def _row(checked: Checked, line: str, rule: str, saving: Saving, fix: str) -> tuple[str, ...]:
    if saving.tokens and saving.cacheable:
        saves = f"{count(saving.tokens)} + {count(saving.cacheable)} cached"
    else:
        saves = f"{count(saving.cacheable)} cached" if saving.cacheable else counted(saving.tokens, "token")
    monthly = checked.monthly(saving.nano)
    return line, rule, saves, usd(saving.nano), _UNKNOWN if monthly is None else usd(monthly), fix


def _message(finding: Finding) -> str:
    places = f" ({count(finding.places)} places)" if finding.places > 1 else ""
    return _shown(finding.message) + places


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None:
        return [_INDENT + text]
    return textwrap.wrap(text, max(width, 40), initial_indent=_INDENT, subsequent_indent=_INDENT)


def _sum(found: Sequence[Checked]) -> str:
    number = sum(len(checked.findings) for checked in found)
    if not number:
        return f"nothing found in {counted(len(found), 'prompt')}"
    with_findings = [checked for checked in found if checked.findings]
    line = f"{counted(number, 'finding')} in {len(with_findings):,} of {counted(len(found), 'prompt')}"
    monthly = [checked.monthly(checked.together.nano) for checked in with_findings]
    known = [nano for nano in monthly if nano is not None]
    if not known:
        return line
    fixes = sum(checked.monthly(checked.fix.nano) or 0 for checked in with_findings)
    most = "at most " if any(checked.together.cacheable for checked in with_findings) else ""
    rest = f"; not known for {len(monthly) - len(known):,} of them" if len(known) < len(monthly) else ""
    return f"{line}: {most}{usd(sum(known))} a month, {usd(fixes)} of it with --fix{rest}"


def remarks(found: Sequence[Checked], skipped: Mapping[str, int]) -> list[str]:
    """What the person should know beside the numbers, one line each."""
    lines = []
    unknown = sum(checked.calls is None and bool(checked.findings) for checked in found)
    if unknown:
        lines.append(
            f"how often {counted(unknown, 'prompt')} {'is' if unknown == 1 else 'are'} sent is not known: "
            "say it with --calls N or in prompts.yaml"
        )
    if any(finding.saving.cacheable for checked in found for finding in checked.findings):
        lines.append("savings by the provider's cache are the most they can be: calls far apart find it empty")
    if written := sum(checked.written for checked in found):
        lines.append(f"fixed {counted(written, 'file')}")
    if left := {kind: number for kind, number in skipped.items() if number}:
        lines.append("skipped " + ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in left.items()))
    return lines


def as_json(found: Sequence[Checked], skipped: Mapping[str, int], *, now_us: int) -> str:
    monthly = [checked.monthly(checked.together.nano) for checked in found if checked.findings]
    document = {
        "schema_version": 1,
        "as_of": rfc3339(now_us),
        "files": [_file_json(checked) for checked in found],
        "findings": sum(len(checked.findings) for checked in found),
        "monthly_usd": None if None in monthly else usd_text(sum(nano for nano in monthly if nano is not None)),
        "skipped": dict(skipped),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _file_json(checked: Checked) -> dict[str, Any]:
    return {
        "path": _shown(checked.path),
        "model": _shown(checked.model.name),
        "input_tokens": checked.counted.tokens,
        "input_tokens_exact": checked.counted.exact,
        "calls": None if checked.calls is None else checked.calls.times,
        "per": None if checked.calls is None else checked.calls.per,
        "calls_from": checked.calls_from or None,
        "findings": [
            {
                "line": each.line,
                "rule": each.rule,
                "message": _shown(each.message),
                "places": each.places,
                "fixable": each.fixable,
                **_saving(checked, each.saving),
            }
            for each in checked.findings
        ],
        "together": _saving(checked, checked.together),
        "fix": _saving(checked, checked.fix),
        "fixed": checked.written,
        "not_fixable_because": checked.why_not or None,
        "diff": checked.diff or None,
    }


def _saving(checked: Checked, saving: Saving) -> dict[str, Any]:
    monthly = checked.monthly(saving.nano)
    return {
        "saved_tokens": saving.tokens,
        "cacheable_tokens": saving.cacheable,
        "saved_usd": usd_text(saving.nano),
        "saved_monthly_usd": None if monthly is None else usd_text(monthly),
    }


def _shown(text: str) -> str:
    return printable(redact(text))
