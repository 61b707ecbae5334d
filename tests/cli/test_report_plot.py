"""`llmcost report --chart breakdown` as it is typed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import UTC
from pathlib import Path

import pytest

from llmcost.analysis.periods import Span, compared
from llmcost.cli.environment import Env
from llmcost.cli.report_plot import show_plot
from llmcost.core.errors import UsageError
from tests.run import llmcost

BOOK = """\
version: 1
models:
  - {model: big, provider: acme, input: 5, output: 25}
"""
#: $0.0075: 1,000 x $5 / 1M and 100 x $25 / 1M.
LINE = {
    "timestamp": "2026-11-18T09:20:00Z", "request_id": "r1", "provider": "acme", "model": "big", "app": "客服助手",
    "input_tokens": 1_000, "output_tokens": 100,
}  # fmt: skip
UNPRICED = {**LINE, "timestamp": "2026-11-19T09:20:00Z", "request_id": "r2", "model": "mystery", "app": "chat"}


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(BOOK)
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, (LINE, UNPRICED))))
    shared = ["--ledger", str(tmp_path / "ledger.db"), "--prices", str(tmp_path / "prices.yaml")]
    shared += ["--as-of", "2026-11-20T12:00:00Z", "--tz", "UTC"]
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *shared).code == 0
    return shared


def texts(picture: Path) -> list[str]:
    root = ET.fromstring(picture.read_bytes())  # noqa: S314 - our own
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_png_is_what_a_chart_is_without_a_format(options: list[str], tmp_path: Path) -> None:
    ran = llmcost("report", "--chart", "breakdown", "--output", "costs.png", *options)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert Path("costs.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert [path.name for path in Path().glob("*")].count("costs.png") == 1


def test_an_svg_of_the_period_and_filter_asked_for(options: list[str]) -> None:
    ran = llmcost("report", "--format", "svg", "--output", "a.svg", *options)
    assert (ran.code, ran.err) == (0, "")
    said = texts(Path("a.svg"))
    assert "LLM spend, 13 Nov - 19 Nov 2026 (UTC): $0.007500, 2 requests" in said
    assert "客服助手" in said
    assert "* 1 request of 2 have no price and are in no cost; 1 app without a cost not in the last pane" in said
    llmcost(
        "report", "--format", "svg", "--chart", "breakdown", "--where", "app=chat", "-o", "b.svg", "--day=current",
        *options,
    )  # fmt: skip
    assert "LLM spend, 20 Nov 2026 (UTC): $0.00, 0 requests" in texts(Path("b.svg"))


def test_granularity_is_that_of_the_trend(options: list[str]) -> None:
    assert llmcost("report", "--format", "svg", "--granularity", "week", "-o", "a.svg", *options).code == 0
    assert "Cost per week and app" in texts(Path("a.svg"))
    ran = llmcost("report", "--format", "svg", "--granularity", "year", "-o", "b.svg", *options)
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: unknown granularity 'year'")


def test_strict_and_an_empty_period_say_so(options: list[str]) -> None:
    ran = llmcost("report", "--format", "svg", "--strict", "-o", "a.svg", *options)
    assert (ran.code, ran.err) == (6, "--strict: 1 request without a price\n")
    assert Path("a.svg").exists()
    ran = llmcost(
        "report", "--format", "svg", "--since", "2026-01-01", "--until", "2026-01-03", "-o", "b.svg", *options
    )
    assert (ran.code, ran.err) == (0, "no requests in this period: the picture is empty\n")


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["--chart", "breakdwn"], "unknown chart 'breakdwn'; did you mean 'breakdown'?", "use breakdown"),
        (["--chart", "breakdown", "--json"], "unknown format 'json'", "use one of png, svg"),
        (["--chart", "breakdown", "--by", "user"], "--chart and --by exclude each other", "keep one of them"),
        (["--format", "png", "--blocks"], "--format png and --blocks exclude each other", "keep one of them"),
        (["--format", "png", "--top", "0"], "--format png and --top exclude each other", "keep one of them"),
        (
            ["--chart", "breakdown", "--basis", "billed"], "--basis billed and --chart exclude each other",
            "leave one of them out",
        ),
    ],
)  # fmt: skip
def test_what_a_picture_does_not_know(options: list[str], arguments: list[str], error: str, hint: str) -> None:
    ran = llmcost("report", *arguments, "-o", "never.png", *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: {error}\nhint: {hint}\n"
    assert not Path("never.png").exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_not_filled_with_a_picture(options: list[str], tmp_path: Path) -> None:
    env = Env({"ledger": str(tmp_path / "ledger.db"), "format": "png", "as_of": "2026-11-20T12:00:00Z"})
    env.stdout = Terminal()
    with pytest.raises(UsageError, match="--format png is no text for a terminal") as caught:
        show_plot(env, "", compared(Span(), env.now_us, UTC).period, (), "", {})
    assert caught.value.hint == "add --output FILE"
    assert env.stdout.getvalue() == ""


def test_without_the_extra_the_hint_says_what_to_install(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ran = llmcost("report", "--chart", "breakdown", "-o", "never.png", *options)
    assert ran.code == 2
    assert ran.err == (
        "error: matplotlib is not installed, which draws png and svg\nhint: pip install 'llmcost[plot]'\n"
    )


def test_a_pipe_takes_the_bytes_as_they_are(options: list[str]) -> None:
    assert llmcost("report", "--format", "png", "-o", "a.png", *options).code == 0
    ran = subprocess.run(
        [sys.executable, "-m", "llmcost", "report", "--format", "png", *options], capture_output=True, check=True
    )
    assert ran.stdout == Path("a.png").read_bytes()
    # Matplotlib, which looks for fonts in this new home, has nothing to say.
    assert ran.stderr == b""
