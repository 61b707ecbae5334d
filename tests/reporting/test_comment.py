"""The comment's text: what it says, and what it never lets through."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.reporting.comment import MAX_CHARACTERS, code, marker, nothing, render
from llmcost.reporting.comment_input import read_budgets, read_change
from tests.reporting.comment_samples import budgets, change, prompt, standing, written

#: What begins a mention, a link, HTML, an image or a reference in Markdown of either service, outside code.
_ACTIVE = re.compile(r"[@#\[\]]|https?:|www\.|<(?!/?details>|/?summary>|!-- llmcost:default -->)|^/", re.MULTILINE)
HOSTILE = [
    "@everyone", "</details><script>alert(1)</script>", "[x](https://evil.example)", "https://evil.example", "a|b|c|d",
    "`@x`", "``` @x ```", "a\n/merge\n/approve", "<!-- llmcost:other -->", "!1 #2 ~bug %3 &4", "me@example.com",
    "www.evil.example", "![x](y)", "\\", "\\`@x", "a\\|b", "` ", "\x1b[31m", "\u202egnp.exe", "ghp_" + "a1" * 20,
]  # fmt: skip


def text(changed: dict[str, Any], spent: dict[str, Any] | None = None) -> str:
    found = None if spent is None else read_budgets(written(spent), "budget.json")
    return render(read_change(written(changed), "diff.json"), found, "default")


def without_code(markdown: str) -> str:
    """`markdown` without its code spans, as CommonMark finds them: from a run of backticks to the next as long."""
    out, rest = "", markdown
    while opening := re.search("`+", rest):
        closing = re.search(rf"(?<!`){opening[0]}(?!`)", rest[opening.end() :])
        assert closing is not None, "a code span that does not end"
        inner = rest[opening.end() : opening.end() + closing.start()]
        assert "\n" not in inner
        assert "|" not in inner
        out += rest[: opening.start()] + "CODE"
        rest = rest[opening.end() + closing.end() :]
    return out + rest


def test_one_sentence_a_table_details_and_the_policy() -> None:
    assert text(change(prompt()), budgets(standing())) == (
        "<!-- llmcost:default -->\n"
        "**1 prompt changed: +$0.2000 a month**.\n\n"
        "| prompt | change | model | input tokens | per call | calls a month | per month |\n"
        "| --- | --- | --- | ---: | ---: | ---: | ---: |\n"
        "| `prompts/a.txt` | changed | `gpt-4o` | 100 → 200 | $0.000300 → $0.000500 | 1,000 declared | +$0.2000 |\n\n"
        "<details><summary>Details</summary>\n\n"
        "Compared: `0522f73fe` with `9d1c3a001`; prices of 2026-11-20.\n\n"
        "</details>\n\n"
        "**Policy**\n\n"
        "- this change: **within its limits**\n"
        "- budgets: **within budget**\n\n"
        "<details><summary>1 limit within budget</summary>\n\n"
        "| budget | window | spent | limit | used | forecast | state |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | --- |\n"
        "| `chatbot` | `month` from 2026-11-01 | $40.00 | $100.00 | 40.0% | $60.50 | ok |\n\n"
        "Newest request: 2026-11-20.\n\n"
        "</details>\n"
    )


def test_without_budgets_only_the_change_is_judged() -> None:
    said = text(change(prompt(), verdict="over", over=["usd", "pct"]))
    assert said.endswith(
        "**Policy**\n\n- this change: **over its limits** (its increase per month and its increase in percent)\n"
    )
    assert "- this change: **no verdict, the data is not enough**\n  - `no ledger`" in text(
        change(prompt(), verdict="data", problems=["no ledger"])
    )


UNKNOWN: dict[str, Any] = {
    "increase_usd": None, "increase_usd_low": None, "increase_usd_high": None, "calls_per_month_before": None,
    "calls_per_month": None, "calls_source": None, "unknown": ["calls per month unknown"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (change(prompt(), prompt("b")), "**2 prompts changed: +$0.2000 a month**."),
        (change(prompt(), total={"increase_usd": "-3.5", "increase_usd_low": "-4", "increase_usd_high": "0.25"}),
         "**1 prompt changed: -$3.50 a month** (-$4.00 to +$0.2500)."),
        (change(prompt(), prompt("b", **UNKNOWN)),
         "**2 prompts changed: +$0.2000 a month** for 1 of them, unknown for 1."),
        (change(prompt(**UNKNOWN)), "**1 prompt changed: cost per month unknown**."),
        (change(prompt(), unread=["x.py: line 1"]),
         "**1 prompt changed: +$0.2000 a month**; 1 changed file could not be looked into."),
        (change(unread=["a", "b"]),
         "**LLM cost: 2 changed files could not be looked into**; no other prompt, model or limit changed."),
    ],
)  # fmt: skip
def test_the_first_sentence(changed: dict[str, Any], said: str) -> None:
    assert text(changed).split("\n")[1] == said


@pytest.mark.parametrize(
    ("more", "row"),
    [
        ({"change": "added", "model_before": None, "input_tokens_before": None, "call_usd_before": None,
          "calls_per_month_before": 0},
         "| `p` | added | `gpt-4o` | 200 | $0.000500 | 1,000 declared | +$0.2000 |"),
        ({"change": "removed", "model_after": None, "input_tokens_after": None, "call_usd_after": None,
          "calls_per_month": 0, "increase_usd": "-0.3"},
         "| `p` | removed | `gpt-4o` | 100 | $0.000300 | 1,000 declared | -$0.3000 |"),
        ({"change": "moved", "moved_from": "q", "model_before": "gpt", "exact": False,
          "calls_per_month_before": 9, "calls_per_month": 1, "calls_source": "measured", "increase_usd": "2"},
         "| `p` | moved from `q` | `gpt` → `gpt-4o` | ~100 → ~200 | $0.000300 → $0.000500 | 9 → 1 measured | +$2.00 |"),
        ({**UNKNOWN, "model_before": None, "model_after": None, "input_tokens_before": None,
          "input_tokens_after": None, "call_usd_before": None, "call_usd_after": None},
         "| `p` | changed | - | - | - | - | - |"),
    ],
)  # fmt: skip
def test_a_row(more: dict[str, Any], row: str) -> None:
    assert row in text(change(prompt("p", **more))).split("\n")


def test_the_dearest_first_then_the_unknown_then_savings_and_the_rest_behind_a_click() -> None:
    files = [prompt(f"p{n:02}", increase_usd=str(n)) for n in range(1, 11)]
    files += [prompt("saving", increase_usd="-5"), prompt("unknown", **UNKNOWN)]
    shown, folded = text(change(*files)).split("<details>")
    assert re.findall(r"^\| `(\w+)`", shown, re.MULTILINE) == [f"p{n:02}" for n in range(10, 0, -1)]
    assert re.findall(r"^\| `(\w+)`", folded, re.MULTILINE) == ["unknown", "saving"]


def test_details() -> None:
    said = text(
        change(
            prompt(increase_usd_low="0.1", exact=False, notes=["{{name}} counts nothing"]),
            prompt("b", **UNKNOWN),
            max_tokens_changes=[{"path": "b", "before": None, "after": 500}],
            cache_prefix=[
                {"path": "a", "line": 5, "placeholder": "d", "cacheable_tokens_before": 64,
                 "cacheable_tokens_after": 0, "lost_usd_per_call": "2", "lost_usd_per_month": "3",
                 "basis": "at most"},
                {"path": "b", "line": None, "placeholder": None, "cacheable_tokens_before": 2048,
                 "cacheable_tokens_after": 1024, "lost_usd_per_call": "0.001", "lost_usd_per_month": None,
                 "basis": "measured"},
            ],
            unread=["x.py: line 3"],
        )
    )  # fmt: skip
    for line in (
        "- `prompts/a.txt`: (+$0.1000 to +$0.2000) a month",
        "- `b`: no limit → 500",
        "- `a`, line 5: `d` now ends what can be cached: 64 → 0 tokens, at most +$2.00 a call, at most +$3.00 a month",
        "- `b`: less can be cached: 2,048 → 1,024 tokens, +$0.001000 a call",
        "- `b`: `calls per month unknown`",
        "- `prompts/a.txt`: `{{name}} counts nothing`",
        "- `x.py: line 3`",
    ):
        assert line in said.split("\n")
    assert "~ estimated" in said


def test_budgets_that_need_a_look_are_open_and_the_others_folded() -> None:
    waiver = {"until": "2026-12-31", "by": "ana", "reason": "sale", "holds": True}
    euro = {"code": "EUR", "usd": "1.25", "date": "2026-11-20"}
    spent = budgets(
        standing("over", state="breach", spent_usd="130.5", owner="@ops", exhausted_on="2026-11-19"),
        standing("many", measure="tokens", limit_tokens=0, spent_tokens=7, forecast_tokens=None, window="rolling 7d",
                 state="warn"),
        standing("fine", unpriced_requests=3, waiver=waiver, currency=euro),
        standing("calls", measure="requests", limit_requests=1000, spent_requests=10, forecast_requests=20,
                 waiver={**waiver, "holds": False}, unpriced_requests=3),
        verdict="breach", problems=["fine: unpriced requests: 3"],
    )  # fmt: skip
    shown, folded = text(change(prompt()), spent).split("- budgets: **over budget**\n")[1].split("<details>")
    assert shown.startswith("  - `fine: unpriced requests: 3`\n")
    assert (
        "| `over` of `@ops` | `month` from 2026-11-01 | $130.50 | $100.00 | 130.5% | $60.50, over on 2026-11-19 |"
        in shown
    )
    assert "| `many` | `rolling 7d` from 2026-11-01 | 7 tokens | 0 tokens | n/a | - | warn |" in shown
    assert folded.startswith("<summary>2 limits within budget, 2 waivers</summary>")
    assert "| `fine` | `month` from 2026-11-01 | 32.00 EUR | 80.00 EUR | 40.0% | 48.40 EUR | ok |" in folded
    assert "| `calls` | `month` from 2026-11-01 | 10 requests | 1,000 requests | 1.0% | 20 requests | ok |" in folded
    assert "- `fine`, `month`: until 2026-12-31, by `ana`: `sale`" in folded
    assert "- `calls`, `month`: expired on 2026-12-31" in folded
    assert folded.count("3 requests\n") == 1


@pytest.mark.parametrize(("waiver", "title"), [(None, "Budget data"), (True, "1 waiver")])
def test_where_no_limit_is_kept_the_fold_is_named_after_what_is_in_it(waiver: bool | None, title: str) -> None:
    given = {"until": "2026-12-31", "by": "ana", "reason": "sale", "holds": False} if waiver else None
    said = text(change(prompt()), budgets(standing("over", state="breach", waiver=given), verdict="breach"))
    assert said.endswith("</details>\n")
    assert f"<summary>{title}</summary>" in said
    assert "0 limits" not in said


def everywhere(name: str) -> str:
    """A comment with `name` in every place a repository can put one."""
    strange: dict[str, Any] = {
        "moved_from": name, "model_before": name, "calls_source": name, "unknown": [name] * 3, "notes": [name],
    }  # fmt: skip
    prefix = {"path": name, "line": 5, "placeholder": name, "cacheable_tokens_before": 1, "cacheable_tokens_after": 0,
              "lost_usd_per_call": "1", "lost_usd_per_month": None, "basis": "declared"}  # fmt: skip
    return text(
        change(
            *(prompt(name, **strange) for _ in range(12)), base=name, head=name, unread=[name], problems=[name],
            max_tokens_changes=[{"path": name, "before": 1, "after": None}], cache_prefix=[prefix], verdict="data",
        ),
        budgets(
            *(standing(name, state=state, owner=name, window=name, unpriced_requests=1,
                       currency={"code": "EUR", "usd": "1", "date": name},
                       waiver={"until": "2026-12-31", "by": name, "reason": name, "holds": False})
              for state in ("ok", "breach")),
            problems=[name],
        ),
    )  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_from_a_repository_is_more_than_its_letters(name: str) -> None:
    said = everywhere(name)
    plain = without_code(said)
    assert _ACTIVE.findall(plain) == []
    assert plain == without_code(everywhere("x"))
    assert all(bad not in said for bad in ("\x1b", "\u202e", "a1a1a1a1a1"))


@given(st.text())
def test_no_text_ends_its_code_span(name: str) -> None:
    assert without_code(f"a {code(name)} b") == "a CODE b"
    assert without_code(f"| {code(name)} | {code(name)} |") == "| CODE | CODE |"


@pytest.mark.parametrize(
    ("name", "span"),
    [("a", "`a`"), ("a`b", "`` a`b ``"), ("`", "`` ` ``"), ("a``b`c", "``` a``b`c ```"), ("a|b", "`a¦b`"),
     ("", "`(empty)`"), ("  ", "`(empty)`"), ("a\nb", "`a\ufffdb`"), ("x" * 200, f"`{'x' * 159}…`")],
)  # fmt: skip
def test_a_code_span(name: str, span: str) -> None:
    assert code(name) == span


def test_a_hundred_thousand_prompts_fit_and_what_is_cut_is_counted() -> None:
    files = [prompt(f"prompts/{n}/" + "`|" * 80, notes=["note " * 60], increase_usd=str(n)) for n in range(2000)]
    said = text(change(*files, unread=["u" * 300] * 2000), budgets(*[standing("b" * 300, state="warn")] * 2000))
    assert 60_000 < len(said) <= MAX_CHARACTERS
    rows = len(re.findall(r"^\| `` prompts", said, re.MULTILINE))
    assert f"… and {2000 - rows:,} more" in said
    assert said.count("<details>") == said.count("</details>") == 2
    assert said.startswith(marker("default"))


def test_entries_are_left_out_until_it_fits() -> None:
    wide = "w" * 160
    many = {"max_tokens_changes": [{"path": wide, "before": 1, "after": 2}] * 500, "unread": [wide] * 500}
    said = text(change(*[prompt(wide, unknown=[wide] * 9, notes=[wide])] * 600, problems=[wide] * 500, **many))
    assert len(said) <= MAX_CHARACTERS
    assert "… and 4 more" in said


def test_few_are_all_there() -> None:
    assert "more" not in text(change(*[prompt(f"p{n}") for n in range(60)]))


def test_nothing() -> None:
    assert (
        nothing("a-b") == "<!-- llmcost:a-b -->\n**LLM cost: no change.** No prompt, model or limit differs any more.\n"
    )
