from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.usage import Usage
from llmcost.routing.features import BUCKETS, NAMES
from llmcost.routing.learned import Band, Head, Router, dump
from llmcost.routing.ridge import Scale, Weights
from tests.budgets.rows import ledger, row
from tests.estimate.books import PRICES
from tests.run import Ran, llmcost

NOW = "2026-06-01T00:00:00Z"
POLICY = """
version: 1
output_tokens: 100
quality_floor: {low: 0, medium: 0.5, high: 0.75}
candidates:
  - {model: gpt-4o, provider: openai, quality: 0.8, context_window: 128000, capabilities: [tools, vision]}
  - {model: gpt-4o-mini, provider: openai, quality: 0.6, context_window: 128000, capabilities: [tools]}
"""


@pytest.fixture(autouse=True)
def files(isolated: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices and a policy of our own, and one cache of compiled prices for all tests."""
    Path("pricing.yaml").write_text(PRICES, "utf-8")
    Path("routing.yaml").write_text(POLICY, "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "prices-cache"))


def route(*arguments: str, stdin: bytes = b"") -> Ran:
    return llmcost("route", "--as-of", NOW, *arguments, stdin=stdin)


def model(*arguments: str) -> str | None:
    found: str | None = route(*arguments, "--json").json["model"]
    return found


def test_a_prompt_goes_to_the_cheapest_that_is_good_enough() -> None:
    ran = route("hello", "--json")
    assert ran.code == 0
    assert (ran.json["model"], ran.json["provider"], ran.json["schema_version"]) == ("gpt-4o-mini", "openai", 1)
    # 8 x 0.15 + 100 x 0.6, and 8 x 2.5 + 100 x 10, in $/M
    assert [(c["model"], c["expected_cost_usd"], c["cost"]["output_usd"]) for c in ran.json["candidates"]] == [
        ("gpt-4o-mini", "0.0000612", "0.00006"), ("gpt-4o", "0.00102", "0.001"),
    ]  # fmt: skip
    mini, big = ran.json["candidates"]
    # A short prompt looks easier than most.
    assert 0.6 < mini["p_good"] < big["p_good"]
    assert mini["p_good_low"] < mini["p_good"] < mini["p_good_high"]
    assert mini["p_good_basis"] == "prior"
    assert (ran.json["output_tokens"], ran.json["output_tokens_assumed"]) == (100, True)
    assert "input: taken as the prompt's own text" in ran.err
    assert "100 tokens are assumed" in ran.err


def test_a_hard_prompt_raises_the_floor_unless_told_not_to() -> None:
    assert model("请详细分析这份财报数据") == "gpt-4o"
    assert model("请详细分析这份财报数据", "--no-complexity") == "gpt-4o-mini"
    ran = route("prove it", "--json")
    assert ran.json["complexity"] == {"level": "high", "basis": "heuristic", "cues": ["prove"]}
    assert ran.json["constraints"]["floor"] == 0.75


def test_constraints() -> None:
    assert model("hello", "--min-quality", "0.8") == "gpt-4o"
    assert model("hello", "--require", "tools,vision") == "gpt-4o"
    assert model("prove it", "--candidates", "gpt-4o-mini") == "gpt-4o-mini"
    assert model("hello", "--candidates", "gpt-4o-mini, gpt-5", "--output-tokens", "0") == "gpt-4o-mini"


def test_nothing_fits_is_exit_6_with_the_reasons() -> None:
    ran = route("hello", "--max-usd", "0.00005", "--require", "vision", "--json")
    assert ran.code == 6
    assert ran.json["model"] is None
    assert [each["rejected_because"] for each in ran.json["candidates"]] == [
        "has no vision; costs $0.0000612, more than $0.00005", "costs $0.00102, more than $0.00005",
    ]  # fmt: skip
    assert ran.err.splitlines()[-2].startswith("error: no candidate is left: gpt-4o-mini: has no vision")
    assert ran.err.splitlines()[-1].startswith("hint: ")


def test_a_file_that_exists_is_a_file_and_the_output_says_so() -> None:
    Path("prompt").write_text("prove it", "utf-8")
    ran = route("prompt", "--json")
    assert ran.json["input"] == {"taken_as": "file", "path": "prompt"}
    assert ran.json["complexity"]["level"] == "high"
    assert "input: taken as a file: prompt" in ran.err


def test_standard_input_and_chat_messages() -> None:
    body = json.dumps([{"role": "user", "content": "prove it"}]).encode()
    ran = route("-", "--json", stdin=body)
    assert (ran.json["input"]["taken_as"], ran.json["model"]) == ("stdin", "gpt-4o")


def test_a_prompt_too_long_for_a_file_name_is_a_prompt() -> None:
    ran = route("hello " * 2_000, "--json")
    assert (ran.code, ran.json["input"]["taken_as"]) == (0, "prompt")


def test_text_output() -> None:
    ran = route("hello")
    assert ran.out.startswith("gpt-4o-mini: cheapest of 2 (of 2) candidates")
    assert "\noutput: 100 tokens (assumed; --output-tokens N)\n" in ran.out
    assert ran.out.rstrip().endswith("next where it fails: gpt-4o")


def test_without_a_policy_the_packaged_example_serves() -> None:
    Path("routing.yaml").unlink()
    ran = route("hello", "--json")
    assert ran.json["policy"].endswith("routing.yaml")
    assert len(ran.json["candidates"]) >= 3


def test_another_policy() -> None:
    Path("mine.yaml").write_text("candidates: [{model: gpt-5, quality: 0.9}]", "utf-8")
    ran = route("hello", "--policy", "mine.yaml", "--json")
    assert (ran.json["model"], ran.json["policy"], ran.json["output_tokens"]) == ("gpt-5", "mine.yaml", 500)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "the prompt is empty"),
        (("  \n",), "the prompt is empty"),
        (("absent.txt",), "no such file: absent.txt"),
        (("folder",), "folder is a folder"),
        (("hello", "--candidates", "gpt-4x"), "no price for candidate 'gpt-4x'; did you mean 'gpt-4"),
        (("hello", "--candidates", " , "), "names no model"),
        (("hello", "--min-quality", "1.5"), "--min-quality '1.5' is no number from 0 to 1"),
        (("hello", "--min-quality", "nan"), "--min-quality 'nan'"),
        (("hello", "--max-usd", "-1"), "--max-usd '-1' is no amount"),
        (("hello", "--max-usd", "cheap"), "--max-usd 'cheap' is no amount"),
        (("hello", "--require", "visoin"), "unknown capability 'visoin'; did you mean 'vision'?"),
        (("hello", "--output-tokens", "many"), "--output-tokens 'many' is no number of tokens"),
        (("hello", "--output-tokens", "9" * 30), "implausible number"),
        (("hello", "--output-tokens", "mean"), "--output-tokens mean without --app"),
        (("hello", "--output-tokens", "p90", "--app", "x"), "the ledger has no whole request of app=x"),
        (("hello", "--cached-share", "2"), "--cached-share '2' is no share"),
        (("hello", "--tag", "customer"), "--tag 'customer' is not KEY=VALUE"),
        (("hello", "--lines"), "no such file: hello"),
        (("-", "--lines", "--explain"), "--explain tells of one request"),
        (("-", "--lines", "--session", "s"), "--session tells of one request"),
        (("hello", "--policy", "lost.yaml"), "no such file: router.json (`learned` in lost.yaml)"),
        (("hello", "--policy", "absent.yaml"), "cannot read absent.yaml"),
        (("hello", "--policy", "bad.yaml"), "bad.yaml:1: unknown key 'candidats'; did you mean 'candidates'?"),
        (("hello", "--policy", "unpriced.yaml"), "no price for candidate 'gpt-4x' (unpriced.yaml:1)"),
    ],
)
def test_mistakes_are_two_lines_and_exit_2(arguments: tuple[str, ...], message: str) -> None:
    Path("folder").mkdir()
    Path("bad.yaml").write_text("candidats: []", "utf-8")
    Path("lost.yaml").write_text("learned: router.json\ncandidates: [{model: gpt-4o}]", "utf-8")
    Path("unpriced.yaml").write_text("candidates: [{model: gpt-4x}]", "utf-8")
    ran = route(*arguments)
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert message in lines[-2]
    assert lines[-1].startswith("hint: ")


def kept(*rows: Any) -> None:
    """The ledger of these rows of the app `shop`, as `ledger.db`."""
    ledger(*rows, path=Path("ledger.db")).close()


def request(when: str, **more: Any) -> Any:
    usage = more.pop("usage", Usage(input=2_000, cached=6_000, output=200))
    return row(when, "shop", 10**9, provider="openai", model="gpt-4o", usage=usage, id=f"openai:{when}", **more)


def test_the_ledger_says_how_long_answers_are_and_what_is_cached() -> None:
    kept(
        request("2026-05-30T00:00:00Z"),
        request("2026-05-31T00:00:00Z", usage=Usage(input=2_000, cached=6_000, output=400)),
    )
    ran = route("hello " * 2_000, "--app", "shop", "--ledger", "ledger.db", "--json")
    assert (ran.json["output_tokens"], ran.json["output_tokens_assumed"], ran.json["cached_share"]) == (
        300,
        False,
        0.75,
    )
    assert ran.json["output_tokens_from"] == "mean of 2 requests of app=shop in 30 days"
    assert "assumed" not in ran.err
    longer = route("hello", "--app", "shop", "--ledger", "ledger.db", "--output-tokens", "p90", "--json")
    assert longer.json["output_tokens"] == 400
    # An app that the ledger does not know has the policy's length.
    assert route("hello", "--app", "x", "--ledger", "ledger.db", "--json").json["output_tokens"] == 100


def test_a_session_stays_where_its_prompt_is_cached() -> None:
    Path("routing.yaml").write_text(
        "candidates: [{model: gpt-5, quality: 0.8}, {model: gpt-cached, quality: 0.8}]", "utf-8"
    )
    call = request("2026-05-31T23:58:00Z", session="s1")
    kept(call._replace(record=call.record._replace(model="gpt-cached")))
    prompt = "hello " * 8_000
    assert model(prompt, "--output-tokens", "10") == "gpt-5"
    ran = route(prompt, "--output-tokens", "10", "--session", "s1", "--ledger", "ledger.db", "--json", "--explain")
    assert ran.json["model"] == "gpt-cached"
    assert [(each["in_session"], each["cached_tokens"]) for each in ran.json["candidates"]] == [
        (True, 8_000),
        (False, 0),
    ]
    other = route(prompt, "--session", "s2", "--ledger", "ledger.db", "--json")
    assert other.json["model"] == "gpt-5"
    assert "no priced request of 's2'" in other.err


WAIVED = "{app_id: shop, daily_limit: 1, waivers: [{until: 2026-06-02, by: ada, reason: sale}]}"
BUDGET = "budgets: [{app_id: shop, monthly_limit: 10}, {name: all, scope: all, monthly_limit: 1000}]"


@pytest.mark.parametrize(
    ("spent", "code", "chosen", "fired"),
    [
        (7, 0, "gpt-4o", None),
        (8, 0, "gpt-4o-mini", "on_budget 0.8: cheapest (shop's month is 80% used)"),
        (10, 3, None, "on_budget 1: deny (shop's month is 100% used)"),
    ],
)
def test_a_budget_that_runs_out(spent: int, code: int, chosen: str | None, fired: str | None) -> None:
    Path("budgets.yaml").write_text(BUDGET, "utf-8")
    Path("routing.yaml").write_text(POLICY + "on_budget: {0.8: cheapest, 1.0: deny}\n", "utf-8")
    kept(*(request(f"2026-06-01T00:00:00.{n:06}Z") for n in range(spent)))
    ran = route("prove it", "--app", "shop", "--ledger", "ledger.db", "--as-of", "2026-06-01T12:00:00Z", "--json")
    assert (ran.code, ran.json["model"]) == (code, chosen)
    assert ran.json["budget"] == {"used": spent / 10, "what": "shop's month"}
    told = [each for each in ran.json["fired"] if "on_budget" in each]
    assert [each.partition(": ")[2] for each in told] == ([fired] if fired else [])
    if code:
        assert all("the budget does not allow it" in each["rejected_because"] for each in ran.json["candidates"])


@pytest.mark.parametrize(
    ("budget", "used"),
    [
        ("{app_id: shop, monthly_limit: 10, daily_limit: 0}", 1.0),
        ("{app_id: shop, daily_limit: 10, monthly_limit: 40}", 0.3),
        ("{name: all, scope: all, monthly_limit: 5}, {app_id: other, monthly_limit: 1}", 0.6),
        ("{name: two, scope: {app: [shop, x], tag.tier: gold}, monthly_limit: 12}", 0.25),
        ("{name: team, scope: {team: a}, monthly_limit: 12}", None),
        ("{app_id: shop, limits: [{window: day, requests: 3}]}", None),
        (WAIVED + ", {name: all, scope: all, monthly_limit: 6}", 0.5),
    ],
)
def test_the_fullest_limit_in_money_that_is_the_requests_counts(budget: str, used: float | None) -> None:
    Path("mine.yaml").write_text(f"budgets: [{budget}]", "utf-8")
    Path("routing.yaml").write_text(POLICY + "on_budget: {1.0: cheapest}\n", "utf-8")
    tagged = {"tags": (("tier", "gold"),)}
    kept(*(request(f"2026-06-01T00:00:0{n}Z", **tagged) for n in range(3)))
    ran = route(
        "hello", "--app", "shop", "--tag", "tier=gold", "--ledger", "ledger.db", "--budgets", "mine.yaml",
        "--as-of", "2026-06-01T12:00:00Z", "--json",
    )  # fmt: skip
    assert ran.code == 0
    assert (ran.json["budget"] and ran.json["budget"]["used"]) == used


def test_a_router_that_was_not_let_decide_says_why() -> None:
    shut = Router(Scale((0.0,) * len(NAMES), (1.0,) * len(NAMES)), {}, 12, "not enough labels (n = 12)")
    Path("routing-model.json").write_text(dump(shut), "utf-8")
    ran = route("hello", "--json")
    assert ran.json["candidates"][0]["p_good_basis"] == "prior"
    assert "learned router: not enough labels (n = 12); P(good) is a prior" in ran.err
    Path("routing-model.json").write_text("{}", "utf-8")
    broken = route("hello")
    assert (broken.code, broken.out) == (6, "")


def test_a_router_that_knows_none_of_the_candidates_says_so() -> None:
    weights = Weights(0.9, (0.0,) * len(NAMES), [0.0] * BUCKETS)
    heads = {"gpt-cached": Head(weights, (Band(-1e6, 0.8, 0.95),), 60, on=True)}
    Path("routing-model.json").write_text(
        dump(Router(Scale((0.0,) * len(NAMES), (1.0,) * len(NAMES)), heads, 60, "")), "utf-8"
    )
    assert "it knows gpt-cached, and no candidate is called so; P(good) is a prior" in route("hello").err
    ran = route("hello", "--candidates", "gpt-cached", "--json")
    assert "learned router" not in ran.err
    assert ran.json["candidates"][0]["p_good_basis"] == "learned (n = 60)"


def test_where_nothing_of_the_policy_bears_on_a_request_it_says_so() -> None:
    assert "policy: routing.yaml: no floor holds for this prompt" in route("hello").out
    assert route("hello", "--min-quality", "0.8", "--json").json["fired"] == ["--min-quality: min_quality 0.8"]


def test_a_policy_on_budgets_says_when_it_has_none() -> None:
    Path("routing.yaml").write_text(POLICY + "on_budget: {0.8: cheapest}\n", "utf-8")
    assert "on_budget does nothing: no budgets.yaml here" in route("hello").err
    Path("budgets.yaml").write_text("budgets: [{app_id: other, monthly_limit: 1}]", "utf-8")
    assert "no budget of budgets.yaml is for this request" in route("hello", "--app", "shop").err
    assert "on_budget does nothing: no ledger at" in route("hello", "--app", "other", "--ledger", "absent.db").err


def test_overrides_by_app_and_tag() -> None:
    override = "overrides: [{when: {app: legal, tag.tier: [gold, silver]}, candidates: [gpt-4o]}]\n"
    Path("routing.yaml").write_text(POLICY + override, "utf-8")
    ran = route("hello", "--app", "legal", "--tag", "tier=gold", "--json")
    assert ran.json["model"] == "gpt-4o"
    assert ran.json["fired"] == ["routing.yaml:8: override"]
    assert model("hello", "--app", "legal", "--tag", "tier=tin") == "gpt-4o-mini"
    assert model("hello", "--app", "legal") == "gpt-4o-mini"


def test_an_escalation_shows_its_sum() -> None:
    Path("routing.yaml").write_text(POLICY + "escalation: {check_usd: 0.0001, check_accuracy: 0.9}\n", "utf-8")
    ran = route("prove it", "--explain")
    # P(pass) = 0.6 x 0.9 + 0.4 x 0.1; 9 tokens and an answer of 100 each.
    assert "escalation (taken): gpt-4o-mini, check, gpt-4o:" in ran.out
    assert (
        "$0.00006135 + $0.0001 + (1 - 0.580) x $0.0010225 = $0.0005908, P(good) 0.876, at most $0.00118385" in ran.out
    )
    found = route("prove it", "--json").json
    assert (found["model"], found["expected_cost_usd"]) == ("gpt-4o-mini", found["escalation"]["expected_cost_usd"])
    assert found["escalation"]["taken"] is True
    assert found["candidates"][0]["rejected_because"] is None


def test_explain_says_where_every_number_comes_from() -> None:
    ran = route("prove it", "--explain", "--cached-share", "80%")
    for part in (
        "policy: routing.yaml:4: quality_floor high: 0.75", "complexity: high, by its words (prove)",
        "floor: P(good) of at least 0.75; the policy asks for 0.75", "prompt cache: 80% of the input",
        "gpt-4o: $0.0010225, price of openai gpt-4o from ./pricing.yaml; o200k_base",
    ):  # fmt: skip
        assert part in ran.out


def test_many_requests_are_one_decision_a_line() -> None:
    lines = [
        "hello",
        {"id": "b", "prompt": "prove it"},
        "broken",
        {"prompt": "hi", "tags": {"tier": "gold"}},
        {"prompt": ""},
    ]
    text = "\n".join("{" if line == "broken" else json.dumps(line) for line in lines)
    Path("in.jsonl").write_text(text, "utf-8")
    override = "overrides: [{when: {tag.tier: gold}, candidates: [gpt-4o]}]\n"
    Path("routing.yaml").write_text(POLICY + override, "utf-8")
    ran = route("in.jsonl", "--json")
    assert ran.code == 0
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [(each["line"], each["id"], each["model"]) for each in found] == [
        (1, None, "gpt-4o-mini"), (2, "b", "gpt-4o"), (4, None, "gpt-4o"),
    ]  # fmt: skip
    assert set(found[0]["candidates"][0]) == {"model", "expected_cost_usd", "p_good", "rejected_because"}
    assert "line 3: not valid JSON\nline 5: the prompt is empty\n3 requests; 2 lines are none" in ran.err
    text_ran = route("-", "--lines", stdin=text.encode())
    assert text_ran.out.splitlines()[1].startswith("2 b: gpt-4o  $0.001")


def test_many_requests_that_fit_nothing_or_are_none() -> None:
    ran = route("-", "--lines", "--max-usd", "0.0001", "--json", stdin=b'"prove it"\n{"prompt": "x", "id": 2}\n')
    assert (ran.code, len(ran.out.splitlines())) == (0, 2)
    ran = route("-", "--lines", "--max-usd", "0.00001", stdin=b'"prove it"\n')
    assert (ran.code, ran.out) == (6, "1: no model: none of 2 candidates meets every constraint\n")
    assert "no candidate is left for 1 request" in ran.err
    ran = route("-", "--lines", stdin=b"{\n7\n")
    assert (ran.code, ran.out) == (6, "")
    assert "no line is a request" in ran.err


@pytest.mark.parametrize("prompt", ["😀😀😀", "请compare一下这两个方案, merci", "\u202e\x1b[31mred", "a" * 100])
def test_odd_prompts_are_routed(prompt: str) -> None:
    ran = route(prompt, "--explain")
    assert ran.code == 0
    assert "\x1b" not in ran.out + ran.err


def test_a_prompt_of_ten_megabytes_fits_nothing_and_says_so() -> None:
    Path("big.txt").write_text("word " * 2_000_000, "utf-8")
    ran = route("big.txt", "--json")
    assert ran.code == 6
    assert all(
        "context window of 128,000 tokens is less than" in each["rejected_because"] for each in ran.json["candidates"]
    )


def test_a_model_that_is_no_longer_in_the_price_book() -> None:
    Path("pricing.yaml").write_text("version: 1\nmodels: []\n", "utf-8")
    Path("routing.yaml").write_text("candidates: [{model: retired-1}]", "utf-8")
    ran = route("hello")
    assert (ran.code, ran.out) == (2, "")
    assert "no price for candidate 'retired-1' (routing.yaml:1)" in ran.err


def test_a_narrow_terminal_loses_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmcost.cli.environment import Env

    monkeypatch.setattr(Env, "width", 60)
    ran = route("prove it", "--min-quality", "0.7", "--require", "vision")
    assert "has no vision" in ran.out.replace("\n", " ")
    assert max(map(len, ran.out.splitlines()[3:-2])) <= 60


def test_an_option_asks_for_more_than_the_policy_and_never_for_less() -> None:
    Path("routing.yaml").write_text(POLICY + "min_quality: 0.7\n", "utf-8")
    for asked, least in (("0.1", 0.7), ("0.75", 0.75)):
        ran = route("hello", "--min-quality", asked, "--json")
        assert ran.json["constraints"]["min_quality"] == least
