"""The weekly page: golden in two languages and three shapes, and nothing from a log is more than text in it."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US
from llmcost.core.text import printable
from llmcost.reporting.labels import _LABELS, LANGUAGES, Labels
from llmcost.reporting.report_html import html, mail_html, plain
from llmcost.reporting.weekly import Page, page
from tests.reporting.weekly_samples import HOSTILE, MONDAY, rows, weekly

UNSAFE = "[\x00-\x08\x0b-\x1f\x7f\u202e\u2066]"
FIELDS = ("model", "team", "user", "environment", "session", "operation")
GOLDEN = Path(__file__).with_name("golden")
SHAPES = {
    "weekly.html": (html, "en"), "weekly-zh.html": (html, "zh"), "weekly-mail.html": (mail_html, "en"),
    "weekly.txt": (plain, "en"), "weekly-zh.txt": (plain, "zh"),
}  # fmt: skip


class Elements(HTMLParser):
    """Tags with their attributes, and the text outside style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._raw = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._raw = tag in {"style", "script"}

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text.append(data)


@pytest.mark.parametrize("name", SHAPES)
def test_golden(name: str) -> None:
    shape, language = SHAPES[name]
    text = shape(page(weekly(language=language)))
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_it_says_what_happened_why_and_what_to_do() -> None:
    found = page(weekly())
    # The first app's days sum up to 147 dollars, 148 the week before; the second's to 21; 85 and 2 are this week's own.
    assert found.headline[0] == "$255.00 spent"
    assert found.headline[1] == "+$86.00 (+50.9%) against the period before ($169.00)"
    assert found.headline[2] == "fullest budget: all (month), 102.5% of $600.00"
    assert found.headline[3].startswith("2026-11 is heading for $799.99 (")
    assert found.why == "+$87.00 models newly used, -$1.00 lower prices"
    assert [each.text for each in found.todo] == [
        "Budget chat (month) is heading for $707.39, above $700.00.",
        "Budget all (month) is exceeded: $615.00 of $600.00.",
        "chat cost 5.0x its usual on 11-19 (+$85.00):",
        "Requests without a price, which the total lacks: 1.",
    ]
    assert found.todo[2].command == "llmcost requests --since 2026-11-19 --until 2026-11-20 --where app=chat"
    assert [section.key for section in found.sections] == [
        "why", "trend", "apps", "models", "budgets", "anomalies"
    ]  # fmt: skip


def test_what_has_no_price_has_no_share_and_no_cause_but_that() -> None:
    made = rows()
    unknown = [row for row in made if row.cost is None]
    priced = [row for row in made if row.record.model == "gpt-5"]
    mixed = [
        priced[0],
        unknown[0]._replace(record=unknown[0].record._replace(id="openai:other", app="chat", model="gpt-5")),
    ]
    found = page(weekly([*mixed, *(row for row in made if row.record.model != "gpt-5")], budgets=False))
    tables = {section.key: section.table for section in found.sections}
    assert tables["why"] is not None
    assert tables["why"].header[-1] == "Without a price"
    assert tables["models"] is not None
    assert [cell.text for cell in tables["models"].rows[-1]][:3] == ["mystery", "unpriced", "-"]


def test_without_anything_to_do_it_says_so() -> None:
    calm = [row for row in rows() if row.record.model in {"gpt-4o", "claude-haiku-4-5"} and row.record.app]
    found = page(weekly(calm, budgets=False))
    assert [each.text for each in found.todo] == ["Nothing needs attention."]
    assert [section.text for section in found.sections if section.key == "anomalies"] == ["Nothing unusual."]


def test_an_empty_ledger_and_an_old_one() -> None:
    found = page(weekly([], budgets=False))
    assert found.headline == ("$0.00 spent", "nothing recorded before to compare with", "2026-11 so far: $0.00")
    assert found.sections[0].heading == "No requests in this period."
    late = page(weekly(now=MONDAY + 30 * DAY_US))
    assert late.todo[-1].text == "The newest request is of 2026-11-22 12:00: are logs still read?"
    for text in (html(found), html(late), mail_html(found), plain(late)):
        assert text


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_text_and_nothing_else(text: str) -> None:
    made = page(weekly(rows((text, f"{text}2"), **dict.fromkeys(FIELDS, text))))
    for shape in (html, mail_html):
        # The same page with names of letters has the same elements in the same order, and attributes of the same names.
        plain_one = Elements(shape(page(weekly(rows(("a", "b"), **dict.fromkeys(FIELDS, "c"))))))
        found = Elements(shape(made))
        assert [(tag, [*attributes]) for tag, attributes in found.tags] == [
            (tag, [*attributes]) for tag, attributes in plain_one.tags
        ]
        assert not re.search(UNSAFE, shape(made))
        shown = printable(text).strip()
        assert shown in " ".join(found.text)
    assert not re.search(UNSAFE, plain(made))


def test_it_needs_no_network() -> None:
    text = html(page(weekly()))
    found = Elements(text)
    assert not re.findall(r"(?:https?:)?//[a-z]", text)
    assert not [tag for tag, attributes in found.tags if attributes.keys() & {"src", "href", "srcset", "action"}]
    policy = next(attributes["content"] for _, attributes in found.tags if "http-equiv" in attributes)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_pictures_take_the_place_of_bars() -> None:
    made = page(weekly())
    assert 'src="cid:chart"' in mail_html(made, {"trend": "chart"})
    assert 'src="cid:' not in mail_html(made)


def test_every_label_is_there_in_every_language_with_the_same_places() -> None:
    for key, texts in _LABELS.items():
        assert len(texts) == len(LANGUAGES), key
        places = {frozenset(re.findall(r"{(\w+)}", text)) for text in texts}
        assert len(places) == 1, key


def test_an_unknown_language() -> None:
    with pytest.raises(UsageError, match="unknown language 'fr'"):
        Labels("fr")


def test_a_page_is_made_of_plain_values() -> None:
    made = page(weekly())
    assert isinstance(made, Page)
    assert all(cell.text == cell.text.strip() for section in made.sections if section.table
               for row in section.table.rows for cell in row)  # fmt: skip
