"""The table of commands, help, and what a mistyped command line is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from llmcost.cli import options
from llmcost.cli.app import COMMANDS, load, root
from tests.run import llmcost


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    if hasattr(command, "list_commands"):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), (*path, name))


EVERY = list(walk(root()))
COMMON = [f"--{name.replace('_', '-')}" for name in (*options.COMMON, "help")]


def test_every_command_of_the_contract_is_there() -> None:
    paths = {" ".join(path) for path, _ in EVERY}
    assert paths >= {
        "", "estimate", "ingest", "report", "requests", "budget", "budget check", "breakeven", "route", "prices",
        "prices list", "prices show", "prices add", "prices check", "prices diff", "reprice", "export", "ledger",
        "ledger info", "ledger check", "ledger undo", "ledger forget", "ledger backup", "config", "config show",
        "scorecard",
    }  # fmt: skip
    assert not any(command.hidden for _, command in EVERY)


@pytest.mark.parametrize(("path", "command"), EVERY, ids=["-".join(path) or "llmcost" for path, _ in EVERY])
def test_help_is_whole(path: tuple[str, ...], command: Any) -> None:
    ran = llmcost(*path, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\n")
    assert not ran.out.endswith("\n\n")
    assert ran.out.startswith(f"Usage: {' '.join(('llmcost', *path))} [OPTIONS]")
    for parameter in command.params:
        for option in parameter.opts:
            assert (option if option.startswith("-") else parameter.make_metavar(typer.Context(command))) in ran.out
    for option in COMMON:
        assert option in ran.out
    assert "{" not in ran.out
    assert "..." not in re.sub(r"\[(?:PATH|ID|ARGS)\]\.\.\.", "", ran.out)
    assert command.help.split()[0] in ran.out
    assert llmcost(*path, "-h").out == ran.out


@pytest.mark.parametrize(("path", "command"), EVERY, ids=["-".join(path) or "llmcost" for path, _ in EVERY])
def test_every_option_explains_itself(path: tuple[str, ...], command: Any) -> None:
    for parameter in command.params:
        assert parameter.help, (path, parameter.name)


def test_the_help_of_a_group_tells_what_each_command_does() -> None:
    out = " ".join(llmcost("ledger", "--help").out.split())
    assert "undo Take back one ingest; requests it had replaced return." in out
    assert "backup Copy the ledger to a new file, while others may be writing." in out
    out = llmcost("--help").out
    for name, command in COMMANDS.items():
        assert f"  {name} " in out
        assert command.help in " ".join(out.split())


@pytest.mark.parametrize("name", [n for n in COMMANDS if not hasattr(load(n), "list_commands")])
def test_a_command_has_the_words_of_the_table_or_its_own(name: str) -> None:
    assert load(name).help
    assert load(name).name == name


@pytest.mark.parametrize("path", [(), ("prices",), ("ledger",), ("--quiet",)])
def test_no_command_is_a_usage_error(path: tuple[str, ...]) -> None:
    ran = llmcost(*path)
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    if path == ("--quiet",):
        assert ran.err == "error: missing command\nhint: see `llmcost --help`\n"
    else:
        assert ran.err.startswith("Usage: llmcost")


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        (["reprot"], "unknown command 'reprot'; did you mean 'report'?", "llmcost"),
        (["--ledger", "x.db", "reprot"], "unknown command 'reprot'; did you mean 'report'?", "llmcost"),
        (["--json", "zzzz"], "unknown command 'zzzz'", "llmcost"),
        (["prices", "shwo"], "unknown command 'shwo'; did you mean 'show'?", "llmcost prices"),
        (["--tz", "UTC", "ledger", "-q", "chekc"], "unknown command 'chekc'; did you mean 'check'?", "llmcost ledger"),
        (["none"], "unknown command 'none'", "llmcost"),
        (["requests", "--tpo", "3"], "unknown option '--tpo'; did you mean '--top'?", "llmcost requests"),
        (["--jsn", "report"], "unknown option '--jsn'; did you mean '--json'?", "llmcost"),
        (["export", "--zzzzzz"], "unknown option '--zzzzzz'", "llmcost export"),
        (["prices", "show"], "missing argument 'MODEL'", "llmcost prices show"),
        (["prices", "diff", "a"], "missing argument 'B'", "llmcost prices diff"),
        (["ledger", "forget"], "missing option '--user'", "llmcost ledger forget"),
        (["ledger", "undo", "x"], "invalid value for 'BATCH': 'x' is not a whole number", "llmcost ledger undo"),
        (["requests", "--top", "1.5"], "invalid value for '--top': '1.5' is not a whole number", "llmcost requests"),
        (["export", "--ledger"], "option '--ledger' requires an argument", "llmcost export"),
        (["lint", "--ignore"], "option '--ignore' requires an argument", "llmcost lint"),
        (["--ledger"], "option '--ledger' requires an argument", "llmcost"),
        (["help", "reprot"], "unknown command 'reprot'; did you mean 'report'?", "llmcost"),
        (["config", "show", "extra"], "too many arguments: (extra)", "llmcost config show"),
        (["--version=3"], "option '--version' does not take a value", "llmcost"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_two_lines(line: list[str], error: str, hint: str) -> None:
    ran = llmcost(*line)
    assert ran == (2, "", f"error: {error}\nhint: see `{hint} --help`\n")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (["help"], ["--help"]), (["help", "report"], ["report", "--help"]),
        (["help", "budget", "check"], ["budget", "check", "--help"]),
        (["version"], ["--version"]), (["-v"], ["--version"]),
    ],
)  # fmt: skip
def test_other_words_for_help_and_version(line: list[str], meant: list[str]) -> None:
    assert llmcost(*line) == llmcost(*meant)
    assert llmcost(*line).code == 0


def test_what_an_option_takes_is_named() -> None:
    for path, _ in EVERY:
        assert not re.search(r"<\w+>", llmcost(*path, "--help").out), path


@pytest.mark.parametrize("top", ["-1", "1000000001", "9223372036854775808"])
def test_a_count_out_of_range(top: str) -> None:
    ran = llmcost("requests", f"--top={top}")
    assert (ran.code, ran.out) == (2, "")
    assert f"{top} is not in the range" in ran.err
    assert len(ran.err.splitlines()) == 2


@pytest.mark.parametrize("hostile", ["\x1b[2Jx", "a\nb", "\u202ex", "\x9b31m"])
def test_a_hostile_word_does_not_reach_the_terminal(hostile: str) -> None:
    for line in ([hostile], ["prices", hostile], [f"--{hostile}"], ["requests", "--top", hostile]):
        ran = llmcost(*line)
        assert (ran.code, ran.out) == (2, "")
        assert not set(ran.err) & set("\x1b\x9b\u202e")
        assert [text.split(":")[0] for text in ran.err.splitlines()] == ["error", "hint"]
