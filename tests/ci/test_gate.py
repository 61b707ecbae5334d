"""gate.sh, and the five pull requests that show it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.ci.runner import EXAMPLES, bash, executable, tools
from tests.ci.shop import AS_OF, shop


def test_five_pull_requests(tmp_path: Path, isolated: Path) -> None:
    tools(tmp_path / "bin")
    ran = bash(EXAMPLES / "pull_requests.sh", bin_=tmp_path / "bin", LLMCOST_AS_OF="2020-01-01", GATE_STRICT="maybe")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [line for line in ran.stdout.splitlines() if not line.startswith(" ")] == [
        "small-edit: exit code 0", "larger-model: exit code 3", "over-budget: exit code 3",
        "heading-over: exit code 4", "stale-ledger: exit code 6",
    ]  # fmt: skip
    for said in (
        "over the limit: +$46.53 a month is above the limit of $20.00",
        "over budget: support month 2026-11 spent $45.00 of $40.00",
        "forecast over budget: support month 2026-11 heads for $",
        "no verdict, the data is not enough: the newest request is of 2026-11-30T12:00:00Z",
    ):
        assert f"    {said}" in ran.stdout
    assert sorted(isolated.iterdir()) == []


def test_a_gate_that_lets_all_through_is_noticed(tmp_path: Path) -> None:
    tools(tmp_path / "bin")
    shutil.copy(EXAMPLES / "pull_requests.sh", tmp_path)
    executable(tmp_path / "gate.sh", "exit 0")
    ran = bash(tmp_path / "pull_requests.sh", bin_=tmp_path / "bin")
    assert ran.returncode == 1
    assert ran.stdout.count("expected") == 4


@pytest.mark.parametrize(
    ("diff", "budget", "code"),
    [
        (0, 0, 0), (0, 5, 5), (5, 4, 4), (6, 4, 6), (4, 6, 6), (3, 6, 3), (6, 3, 3), (2, 3, 2), (3, 2, 2), (1, 2, 1),
        (0, 1, 1), (130, 3, 130), (0, 127, 127),
    ],
)  # fmt: skip
def test_the_first_of_several_codes_counts(tmp_path: Path, diff: int, budget: int, code: int) -> None:
    executable(tmp_path / "bin" / "llmcost", f"case $1 in diff) exit {diff} ;; budget) exit {budget} ;; esac")
    assert bash(EXAMPLES / "gate.sh", "main", bin_=tmp_path / "bin").returncode == code


def test_what_it_runs(tmp_path: Path, isolated: Path) -> None:
    executable(tmp_path / "bin" / "llmcost", 'printf "[%s]" "$@"; echo')
    settings = {"GATE_FAIL_OVER_USD": "-5 $x", "GATE_FAIL_ON": "forecast,warn", "GATE_MAX_AGE": "2 d"}
    strict = bash(EXAMPLES / "gate.sh", "o/a b", "out", bin_=tmp_path / "bin", GATE_STRICT="true", **settings)
    assert strict.stdout.splitlines() == [
        "[diff][--json][--output][out/diff.json][--fail-over-usd=-5 $x][--strict][--max-age=2 d][--][o/a b...HEAD]",
        "[budget][check][--json][--output][out/budget.json][--fail-on=forecast,warn][--max-age=2 d][--strict]",
    ]
    (isolated / ".llmcost").mkdir()
    (isolated / ".llmcost" / "diff.json").write_text("of another day")
    bare = bash(EXAMPLES / "gate.sh", "main", bin_=tmp_path / "bin")
    assert bare.stdout.splitlines() == [
        "[diff][--json][--output][.llmcost/diff.json][--][main...HEAD]",
        "[budget][check][--json][--output][.llmcost/budget.json]",
    ]
    assert list((isolated / ".llmcost").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [(("main",), {"GATE_STRICT": "yes"}, "GATE_STRICT is neither true nor false"), ((), {}, "usage: gate.sh BASE")],
)
def test_mistakes_fail(tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], said: str) -> None:
    executable(tmp_path / "bin" / "llmcost", "exit 0")
    ran = bash(EXAMPLES / "gate.sh", *arguments, bin_=tmp_path / "bin", **environment)
    assert ran.returncode != 0
    assert said in ran.stderr


@pytest.mark.parametrize("base", ["nowhere", "--staged", "--output=x"])
def test_a_base_that_is_none_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    tools(tmp_path / "bin")
    repo = shop(tmp_path / "shop", monkeypatch)
    monkeypatch.chdir(repo.folder)
    ran = bash(EXAMPLES / "gate.sh", base, bin_=tmp_path / "bin", LLMCOST_AS_OF=AS_OF)
    assert ran.returncode == 2
    assert not (repo.folder / ".llmcost" / "diff.json").exists()
