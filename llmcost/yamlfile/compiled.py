"""What was read once, kept compiled: a file in the cache folder, named after everything its content depends on.

A stale file is thus never read, a damaged one is compiled again, and in a folder one may not write nothing is kept.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

#: Files of one kind.
KEPT_FILES = 24
_Value = TypeVar("_Value")


def compiled(
    folder: Path | None,
    name: str,
    compile_: Callable[[], _Value],
    *,
    encode: Callable[[_Value], bytes],
    decode: Callable[[bytes], _Value],
) -> _Value:
    """The value of `compile_`, or of the file `name` in `folder` where it can be decoded.

    The name begins with its kind and `-`; of each kind the newest KEPT_FILES stay. `decode` raises ValueError for
    what it cannot read.
    """
    if folder is None:
        return compile_()
    path = folder / name
    try:
        return decode(path.read_bytes())
    except (OSError, ValueError):
        value = compile_()
    with contextlib.suppress(OSError):
        _write(path, encode(value))
        _prune(folder, name.partition("-")[0])
    return value


def _write(path: Path, data: bytes) -> None:
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-", suffix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _prune(folder: Path, kind: str) -> None:
    files = sorted(folder.glob(f"{kind}-*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in files[KEPT_FILES:]:
        path.unlink(missing_ok=True)
