from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from llmcost.cli import estimate_options
from llmcost.cli.environment import Env
from llmcost.core.errors import LedgerError
from llmcost.ledger.sqlite import SqliteLedger
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
    assert "1 file counted as chat messages" in ran.err
    assert estimate("body.json", "-m", "gpt-5", "--json").json["items"][0]["input_tokens"] == 7


def test_several_models_are_compared() -> None:
    write("p.txt", "hello")
    ran = estimate("p.txt", "-m", "gpt-4o", "-m", "claude-x", "-m", "gpt-4o-mini", "-m", "gpt-4o", "--json")
    assert [each["model"] for each in ran.json["models"]] == ["gpt-4o-mini", "gpt-4o", "claude-x"]
    assert [item["input_tokens_exact"] for item in ran.json["items"]] == [True, False, True]
    assert "o200k_base x" in ran.json["items"][1]["counted_with"]
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
        (("p.txt", "-m", "gpt-4o,gpt-5"), "error: --model takes one name, not 'gpt-4o,gpt-5'"),
        (("p.txt", "-m", "gpt-4o", "--provider", "opnai"), "unknown provider 'opnai' of model 'gpt-4o' (--model); did"),
        (("body.json",), "no price for model 'no-such-model' (the request's own `model`)"),
        (("p.txt", "--tier", "bach"), "unknown tier 'bach'; did you mean 'batch'?"),
        (("p.txt", "--per", "day"), "--per day without --calls"),
        (("p.txt", "--calls", "5", "--per", "week"), "unknown --per 'week'"),
        (("p.txt", "--calls", "0"), "--calls '0' is none"),
        (("p.txt", "--calls", "1.5"), "--calls '1.5' is not a whole number"),
        (("p.txt", "--calls", "1e9"), "--calls '1e9' is not a whole number"),
        (("p.txt", "--calls", "9000000000k"), "implausible number: 9000000000k"),
        (("p.txt", "--output-tokens", "-1"), "--output-tokens"),
        (("p.txt", "--output-tokens", "9" * 15), "implausible number"),
        (("p.txt", "-"), "cannot be mixed"),
        (("p.txt", "--format", "csv"), "unknown format 'csv'"),
        (("p.txt", "-m", "text-embedding-3-small", "--output-tokens", "1"), "no rate for output"),
        (("p.txt", "--output-tokens", "p95"), "--output-tokens 'p95' is not a whole number"),
        (("p.txt", "--output-tokens", ""), "--output-tokens is empty"),
        (("p.txt", "--app", " "), "--app is empty"),
        (("p.txt", "--output-tokens", "½"), "'½' is not a whole number"),
        (("p.txt", "--output-tokens", "p50", "--ledger", "absent.db"), "no ledger at absent.db"),
        (("p.txt", "-m", "gpt-4o", "--cached-share", "80%"), "'gpt-4o' has no cheaper rate for cached input"),
        (
            ("p.txt", "-m", "gpt-4o", "--batch", "--cached-share", "80%"),
            "'gpt-4o' has no cheaper rate for cached input at tier batch",
        ),
        (("p.txt", "-m", "gpt-cached", "--cached-share", "80"), "--cached-share '80' is no share"),
        (("p.txt", "--all", "-m", "gpt-4o"), "--all and --model exclude each other"),
        (("p.txt", "--all", "--provider", "antropic"), "did you mean 'anthropic'?"),
        (("p.txt", "--batch", "--tier", "flex"), "--batch and --tier flex exclude each other"),
        (("p.txt", "--var", "name"), "--var 'name' is not NAME=TEXT"),
        (("p.txt", "--var", "name=@absent"), "cannot read absent"),
        (("p.txt", "--where", "ap=x"), "unknown dimension 'ap'; did you mean 'app'?"),
        (("*.mdx",), "error: no file matches '*.mdx'"),
        (("link.txt",), "error: link.txt is a link that leads nowhere, to absent"),
        (("doc.pdf",), "error: doc.pdf is not text"),
        (("big.txt",), "error: big.txt is larger than 64 MiB"),
    ],
)
def test_mistakes_are_two_lines_and_exit_2(arguments: tuple[str, ...], message: str) -> None:
    write("p.txt", "hello")
    write("x.bin", b"a\0b")
    write("body.json", '{"model": "no-such-model", "messages": [{"role": "user", "content": "x"}]}')
    write("doc.pdf", b"%PDF-1.7\nhello")
    Path("empty").mkdir()
    Path("link.txt").symlink_to("absent")
    with Path("big.txt").open("wb") as big:
        big.truncate(2**30)
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


