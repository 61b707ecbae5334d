from __future__ import annotations

import io
import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.estimate.lint.check import SHOWN, Checked, check, fixed
from llmcost.estimate.lint.page import page
from llmcost.estimate.lint.part import Edit, Part, apply
from llmcost.estimate.lint.rules import RULES
from llmcost.estimate.terms import Calls, Terms
from llmcost.tokens.counter import count
from tests.estimate.lint.parts import counter, model

RULE = "".join(f"{n}. Be kind about topic {n * 7}, and name the section of the handbook.\n" for n in range(100))


def checked(text: str, path: str = "a.txt", name: str = "gpt-4o", terms: Terms | None = None) -> Checked:
    return check(page(path, io.BytesIO(text.encode())), model(name), RULES, terms or Terms())


def found(made: Checked) -> list[tuple[int, str, int, bool]]:
    return [(each.line, each.rule, each.saving.tokens, each.fixable) for each in made.findings]


def tokens(text: str, name: str = "gpt-4o") -> int:
    return count(text, name, "openai").tokens


def test_savings_are_what_the_counts_differ_by() -> None:
    made = checked('Say hello.   \n\nIn JSON:\n{\n  "a": 1\n}\n')
    assert found(made) == [
        (1, "trailing-blanks", tokens("x.   \n\n") - tokens("x.\n\n"), True),
        (4, "json-blanks", tokens('{\n  "a": 1\n}') - tokens('{"a":1}'), True),
    ]
    saved = sum(each.saving.tokens for each in made.findings)
    assert (made.together, made.fix) == (made.together, made.together)
    assert made.fix.tokens == saved
    # 2.5 $/M
    assert made.fix.nano == saved * 2_500
    assert made.fixed == 'Say hello.\n\nIn JSON:\n{"a":1}\n'


def test_what_saves_no_token_is_no_finding_and_not_changed() -> None:
    text = "a\n\n\nb\n"
    assert tokens(text) == tokens("a\n\nb\n")
    made = checked(text)
    assert (made.findings, made.fixed) == ((), None)


def test_savings_that_overlap_are_counted_once_together() -> None:
    line = "This line says something which is long enough to be looked at, and it ends in blanks.   "
    made = checked(f"{line}\n\nx\n\n{line}\n\ny\n")
    apart = sum(each.saving.tokens for each in made.findings)
    assert [each.rule for each in made.findings] == ["trailing-blanks", "duplicate"]
    assert 0 < made.together.tokens < apart


def test_a_month_needs_a_number_of_calls() -> None:
    text = "a. \n\nb.   \n\n" * 3
    assert checked(text).monthly(5) is None
    assert checked(text, terms=Terms(calls=Calls(12, "day"))).monthly(2) == 2 * 365


def test_what_comes_from_the_cache_saves_less() -> None:
    text = f"{RULE}Say hello.   \n\nAnd: <!-- nothing at all -->\n"
    plain, cached = checked(text), checked(text, terms=Terms(cached_share=Fraction(1, 2)))
    assert plain.together.tokens == cached.together.tokens > 0
    # Half of it at half the price, as the half is rounded down.
    assert abs(plain.together.nano * 3 // 4 - cached.together.nano) <= 1_250


def test_a_placeholder_before_much_unchanging_text() -> None:
    made = checked(f"Today is {{{{date}}}}.\n{RULE}")
    (finding,) = made.findings
    assert (finding.rule, finding.saving.tokens, finding.fixable) == ("cache-prefix", 0, False)
    static = tokens(f"Today is .\n{RULE}") - tokens("")
    assert finding.saving.cacheable == 1024 + (static - 1024) // 128 * 128
    # $1.25 less per million
    assert finding.saving.nano == finding.saving.cacheable * 1_250
    assert checked(f"{RULE}Today is {{{{date}}}}.\n").findings == ()
    # No rate for cached input; a minimum that is not reached.
    assert checked(f"Today is {{{{date}}}}.\n{RULE}", name="gpt-4o-mini").findings == ()
    assert checked("Today is {{date}}.\nBe kind.").findings == ()


def test_no_more_is_said_to_come_from_the_cache_than_can() -> None:
    """A share declared, or measured before the placeholder came, is not believed of text behind it."""
    text = f"Today is {{{{date}}}}.\n{RULE}"
    half = checked(text, terms=Terms(cached_share=Fraction(1, 2))).findings[0].saving
    assert half == checked(text).findings[0].saving


def test_what_comes_from_the_cache_is_not_saved_again() -> None:
    text = f"{RULE}Today is {{{{date}}}}.\n{RULE}"
    shares = (None, Fraction(1, 2), Fraction(1))
    savings = [
        [each.saving for each in checked(text, terms=Terms(cached_share=share)).findings if each.rule == "cache-prefix"]
        for share in shares
    ]
    # The beginning comes from the cache as it is; what could beside it is the rest.
    assert savings[0] == savings[1] == savings[2]
    assert savings[0][0].cacheable > 0


def test_unchanging_text_that_goes_is_not_cached_together() -> None:
    made = checked(f"Today is {{{{date}}}}.\n{RULE}{RULE}")
    first, again = made.findings
    assert (first.rule, again.rule) == ("cache-prefix", "duplicate")
    assert made.together.tokens == again.saving.tokens
    assert made.together.cacheable < first.saving.cacheable


def test_a_request_body_is_told_and_never_fixed() -> None:
    schema = {"type": "object", "title": "A title nobody needs", "properties": {"a": {"type": "string"}}}
    body = {
        "model": "claude-sonnet-4-5",
        "system": "Say hello to everybody who comes along.   \n\nIn JSON.   \n\n",
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"name": "f", "input_schema": schema}],
    }
    made = checked(json.dumps(body, indent=1), "a.json", "claude-sonnet-4-5")
    assert [(rule, fixable) for _, rule, _, fixable in found(made)] == [
        ("trailing-blanks", False), ("tool-schema", False),
    ]  # fmt: skip
    assert made.fixed is None
    assert made.why_not
    assert made.together.tokens == sum(each.saving.tokens for each in made.findings)


