"""The README's report is what the example logs give. To renew it: UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.run import llmcost

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
_CAPTURE = re.compile(r"(<!-- report: [^\n]*-->\n```text\n)(.*?)(```\n<!-- end of report -->)", re.DOTALL)


def test_the_report_in_the_readme_is_a_capture(tmp_path: Path) -> None:
    options = ["--ledger", str(tmp_path / "ledger.db"), "--tz", "UTC", "--as-of", "2026-11-23T09:00:00Z"]
    assert llmcost("ingest", str(ROOT / "examples" / "logs"), *options).code == 0
    shown = llmcost("report", "--week", *options).out
    shown = shown.replace(str(ROOT), "/path/to")
    text = README.read_text("utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        text = _CAPTURE.sub(lambda match: match[1] + shown + match[3], text)
        README.write_text(text, "utf-8")
    found = _CAPTURE.search(text)
    assert found is not None
    assert found[2] == shown
