"""The weekly page in a real browser, where one is installed: `.ci/run` installs Chromium, so there these run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmcost.reporting.report_html import html
from llmcost.reporting.weekly import page
from tests.reporting.weekly_samples import HOSTILE, rows, weekly

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver: `apt-get install chromium chromium-driver`"
)
#: Long names as well: none may widen the page.
NAMES = (HOSTILE[5], "a-very-long-application-name-without-any-space-that-goes-on-and-on-" * 3)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "hide-scrollbars", "disable-dev-shm-usage",
        f"user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(params=[(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")], ids=str)
def opened(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Any:
    width, scheme = request.param
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    return load(browser, html(page(weekly(rows(NAMES)))), tmp_path)


def load(browser: Any, text: str, folder: Path) -> Any:
    path = folder / "week.html"
    path.write_text(text, "utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())
    return browser


def test_nothing_is_said_on_the_console(opened: Any) -> None:
    assert opened.get_log("browser") == []
    assert opened.execute_script("return document.querySelectorAll('main section').length") >= 7


def test_no_page_scrolls_sideways(opened: Any) -> None:
    assert opened.execute_script("return [document.documentElement.scrollWidth, innerWidth]") in ([1280] * 2, [390] * 2)


def test_tables_scroll_only_where_they_must(opened: Any, tmp_path: Path) -> None:
    load(opened, html(page(weekly())), tmp_path)
    opened.execute_script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    wider = (
        "return [...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth).length"
    )
    if opened.execute_script("return innerWidth") == 1280:
        assert opened.execute_script(wider) == 0


def test_axe_finds_nothing(opened: Any) -> None:
    from axe_core_python.selenium import Axe

    opened.execute_script("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    found = Axe().run(opened, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    assert found["violations"] == []


def test_colours_are_those_asked_for(opened: Any, request: pytest.FixtureRequest) -> None:
    colour = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (
        colour == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[request.node.callspec.params["opened"][1]]
    )


def test_one_chart_of_two_is_shown(opened: Any) -> None:
    shown = [each.get_attribute("class") for each in opened.find_elements("css selector", "svg") if each.is_displayed()]
    assert shown == ["chart wide" if opened.execute_script("return innerWidth") == 1280 else "chart narrow"]


def test_tables_sort_by_a_click_and_by_the_keyboard(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    def costs() -> list[str]:
        cells = "#apps-h ~ .scroll tbody td:nth-child(2)"
        return [str(each) for each in opened.execute_script(
            f"return [...document.querySelectorAll('{cells}')].map((each) => each.textContent)"
        )]  # fmt: skip

    cost = opened.find_element("css selector", "#apps-h ~ .scroll th:nth-child(2) button")
    assert costs() == ["$232.00", "$21.00", "$2.00"]
    opened.execute_script("arguments[0].scrollIntoView()", cost)
    cost.click()
    assert cost.find_element("xpath", "..").get_attribute("aria-sort") == "descending"
    cost.send_keys(Keys.ENTER)
    assert costs() == ["$2.00", "$21.00", "$232.00"]
    assert cost.find_element("xpath", "..").get_attribute("aria-sort") == "ascending"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_runs_anything(browser: Any, tmp_path: Path, text: str) -> None:
    made = html(page(weekly(rows((text, f"{text}2"), model=text, team=text))))
    load(browser, made, tmp_path)
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.execute_script("return document.querySelectorAll('img,iframe,a').length") == 0
