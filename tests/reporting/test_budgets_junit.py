"""JUnit XML: what Ant's and Jenkins' schemas both take, checked by a validator of our own and, in full, by Jenkins'."""

from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from llmcost.budgets.model import Waiver
from llmcost.core.instants import DAY_US
from llmcost.reporting.budgets_junit import render_junit
from tests.reporting.outcomes import NOW, outcome, standing

#: element -> (required attributes, other attributes, pattern of its children's names)
RULES: dict[str, tuple[set[str], set[str], str]] = {
    "testsuites": (set(), set(), "(testsuite )*"),
    "testsuite": (
        {"name", "package", "id", "hostname", "timestamp", "time", "tests", "failures", "errors"},
        {"skipped"},
        "properties (testcase )*system-out system-err ",
    ),
    "properties": (set(), set(), ""),
    "testcase": ({"name", "classname", "time"}, set(), "((skipped|error|failure) )?"),
    "skipped": (set(), {"message"}, ""),
    "error": ({"type"}, {"message"}, ""),
    "failure": ({"type"}, {"message"}, ""),
    "system-out": (set(), set(), ""),
    "system-err": (set(), set(), ""),
}
_NUMBERS = ("id", "time", "tests", "failures", "errors", "skipped")


def validated(text: str) -> ET.Element:
    """The document, if it holds to the schemas; numbers add up."""
    assert text.isascii()
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert root.tag == "testsuites"
    _validate(root)
    assert [suite.get("id") for suite in root] == [str(number) for number in range(len(root))]
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(attribute) == str(sum(case.find(tag) is not None for case in cases))
    return root


def _validate(element: ET.Element) -> None:
    required, optional, children = RULES[element.tag]
    assert required <= set(element.keys()) <= required | optional, element.tag
    assert re.fullmatch(children, "".join(f"{child.tag} " for child in element)), element.tag
    for name in _NUMBERS:
        assert re.fullmatch(r"\d+", element.get(name, "0"))
    if element.tag == "testsuite":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.get("timestamp", ""))
        assert element.get("name", "").strip()
    if element.tag in {"testsuites", "testsuite", "testcase"}:
        assert not (element.text or "").strip()
    for child in element:
        assert not (child.tail or "").strip()
        _validate(child)


def test_a_test_case_per_limit() -> None:
    late = Waiver(date(2026, 12, 1), "ana", "sale", 3)
    found = outcome(
        standing("shop", 12, 10, line=7),
        standing("bot", 9, 10, unpriced=3),
        standing("search", 12, 10, waiver=late, waived=True),
        standing("ghost", 0, 10, known=False),
    )
    root = validated(render_junit(found))
    cases = {case.get("classname"): case for case in root.iter("testcase")}
    assert list(cases) == [f"llmcost.budget.{name}" for name in ("shop", "bot", "search", "ghost")]
    failure, error, skipped = (
        cases[f"llmcost.budget.{name}"].find(tag)
        for name, tag in (("shop", "failure"), ("ghost", "error"), ("search", "skipped"))
    )
    assert failure is not None
    assert (failure.get("type"), failure.text) == ("breach", "budgets.yaml:7")
    assert failure.get("message") == "shop month 2026-11 spent $0.000000012 of $0.000000010"
    assert error is not None
    assert error.get("message") == "ghost month 2026-11 has no data: no request of it was ever seen"
    assert skipped is not None
    assert skipped.get("message", "").endswith("waived until 2026-12-01 by ana: sale")
    assert list(cases["llmcost.budget.bot"]) == []
    assert [case.get("name") for case in cases.values()] == ["month usd"] * 4


def test_what_fails_is_what_the_gate_was_asked_for() -> None:
    def failures(*fail_on: str, strict: bool = False) -> list[str | None]:
        found = outcome(standing("bot", 9, 10, 12 * 10**9, unpriced=3), fail_on=fail_on, strict=strict)
        root = validated(render_junit(found))
        return [mark.get("type") for tag in ("failure", "error") for mark in root.iter(tag)]

    assert failures() == []
    assert failures("warn") == ["warn"]
    assert failures("forecast", "warn") == ["forecast"]
    assert failures("forecast", strict=True) == ["data"]


def test_a_stale_ledger_is_a_suite_of_its_own() -> None:
    found = outcome(standing("bot", 1, 10), max_age=DAY_US, newest=NOW - 2 * DAY_US)
    root = validated(render_junit(found))
    assert [suite.get("name") for suite in root] == ["bot", "ledger"]
    (error,) = root.iter("error")
    assert "older than --max-age allows" in error.get("message", "")


@pytest.mark.parametrize(
    "name",
    [
        "]]><x/>&amp;<!--", "\x00\x07\x1b[2Jx", "\ud800x", "\ufffe\uffffx", "a\nb\tc", '"\'><evil a="', " lead", "数据",
        "&#0;&#x1b;", "\U0001f600",
    ],
)  # fmt: skip
def test_no_name_breaks_the_document(name: str) -> None:
    waiver = Waiver(date(2026, 1, 1), name, name, 3)
    found = outcome(standing(name, 12, 10, owner=name, waiver=waiver), standing("next", 1, 2))
    root = validated(render_junit(found))
    assert len(list(root.iter("testcase"))) == 2
    assert set(RULES) >= {element.tag for element in root.iter()}
