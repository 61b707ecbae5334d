from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.estimate.lint.parts import PRICES
from tests.run import Ran, llmcost

TEXT = 'Say hello.   \n\nIn JSON:\n{\n  "a": 1\n}\n'
FIXED = 'Say hello.\n\nIn JSON:\n{"a":1}\n'


@pytest.fixture(autouse=True)
def prices(isolated: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices of our own, and one cache of compiled prices for all tests."""
    Path("pricing.yaml").write_text(PRICES, "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "lint-prices-cache"))


def lint(*arguments: str, stdin: bytes = b"") -> Ran:
    return llmcost("lint", "--as-of", "2026-06-01T00:00:00Z", *arguments, stdin=stdin)


def write(name: str, text: str | bytes = TEXT) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_prompts_of_the_folder_by_default() -> None:
    write("prompts/a.md")
    write("notes.md")
    write("b.py", "x = 1 \n")
    ran = lint("--json")
    assert ran.code == 0
    assert [file["path"] for file in ran.json["files"]] == ["prompts/a.md"]
    assert [each["rule"] for each in ran.json["files"][0]["findings"]] == ["trailing-blanks", "json-blanks"]
    write("prompts.yaml", "include: ['notes.md']\n")
    assert [file["path"] for file in lint("--json").json["files"]] == ["notes.md"]


def test_files_folders_patterns_and_standard_input() -> None:
    write("d/a.txt")
    write("d/b.py")
    write("d/c.jsonl", "{}")
    write("d/x.txt", b"\0")
    write("d/package.json", '{\n  "a": 1\n}\n')
    ran = lint("d", "--json")
    assert [file["path"] for file in ran.json["files"]] == ["d/a.txt"]
    assert ran.json["skipped"] == {"not_a_prompt": 3, "binary": 1}
    assert [file["path"] for file in lint("d/*.txt", "--json").json["files"]] == ["d/a.txt"]
    assert [file["path"] for file in lint("d/b.py", "--json").json["files"]] == ["d/b.py"]
    assert lint("-", "--json", stdin=TEXT.encode()).json["files"][0]["path"] == "-"


def test_fix_rewrites_once_and_diff_not_at_all() -> None:
    path = write("a.txt")
    path.chmod(0o640)
    shown = lint("a.txt", "--diff")
    assert "-Say hello.   \n+Say hello.\n" in shown.out
    assert path.read_text("utf-8") == TEXT
    ran = lint("a.txt", "--fix")
    assert (ran.code, path.read_text("utf-8"), path.stat().st_mode & 0o777) == (0, FIXED, 0o640)
    assert "fixed 1 file" in ran.err
    again = lint("a.txt", "--fix", "--json")
    assert (again.json["findings"], again.json["files"][0]["fixed"]) == (0, False)
    assert lint("a.txt", "--diff").out == "nothing to fix\n"


def test_fix_keeps_line_ends_front_matter_and_the_missing_last_one() -> None:
    path = write("a.md", b"---\r\nmodel: gpt-4o  \r\n---\r\nSay hello.   \r\n\r\nBye.   ")
    assert lint("a.md", "--fix").code == 0
    assert path.read_bytes() == b"---\r\nmodel: gpt-4o  \r\n---\r\nSay hello.\r\n\r\nBye.   "


def test_fix_writes_nothing_outside_of_what_was_named() -> None:
    secret = write("outside/secret.txt")
    Path("d").mkdir()
    Path("d/link.txt").symlink_to("../outside/secret.txt")
    ran = lint("d", "--fix")
    assert ran.code == 1
    assert "not fixed: d/link.txt leads to a file outside of d" in ran.err
    assert secret.read_text("utf-8") == TEXT
    assert lint("d/link.txt", "--fix").code == 1
    assert secret.read_text("utf-8") == TEXT


def test_rules_are_chosen() -> None:
    write("a.txt")
    rules = [each["rule"] for each in lint("a.txt", "--rule", "json-blanks", "--json").json["files"][0]["findings"]]
    assert rules == ["json-blanks"]
    assert lint("a.txt", "--fix", "--ignore", "json-blanks").code == 0
    assert Path("a.txt").read_text("utf-8") == TEXT.replace("hello.   ", "hello.")


def test_calls_and_models_from_options_declarations_and_the_ledger() -> None:
    write("prompts/a.md", TEXT + "word " * 1_500)
    unknown = lint("--json").json
    assert (unknown["monthly_usd"], unknown["files"][0]["calls"]) == (None, None)
    assert unknown["files"][0]["model"] == "gpt-4o-mini"
    lines = [
        {
            "timestamp": f"2026-05-{day:02}T00:00:00Z", "request_id": f"r{day}", "provider": "openai",
            "model": "gpt-4o", "input_tokens": 100, "cached_input_tokens": 50,
            "output_tokens": 5, "prompt_id": "prompts/a.md",
        }
        for day in range(10, 21)
    ]  # fmt: skip
    write("log.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    options = ("--ledger", "ledger.db", "--json")
    assert llmcost("ingest", "log.jsonl", "--ledger", "ledger.db").code == 0
    (file,) = lint(*options).json["files"]
    # 11 requests in 10 days.
    assert (file["model"], file["calls"], file["per"], file["calls_from"]) == ("gpt-4o", 33, "month", "ledger")
    saved = file["together"]["saved_tokens"]
    # Half of what is saved came from the cache, at half the price.
    assert abs(float(file["together"]["saved_usd"]) - saved * 0.75 * 2.5e-6) < 2e-6
    write("prompts.yaml", "prompts:\n  - {path: prompts/a.md, model: gpt-4o-mini, calls_per_month: 7}\n")
    (file,) = lint(*options).json["files"]
    assert (file["model"], file["calls"], file["calls_from"]) == ("gpt-4o-mini", 7, "prompts.yaml")
    (file,) = lint(*options, "--calls", "3", "--per", "day", "-m", "claude-sonnet-4-5").json["files"]
    assert (file["model"], file["calls"], file["per"], file["calls_from"]) == ("claude-sonnet-4-5", 3, "day", "--calls")


def test_a_gate_fails_closed() -> None:
    write("a.txt")
    assert lint("a.txt", "--calls", "1000000000", "--fail-over-usd", "1").code == 3
    assert lint("a.txt", "--calls", "10", "--fail-over-usd", "$1").code == 0
    ran = lint("a.txt", "--fail-over-usd", "1")
    assert ran.code == 6
    assert "no verdict" in ran.err
    write("clean.txt", "Say hello.\n")
    assert lint("clean.txt", "--fail-over-usd", "0").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("absent.txt",), "no such file or folder: absent.txt"),
        (("empty",), "no prompts in empty"),
        ((), "no prompts in this folder"),
        (("x.bin",), "x.bin is not text"),
        (("huge.txt",), "huge.txt is larger than 2 MiB"),
        (("a.txt", "--rule", "json-blank"), "unknown rule 'json-blank'; did you mean 'json-blanks'?"),
        (("a.txt", "--ignore", "x"), "unknown rule 'x'"),
        (("a.txt", "--fix", "--diff"), "--fix and --diff exclude each other"),
        (("-", "--fix"), "--fix cannot rewrite standard input"),
        (("-", "a.txt"), "cannot be mixed"),
        (("a.txt", "-m", "gpt-4p"), "did you mean"),
        (("a.txt", "--per", "day"), "--per day without --calls"),
        (("a.txt", "--fail-over-usd", "lots"), "--fail-over-usd 'lots' is no amount"),
        (("a.txt", "--fail-over-usd", "-1"), "--fail-over-usd '-1' is no amount"),
        (("a.txt", "--format", "csv"), "unknown format 'csv'"),
    ],
)
def test_mistakes_are_two_lines_and_exit_2(arguments: tuple[str, ...], message: str) -> None:
    write("a.txt")
    write("x.bin", b"a\0b")
    write("huge.txt", b"a" * (2 * 2**20 + 1))
    Path("empty").mkdir()
    ran = lint(*arguments)
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert message in lines[-2]
    assert lines[-1].startswith("hint: ")


@pytest.mark.parametrize(
    "text",
    [
        "[\n" * 50_000, "{{" * 100_000, "<!--" * 50_000, "`\n" * 30_000, " " * 300_000 + "x", '{"a":\n' * 30_000,
        "a \n" * 20_000, "\n" * 100_000, "a" * 500_000,
    ],
)  # fmt: skip
def test_hostile_texts_end(text: str) -> None:
    write("a.txt", text)
    assert lint("a.txt", "--diff").code == 0


def test_prompts_yaml_at_the_top_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".git").mkdir()
    write("prompts.yaml", "prompts: [{path: prompts/a.md, calls_per_month: 7}, {path: prompts/nope.md}]")
    write("prompts/a.md")
    monkeypatch.chdir("prompts")
    ran = lint("--json")
    (file,) = ran.json["files"]
    assert (file["path"], file["calls"], file["calls_from"]) == ("a.md", 7, "prompts.yaml")
    assert "prompts.yaml: no such file: prompts/nope.md\n" in ran.err
