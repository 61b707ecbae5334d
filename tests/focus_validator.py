"""`make focus-validator`: FOCUS's own validator on an export of the example logs, in an environment of its own.

It exits with 0 whatever it finds, reads its rules relative to its own folder, and has one pair of rules of which one
always fails: so its words are read.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

UNAVOIDABLE = {"InvoiceId-C-004-C"}
CRITERIA = (
    "ACCOUNT_NAMING_SUPPORTED", "PUBLIC_PRICE_LIST_SUPPORTED", "USAGE_MEASUREMENT_SUPPORTED", "UNIT_PRICING_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED", "TAGGING_SUPPORTED", "REGION_SUPPORTED", "NEGOTIATED_PRICING_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
)  # fmt: skip
#: What the example logs have none of: amounts that need an adjustment, costs only reported, names that break things.
PRICES = """\
version: 1
models:
  - {model: m, provider: openai, input: 0.0333333, cached_input: 0.01, output: 10.1234567}
"""
NAMES = ("12345", "2026-10-01", "=1+1", "聊天", 'a,"b"', "100%", "null", "")
RARE = [
    {"timestamp": f"2026-{month}-0{day + 1}T23:59:59Z", "request_id": f"{month}{day}{model}", "provider": provider,
     "model": model, "app": name, "team": name, "user": name, "region": name, "input_tokens": 1_001,
     "cached_input_tokens": 77, "output_tokens": 7, "web_searches": searches, **reported}
    for month in ("10", "11")
    for day, name in enumerate(NAMES)
    for provider, model, searches, reported in (
        ("openai", "m", 0, {}),
        ("anthropic", "claude-sonnet-4-5", 2, {}),
        ("acme", "x", 0, {"reported_cost_usd": "0.000000007"}),
    )
]  # fmt: skip
KINDS = {"input", "cached", "output", "web_searches", "reported", "adjustment"}
ROOT = Path(__file__).parents[1]


def main(python: str) -> int:
    """`python`: the interpreter of an environment that holds focus-validator."""
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "LLMCOST_LEDGER": f"{home}/ledger.db"}
        bill, rare, prices = (Path(home) / name for name in ("bill.csv", "rare.jsonl", "prices.yaml"))
        rare.write_text("\n".join(map(json.dumps, RARE)), "utf-8")
        prices.write_text(PRICES, "utf-8")
        llmcost = [sys.executable, "-m", "llmcost"]
        subprocess.run([*llmcost, "ingest", "--quiet", str(ROOT / "examples" / "logs")], env=environment, check=True)
        subprocess.run([*llmcost, "ingest", "--quiet", str(rare), "--prices", str(prices)], env=environment, check=True)
        subprocess.run([*llmcost, "export", "--format", "focus", "--output", str(bill)], env=environment, check=True)
        with bill.open(encoding="utf-8", newline="") as lines:
            absent = KINDS - {line["x_TokenType"] for line in csv.DictReader(lines)}
        said = subprocess.run(
            [
                Path(python).absolute().with_name("focus-validator"), "--data-file", bill,
                "--validate-version", "1.2.0.1", "--block-download", "--output-type", "console",
                "--focus-dataset", "CostAndUsage",
                "--applicability-criteria", ",".join(CRITERIA),
            ],
            cwd=packages, capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
    summary = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", said)
    failed = set(re.findall(r"(\S+): FAIL", said))
    sys.stdout.write(f"{summary[0] if summary else said[-2000:]}\nfailed: {', '.join(sorted(failed)) or 'none'}\n")
    if absent:
        sys.stdout.write(f"no charges of these kinds were checked: {', '.join(sorted(absent))}\n")
    return 0 if not absent and summary and int(summary[2]) > 200 and failed <= UNAVOIDABLE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
