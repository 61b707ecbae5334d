"""The documentation keeps step with the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from docs.make_cli import TARGET, commands, text
from llmcost.cli.app import root
from llmcost.core.errors import ExitCode

DOCS = Path(__file__).parents[1] / "docs"
README = (DOCS.parent / "README.md").read_text("utf-8")
PAGES = {page.name: page.read_text("utf-8") for page in DOCS.glob("*.md")}
PROSE = "\n".join(page for name, page in PAGES.items() if name != "cli.md") + README
LEAVES = [(path, command) for path, command, _ in commands(root()) if not hasattr(command, "list_commands")]
COMMON = {"--ledger", "--prices", "--as-of", "--tz", "--format", "--json", "--output", "-o", "--quiet", "-q",
          "--no-color", "--help", "-h", "--version"}  # fmt: skip


def options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")} - COMMON


def test_the_list_of_commands_is_current() -> None:
    assert TARGET.read_text("utf-8") == text(), "run `make docs`"


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[path for path, _ in LEAVES])
def test_every_command_is_explained_in_prose(path: str, command: Any) -> None:
    words = path.removeprefix("llmcost ")
    assert re.search(rf"`(?:llmcost )?{re.escape(words)}\b", PROSE), f"no page explains `{path}`"


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[path for path, _ in LEAVES])
def test_every_option_has_a_help_text_and_is_named_in_prose(path: str, command: Any) -> None:
    for parameter in command.params:
        if any(name.startswith("-") for name in parameter.opts):
            assert parameter.help, f"{path} {parameter.opts} has no help"
    missing = {name for name in options(command) if not re.search(rf"{re.escape(name)}\b", PROSE)}
    assert not missing, f"no page names {sorted(missing)} of `{path}`"


def test_every_common_option_is_named_in_prose() -> None:
    assert {name for name in COMMON if not re.search(rf"(?<![\w-]){re.escape(name)}\b", PROSE)} == set()


def test_every_exit_code_is_listed() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGES["exit-codes.md"], re.MULTILINE)}
    assert listed == {int(code) for code in ExitCode}


def test_every_command_that_the_documents_show_exists() -> None:
    known = {path for path, _, _ in commands(root())}
    groups = {path for path, command, _ in commands(root()) if hasattr(command, "list_commands")}
    for page, body in {**PAGES, "README.md": README}.items():
        for first, second in re.findall(r"llmcost ([a-z]+)(?: ([a-z]+))?", body):
            if f"llmcost {first}" in known:
                assert f"llmcost {first}" not in groups or not second or f"llmcost {first} {second}" in known, (
                    f"{page} names `llmcost {first} {second}`"
                )


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for folder, pages in ((DOCS, PAGES), (DOCS.parent, {"README.md": README})):
        for page, body in pages.items():
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", body):
                if "://" not in target and not target.startswith("mailto:"):
                    assert (folder / target).exists(), f"{page} links to {target}"


def test_every_dependency_is_justified() -> None:
    import tomllib

    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))
    names = [re.split(r"[<>=\[ ]", line)[0] for line in project["project"]["dependencies"]]
    names += [re.split(r"[<>=\[ ]", line)[0] for line in project["dependency-groups"]["dev"]]
    assert [name for name in names if name not in PAGES["dependencies.md"]] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)", README))
    assert set(PAGES) - linked == set()


def test_the_words_are_in_order_and_few() -> None:
    words = re.findall(r"^\| ([^|]+?) \|", PAGES["words.md"], re.MULTILINE)[1:]
    assert words == sorted(words)
    assert len(PAGES["words.md"].splitlines()) < 40
    assert {"card", "layer", "band", "window", "scope"} <= set(words)
