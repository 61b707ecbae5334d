"""Writing a fixed file back: in one step, with its permissions, and only when it is still what was read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from llmcost.core.errors import LlmcostError


def outside(path: Path, within: Path) -> bool:
    """Whether `path` leads, by links, out of the folder `within`."""
    return not path.resolve().is_relative_to(within.resolve())


def rewrite(path: Path, before: bytes, after: bytes) -> None:
    """Put `after` in place of `before` in the file that `path` leads to.

    Raises:
        LlmcostError: the file has changed since it was read, or cannot be written.
    """
    target = path.resolve()
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(target.stat().st_mode & 0o7777)
        if target.read_bytes() != before:
            raise LlmcostError(f"{path} changed while it was looked at; it is left as it is", "run it again")
        Path(temporary).replace(target)
        temporary = ""
    except OSError as error:
        raise LlmcostError(f"cannot write {path}: {error.strerror or error}", "check permissions and space") from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
