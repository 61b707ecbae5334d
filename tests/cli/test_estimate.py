from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.estimate.books import PRICES
from tests.run import Ran, llmcost


@pytest.fixture(autouse=True)
def prices(isolated: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices of our own, and one cache of compiled prices for all tests."""
    Path("pricing.yaml").write_text(PRICES, "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "prices-cache"))


def estimate(*arguments: str, stdin: bytes = b"") -> Ran:
    return llmcost("estimate", "--as-of", "2026-06-01T00:00:00Z", *arguments, stdin=stdin)


def write(name: str, text: str | bytes) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_file_by_the_default_model() -> None:
    write("prompt.txt", "hello")
    ran = estimate("prompt.txt", "--json")
    assert ran.code == 0
    (item,) = ran.json["items"]
    assert (item["path"], item["model"], item["kind"]) == ("prompt.txt", "gpt-4o-mini", "text")
    assert (item["input_tokens"], item["input_tokens_exact"], item["output_tokens"]) == (8, True, None)
    # 8 x 0.15 $/M
    assert (item["cost_usd"], ran.json["total_usd"]) == ("0.0000012", "0.0000012")
    assert item["price"]["usd_per_million"]["input"] == "0.15"
    assert (item["price"]["layer"], item["price"]["match"]) == ("./pricing.yaml", "exact")
    assert "model: gpt-4o-mini by default" in ran.err


def test_standard_input_and_output_tokens() -> None:
    for arguments in (("-",), ()):
        ran = estimate(*arguments, "--model", "gpt-4o", "--output-tokens", "100", "--json", stdin=b"hello")
        assert ran.json["items"][0]["path"] == "-"
        assert (ran.json["total_usd"], ran.json["cost_covers"]) == ("0.00102", "input and output")
        assert "by default" not in ran.err


def test_an_empty_input_is_seven_tokens_of_format() -> None:
    ran = estimate("-", "--json")
    assert ran.json["items"][0]["input_tokens"] == 7
    assert "-: empty" in ran.err


def test_unknown_output_is_said() -> None:
    write("p.txt", "hello")
    assert "output: not included" in estimate("p.txt").out


def test_chat_messages_and_the_model_of_a_request_body() -> None:
    write("body.json", json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}))
    ran = estimate("body.json", "--json")
    assert [(i["kind"], i["model"], i["input_tokens"]) for i in ran.json["items"]] == [("messages", "gpt-4o", 8)]
    assert "by default" not in ran.err
    assert "counted as chat messages" in ran.err
    assert estimate("body.json", "-m", "gpt-5", "--json").json["items"][0]["input_tokens"] == 7


def test_several_models_are_compared() -> None:
    write("p.txt", "hello")
    ran = estimate("p.txt", "-m", "gpt-4o", "-m", "claude-x", "-m", "gpt-4o-mini", "-m", "gpt-4o", "--json")
    assert [each["model"] for each in ran.json["models"]] == ["gpt-4o-mini", "gpt-4o", "claude-x"]
    assert [item["input_tokens_exact"] for item in ran.json["items"]] == [True, False, True]
    assert "uncalibrated" in ran.json["items"][1]["counted_with"]
    assert ran.json["total_usd"] is None


def test_calls_give_a_month() -> None:
    write("p.txt", "hello")
    ran = estimate("p.txt", "-m", "gpt-4o", "--calls", "12", "--per", "day", "--json")
    assert (ran.json["calls"], ran.json["per"], ran.json["monthly_usd"]) == (12, "day", "0.0073")
    assert estimate("p.txt", "-m", "gpt-4o", "--calls", "12", "--json").json["monthly_usd"] == "0.00024"


def test_a_tier() -> None:
    write("p.txt", "hello")
    assert estimate("p.txt", "-m", "gpt-4o", "--tier", "batch", "--json").json["total_usd"] == "0.00001"
    assert "no flex rate known" in estimate("p.txt", "-m", "gpt-4o", "--tier", "flex").err


def test_a_folder_counts_what_it_skips() -> None:
    for name, data in (("d/a.txt", "hello"), ("d/中文.md", "你好，世界"), ("d/x.bin", b"\0"), ("d/.env", "x")):
        write(name, data)
    ran = estimate("d", "--json")
    assert [(i["path"], i["input_tokens"]) for i in ran.json["items"]] == [("d/a.txt", 8), ("d/中文.md", 10)]
    assert ran.json["skipped"] == {"hidden": 1, "binary": 1}
    assert "skipped 1 hidden, 1 binary" in ran.err


def test_special_token_strings_are_text_and_bad_utf8_is_said() -> None:
    assert estimate("-", "--json", stdin=b"<|endoftext|>").json["items"][0]["input_tokens"] == 14
    ran = estimate("-", "--json", stdin=b"caf\xe9")
    assert ran.json["items"][0]["input_tokens_exact"] is False
    assert "1 characters replaced" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("absent.txt",), "error: no such file or folder: absent.txt"),
        (("x.bin",), "error: x.bin is not text"),
        (("empty",), "error: no text files in empty"),
        (("p.txt", "-m", "gpt-4o-mni"), "did you mean 'gpt-4o-mini'?"),
        (("body.json",), "no price for model 'no-such-model' (the request's own `model`)"),
        (("p.txt", "--tier", "bach"), "unknown tier 'bach'; did you mean 'batch'?"),
        (("p.txt", "--per", "day"), "--per day without --calls"),
        (("p.txt", "--calls", "5", "--per", "week"), "unknown --per 'week'"),
        (("p.txt", "--calls", "0"), "--calls"),
        (("p.txt", "--output-tokens", "-1"), "--output-tokens"),
        (("p.txt", "--output-tokens", "9" * 15), "implausible number"),
        (("p.txt", "-"), "cannot be mixed"),
        (("p.txt", "--format", "csv"), "unknown format 'csv'"),
        (("p.txt", "-m", "text-embedding-3-small", "--output-tokens", "1"), "no rate for output"),
    ],
)
def test_mistakes_are_two_lines_and_exit_2(arguments: tuple[str, ...], message: str) -> None:
    write("p.txt", "hello")
    write("x.bin", b"a\0b")
    write("body.json", '{"model": "no-such-model", "messages": [{"role": "user", "content": "x"}]}')
    Path("empty").mkdir()
    ran = estimate(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert message in lines[-2]
    assert lines[-1].startswith("hint: ")


def test_start_up_loads_little() -> None:
    write("p.txt", "hello")
    assert estimate("p.txt").code == 0
    program = (
        "import sys; from llmcost.cli.entry import run; code = run(['estimate', 'p.txt', '--json'])\n"
        "print(code, *sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, *modules = done.stderr.splitlines()[-1].split()
    assert code == "0"
    assert "toktok" in modules
    assert not {"rich", "plotext", "sqlite_utils", "pydantic", "genai_prices", "yaml", "numpy"} & set(modules)
    unknown = subprocess.run(
        [sys.executable, "-c", program.replace("'p.txt'", "'p.txt', '-m', 'nope'")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, *modules = unknown.stderr.splitlines()[-1].split()
    assert code == "2"
    assert "toktok" not in modules
