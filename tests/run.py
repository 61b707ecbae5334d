"""One command line run in this process, as a person would type it."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

from llmcost.cli.entry import run


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def llmcost(*arguments: str, stdin: bytes = b"") -> Ran:
    """Run `llmcost ARGUMENTS` with streams of its own (no terminal)."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run(list(arguments))
    finally:
        sys.stdin = before
    return Ran(code, out.getvalue(), err.getvalue())
