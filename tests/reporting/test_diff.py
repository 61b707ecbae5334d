"""The cost of many changes at once."""

from __future__ import annotations

import json
from fractions import Fraction

from llmcost.estimate.diff.changes import Changed, Changes
from llmcost.estimate.diff.compare import Diff, Verdict, diff
from llmcost.reporting.diff import SHOWN_FILES, SHOWN_NOTES, as_markdown, as_text, remarks, verdict_line
from llmcost.reporting.diff_json import as_json
from tests.estimate.diff.test_compare import COMPARED, KNOWN, calls, sent, text

OK = Verdict("ok", (), ())


def many(number: int, note: str = "") -> Diff:
    """The n-th prompt grows by n tokens; the last one's cost is not known."""
    each = [
        Changed(f"p{n:03}", f"p{n:03}", "changed", sent(text(5)), sent(text(5 + n)), calls(), calls())
        for n in range(1, number)
    ]
    odd = Changed("odd", "odd", "changed", sent("a", ""), sent("b c", "")._replace(notes=(note,)), calls(), calls())
    return diff(Changes((*each, odd), tuple(f"f{n}" for n in range(30))), KNOWN, COMPARED)


def test_the_dearest_come_first_and_the_rest_is_counted() -> None:
    made = many(41)
    lines = as_text(made).splitlines()
    names = [line.split()[0] for line in lines if line.endswith("  changed")]
    assert names == [f"p{n:03}" for n in range(40, 40 - SHOWN_FILES, -1)]
    assert "… and 16 more; --json lists them all" in lines
    markdown = as_markdown(made)
    assert "… and 16 more" in markdown
    assert markdown.count("| changed |") == SHOWN_FILES
    assert markdown.count("\n- f") == SHOWN_NOTES
    assert len(json.loads(as_json(made, OK, as_of="now"))["files"]) == 41


def test_what_is_not_known_comes_before_savings() -> None:
    saving = Changed("less", "less", "changed", sent(text(9)), sent(text(5)), calls(), calls())
    more = Changed("more", "more", "changed", sent(text(5)), sent(text(9)), calls(), calls())
    odd = many(1).files[0]
    made = diff(Changes((saving, more), ()), KNOWN, COMPARED)
    made = made._replace(files=(*made.files, odd))
    names = [line.split()[0] for line in as_text(made).splitlines() if line.endswith("  changed")]
    assert names == ["more", "odd", "less"]
    assert as_text(made).startswith("3 prompts changed, +$0.00 a month for 2 of them, unknown for 1\n")
    assert "less  changed\n  16 -> 12 input tokens, $0.000132 -> $0.000124 a call\n  -$0.008000 a month" in as_text(
        made
    )


def test_remarks_are_cut_short_and_safe() -> None:
    lines = remarks(many(2, "a\x1b[0mnote sk-abcdefghijklmnopqrstuvwxyz"), "no ledger")
    assert lines[: SHOWN_NOTES + 1] == [
        *(f"not looked into: f{n}" for n in range(SHOWN_NOTES)),
        "… and 10 more files not looked into; --json lists them",
    ]
    assert lines[SHOWN_NOTES + 1 :] == [
        "odd: a\ufffd[0mnote sk-a…redacted",
        "no ledger: calls per month and answers' lengths are as declared or unknown",
    ]


def test_the_verdict_names_limits_and_some_problems() -> None:
    made = many(3)
    verdict = Verdict("over", ("usd", "pct"), tuple(f"problem {n}" for n in range(7)))
    assert verdict_line(made, verdict, 1, Fraction(21, 2)) == (
        "over the limit: +$0.006000 a month is above the limit of $0.000000001, +2.4% is above the limit of 10.5%; "
        "also: problem 0; problem 1; problem 2; problem 3; problem 4; and 2 more"
    )
    new = diff(Changes((Changed("n", "n", "added", None, sent("a"), calls(), calls()),), ()), KNOWN, COMPARED)
    assert "an increase from nothing is above the limit of 10%" in verdict_line(
        new, Verdict("over", ("pct",), ()), None, Fraction(10)
    )
