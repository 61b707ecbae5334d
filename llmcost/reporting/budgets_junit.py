"""`budget check` as JUnit XML: a suite per budget, a test case per limit.

There is no one standard. What is written holds to the two schemas in use, that of Ant's JUnit task and Jenkins'.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from llmcost.core.instants import from_us
from llmcost.reporting.budgets import Outcome, cell, reason, sentence

if TYPE_CHECKING:
    from llmcost.budgets.check import Standing, Word

_SUITE = "llmcost.budget"
#: What XML 1.0 cannot hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(outcome: Outcome) -> str:
    root = Element("testsuites")
    pairs = list(zip(outcome.found.standings, outcome.verdict.marks, strict=True))
    for _, group in groupby(pairs, lambda pair: pair[0].budget):
        _suite(root, outcome, list(group))
    if outcome.verdict.ledger:
        suite = _begin(root, outcome, "ledger", tests=1, failures=0, errors=1, skipped=0)
        case = SubElement(suite, "testcase", classname=_SUITE, name="the ledger is current", time="0")
        SubElement(case, "error", type="data", message=_xml(outcome.verdict.ledger))
        _end(suite, "")
    indent(root)
    # ASCII with references: it may pass through a pipe of any encoding.
    data: bytes = tostring(root, encoding="us-ascii", xml_declaration=True)
    return data.decode("ascii")


def _suite(root: Element, outcome: Outcome, pairs: list[tuple[Standing, Word]]) -> None:
    budget = pairs[0][0].budget
    marks = [mark for _, mark in pairs]
    errors = marks.count("data")
    failures = len(marks) - errors - marks.count("ok")
    skipped = sum(s.state == "waived" and mark == "ok" for s, mark in pairs)
    suite = _begin(
        root, outcome, cell(budget.name), tests=len(pairs), failures=failures, errors=errors, skipped=skipped
    )
    said = []
    for s, mark in pairs:
        name = f"{s.limit.window.name} {s.limit.measure}{'' if s.limit.hard else ' soft'}"
        case = SubElement(suite, "testcase", classname=_xml(f"{_SUITE}.{cell(budget.name)}"), name=name, time="0")
        text = _xml(reason(outcome, s, mark))
        if mark == "data":
            SubElement(case, "error", type=mark, message=text)
        elif mark != "ok":
            SubElement(case, "failure", type=mark, message=text).text = _xml(_place(outcome, s))
        elif s.state == "waived":
            SubElement(case, "skipped", message=text)
        said.append(f"{s.state}: {sentence(outcome, s)}")
    _end(suite, "\n".join(said))


def _begin(root: Element, outcome: Outcome, name: str, **counts: int) -> Element:
    # Both schemas want a time without a zone; ours is that of the command.
    at = from_us(outcome.found.as_of, outcome.found.zone).replace(microsecond=0, tzinfo=None).isoformat()
    attributes = {
        "name": _xml(name), "package": _SUITE, "id": str(len(root)), "hostname": "localhost", "timestamp": at,
        "time": "0", **{key: str(number) for key, number in counts.items()},
    }  # fmt: skip
    suite = SubElement(root, "testsuite", attributes)
    SubElement(suite, "properties")
    return suite


def _end(suite: Element, text: str) -> None:
    SubElement(suite, "system-out").text = _xml(text)
    SubElement(suite, "system-err")


def _place(outcome: Outcome, s: Standing) -> str:
    return f"{outcome.place or outcome.file.path}:{s.budget.line}"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
