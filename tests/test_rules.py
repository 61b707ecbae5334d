"""The house's rules that no linter knows (docs/architecture.md)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "llmcost"
BELOW = sorted(
    path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in ("cli", "live", "__main__.py")
)
HEAVY = {
    "rich", "plotext", "tiktoken", "toktok", "sqlite_utils", "yaml", "genai_prices", "httpx", "numpy", "zstandard",
    "jinja2", "apprise", "matplotlib",
}  # fmt: skip
#: Reading the environment or the clock, printing and exiting belong to the front door.
FRONT_DOOR = {
    "print", "exit", "sys.exit", "sys.stdout", "sys.stderr", "sys.stdin", "sys.argv", "os.environ",
    "os.getenv", "os._exit", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time",
    "time.time_ns", "time.localtime",
}  # fmt: skip
_SQL = re.compile(r"\b(?:SELECT .* FROM|INSERT (?:OR \w+ )?INTO|DELETE FROM|UPDATE \w+ SET|CREATE TABLE|PRAGMA )\b")


def names(tree: ast.AST) -> Iterator[str]:
    """Every name and dotted pair that is used."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_touches_the_world(path: Path) -> None:
    assert FRONT_DOOR & set(names(ast.parse(path.read_text("utf-8")))) == set()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_packages_are_imported_where_they_are_used(path: Path) -> None:
    guarded = "if TYPE_CHECKING:"
    loaded: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            loaded |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            loaded.add(node.module.partition(".")[0])
    assert loaded & HEAVY == set(), f"import it in a function, or under `{guarded}`"


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_all_sql_lives_in_the_ledger(path: Path) -> None:
    place = path.relative_to(PACKAGE)
    # Other tools' databases are a source's, and opened to read.
    if place.parts[0] == "ledger" or place == Path("sources", "foreign_db.py"):
        return
    texts = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    assert [text for text in texts if isinstance(text, str) and _SQL.search(text)] == []


def test_the_rules_see_what_they_forbid() -> None:
    assert "sys.stdout" in set(names(ast.parse("import sys\nsys.stdout.write('x')")))
    assert _SQL.search("SELECT a, b FROM request")
    assert len(BELOW) > 80
