"""blake2b where start-up counts: `hashlib`, which has the same function, loads OpenSSL first (3 ms of CPU)."""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:  # not CPython
    from hashlib import blake2b

__all__ = ["blake2b"]