def test_all_models_of_a_provider_cheapest_first() -> None:
    write("p.txt", "hello")
    ran = estimate("p.txt", "--all", "--provider", "anthropic", "--json")
    assert [each["model"] for each in ran.json["models"]][:1] != []
    assert {each["provider"] for each in ran.json["models"]} == {"anthropic"}
    costs = [Decimal(each["total_usd"]) for each in ran.json["models"]]
    assert costs == sorted(costs)
    assert len(ran.json["items"]) == len(costs) > 5
    table = estimate("p.txt", "--all", "--top", "3").out
    assert table.count("\n") < 10
    assert "dearer ones (--top 0 shows all" in table
    assert "gpt-image" not in estimate("p.txt", "--all", "--top", "0").out


@pytest.mark.parametrize(
    ("text", "number"), [("10k", 10_000), ("10,000", 10_000), ("1_000", 1_000), ("1.5M", 1_500_000)]
)
def test_numbers_as_people_write_them(text: str, number: int) -> None:
    write("p.txt", "hello")
    ran = estimate("p.txt", "--calls", text, "--output-tokens", text, "--json").json
    assert (ran["calls"], ran["items"][0]["output_tokens"]) == (number, number)


def test_prompts_yaml_at_the_top_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".git").mkdir()
    write("prompts.yaml", "prompts: [{path: prompts/a.md, model: gpt-4o, calls_per_month: 7}]")
    write("prompts/a.md", "hello")
    monkeypatch.chdir("prompts")
    (item,) = estimate("a.md", "--prices", "../pricing.yaml", "--json").json["items"]
    assert (item["path"], item["model"], item["calls"]) == ("a.md", "gpt-4o", 7)
    write("prompts.yaml", "prompts: [{path: a.md, model: gpt-5}]")
    assert estimate("a.md", "--prices", "../pricing.yaml", "--json").json["items"][0]["model"] == "gpt-5"
    Path("prompts.yaml").write_text("model: [", "utf-8")
    assert estimate("a.md").code == 2


def test_prompts_yaml_above_that_is_no_repository_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    write("prompts.yaml", "model: gpt-5")
    write("prompts/a.md", "hello")
    monkeypatch.chdir("prompts")
    assert estimate("a.md", "--prices", "../pricing.yaml", "--json").json["items"][0]["model"] == "gpt-4o-mini"


def test_a_declared_file_that_is_not_there_is_said() -> None:
    rules = "/prompts/a.md", "prompts/nope.md", "prompts/*.txt", "src/gone.py:ask#1", "src/bot.py:ask#1", "b.md"
    write("prompts.yaml", f"prompts: [{', '.join(f'{{path: {rule!r}}}' for rule in rules)}]")
    write("prompts/a.md", "hello")
    write("src/bot.py", "")
    ran = estimate("prompts/a.md")
    said = [line for line in ran.err.splitlines() if "no such file" in line]
    assert said == [
        "prompts.yaml: no such file: prompts/nope.md", "prompts.yaml: no such file: src/gone.py:ask#1",
    ]  # fmt: skip


def test_a_text_in_place_of_a_path() -> None:
    ran = estimate("hello world")
    assert ran.err.endswith("hint: pipe a text in and name it -: echo 'hello world' | llmcost estimate -\n")


def test_a_share_of_the_input_from_the_cache() -> None:
    write("p.txt", "word " * 1_500)
    ran = estimate("p.txt", "-m", "gpt-cached", "--cached-share", "50%", "--json")
    # 754 x 2 + 754 x 0.5 $/M
    assert (ran.json["items"][0]["cached_input_tokens"], ran.json["total_usd"]) == (754, "0.001885")
    ran = estimate("p.txt", "-m", "gpt-cached", "--cached-share", "0.5")
    assert "cached: 50.0% of the input, at the rate of cached input\n" in ran.out


