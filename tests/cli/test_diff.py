"""`llmcost diff` on real repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.usage import Usage
from llmcost.ledger.sqlite import SqliteLedger
from tests.estimate.diff.repos import Repo
from tests.ledger import samples
from tests.run import Ran, llmcost

AS_OF = "2026-06-30T00:00:00Z"
DAY = samples.DAY
#: AS_OF in microseconds.
NOW = 20_634 * DAY
PRICES = """
version: 1
models:
  - {model: gpt-4o, provider: openai, input: 2, cached_input: 1, output: 10}
  - {model: gpt-4o-mini, provider: openai, input: 0.2, cached_input: 0.1, output: 1}
"""
PROMPT = "---\nmodel: gpt-4o\n---\nx" + " word" * 92  # 93 tokens, 100 as a message
LONGER = PROMPT + " word" * 100
DECLARED = "calls_per_month: 1000\noutput_tokens: 10\n"


@pytest.fixture
def repo(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = Repo(isolated / "repo", monkeypatch)
    (isolated / "pricing.yaml").write_text(PRICES)
    monkeypatch.setenv("LLMCOST_PRICES", str(isolated / "pricing.yaml"))
    monkeypatch.setenv("LLMCOST_LEDGER", str(isolated / "ledger.db"))
    monkeypatch.chdir(made.folder)
    return made


def diff(*arguments: str) -> Ran:
    return llmcost("diff", "--as-of", AS_OF, *arguments)


def document(*arguments: str) -> Any:
    ran = diff("--json", *arguments)
    assert ran.code == 0, ran.err
    return ran.json


def fill(isolated: Path, *, prompt: str = "prompts/a.txt", newest: int = NOW - DAY, cached: int = 0) -> None:
    """Eleven requests over ten days, one a day, of 20 tokens out each."""
    ledger = SqliteLedger(isolated / "ledger.db", write=True)
    usage = Usage(input=500 - cached, cached=cached, output=20)
    samples.add(
        ledger,
        *(samples.row(f"openai:{n}", ts=newest - n * DAY, usage=usage, prompt_id=prompt) for n in range(11)),
    )
    ledger.close()


def test_a_declared_prompt(repo: Repo) -> None:
    base = repo.commit({"prompts.yaml": DECLARED, "prompts/a.txt": PROMPT, "other.txt": "1"})
    repo.write("prompts/a.txt", LONGER)
    repo.write("other.txt", "2")
    found = document()
    assert found["files"] == [
        {
            "path": "prompts/a.txt", "change": "changed", "moved_from": None,
            "model_before": "gpt-4o", "model_after": "gpt-4o",
            "input_tokens_before": 100, "input_tokens_after": 200, "cached_tokens_before": 0, "cached_tokens_after": 0,
            "exact": True, "counted_with_before": "o200k_base", "counted_with_after": "o200k_base",
            "output_tokens_before": 10, "output_tokens_after": 10, "output_source": "declared",
            "call_usd_before": "0.0003", "call_usd_after": "0.0005",
            "call_usd_low": "0.0005", "call_usd_high": "0.0005",
            "calls_per_month_before": 1000, "calls_per_month": 1000, "calls_source": "declared",
            "month_usd_before": "0.3", "month_usd_after": "0.5",
            "increase_usd": "0.2", "increase_usd_low": "0.2", "increase_usd_high": "0.2", "unknown": [], "notes": [],
        }
    ]  # fmt: skip
    assert {key: value for key, value in found.items() if key != "files"} == {
        "schema_version": 1, "as_of": AS_OF, "base": base, "head": "the working tree",
        "model_swaps": [], "max_tokens_changes": [], "cache_prefix": [],
        "total": {"month_usd_before": "0.3", "month_usd_after": "0.5", "increase_usd": "0.2", "increase_usd_low": "0.2",
                  "increase_usd_high": "0.2", "files": 1, "unknown": 0},
        "unread": [], "verdict": "ok", "over": [], "problems": [],
    }  # fmt: skip
    assert diff().out == (
        "1 prompt changed, +$0.2000 a month\n"
        f"comparing {base[:9]}, where HEAD left main, with the working tree\n\n"
        "prompts/a.txt  changed\n"
        "  100 -> 200 input tokens, $0.000300 -> $0.000500 a call\n"
        "  +$0.2000 a month, 1,000 calls declared\n"
    )


def test_measured_calls_answers_and_cache(repo: Repo, isolated: Path) -> None:
    fill(isolated)
    repo.commit({"prompts/a.txt": PROMPT})
    repo.write("prompts/a.txt", LONGER)
    (file,) = document()["files"]
    # 11 requests in 10 days are 33.46 in a month of 365/12.
    assert (file["calls_per_month"], file["calls_source"]) == (33, "measured")
    assert (file["output_tokens_after"], file["output_source"]) == (20, "measured")
    assert file["increase_usd"] == "0.0066"
    assert diff("--strict").code == 0


def test_three_kinds_of_change_have_sections_of_their_own(repo: Repo) -> None:
    body = {"model": "gpt-4o-mini", "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]}
    repo.commit(
        {
            "prompts.yaml": DECLARED + "cached_share: 50%\n",
            "prompts/a.json": json.dumps(body),
            "prompts/b.txt": PROMPT + " word" * 1300,
        }
    )
    repo.write("prompts/a.json", json.dumps({**body, "model": "gpt-4o", "max_tokens": 20}))
    repo.write("prompts/b.txt", PROMPT.replace("\nx", "\n{{now}} x") + " word" * 1300)
    found = document()
    (swap,), (limit,), (prefix,) = found["model_swaps"], found["max_tokens_changes"], found["cache_prefix"]
    # 8 tokens in, 10 out.
    assert swap == {
        "path": "prompts/a.json", "before": "gpt-4o-mini", "after": "gpt-4o", "call_usd_before": "0.0000116",
        "call_usd_after": "0.000116",
    }  # fmt: skip
    assert limit == {
        "path": "prompts/a.json", "before": 10, "after": 20, "call_usd_at_most_before": "0.0000116",
        "call_usd_at_most_after": "0.000216",
    }  # fmt: skip
    # Of 1,400 tokens 700 were declared to be cached.
    assert prefix == {
        "path": "prompts/b.txt", "line": 4, "placeholder": "now", "cacheable_tokens_before": 1280,
        "cacheable_tokens_after": 0, "minimum_tokens": 1024, "lost_tokens": 700, "lost_usd_per_call": "0.0007",
        "lost_usd_per_month": "0.7", "basis": "declared",
    }  # fmt: skip
    out = diff().out
    for line in (
        "Model swaps", "  prompts/a.json: gpt-4o-mini -> gpt-4o", "    $0.000011600 a call -> $0.000116 a call",
        "max_tokens", "  prompts/a.json: 10 -> 20, at most $0.000216 a call", "Broken cache prefix",
        "  prompts/b.txt, line 4: {{now}} now ends what can be cached",
        "    1,280 -> 0 tokens, under the provider's 1,024 (cached share as declared)",
        "    the discount on 700 is lost: +$0.000700 a call, +$0.7000 a month",
    ):  # fmt: skip
        assert f"\n{line}\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_call_in_a_program(repo: Repo) -> None:
    program = "def f(q):\n    return c.responses.create(model='{}', instructions='{}', input=q)\n"
    repo.commit({"prompts.yaml": DECLARED, "src/a.py": program.format("gpt-4o-mini", "Be kind")})
    repo.write("src/a.py", program.format("gpt-4o", "Be kind to all"))
    found = document()
    (file,) = found["files"]
    assert (file["path"], file["model_after"]) == ("src/a.py:f#1", "gpt-4o")
    assert file["input_tokens_after"] > file["input_tokens_before"]
    assert [swap["path"] for swap in found["model_swaps"]] == ["src/a.py:f#1"]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--fail-over-usd", "0.2"), 0, "within the limits: +$0.2000 a month"),
        (("--fail-over-usd", "0.199999999"), 3, "over the limit: +$0.2000 a month is above the limit of $0.2000"),
        (("--fail-over-usd", "$0.1"), 3, "over the limit"),
        (("--fail-over-pct", "66.7"), 0, "within the limits"),
        (("--fail-over-pct", "66.6"), 3, "over the limit: +66.7% is above the limit of 66.6%"),
        (("--fail-over-pct", "10%", "--fail-over-usd", "0"), 3, "of $0.00, +66.7% is above the limit of 10%"),
        (("--strict",), 6, "no verdict, the data is not enough: no ledger"),
        (("--strict", "--fail-over-usd", "0"), 3, "above the limit of $0.00; also: no ledger"),
    ],
)
def test_gates(repo: Repo, options: tuple[str, ...], code: int, said: str) -> None:
    repo.commit({"prompts.yaml": DECLARED, "prompts/a.txt": PROMPT})
    repo.write("prompts/a.txt", LONGER)
    ran = diff(*options, "-q")
    assert ran.code == code
    assert said in ran.err
    assert json.loads(diff(*options, "--json").out)["verdict"] == {0: "ok", 3: "over", 6: "data"}[code]


def test_an_empty_or_stale_ledger_and_what_is_unpriced_fail_when_strict(repo: Repo, isolated: Path) -> None:
    repo.commit({"prompts.yaml": DECLARED, "prompts/a.txt": PROMPT})
    repo.write("prompts/a.txt", LONGER)
    SqliteLedger(isolated / "ledger.db", write=True).close()
    assert "the ledger has no request up to now" in diff("--strict").err
    fill(isolated, prompt="x", newest=NOW - 8 * DAY)
    stale = diff("--strict")
    assert (stale.code, "older than 7d" in stale.err) == (6, True)
    assert diff("--strict", "--max-age", "8d").code == 0
    repo.write("prompts/a.txt", LONGER.replace("gpt-4o", "no-such-model"))
    ran = diff("--strict", "--max-age", "8d")
    assert ran.code == 6
    assert "prompts/a.txt: no price for model 'no-such-model'" in ran.err
    assert "--model" not in ran.err
    loose = diff("--fail-over-usd", "0")
    assert loose.code == 0
    assert "1 prompt of unknown cost not judged" in loose.err
    assert "gpt-4o -> no-such-model\n    $0.000300 a call -> unpriced" in loose.out
    (file,) = json.loads(diff("--json").out)["files"]
    assert (file["call_usd_after"], file["month_usd_after"], file["increase_usd"]) == (None, None, None)


def test_unknown_calls_are_a_dash_and_null(repo: Repo) -> None:
    repo.commit({"prompts/a.txt": PROMPT})
    repo.write("prompts/a.txt", LONGER)
    ran = diff()
    assert ran.code == 0
    assert "1 prompt changed, cost per month unknown" in ran.out
    assert "  100 -> 200 input tokens, $0.000200 -> $0.000400 a call, input only\n  per month unknown: calls" in ran.out
    assert "no ledger: calls per month" in ran.err
    assert diff("--format", "markdown").out.splitlines()[4] == (
        "| prompts/a.txt | changed | 100 -&gt; 200 | $0.000200 -&gt; $0.000400, input only | - | - |"
    )
    (file,) = document()["files"]
    assert (file["calls_per_month"], file["calls_source"], file["month_usd_after"]) == (None, None, None)
    assert diff("--strict").code == 6


def test_nothing_changed(repo: Repo) -> None:
    repo.commit({"prompts/a.txt": PROMPT, "a.py": "x = 1\n"})
    repo.write("a.py", "x = 2\n")
    for options in ((), ("--strict", "--fail-over-usd", "0", "--fail-over-pct", "0")):
        ran = diff(*options)
        assert ran.code == 0
        assert ran.out.startswith("no change in prompts, models or limits")


def test_a_model_for_prompts_without_one(repo: Repo) -> None:
    repo.commit({"prompts.yaml": DECLARED, "prompts/a.txt": "one"})
    repo.write("prompts/a.txt", "one two")
    assert "no model: name it in prompts.yaml or with --model" in diff().out
    assert document("--model", "gpt-4o")["files"][0]["model_after"] == "gpt-4o"


def test_a_config_of_ones_own(repo: Repo, isolated: Path) -> None:
    repo.commit({"prompts.yaml": DECLARED, "prompts/a.txt": PROMPT, "texts/b.txt": "1"})
    repo.write("texts/b.txt", "2 3")
    (isolated / "own.yaml").write_text("include: [texts/]\nmodel: gpt-4o\ncalls_per_month: 7\n")
    (file,) = document("--config", str(isolated / "own.yaml"))["files"]
    assert (file["path"], file["calls_per_month"]) == ("texts/b.txt", 7)


def test_staged_and_between_commits(repo: Repo) -> None:
    repo.commit({"prompts.yaml": DECLARED, "prompts/a.txt": PROMPT})
    repo.write("prompts/a.txt", LONGER)
    assert document("--staged")["files"] == []
    repo.git("add", "-A")
    assert [file["path"] for file in document("--staged")["files"]] == ["prompts/a.txt"]
    repo.commit()
    assert [file["path"] for file in document("HEAD~1..HEAD")["files"]] == ["prompts/a.txt"]
    assert document("HEAD..HEAD")["files"] == []


def test_what_was_foretold_can_be_recorded(repo: Repo, isolated: Path) -> None:
    repo.commit({"prompts.yaml": DECLARED, "prompts/a.txt": PROMPT})
    repo.write("prompts/a.txt", LONGER)
    ran = diff("--record", "pr-1")
    assert (ran.code, "recorded as pr-1: 1 prediction" in ran.err) == (0, True)
    ledger = SqliteLedger(isolated / "ledger.db", write=False)
    (kept,) = ledger.predictions()
    ledger.close()
    assert (kept.name, kept.kind, kept.path, kept.input_tokens, kept.call_nano, kept.calls_per_month) == (
        "pr-1", "diff", "prompts/a.txt", 200, 500_000, 1000,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nope",), "no such git ref: 'nope'"),
        (("HEAD..nope", "--strict"), "no such git ref: 'nope'"),
        (("--", "-x"), "not a git ref: '-x'"),
        (("HEAD..HEAD", "--staged"), "--staged compares with the index"),
        (("--fail-over-usd", "much"), "--fail-over-usd 'much' is not an amount"),
        (("--fail-over-usd", "-1"), "--fail-over-usd '-1' is not an amount"),
        (("--fail-over-usd", "nan"), "--fail-over-usd 'nan' is not an amount"),
        (("--fail-over-pct", "-1"), "--fail-over-pct '-1' is not a percentage"),
        (("--fail-over-pct", "x"), "--fail-over-pct 'x' is not a percentage"),
        (("--max-age", "soon"), "soon"),
        (("--config", "absent.yaml"), "cannot read absent.yaml"),
        (("--model", "gpt-4o-mni"), "did you mean 'gpt-4o-mini'?"),
        (("--format", "csv"), "unknown format 'csv'"),
        (("--record", " "), "--record is blank"),
        (("a", "b"), "too many arguments"),
    ],
)
def test_mistakes_are_two_lines_and_exit_2(repo: Repo, arguments: tuple[str, ...], message: str) -> None:
    repo.commit({"prompts/a.txt": PROMPT})
    ran = diff(*arguments)
    assert (ran.code, ran.out) == (2, "")
    *_, error, hint = ran.err.splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert hint.startswith("hint: ")


def test_no_repository_and_no_commit(repo: Repo, isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "error: the repository has no commit yet" in diff().err
    monkeypatch.chdir(isolated)
    ran = diff()
    assert (ran.code, "error: no git repository at" in ran.err) == (2, True)


def test_a_wrong_key_is_no_silence(repo: Repo) -> None:
    repo.commit(
        {"prompts.yaml": "prompts:\n  - path: prompts/a.txt\n    calls: {per_month: 5}\n", "prompts/a.txt": "1"}
    )
    ran = diff("HEAD..HEAD")
    assert ran.code == 2
    assert ":3: unknown key 'calls'" in ran.err


def test_names_from_a_hostile_repository(repo: Repo) -> None:
    repo.commit({"prompts.yaml": DECLARED})
    name = "prompts/a|b`\n\x1b[31m<img>@all\u202e.txt"
    repo.write(name, PROMPT)
    repo.write("prompts/gone.py", "model(")
    for options in ((), ("--format", "markdown"), ("--json",)):
        ran = diff(*options)
        assert ran.code == 0
        assert not set("\x1b\u202e") & set(ran.out + ran.err)
        assert "a|b`\n" not in ran.out
    shown = diff("--format", "markdown").out
    assert "prompts/a\\|b\\`\ufffd\ufffd\\[31m&lt;img&gt;\\@all\ufffd.txt" in shown
    assert "prompts/gone.py: not Python this version reads (line 1)" in shown
    assert "not looked into: prompts/gone.py: not Python" in diff().err
    assert diff("--strict").code == 6


def test_both_counts_are_marked_where_one_is_no_exact_one(repo: Repo) -> None:
    """As in a comment, which is made from the same JSON."""
    repo.commit({"prompts.yaml": DECLARED, "prompts/a.txt": PROMPT})
    repo.write("prompts/a.txt", PROMPT + " too{{date}}")
    ran = diff()
    assert "  ~100 -> ~101 input tokens, " in ran.out
    assert "~ estimated: not countable in full here" in ran.out
    assert document()["files"][0]["exact"] is False
