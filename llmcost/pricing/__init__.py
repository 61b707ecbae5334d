"""The price book: layered, dated, exact. Unknown models are unpriced, never cheap."""
