"""What can go wrong, and what the process says about it when it ends.

LlmcostError            1  unexpected failure
├── UsageError          2  bad option, name, path or configuration
│   └── ConfigError     2  a YAML or environment value, with its place
├── DataError           6  data cannot support the answer (empty ledger, unpriced under --strict)
└── LedgerError         1  the ledger file cannot be read or written
    └── LedgerFileError 2  the file named is not a ledger this version reads
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes; scripts rely on them (docs/exit-codes.md)."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    BREACH = 3
    FORECAST = 4
    WARNING = 5
    DATA = 6
    INTERRUPTED = 130


class LlmcostError(Exception):
    """An error a person can act on: `message` says what is wrong, with the value; `hint` what to do."""

    exit_code: ExitCode = ExitCode.FAILURE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LlmcostError):
    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    pass


class DataError(LlmcostError):
    exit_code = ExitCode.DATA


class LedgerError(LlmcostError):
    pass


class LedgerFileError(LedgerError):
    exit_code = ExitCode.USAGE


def nearest(name: str, known: object) -> str:
    """`; did you mean 'x'?` for the closest of `known` (any iterable of str), or an empty string."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1, cutoff=0.6)  # type: ignore[call-overload]
    return f"; did you mean {close[0]!r}?" if close else ""
