"""The workbook, read back from its own XML."""

from __future__ import annotations

import io
import re
import sys
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest

from llmcost.core.errors import UsageError
from llmcost.reporting.report_xlsx import render
from tests.reporting.weekly_samples import HOSTILE, rows, weekly

_NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheets(content: bytes) -> dict[str, list[list[str]]]:
    """Sheet -> rows of cells as text; nothing but shared strings and numbers is understood."""
    with ZipFile(io.BytesIO(content)) as file:

        def parsed(name: str) -> ET.Element:
            return ET.fromstring(file.read(name))  # noqa: S314 - our own

        root = parsed("xl/sharedStrings.xml")
        strings = [
            "".join(text.text or "" for text in each.iter(f"{{{_NS['m']}}}t")) for each in root.findall("m:si", _NS)
        ]
        names = [each.attrib["name"] for each in parsed("xl/workbook.xml").iter(f"{{{_NS['m']}}}sheet")]
        found = {}
        for number, name in enumerate(names, 1):
            tree = parsed(f"xl/worksheets/sheet{number}.xml")
            assert tree.find(".//m:f", _NS) is None, "a formula"
            assert tree.find(".//m:hyperlink", _NS) is None
            found[name] = [
                [
                    strings[int(cell.findtext("m:v", "", _NS))]
                    if cell.get("t") == "s"
                    else cell.findtext("m:v", "", _NS)
                    for cell in row.findall("m:c", _NS)
                ]
                for row in tree.iter(f"{{{_NS['m']}}}row")
            ]
    return found


def test_sheets_and_their_numbers() -> None:
    found = sheets(render(weekly().report))
    assert list(found) == ["summary", "groups", "trend", "variance", "anomalies", "requests"]
    assert found["groups"][:3] == [
        ["model", "cost_usd", "requests", "input_tokens", "cached_input_tokens", "output_tokens", "unpriced_requests"],
        ["gpt-4o", "149", "8", "12000000", "4800000", "320000", "0"],
        ["gpt-5", "85", "1", "1500000", "600000", "40000", "0"],
    ]
    # Unknown is an empty cell, not a zero.
    assert found["groups"][-1] == ["mystery", "1", "1500000", "600000", "40000", "1"]
    assert sum(float(row[5]) for row in found["variance"][1:]) == 86
    assert found["anomalies"][1] == [
        "chat", "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", "106", "21", "85"
    ]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_text(text: str) -> None:
    found = sheets(render(weekly(rows((text, f"{text}2"), model=text)).report))
    assert not [
        cell for rows in found.values() for row in rows for cell in row if re.search("[\x00-\x08\x1b\u202e]", cell)
    ]


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(UsageError, match="needs an extra"):
        render(weekly().report)
