"""`make demo`: read the example logs into a ledger of their own and show what they cost."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".demo"
#: The example logs end on this Sunday; the report is what its reader sees on the Monday after.
MONDAY = "2026-11-23T09:00:00Z"


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    environment = {**os.environ, "XDG_CACHE_HOME": str(FOLDER), "XDG_CONFIG_HOME": str(FOLDER)}
    common = ["--ledger", str(FOLDER / "ledger.db"), "--tz", "UTC", "--as-of", MONDAY]
    for words in (["ingest", str(HERE / "logs")], ["report", "--week"]):
        sys.stdout.write(f"$ llmcost {' '.join(words)}\n")
        sys.stdout.flush()
        code = subprocess.call([sys.executable, "-m", "llmcost", *words, *common], env=environment)  # noqa: S603
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
