"""The weekly report as one HTML file, as an e-mail's HTML, and as plain text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files

from llmcost.reporting.labels import Labels
from llmcost.reporting.numbers import usd
from llmcost.reporting.svg import columns
from llmcost.reporting.weekly import Page, Section, Table


def html(page: Page) -> str:
    """A page that needs nothing else: its own style and script, by hash; no network, no inline handlers."""
    from markupsafe import Markup

    style, script = _resource("page.css"), _resource("page.js")
    labels = Labels(page.language)
    # What is not from a log, or is escaped where it is made.
    charts = {each.key: Markup(_chart(each, labels)) for each in page.sections if each.bars}  # noqa: S704
    return _render(
        "page.html.j2",
        page=page,
        labels=labels,
        charts=charts,
        style=Markup(style),  # noqa: S704 (ours)
        script=Markup(script),  # noqa: S704 (ours)
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def mail_html(page: Page, images: Mapping[str, str] | None = None) -> str:
    """The same for mail programs, which know no script, style sheet or SVG.

    `images`: section -> content id of a picture in the same message, in place of the drawn bars.
    """
    bars = {}
    for section in page.sections:
        most = max((amount for _, amount in section.bars), default=0) or 1
        bars[section.key] = [(name, round(100 * amount / most), usd(amount)) for name, amount in section.bars]
    return _render("mail.html.j2", page=page, labels=Labels(page.language), bars=bars, images=images or {})


def plain(page: Page) -> str:
    """The same as text, for programs and people who prefer it."""
    labels = Labels(page.language)
    lines = [page.title, "", *page.headline]
    if page.why:
        lines += ["", f"{labels('why')}: {page.why}"]
    lines += ["", labels("todo")]
    lines += [f"- {each.text}{f' {each.command}' if each.command else ''}" for each in page.todo]
    lines.append("")
    lines += [f"{fact.label}: {fact.value}{f' ({fact.note})' if fact.note else ''}" for fact in page.facts]
    for section in page.sections:
        lines += ["", section.heading, *([section.text] if section.text else [])]
        lines += _text_table(section.table) if section.table else []
        lines += section.commands
    return "\n".join([*lines, "", *page.foot]) + "\n"


def _text_table(table: Table) -> list[str]:
    from rich.cells import cell_len

    rows = [table.header, *(tuple(cell.text for cell in row) for row in table.rows)]
    widths = [max(cell_len(row[at]) for row in rows) for at in range(len(table.header))]

    def padded(text: str, at: int) -> str:
        blank = " " * (widths[at] - cell_len(text))
        return text + blank if at < table.names else blank + text

    return ["  ".join(padded(text, at) for at, text in enumerate(row)).rstrip() for row in rows]


def _chart(section: Section, labels: Labels) -> str:
    """Two sizes of one chart, of which the page shows that which fits."""
    highest = max(section.bars, key=lambda bar: bar[1])
    text = labels("chart_desc", highest=usd(highest[1]), label=highest[0])
    return "".join(
        columns(section.bars, width=width, height=height, title=section.heading, text=text, key=key)
        for key, width, height in (("wide", 920, 240), ("narrow", 350, 200))
    )


def _render(name: str, **values: object) -> str:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    text: str = environment.from_string(_resource(name)).render(values)
    return text


def _resource(name: str) -> str:
    return files("llmcost.reporting").joinpath("templates", name).read_text("utf-8")


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
