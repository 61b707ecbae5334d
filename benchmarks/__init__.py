"""Speed beside named peers; run with `make bench`. Not part of the tests."""
