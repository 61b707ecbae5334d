"""From files to the ledger: read, price, add. The road every log takes."""