def test_a_placeholder_ends_what_can_come_from_the_cache() -> None:
    """As `diff` and `lint` reckon, whatever is declared."""
    static = "word" + " word" * 1_299
    write("prompts.yaml", "prompts: [{path: '*', model: gpt-cached, cached_share: 90%}]")
    write("end.txt", static + " {{date}}")
    write("start.txt", "{{date}} " + static)
    messages = [{"role": "system", "content": static}, {"role": "user", "content": "{{date}} " + static}]
    write("chat.json", json.dumps({"messages": messages}))
    write("loop.j2", "{# a comment #}{% for x in y %}{% endfor %}" + static)
    for name, cached in (("end.txt", 1_177), ("start.txt", 0), ("chat.json", 1_280), ("loop.j2", 0)):
        assert estimate(name, "--json").json["items"][0]["cached_input_tokens"] == cached
    capped = "cached: 0 tokens of the declared 90.0% of the input, as no more can come from a cache"
    assert capped in estimate("start.txt").out


def test_batch_is_short_for_a_tier() -> None:
    write("p.txt", "hello")
    ran = estimate("p.txt", "-m", "gpt-4o", "--batch", "--json")
    assert (ran.json["total_usd"], ran.json["items"][0]["price"]["tier"]) == ("0.00001", "batch")
    assert estimate("p.txt", "--batch", "--tier", "batch").code == 0


def test_patterns_and_ignored_files() -> None:
    for name in ("p/a.md", "p/b/c.md", "p/x.log", "q.md", ".git/HEAD"):
        write(name, "hello")
    write(".gitignore", "*.log\n")
    assert [item["path"] for item in estimate("p/**/*.md", "--json").json["items"]] == ["p/a.md", "p/b/c.md"]
    ran = estimate("p", "--json")
    assert (len(ran.json["items"]), ran.json["skipped"]) == (2, {"ignored": 1})
    assert [(each["path"], each["prompts"]) for each in ran.json["folders"]] == [("p", 2), ("p/b", 1)]
    assert "skipped 1 ignored" in ran.err
    assert len(estimate("p", "--no-ignore", "--json").json["items"]) == 3
    assert [each["path"] for each in estimate(".", "--json").json["folders"]] == [".", "p"]


def test_a_file_of_requests_is_one_row() -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
    write("batch.jsonl", "".join(json.dumps({"custom_id": str(n), "body": body}) + "\n" for n in range(3)) + "{\n")
    ran = estimate("batch.jsonl", "--json")
    (item,) = ran.json["items"]
    assert (item["kind"], item["requests"], item["input_tokens"], item["cost_usd"]) == ("requests", 3, 24, "0.00006")
    assert ran.json["remarks"] == ["batch.jsonl: 1 line not counted; line 4: not valid JSON"]
    piped = estimate("-", "--json", stdin=Path("batch.jsonl").read_bytes())
    assert piped.json["items"][0]["requests"] == 3


def test_variables_and_what_they_leave() -> None:
    write("p.txt", "hello {{name}}{{rest}}")
    write("name.txt", "world")
    ran = estimate("p.txt", "--var", "name=@name.txt", "--var", "rest=", "--json")
    # hello, world and the 7 around them.
    assert (ran.json["items"][0]["input_tokens"], ran.json["items"][0]["input_tokens_exact"]) == (9, True)
    left = estimate("p.txt", "--var", "name=world", "--json").json["items"][0]
    assert (left["input_tokens_exact"], left["input_tokens_low"]) == (False, None)
    assert any("rest" in note for note in left["notes"])


LEDGER = ("--ledger", "ledger.db", "--tz", "UTC")


