"""The prompts.yaml that holds in the folder a command runs in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from llmcost.core.text import printable

if TYPE_CHECKING:
    from llmcost.estimate.prompts import Calls, PromptFile

PROMPTS_FILE = "prompts.yaml"


class Declared(NamedTuple):
    """A prompts.yaml, and the folder its paths are relative to."""

    file: PromptFile
    folder: str

    def name(self, path: str) -> str:
        """`path` as prompts.yaml and the ledger write it."""
        return path if path == "-" else Path(os.path.relpath(path, self.folder)).as_posix()

    def calls(self, path: str) -> Calls:
        return self.file.calls(self.name(path))

    def remarks(self) -> list[str]:
        absent = self.file.absent(lambda path: (Path(self.folder) / path).exists())
        return [f"{PROMPTS_FILE}: no such file: {printable(path)}" for path in absent]


def prompts_file() -> Declared | None:
    """What ./prompts.yaml declares, or that at the top of the repository; None where there is neither."""
    here = Path.cwd()
    top = next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
    folder = next((each for each in (here, top) if (each / PROMPTS_FILE).is_file()), None)
    if folder is None:
        return None
    from llmcost.estimate.prompts import read
    from llmcost.yamlfile.tree import decode, read_bytes

    name = os.path.relpath(folder / PROMPTS_FILE)
    return Declared(read(decode(read_bytes(Path(name)), name), name), str(folder))
