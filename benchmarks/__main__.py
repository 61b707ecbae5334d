"""Everything, one after the other: `python -m benchmarks [NAME…]`."""

from __future__ import annotations

import sys

from benchmarks import accuracy, anomalies, forecast, ingest, pricing, reservations, routing, scale, start, tokens

BENCHMARKS = {
    "pricing": pricing.run,
    "ingest": ingest.run,
    "scale": scale.run,
    "start": start.run,
    "anomalies": anomalies.run,
    "forecast": forecast.run,
    "tokens": tokens.run,
    "reservations": reservations.run,
    "routing": routing.run,
    "accuracy": accuracy.run,
}

for name in sys.argv[1:] or BENCHMARKS:
    BENCHMARKS[name]()
