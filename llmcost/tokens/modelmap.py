"""tiktoken's map from model to encoding, read without importing tiktoken, whose import costs more than a small count.

tiktoken/model.py keeps the map in two dictionary literals; they are read from its source. Where there is no source, or
it has another shape, tiktoken is imported after all.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple


class ModelMap(NamedTuple):
    """Encoding by model name, and by beginning of the name in order of trial."""

    names: dict[str, str]
    prefixes: dict[str, str]

    def encoding(self, model: str) -> str | None:
        """The encoding of `model`, None where tiktoken knows none; as tiktoken's `encoding_name_for_model`."""
        if (known := self.names.get(model)) is not None:
            return known
        return next((encoding for start, encoding in self.prefixes.items() if model.startswith(start)), None)


@cache
def model_map() -> ModelMap:
    """The map of the tiktoken that is installed."""
    spec = find_spec("tiktoken")
    found = from_source(Path(spec.origin).with_name("model.py")) if spec and spec.origin else None
    return found or from_import()


def from_source(path: Path) -> ModelMap | None:
    """The two dictionaries of the module at `path`; None where it cannot be read or they are no longer there."""
    try:
        literals = {
            node.target.id: ast.literal_eval(node.value)
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
        }
        return ModelMap(literals["MODEL_TO_ENCODING"], literals["MODEL_PREFIX_TO_ENCODING"])
    except (OSError, ValueError, SyntaxError, KeyError):
        return None


def from_import() -> ModelMap:
    from tiktoken.model import MODEL_PREFIX_TO_ENCODING, MODEL_TO_ENCODING

    return ModelMap(MODEL_TO_ENCODING, MODEL_PREFIX_TO_ENCODING)
