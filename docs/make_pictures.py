"""Draw docs/pictures anew: `python docs/make_pictures.py`, with Chromium and the extra `plot`.

Every picture is of the example logs, at the moment the demo shows.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
AS_OF = ("--as-of", "2026-11-23T09:00:00Z", "--tz", "UTC")
WIDTH = 100
TERMINAL = {
    "table": ("report", "--week"),
    "why": ("report", "--week", "--section", "summary", "--section", "why", "--section", "anomalies"),
    "charts": ("report", "--week", "--charts"),
    "watch": ("watch", "--once", "--as-of", "2026-11-22T17:30:00Z"),
    "budgets": ("budget", "status"),
}
CHROMIUM = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def terminal(command: list[str], environment: dict[str, str]) -> str:
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    quiet, here = subprocess.DEVNULL, ROOT / "examples"
    process = subprocess.Popen(command, env=environment, stdout=theirs, stderr=quiet, cwd=here)
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 65_536):
            text += piece
    except OSError:
        pass  # Linux says so when the other end is closed
    process.wait()
    return text.decode().replace("\r\n", "\n")


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as home:
        environment = {
            **os.environ, "HOME": home, "LLMCOST_LEDGER": f"{home}/ledger.db", "COLUMNS": str(WIDTH),
            "TERM": "xterm-256color", "LLMCOST_BUDGETS": str(ROOT / "examples" / "budgets.yaml"),
        }  # fmt: skip
        llmcost = [sys.executable, "-m", "llmcost"]

        def run(*arguments: str) -> None:
            subprocess.run([*llmcost, *arguments], env=environment, check=True, cwd=ROOT / "examples")

        run("ingest", "--quiet", "logs")
        for name, arguments in TERMINAL.items():
            options = [] if "--as-of" in arguments else AS_OF[:2]
            text = terminal([*llmcost, *arguments, *options, *AS_OF[2:]], environment)
            console = Console(record=True, width=WIDTH, file=io.StringIO())
            console.print(Text.from_ansi(text.rstrip("\n")))
            drawn = console.export_svg(title=f"llmcost {' '.join(arguments[:2])}")
            # The fonts it would fetch: a picture asks nobody for anything.
            drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
            (PICTURES / f"{name}.svg").write_text(drawn, "utf-8")
        run("report", "--chart", "breakdown", "--format", "png", *AS_OF, "--output", str(PICTURES / "breakdown.png"))
        page = Path(home) / "week.html"
        run("report", "--format", "html", *AS_OF, "--output", str(page))
        for name, size in (("weekly", "1000,1900"), ("weekly-narrow", "500,1500")):
            shot = [*CHROMIUM, f"--user-data-dir={home}/{name}", f"--window-size={size}"]
            subprocess.run(
                [*shot, f"--screenshot={PICTURES / name}.png", page.as_uri()], check=True, capture_output=True
            )


if __name__ == "__main__":
    main()
