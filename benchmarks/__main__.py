"""Everything, one after the other: `python -m benchmarks [NAME…]`."""

from __future__ import annotations

import sys

from benchmarks import ingest, pricing, start

BENCHMARKS = {"pricing": pricing.run, "ingest": ingest.run, "start": start.run}

for name in sys.argv[1:] or BENCHMARKS:
    BENCHMARKS[name]()