def spent(*rows: Mapping[str, object]) -> None:
    """A ledger of requests of the app `bot`, an hour apart."""
    lines = [
        {"timestamp": f"2026-05-30T{hour:02}:00:00Z", "request_id": f"r{hour}", "provider": "openai", "model": "gpt-4o",
         "input_tokens": 500, "app": "bot", **row}
        for hour, row in enumerate(rows)
    ]  # fmt: skip
    write("log.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    assert llmcost("ingest", "log.jsonl", *LEDGER, "--as-of", "2026-06-01T00:00:00Z").code == 0


def test_the_length_of_answers_as_the_ledger_measured_them() -> None:
    write("p.txt", "hello")
    spent(*({"output_tokens": tokens} for tokens in range(10, 110, 10)))
    ran = estimate("p.txt", "-m", "gpt-4o", "--output-tokens", "p90", "--app", "bot", "--json", *LEDGER)
    item = ran.json["items"][0]
    assert (item["output_tokens"], item["output_from"]) == (90, "p90 of 10 requests of app=bot in 30 days")
    # 8 x 2.5 + 90 x 10 $/M
    assert (item["cost_usd"], ran.json["cost_covers"]) == ("0.00092", "input and output")
    median = estimate("p.txt", "-m", "gpt-4o", "--output-tokens", "p50", "--where", "model=gpt-4o", *LEDGER)
    assert "output: 50 tokens (p50 of 10 requests of model=gpt-4o in 30 days)" in median.out


def test_a_prompt_is_found_in_the_ledger_by_its_path() -> None:
    write("p.txt", "hello")
    write("new.txt", "hello")
    spent({"output_tokens": 40, "prompt_id": "p.txt"})
    ran = estimate("p.txt", "new.txt", "-m", "gpt-4o", "--output-tokens", "p50", "--json", *LEDGER)
    assert [item["output_tokens"] for item in ran.json["items"]] == [40, None]
    assert ran.json["cost_covers"] == "input, and the output of some"
    assert "no requests in the ledger for 1 prompts: their output is not included" in ran.err
    unknown = estimate("new.txt", "--output-tokens", "p50", *LEDGER)
    assert (unknown.code, unknown.out) == (6, "")
    assert "the ledger has no whole request of new.txt" in unknown.err


def test_an_app_the_ledger_does_not_know_is_an_error() -> None:
    write("p.txt", "hello")
    spent({"output_tokens": 40})
    ran = estimate("p.txt", "--output-tokens", "p50", "--app", "bto", *LEDGER)
    assert ran.code == 6
    assert "the ledger has no whole request of app=bto in the last 30 days" in ran.err


def test_the_measured_input_of_an_app_fills_a_template() -> None:
    write("p.txt", "hello {{document}}")
    spent({"output_tokens": 40})
    item = estimate("p.txt", "-m", "gpt-4o", "--app", "bot", "--json", *LEDGER).json["items"][0]
    assert (item["input_tokens"], item["input_tokens_exact"]) == (500, False)


PROMPTS = """
output_tokens: 10
prompts:
  - {path: p.txt, model: gpt-4o, calls_per_month: 1000, cached_share: 0, variables: {name: world}}
  - {path: sized.txt, variable_tokens: {name: 100}}
"""


def test_what_prompts_yaml_declares() -> None:
    write("prompts.yaml", PROMPTS)
    write("p.txt", "hello {{name}}")
    write("sized.txt", "hello {{name}}")
    ran = estimate("p.txt", "sized.txt", "--json")
    one, two = ran.json["items"]
    assert (one["model"], one["output_tokens"], one["output_from"], one["calls"]) == (
        "gpt-4o",
        10,
        "prompts.yaml",
        1000,
    )
    # (9 x 2.5 + 10 x 10 $/M) x 1000
    assert (one["input_tokens"], one["monthly_usd"]) == (9, "0.1225")
    assert (two["model"], two["input_tokens"], two["input_tokens_exact"], two["monthly_usd"]) == (
        "gpt-4o-mini", 109, False, None,
    )  # fmt: skip
    assert estimate("p.txt", "-m", "gpt-5", "--output-tokens", "0", "--json").json["items"][0]["model"] == "gpt-5"
    write("prompts.yaml", "prompt: x\n")
    assert estimate("p.txt").code == 2


def test_a_table_of_a_folder_with_names_in_chinese() -> None:
    for name in ("提示词/翻译.txt", "提示词/英文/摘要.txt"):
        write(name, "你好，世界")
    ran = estimate("提示词", "-m", "gpt-4o")
    assert "提示词/英文/摘要.txt" in ran.out
    assert "提示词/英文/        1" in ran.out


def test_exact_counts_ask_only_where_we_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmcost.tokens import remote
    from llmcost.tokens.counter import Count

    asked: list[str] = []

    def exact_count(prompt: object, model: str, provider: str, environ: object) -> Count:
        asked.append(f"{provider}/{model}")
        return Count(12, True, "their count", 12, 12)

    monkeypatch.setattr(remote, "exact_count", exact_count)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    write("p.txt", "hello")
    ran = estimate("p.txt", "-m", "claude-x", "-m", "gpt-4o", "--exact", "--json")
    assert [item["input_tokens"] for item in ran.json["items"]] == [12, 8]
    assert asked == ["anthropic/claude-x"]
    every = estimate("p.txt", "--all", "--exact")
    assert (every.code, "--exact with --all would ask for every model" in every.err) == (2, True)


def test_ratios_that_the_ledger_taught(isolated: Path) -> None:
    from llmcost.cli.estimate_options import RATIOS_FILE
    from llmcost.tokens.calibration import FILE, dumped
    from llmcost.tokens.families import family_of
    from llmcost.tokens.ratios import Band

    assert RATIOS_FILE == FILE
    write("p.txt", "hello " * 100)
    before = estimate("p.txt", "-m", "claude-x", "--json").json["items"][0]
    family = family_of("claude-x").name
    write(f".config/llmcost/{FILE}", dumped({("anthropic", family, "latin"): Band(200, 190, 220, 50)}))
    after = estimate("p.txt", "-m", "claude-x", "--json").json["items"][0]
    assert after["input_tokens"] > before["input_tokens"] * 1.5
    assert after["input_tokens_low"] < after["input_tokens"] < after["input_tokens_high"]
    write(f".config/llmcost/{FILE}", "{")
    assert estimate("p.txt", "-m", "claude-x").code == 2


def test_the_mean_is_what_a_month_costs() -> None:
    write("p.txt", "hello")
    spent(*({"output_tokens": tokens} for tokens in (10, 10, 10, 1_000)))
    ran = estimate("p.txt", "-m", "gpt-4o", "--output-tokens", "mean", "--app", "bot", "--json", *LEDGER)
    item = ran.json["items"][0]
    # 1,030 / 4 = 257.5, to the even.
    assert (item["output_tokens"], item["output_from"]) == (258, "mean of 4 requests of app=bot in 30 days")


def test_the_ledger_is_opened_once_for_many_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        write(f"p{number}.txt", "hello")
    spent({"output_tokens": 40, "prompt_id": "p0.txt"})
    opened: list[SqliteLedger] = []
    open_ledger = Env.open_ledger

    def opening(self: Env, *, write: bool = False) -> SqliteLedger:
        opened.append(open_ledger(self, write=write))
        return opened[-1]

    monkeypatch.setattr(Env, "open_ledger", opening)
    assert estimate(".", "--output-tokens", "p50", *LEDGER).code == 0
    # Once for the lengths, once for what earlier predictions say.
    assert len(opened) == 2
    for ledger in opened:
        with pytest.raises(LedgerError, match="closed"):
            ledger.newest_at(0)


def test_exact_counts_are_few_and_foretold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_options, "MOST_ASKED", 4)
    for number in range(3):
        write(f"p/{number}.txt", "hello")
    ran = estimate("p", "-m", "gpt-4o", "--exact")
    assert (ran.code, ran.err.splitlines()[0]) == (
        0, "--exact: at most 3 questions to the provider, one after the other",
    )  # fmt: skip
    without_key = estimate("p", "-m", "claude-x", "--exact")
    assert (without_key.code, without_key.err.splitlines()[0]) == (2, "error: --exact needs Anthropic's key")
    for more in (("-m", "gpt-4o-mini"), ("-m", "gpt-4o-mini", "-m", "gpt-5", "-m", "gpt-cached", "-m", "claude-x")):
        ran = estimate("p", "-m", "gpt-4o", *more, "--exact")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("error: --exact would ask a provider more than 4 times\nhint: name fewer")
    monkeypatch.setattr(estimate_options, "MOST_ASKED", 2)
    assert estimate("p", "-m", "gpt-4o", "--exact").code == 2
