"""The files shipped with llmcost that stand at the top of its repository."""

from __future__ import annotations

from pathlib import Path


def packaged(module: str, name: str) -> Path | None:
    """The shipped file `name` of the package that `module` (its `__file__`) is in.

    In a wheel it lies in the package's `packaged` folder; an editable checkout has it at its root.
    """
    here = Path(module).resolve()
    for candidate in (here.parent / "packaged" / name, here.parents[2] / name):
        if candidate.is_file():
            return candidate
    return None
