from __future__ import annotations

import pytest

from llmcost.estimate.lint.part import Part
from llmcost.estimate.lint.volatile import prefix


def found(text: str, *, template: bool = True, begins: bool = True) -> tuple[str, str, str] | None:
    """(message, unchanging beginning, all unchanging text)."""
    hits = list(prefix(Part(text, template=template, begins=begins, jinja=True)))
    assert len(hits) < 2
    if not hits:
        return None
    assert hits[0].prefix is not None
    assert not hits[0].edits
    return hits[0].message.partition(",")[0], *hits[0].prefix


@pytest.mark.parametrize(
    ("text", "name", "beginning", "static"),
    [
        ("On {{date}} we {{do}} it", "{{date}} changes", "On ", "On  we  it"),
        ("Be {{tone}} always", "{{tone}} may change", "Be ", "Be  always"),
        ("Hi {user_name}, rules", "{user_name} changes", "Hi ", "Hi , rules"),
        ("Hi ${user}, rules", "${user} changes", "Hi ", "Hi , rules"),
        ("At %(time)s rules", "%(time)s changes", "At ", "At  rules"),
        ("Today is 2026-11-20. Rules", "the date changes", "Today is ", "Today is . Rules"),
        ("Current time: 09:30 AM\nRules", "the date changes", "Current time: ", "Current time: \nRules"),
        ("当前日期：2026-11-20 规则", "the date changes", "当前日期：", "当前日期： 规则"),
        (
            "Trace 123e4567-e89b-12d3-a456-426614174000 rules", "the id changes", "Trace ", "Trace  rules",
        ),
        (
            "A {% if x %}some{% for y in z %}{{y}}{% endfor %}{% endif %} B {# c #}", "{% if x %} may change",
            "A ", "A  B ",
        ),
    ],
)  # fmt: skip
def test_the_first_thing_that_changes(text: str, name: str, beginning: str, static: str) -> None:
    assert found(text) == (f"{name} from call to call", beginning, static)


@pytest.mark.parametrize(
    "text",
    [
        "Nothing here",
        "The war ended on 1945-05-08.",
        r"\frac{a}{b}",
        '{"a": 1}',
        "x_{i}",
        "{{ never closed",
        "{# c #} a",
        "",
    ],
)
def test_what_does_not_change(text: str) -> None:
    assert found(text) is None


def test_in_a_request_body_only_what_is_written_there_counts() -> None:
    assert found("On {{date}} do", template=False) is None
    assert found("Today is 2026-11-20. Do", template=False) is not None
    assert found("Today is 2026-11-20. Do", template=False, begins=False) is None
