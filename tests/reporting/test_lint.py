from __future__ import annotations

import json
from typing import Any

import pytest

from llmcost.estimate.lint.check import Checked, Finding, Saving
from llmcost.estimate.terms import Calls
from llmcost.reporting.lint import as_json, as_text, remarks, unified
from llmcost.tokens.counter import count
from tests.estimate.books import NOW
from tests.estimate.lint.parts import model

SAFE = Finding("trailing-blanks", 4, 3, "blanks at line ends", True, Saving(2, 0, 5_000))
CACHE = Finding("cache-prefix", 12, 1, "{{date}} changes from call to call, and ends what a cache can serve", False,
                Saving(0, 1_792, 2_240_000))  # fmt: skip


THOUSAND = Calls(1_000, "month")


def made(*findings: Finding, calls: Calls | None = THOUSAND, path: str = "a.md") -> Checked:
    together = Saving(
        sum(each.saving.tokens for each in findings), sum(each.saving.cacheable for each in findings),
        sum(each.saving.nano for each in findings),
    )  # fmt: skip
    fix = next((each.saving for each in findings if each.fixable), Saving())
    counted = count("hello " * 1_800, "gpt-4o", "openai")
    return Checked(path, model(), counted, calls, "--calls" if calls else "", findings, together, fix, "")


def test_findings_with_what_they_save() -> None:
    assert as_text([made(SAFE, CACHE)], width=None) == (
        "a.md: 1,808 tokens for gpt-4o, 1,000 calls a month (--calls)\n"
        "  line  rule                        saves        a call    a month\n"
        "     4  trailing-blanks          2 tokens  $0.000005000  $0.005000  --fix\n"
        "      blanks at line ends (3 places)\n"
        "    12  cache-prefix         1,792 cached     $0.002240      $2.24\n"
        "      {{date}} changes from call to call, and ends what a cache can serve\n"
        "        together         2 + 1,792 cached     $0.002245      $2.24\n"
        "        with --fix               2 tokens  $0.000005000  $0.005000\n"
        "\n"
        "2 findings in 1 of 1 prompt: at most $2.24 a month, $0.005000 of it with --fix"
    )


def test_unknown_calls_are_no_zero() -> None:
    text = as_text([made(SAFE, calls=None)], width=None)
    assert "calls unknown" in text
    assert "     4  trailing-blanks  2 tokens  $0.000005000        -  --fix" in text
    assert text.endswith("\n1 finding in 1 of 1 prompt")
    both = as_text([made(SAFE, calls=None), made(SAFE)], width=None)
    assert both.endswith(
        "2 findings in 2 of 2 prompts: $0.005000 a month, $0.005000 of it with --fix; not known for 1 of them"
    )


def test_messages_fold_in_a_terminal() -> None:
    lines = as_text([made(CACHE)], width=60).split("\n")
    assert lines[3:5] == ["      {{date}} changes from call to call, and ends what a", "      cache can serve"]


def test_nothing_found() -> None:
    assert as_text([made(), made()], width=80) == "nothing found in 2 prompts"


def test_json_has_exact_money_and_null_for_unknown() -> None:
    document: Any = json.loads(as_json([made(SAFE), made(CACHE, calls=None)], {"binary": 1}, now_us=NOW))
    first, second = document["files"]
    assert (document["schema_version"], document["findings"], document["monthly_usd"]) == (1, 2, None)
    assert document["skipped"] == {"binary": 1}
    assert first["findings"] == [
        {
            "line": 4, "rule": "trailing-blanks", "message": "blanks at line ends", "places": 3, "fixable": True,
            "saved_tokens": 2, "cacheable_tokens": 0, "saved_usd": "0.000005", "saved_monthly_usd": "0.005",
        }
    ]  # fmt: skip
    assert (first["calls"], first["per"], first["calls_from"]) == (1_000, "month", "--calls")
    assert (second["calls"], second["calls_from"], second["together"]["saved_monthly_usd"]) == (None, None, None)
    assert second["together"]["cacheable_tokens"] == 1_792
    known = json.loads(as_json([made(SAFE), made(calls=None)], {}, now_us=NOW))
    assert known["monthly_usd"] == "0.005"


def test_remarks() -> None:
    assert remarks([made(SAFE), made(CACHE, calls=None), made(calls=None)], {"binary": 2, "hidden": 0}) == [
        "how often 1 prompt is sent is not known: say it with --calls N or in prompts.yaml",
        "savings by the provider's cache are the most they can be: calls far apart find it empty",
        "skipped 2 binary",
    ]
    assert remarks([made(SAFE)._replace(written=True)], {}) == ["fixed 1 file"]


@pytest.mark.parametrize("width", [None, 80])
def test_nothing_hostile_reaches_the_terminal(width: int | None) -> None:
    evil = Finding("cache-prefix", 1, 1, "{{\x1b[31m}}", False, Saving(0, 1, 1))
    found = [made(evil, path="a\x1b]0;x\x07.md")]
    for text in (as_text(found, width=width), as_json(found, {}, now_us=NOW), unified("a\x1b", "\x1b[1m\n", "\x07\n")):
        assert "\x1b" not in text
        assert "\\u001b" not in text


def test_differences() -> None:
    assert unified("a.md", "x \r\ny\r\n", "x\r\ny\r\n") == "--- a/a.md\n+++ b/a.md\n@@ -1,3 +1,3 @@\n-x \n+x\n y\n "
    assert unified("a.md", "x\n" * 6_000, "y\n") == "a.md: too many lines to show the difference"
    assert as_text([made(SAFE)._replace(diff="d")], width=80, diff=True) == "d"
    assert as_text([made(SAFE)], width=80, diff=True) == "nothing to fix"