def test_openai_sends_no_titles() -> None:
    function = {"name": "f", "parameters": {"type": "object", "title": "T", "properties": {"a": {"type": "string"}}}}
    body = {"messages": [{"role": "user", "content": "hi"}], "tools": [{"type": "function", "function": function}]}
    assert checked(json.dumps(body), "a.json").findings == ()


def test_many_findings_of_one_rule_are_put_together() -> None:
    lines = [
        f"This is line number {n}, and it is long enough that it is seen when it comes a second time."
        for n in range(30)
    ]
    text = "".join(f"{line}\nword {n}\n" for n, line in enumerate(lines * 2))
    made = checked(text)
    assert len(made.findings) == SHOWN
    assert sum(each.places for each in made.findings) == 30
    tools = [{"name": f"f{n}", "input_schema": {"title": "x" * n}} for n in range(30)]
    many = checked(json.dumps(tools), "tools.json", "claude-sonnet-4-5")
    assert len(many.findings) == SHOWN
    assert sum(each.places for each in many.findings) == 30


def test_edits_that_overlap_are_made_once() -> None:
    edits = [Edit(4, 6), Edit(0, 5, "x"), Edit(0, 3), Edit(6, 7, "y")]
    assert apply("abcdefgh", edits) == "xfyh"
    assert apply("abc", []) == "abc"


FRAGMENTS = [
    "Some words.", "Some words. ", "Hard break  ", "", " ", "   ", "\t", "```", "```json", "    code  ",
    '{\n  "a": [1,\n 2.50]\n}', '[\n  {"b": "x  y"},\n  null\n]', '{\n "a": 1, "a": 2\n}',
    "{{name}} ", "{% if x %} ", "{% endif %}", "- item ", '"""', "`x ",
    "\ufeff", "中文。 ", "<!-- c --> ",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("\n".join)


@given(TEXTS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_fix_is_made_once_and_never_costs_tokens(text: str, ending: str, jinja: bool) -> None:
    text = text.replace("\n", ending)
    part = Part(text, jinja=jinja)
    once = fixed(part, RULES, counter(text))
    assert fixed(replace(part, text=once), RULES, counter(once)) == once
    assert tokens(once) < tokens(text) or once == text


@given(TEXTS, st.sampled_from(["\n", "\r\n"]))
def test_a_fix_takes_nothing_but_blanks_and_a_mark(text: str, ending: str) -> None:
    text = text.replace("\n", ending)
    once = fixed(Part(text), RULES, counter(text))

    def inked(of: str) -> str:
        return "".join(of.removeprefix("\ufeff").split())

    assert inked(once) == inked(text)
    assert once.endswith("\n") == text.endswith("\n")
    assert once.replace("\r\n", "").count("\n") == text.replace("\r\n", "").count("\n") or ending == "\n"


@pytest.mark.parametrize("name", ["gpt-4o", "claude-sonnet-4-5"])
def test_code_and_front_matter_stay_byte_by_byte(name: str) -> None:
    code = "```python\nif x:  \n\n\n\n    y = {  \n  }\n```\n"
    head = "---\nmodel: gpt-4o   \n\n\n---\n"
    made = check(page("a.md", io.BytesIO(f"{head}Hello.   \n\n{code}".encode())), model(name), RULES, Terms())
    assert made.fixed == f"Hello.\n\n{code}"
