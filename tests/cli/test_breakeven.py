import json
from pathlib import Path
from typing import Any

import pytest

from tests.run import Ran, llmcost

PRICES = """\
version: 1
models:
  - {model: gpt-4o-mini, provider: openai, input: 0.15, cached_input: 0.075, output: 0.60}
  - {model: big, provider: acme, input: 2.50, cached_input: 1.25, output: 10, tiers: {batch: {discount: 50%}}}
  - {model: embed, provider: acme, input: 0.02}
  - {model: searcher, provider: acme, input: 1, output: 1, per_request: 0.005}
  - {model: long, provider: acme, input: 1, output: 2, context_tiers: [{above: 200000, input: 3, output: 4}]}
"""
#: A replica of one GPU at $2.50 reads 4,000 or writes 1,000 tokens a second; $1,825 a month.
OWN = ("--gpus", "1", "--gpu-hour", "2.50", "--input-tps", "4000", "--output-tps", "1000")
SCENARIO = """\
input_tokens: 800M
output_tokens: 200M
api: {price_in: '2.50', price_cached_in: 1.25, price_out: 10, cached_share: 0.4}
hosted: {gpu_hour: 2.50, tok_s_in: 4000, tok_s_out: 1000, peak_to_avg: 10, max_util: 50%, other_month: 100}
owned:
  server_price: 36000
  gpus_per_server: 8
  months: 36
  tok_s_in: 4000
  tok_s_out: 1000
  peak_to_avg: 10
  max_util: 0.5
  fte: 0.5
  fte_year: 120000
"""


@pytest.fixture(autouse=True)
def prices() -> None:
    Path("pricing.yaml").write_text(PRICES, "utf-8")


@pytest.fixture
def scenario() -> str:
    Path("s.yaml").write_text(SCENARIO, "utf-8")
    return "s.yaml"


def compared(*arguments: str, remarks: int = 0) -> Any:
    ran = llmcost("breakeven", "--json", *arguments)
    assert (ran.code, ran.err.splitlines()) == (0, ran.json["remarks"])
    assert len(ran.json["remarks"]) == remarks
    return ran.json


def failed(*arguments: str) -> Ran:
    ran = llmcost("breakeven", *arguments)
    assert ran.out == ""
    assert "\nhint: " in ran.err
    return ran


def values(found: Any, mode: str) -> dict[str, str]:
    return {item["name"]: item["value"] for item in found["assumptions"] if mode in item["mode"].split(", ")}


def test_without_anything_else_the_defaults_are_stated_with_their_source() -> None:
    found = compared("--monthly-tokens", "500M")
    assert list(found["modes"]) == ["api", "hosted", "owned"]
    # 375M x 0.15 + 125M x 0.60
    parts = found["modes"]["api"]["parts"]
    assert (parts["input_usd"], parts["output_usd"]) == ("56.25", "75")
    assert all(float(mode["parts"]["staff_usd"]) > 0 for mode in found["modes"].values())
    assert all(item["source"] for item in found["assumptions"])
    assert values(found, "api")["model"] == "gpt-4o-mini"
    assert {"gpu_hour", "tok_s_in", "peak_to_avg", "recovery_share"} <= values(found, "hosted").keys()
    assert {"server_price", "months", "pue", "kwh", "colo_kw_month", "maint_year"} <= values(found, "owned").keys()
    assert found["not_modelled"]
    assert found["remarks"] == []


def test_every_mode_adds_up() -> None:
    for mode in compared("--monthly-tokens", "7B", "--model", "big")["modes"].values():
        nano = [round(float(part) * 10**9) for part in mode["parts"].values()]
        assert sum(nano) == round(float(mode["month_usd"]) * 10**9)
        assert abs(sum(mode["part_shares"].values()) - 1) < 1e-5
        assert float(mode["fixed_usd"]) + float(mode["variable_usd"]) == pytest.approx(float(mode["month_usd"]))
        assert float(mode["usd_per_1m"]) * 7000 == pytest.approx(float(mode["month_usd"]))


def test_a_scenario_states_its_modes_completely(scenario: str) -> None:
    """1B tokens: 480M x 2.50 + 320M x 1.25 + 200M x 10 = 3,600. A token takes 0.8/4000 + 0.2/1000 = 0.0004 s: 400,000
    of 2,628,000 s, at 10 / 0.5 that is 3.04: four replicas, 4 x 1,825 + 100. One server: 1,000 a month, and 5,000.
    """
    found = compared("--scenario", scenario)
    assert found["input_share"] == 0.8
    modes = found["modes"]
    assert {mode: entry["month_usd"] for mode, entry in modes.items()} == {
        "api": "3600", "hosted": "7400", "owned": "6000",
    }  # fmt: skip
    assert modes["api"]["usd_per_1m"] == "3.6"
    assert [modes["api"][key] for key in ("replicas", "gpus", "servers", "utilisation")] == [None] * 4
    hosted = modes["hosted"]
    assert (hosted["replicas"], hosted["gpus"], hosted["servers"], hosted["utilisation"]) == (4, 4, None, 0.038052)
    assert (hosted["replica_seconds"], hosted["average_replicas"], hosted["peak_replicas"]) == (400_000, 0.152207, 4)
    assert {name: part for name, part in hosted["parts"].items() if part != "0"} == {
        "gpus_usd": "7300", "other_usd": "100",
    }  # fmt: skip
    assert hosted["part_shares"] == {"gpus": 0.986486, "other": 0.013514}
    assert (modes["owned"]["replicas"], modes["owned"]["gpus"], modes["owned"]["servers"]) == (4, 4, 1)
    assert {name: part for name, part in modes["owned"]["parts"].items() if part != "0"} == {
        "amortisation_usd": "1000", "staff_usd": "5000",
    }  # fmt: skip
    assert (found["cheapest"], found["saving_usd"]) == ("api", "2400")
    assert found["price"]["model"] is None
    assert found["price"]["input_usd_per_1m"] == "2.5"
    assert values(found, "hosted")["gpu_hour"] == "2.50"
    assert {item["source"] for item in found["assumptions"] if item["name"] == "gpu_hour"} == {"s.yaml:4"}


def test_options_override_the_scenario(scenario: str) -> None:
    found = compared("--scenario", scenario, "--gpu-hour", "5", "--peak", "2", "--cached-share", "0", "--fixed", "0")
    # 800M x 2.50 + 200M x 10; a peak of 2 / 0.5 takes one replica: 5 x 730
    assert found["modes"]["api"]["month_usd"] == "4000"
    assert found["modes"]["hosted"]["month_usd"] == "3650"
    found = compared("--scenario", scenario, "--monthly-tokens", "10B", "--model", "big")
    assert (found["monthly_tokens"], found["input_share"]) == (10**10, 0.8)
    # 4.8B x 2.50 + 3.2B x 1.25 + 2B x 10
    assert found["modes"]["api"]["month_usd"] == "36000"
    assert found["price"]["model"] == "big"


def test_a_flat_scenario_and_quoted_numbers() -> None:
    Path("flat.yaml").write_text("price_in: '1'\nprice_out: '2'\ninput_tokens: '3000000'\noutput_tokens: 1000000\n")
    found = compared("--scenario", "flat.yaml", remarks=1)
    assert found["modes"]["api"]["month_usd"] == "5"
    assert float(found["modes"]["hosted"]["parts"]["staff_usd"]) > 0


def test_rules_of_a_piped_answer_are_no_longer_than_a_screen() -> None:
    """Sources run to 300 characters; where nothing folds them they do not stand in a table."""
    lines = llmcost("breakeven", "--monthly-tokens", "500M").out.splitlines()
    rules = [line for line in lines if set(line) == {"─"}]
    assert len(rules) == 2
    assert max(map(len, rules)) <= 160


def test_a_mode_without_people_beside_some_with_them_is_remarked_on() -> None:
    api = "api: {price_in: 1, price_out: 2}\n"
    Path("s.yaml").write_text(api)
    told = compared("--scenario", "s.yaml", "--monthly-tokens", "1M", remarks=1)["remarks"][0]
    assert told.startswith("the scenario has no people for api, which the other modes are assumed to need: add `fte`")
    Path("s.yaml").write_text("fte: 0\n" + api)
    compared("--scenario", "s.yaml", "--monthly-tokens", "1M")


def test_own_rates_do_not_make_a_model_fit() -> None:
    asked = ("--monthly-tokens", "1M", "--gpu", "h100", "--precision", "fp16", "--input-tps", "9", "--output-tps", "9")
    for more in ((), ("--gpus", "1")):
        ran = failed(*asked, "--against", "llama-3.1-70b", *more)
        assert (ran.code, "does not fit 1 x h100: weights 70.6B x 2 bytes = 141.2 GB" in ran.err) == (2, True)
    assert values(compared(*asked, "--against", "llama-3.1-70b", "--gpus", "2"), "hosted")["gpus_per_replica"] == "2"
    compared(*asked, "--against", "our-own-13b")
    Path("s.yaml").write_text("hosted: {gpu_hour: 2, tok_s_total: 9, fte: 0, gpus_per_replica: 2}\n")
    compared("--scenario", "s.yaml", *asked, "--against", "llama-3.1-70b")


def test_every_crossing_is_listed() -> None:
    """GPUs at $2 and servers of eight at $10,000 a month, a replica to a GPU: the seventh makes owning pay."""
    Path("s.yaml").write_text(
        "hosted: {gpu_hour: 2, tok_s_total: 1000, peak_to_avg: 1, max_util: 1}\n"
        "owned: {server_price: 360000, months: 36, gpus_per_server: 8, tok_s_total: 1000, peak_to_avg: 1,"
        " max_util: 1}\n"
    )
    found = compared("--scenario", "s.yaml", "--monthly-tokens", "5B", remarks=1)
    pair = [each for each in found["crossings"] if each["between"] == ["hosted", "owned"]]
    # replicas x 1,460 against servers x 10,000: 6 are 8,760, 7 10,220; 13 are 18,980, 14 20,440; 20 are 29,200 …
    assert [(each["monthly_tokens"] // 2_628_000_000, each["cheaper_above"]) for each in pair[:6]] == [
        (6, "owned"), (8, "hosted"), (13, "owned"), (16, "hosted"), (20, "owned"), (24, "hosted"),
    ]  # fmt: skip
    (summary,) = [each for each in found["break_even"] if each["between"] == ["hosted", "owned"]]
    assert (summary["cheaper_at_first"], summary["cheaper_in_the_end"], summary["complete"]) == (
        "hosted",
        "owned",
        True,
    )
    assert summary["last_monthly_tokens"] == pair[-1]["monthly_tokens"]


def test_the_crossing_is_the_last_volume_at_which_the_other_is_no_dearer(scenario: str) -> None:
    """At $3.60 per million, four replicas and 100 are reached at 7,400 / 3.6e-6, if they suffice."""
    found = compared("--scenario", scenario, "--peak", "1", "--max-utilisation", "1")
    crossing = next(each for each in found["crossings"] if each["between"] == ["api", "hosted"])
    # one replica: 1,925 / 3.6e-6
    assert crossing == {"between": ["api", "hosted"], "monthly_tokens": 534_722_222, "cheaper_above": "hosted"}
    assert found["hosted_always_cheaper_above"] == 534_722_222
    again = ("--scenario", scenario, "--peak", "1", "--max-utilisation", "1", "--monthly-tokens")
    assert compared(*again, "534722222")["cheapest"] == "api"
    assert compared(*again, "534722223")["cheapest"] == "hosted"


def test_batches_and_context_lengths_take_the_book_s_prices() -> None:
    whole = compared("--monthly-tokens", "1B", "--model", "big", "--input-share", "0.8", "--batch-share", "25%")
    # (2,000 + 2,000) x (1 - 0.25 x 0.5)
    assert sum(float(whole["modes"]["api"]["parts"][f"{name}_usd"]) for name in ("input", "output")) == 3500
    assert whole["batch_share"] == 0.25
    short = compared("--monthly-tokens", "1B", "--model", "long", "--input-per-request", "200k")
    long = compared("--monthly-tokens", "1B", "--model", "long", "--input-per-request", "200001")
    assert [each["modes"]["api"]["parts"]["input_usd"] for each in (short, long)] == ["750", "2250"]
    fees = compared("--monthly-tokens", "1B", "--model", "searcher", "--input-per-request", "1000")
    assert fees["modes"]["api"]["parts"]["fees_usd"] == "3750"
    written = compared("--monthly-tokens", "1B", "--model", "big", "--cache-write-share", "1", "--input-share", "1",
                       "--input-tps", "9", "--output-tps", "9")  # fmt: skip
    assert written["modes"]["api"]["parts"]["write_usd"] == "2500"


def test_own_throughput_needs_no_evidence() -> None:
    found = compared("--monthly-tokens", "1B", *OWN, "--output-ratio", "0.25", "--peak-to-average", "10",
                     "--max-utilisation", "50%", "--spare-replicas", "1", "--min-replicas", "2")  # fmt: skip
    hosted = found["modes"]["hosted"]
    assert (hosted["replicas"], hosted["parts"]["gpus_usd"]) == (5, "9125")
    assert {item["source"] for item in found["assumptions"] if item["name"] == "tok_s_in"} == {"option"}


def test_autoscaled() -> None:
    """400,000 replica-seconds at 50% use at most are 222.2 hours; gpus.yaml's scaling loses 10% more."""
    found = compared("--monthly-tokens", "1B", *OWN, "--output-ratio", "0.25", "--max-utilisation", "0.5",
                     "--autoscaled", "--min-replicas", "0", "--gpu-hour", "9")  # fmt: skip
    assert found["modes"]["hosted"]["parts"]["gpus_usd"] == "2200"


def test_a_model_on_a_gpu() -> None:
    found = compared("--monthly-tokens", "1B", "--against", "llama-3.1-70b", "--gpu", "h100", "--gpu-hour", "2.95",
                     "--peak", "3")  # fmt: skip
    sources = {item["name"]: item["source"] for item in found["assumptions"]}
    assert sources["tok_s_in"].startswith("llama-3.1-70b, ")
    assert sources["gpu_hour"] == "option"
    other = compared("--monthly-tokens", "1B", "--gpu", "b200")
    assert values(other, "hosted")["gpu_hour"] != values(found, "hosted")["gpu_hour"]
    assert values(other, "owned")["server_price"] != values(found, "owned")["server_price"]


def test_measured_rates_go_before_a_scenario_s_and_own_ones_before_both(scenario: str) -> None:
    asked = ("--scenario", scenario, "--against", "llama-3.1-70b", "--gpu", "h100")
    assert values(compared(*asked), "hosted")["tok_s_in"] not in ("4000", "9")
    assert values(compared(*asked), "hosted")["gpus_per_replica"] == "2"
    assert values(compared(*asked, "--input-tps", "9", "--output-tps", "9"), "hosted")["tok_s_in"] == "9"


def test_a_tpu_is_rented_not_owned() -> None:
    ran = llmcost("breakeven", "--monthly-tokens", "1B", "--gpu", "tpu-v6e", "--input-tps", "9", "--output-tps", "9",
                  "--json")  # fmt: skip
    assert ran.code == 0
    assert list(ran.json["modes"]) == ["api", "hosted"]
    assert ran.err == "servers of one's own are left out: tpu-v6e: no purchase price is known\n"
    assert ran.json["remarks"] == [ran.err.strip()]
    assert set(ran.json["uncertainty"]["cheapest"]) == {"api", "hosted"}
    table = llmcost("breakeven", "--monthly-tokens", "1B", "--gpu", "tpu-v6e", "--input-tps", "9", "--output-tps", "9")
    assert (table.code, "own servers" in table.out) == (0, False)


def test_a_benchmark_of_one_s_own() -> None:
    run = {"duration": 10, "completed": 10, "total_input_tokens": 10_000, "total_output_tokens": 10_000}
    Path("a.json").write_text(json.dumps(run))
    one = compared("--monthly-tokens", "1B", "--fit", "a.json", remarks=1)
    assert one["remarks"] == [
        "the benchmarks measured 50% input tokens, of the traffic 75% are: the rates may not hold for it"
    ]
    compared("--monthly-tokens", "1B", "--fit", "a.json", "--input-share", "0.6")
    assert values(one, "hosted")["tok_s_total"] == "2000.000000"
    Path("b.json").write_text(json.dumps({**run, "total_input_tokens": 24_000, "total_output_tokens": 8_000}))
    two = compared("--monthly-tokens", "1B", "--fit", "a.json", "--fit", "b.json")
    # 1000 x + 1000 y = 1 and 2400 x + 800 y = 1
    assert (values(two, "owned")["tok_s_in"], values(two, "owned")["tok_s_out"]) == ("8000.000000", "1142.857143")


def test_evidence_of_one_s_own() -> None:
    Path("own.yaml").write_text(
        "assumptions: [{name: people-api-fte, value: 0, unit: FTE, assumption: true, reason: x}]\n"
    )
    found = compared("--monthly-tokens", "1B", "--evidence", "own.yaml")
    assert found["modes"]["api"]["parts"]["staff_usd"] == "0"


def test_sensitivity_and_uncertainty() -> None:
    found = compared("--monthly-tokens", "3B", "--model", "big")
    swings = found["sensitivity"]
    assert {each["input"] for each in swings} == {each["input"] for each in found["uncertainty"]["ranges"]}
    assert all(set(each["month_usd_low"]) == {"api", "hosted", "owned"} for each in swings)
    chances = found["uncertainty"]["cheapest"]
    assert (found["uncertainty"]["draws"], sum(chances.values())) == (500, pytest.approx(1))
    assert 0 < chances["api"] < 1
    assert compared("--monthly-tokens", "3B", "--model", "big")["uncertainty"] == found["uncertainty"]


def test_several_volumes() -> None:
    Path("s.yaml").write_text("hosted: {gpu_hour: 2.95, tok_s_total: '18650', volumes_M: [100, 50000], mix: '2:1',"
                              " peak_to_avg: 3, max_util: 0.7, min_replicas: 2}\n")  # fmt: skip
    found = compared("--scenario", "s.yaml", remarks=1)
    assert [(each["monthly_tokens"], each["modes"]["hosted"]["month_usd"]) for each in found["volumes"]] == [
        (10**8, "4307"), (5 * 10**10, "10767.5"),
    ]  # fmt: skip
    assert found["monthly_tokens"] == 10**8
    table = llmcost("breakeven", "--scenario", "s.yaml").out
    assert "hosted GPUs, per 1M" in table
    assert "$10,767.50" in table


LINE = {"provider": "acme", "model": "big", "input_tokens": 900, "cached_input_tokens": 300, "output_tokens": 100}


def ledger(lines: list[dict[str, Any]]) -> tuple[str, ...]:
    Path("log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = ("--ledger", "l.db", "--as-of", "2026-11-23T00:00:00Z")
    assert llmcost("ingest", "log.jsonl", *options).code == 0
    return options


def test_from_the_ledger() -> None:
    """Two days: an hour with 3 calls, 47 with one; 50 calls, 45,000 in, 5,000 out: x 730 / 48 a month."""
    calls = [
        {**LINE, "request_id": f"r{n}", "timestamp": f"2026-11-{20 + n // 24}T{n % 24:02}:30:00Z"} for n in range(48)
    ]
    calls += [{**LINE, "request_id": f"x{n}", "timestamp": "2026-11-20T05:31:00Z", "app": "y"} for n in range(2)]
    options = ledger(calls)
    found = compared("--from-ledger", "30d", *options)
    assert found["monthly_tokens"] == 684_375 + 76_042
    assert found["price"]["model"] == "big"
    assert found["cached_share"] == 0.333333
    assert values(found, "hosted")["peak_to_avg"] == "2.880000"  # 3 x 48 / 50
    assert "ledger: 50 requests in 48 hours" in {item["source"] for item in found["assumptions"]}
    over = compared("--from-ledger", "30d", *options, "--peak", "5", "--monthly-tokens", "1B")
    assert (over["monthly_tokens"], values(over, "hosted")["peak_to_avg"]) == (10**9, "5")
    only = compared("--from-ledger", "30d", "--where", "app=y", *options)
    # Two calls from the fifth hour of the first day on: 1,800 in and 200 out in 43 hours.
    assert only["monthly_tokens"] == 30_558 + 3_395


def test_a_ledger_of_several_models_says_which_is_priced() -> None:
    two = [{**LINE, "timestamp": "2026-11-20T05:00:00Z"}, {**LINE, "timestamp": "2026-11-21T05:00:00Z", "model": "long",
                                                         "input_tokens": 3900}]  # fmt: skip
    options = ledger(two)
    ran = llmcost("breakeven", "--from-ledger", "30d", "--json", *options)
    assert ran.err == "80% of the tokens are long's; all are priced so\n"
    assert ran.json["price"]["model"] == "long"
    assert compared("--from-ledger", "30d", "--model", "big", *options)["price"]["model"] == "big"


def test_an_empty_ledger_is_no_answer() -> None:
    options = ledger([{**LINE, "timestamp": "2026-01-01T00:00:00Z"}])
    ran = failed("--from-ledger", "30d", *options)
    assert (ran.code, ran.err.splitlines()[0]) == (6, "error: the ledger has no tokens in that time")


def test_the_table_in_a_pipe(scenario: str) -> None:
    ran = llmcost("breakeven", "--scenario", scenario)
    assert ran.code == 0
    assert (
        "At 1B tokens a month the API is cheapest: $3,600.00, $2,400.00 a month (40.0%) less than own servers."
        in ran.out
    )
    assert "own servers: people $5,000.00 (83.3%), servers written off $1,000.00 (16.7%)" in ran.out
    assert "USD a month by tokens a month: a API, h hosted GPUs, o own servers, x equal cost" in ran.out
    assert "500 draws within these ranges (log-uniform, seed 1)" in ran.out
    assert "Not modelled: throughput that depends" in ran.out
    assert "\x1b" not in ran.out


def test_csv_and_markdown(scenario: str) -> None:
    ran = llmcost("breakeven", "--scenario", scenario, "--format", "csv")
    head, *rows = ran.out.splitlines()
    assert head.startswith("monthly_tokens,mode,month_usd,usd_per_1m,fixed_usd,variable_usd,replicas,gpus,servers,")
    assert [row.split(",")[:4] for row in rows] == [
        ["1000000000", "api", "3600", "3.6"],
        ["1000000000", "hosted", "7400", "7.4"],
        ["1000000000", "owned", "6000", "6"],
    ]
    text = llmcost("breakeven", "--scenario", scenario, "--format", "markdown").out
    assert text.startswith("## Break-even\n\n**At 1B tokens a month the API is cheapest")
    assert "| own servers | $6,000.00 |" in text


def test_beside_a_mode_that_costs_nothing_the_others_are_not_the_cheapest() -> None:
    Path("s.yaml").write_text(
        "api: {price_in: 0, price_out: 0}\n"
        "hosted: {gpu_hour: 2, tok_s_total: 1000}\n"
        "owned: {server_price: 360000, months: 36, gpus_per_server: 8, tok_s_total: 1000}\n"
    )
    out = llmcost("breakeven", "--modes", "--scenario", "s.yaml", "--monthly-tokens", "1M").out
    against = [line.split(": ", 1)[1].strip() for line in out.splitlines() if line.startswith("against the cheapest")]
    assert against == ["cheapest", "+$1,460.00", "+$10,000.00"]


def test_modes(scenario: str) -> None:
    ran = llmcost("breakeven", "--modes", "--scenario", scenario)
    assert ran.code == 0
    for text in ("time to scale:", "fits:", "cheapest at:", "+$2,400.00 (66.7%)"):
        assert text in ran.out
    found = llmcost("breakeven", "--modes", "--scenario", scenario, "--json").json
    assert found["modes"]["hosted"]["usd_per_1m"] == "7.4"
    assert found["modes"]["api"]["cheapest_between_tokens"][0]["from"] == 0
    assert llmcost("breakeven", "--modes", "--scenario", scenario, "--format", "csv").out.count("\n") == 4
    assert (
        "| mode | per 1M tokens |"
        in llmcost("breakeven", "--modes", "--scenario", scenario, "--format", "markdown").out
    )


def test_the_article() -> None:
    ran = llmcost("breakeven", "--seed-article")
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["GPT-4", "Turbo", "$10.00", "$30.00", "$40.00", "$20.00", "$2,000.00", "$10,000.00"] in rows
    assert "an API must charge between $4.38 and $21.90 per 1M tokens" in ran.out
    found = llmcost("breakeven", "--seed-article", "--json").json
    assert [model["usd_per_1m"] for model in found["models"]] == ["20", "1", "1"]
    assert found["models"][0]["break_even_tokens"][1] == {"gpus": 2, "monthly_tokens": 109_500_000}
    assert "| GPT-3.5 Turbo |" in llmcost("breakeven", "--seed-article", "--format", "markdown").out
    assert failed("--seed-article", "--format", "csv").code == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--monthly-tokens", "0"), "--monthly-tokens '0' is not between 1 and 10^18 tokens"),
        (("--monthly-tokens", "-5M"), "--monthly-tokens '-5M' is negative"),
        (("--monthly-tokens", "lots"), "--monthly-tokens 'lots' is not a number of tokens"),
        (("--monthly-tokens", ""), "--monthly-tokens is empty"),
        (("--monthly-tokens", "1M", "--input-share", "1.5"), "--input-share '1.5' is not a share from 0 to 1"),
        (("--monthly-tokens", "1M", "--cached-share", "x"), "--cached-share 'x' is not a share"),
        (
            ("--monthly-tokens", "1M", "--cached-share", "0.6", "--cache-write-share", "0.6"),
            "cached and written input add up to more than 1",
        ),
        (("--monthly-tokens", "1M", "--batch-share", "2"), "--batch-share '2' is not a share from 0 to 1"),
        (("--monthly-tokens", "1M", "--batch-share", "0.5"), "model 'gpt-4o-mini' has no batch price"),
        (("--monthly-tokens", "1M", "--max-utilisation", "0"), "--max-utilisation '0' is not a share above 0 to 1"),
        (("--monthly-tokens", "1M", "--peak", "0.5"), "--peak '0.5' is below 1"),
        (("--monthly-tokens", "1M", "--gpus", "1.5", *OWN[2:]), "--gpus '1.5' is not a whole number"),
        (("--monthly-tokens", "1M", "--gpus", "0", *OWN[2:]), "--gpus '0' must be greater than zero"),
        (("--monthly-tokens", "1M", "--gpu-hour", "free"), "--gpu-hour 'free' is not a number"),
        (("--monthly-tokens", "1M", "--input-tps", "0"), "--input-tps '0' must be greater than zero"),
        (("--monthly-tokens", "1M", "--fixed", "-1"), "--fixed '-1' is negative"),
        (
            ("--monthly-tokens", "1M", "--input-share", "1", "--output-ratio", "1"),
            "--input-share and --output-ratio both say what the traffic is made of",
        ),
        (("--monthly-tokens", "1M", "--output-ratio", "x"), "--output-ratio 'x' is not a number"),
        (
            ("--monthly-tokens", "1M", "--model", "gpt-4o-mnii"),
            "no price for model 'gpt-4o-mnii'; did you mean 'gpt-4o-mini'?",
        ),
        (("--monthly-tokens", "1M", "--model", "embed"), "model 'embed' has no rate for output"),
        (("--monthly-tokens", "1M", "--model", "searcher"), "'searcher' charges a fee per request"),
        (("--monthly-tokens", "1M", "--gpu", "h1000"), "unknown GPU 'h1000'; did you mean 'h100'?"),
        (("--monthly-tokens", "1M", "--gpu", " "), "--gpu is empty"),
        (("--monthly-tokens", "1M", "--against", "llama-9"), "no measurements of model 'llama-9'"),
        (
            ("--monthly-tokens", "1M", "--against", "llama-3.1-70b", "--precision", "fp16", "--gpus", "1"),
            "llama-3.1-70b at fp16 does not fit 1 x h100: weights 70.6B x 2 bytes = 141.2 GB",
        ),
        (
            ("--monthly-tokens", "1M", "--input-share", "0.01", "--gpu", "h100"),
            "no measurement of llama-3.1-70b on h100 with 1% input tokens",
        ),
        (("--monthly-tokens", "1M", "--format", "xml"), "unknown format 'xml'"),
        (("--monthly-tokens", "1M", "--where", "app=x"), "--where without --from-ledger"),
        (("--monthly-tokens", "1M", "--scenario", "none.yaml"), "cannot read none.yaml"),
        (("--monthly-tokens", "1M", "--fit", "none.json"), "cannot read none.json"),
        (("--monthly-tokens", "1M", "--evidence", "none.yaml"), "cannot read none.yaml"),
        (("--from-ledger", "lots"), "not a time span: 'lots'"),
        ((), "nothing says how many tokens a month"),
    ],
)
def test_bad_input(options: tuple[str, ...], message: str) -> None:
    ran = failed(*options)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hosted: {gpu_hoor: 1}", "s.yaml:1: unknown key 'gpu_hoor'; did you mean 'gpu_hour'?"),
        ("hosted: {gpu_hour: 1}", "section 'hosted' has no 'tok_s_in'"),
        ("owned: {server_price: 1, months: 3}", "section 'owned' has no 'gpus_per_server'"),
        ("hosted: {gpu_hour: 1, tok_s_total: 5, max_util: 0}", "s.yaml:1: 'max_util' '0' is not a share above 0 to 1"),
        (
            "api: {input_tokens: 5, output_tokens: 5}\nowned: {input_tokens: 6}",
            "s.yaml:2: 'input_tokens' '6' contradicts",
        ),
        ("input_tokens: 0\noutput_tokens: 0", "input_tokens and output_tokens are both 0"),
        ("input_tokens: -5\noutput_tokens: 0", "s.yaml:1: 'input_tokens' '-5' is negative"),
        ("api: {model: oops}", "no price for model 'oops' (s.yaml:1: 'model')"),
    ],
)
def test_bad_scenarios(text: str, message: str) -> None:
    Path("s.yaml").write_text(text)
    options = () if "tokens" in text else ("--monthly-tokens", "1M")
    ran = failed("--scenario", "s.yaml", *options)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {message}")


def test_options_settle_what_sections_disagree_about() -> None:
    Path("s.yaml").write_text(
        "api: {input_tokens: 8, output_tokens: 2, price_in: 1, price_out: 1}\n"
        "owned: {input_tokens: 80, output_tokens: 20, server_price: 1, months: 1, gpus_per_server: 1, tok_s_total: 1}\n"
    )
    assert "contradicts" in failed("--scenario", "s.yaml").err
    found = compared("--scenario", "s.yaml", "--monthly-tokens", "1M", remarks=1)
    assert (found["input_share"], found["modes"]["api"]["month_usd"]) == (0.8, "1")


def test_the_price_is_that_of_the_moment() -> None:
    Path("pricing.yaml").write_text(
        "version: 1\nmodels:\n  - model: big\n    provider: acme\n    prices:\n"
        "      - {valid_to: 2026-06-01, input: 4, output: 4}\n      - {valid_from: 2026-06-01, input: 1, output: 1}\n",
        "utf-8",
    )
    before = compared("--monthly-tokens", "1M", "--model", "big", "--as-of", "2026-05-31")
    after = compared("--monthly-tokens", "1M", "--model", "big", "--as-of", "2026-06-01")
    assert [each["price"]["input_usd_per_1m"] for each in (before, after)] == ["4", "1"]
    assert after["as_of"] == "2026-06-01T00:00:00Z"
    assert after["price"]["layer"] == "./pricing.yaml"


REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "data" / "breakeven" / "reference_cases.yaml"


@pytest.mark.skipif(not REFERENCE.exists(), reason="shared data is not here")
@pytest.mark.parametrize("sections", [True, False])
def test_the_reference_cases_through_scenario_files(sections: bool) -> None:
    import yaml

    document = yaml.safe_load(REFERENCE.read_text("utf-8"))
    cases = {case["id"]: case for case in document["cases"]}

    def month(mode: str, name: str, *options: str) -> tuple[Any, Any]:
        given = cases[name]["inputs"]
        Path("case.yaml").write_text(yaml.safe_dump({mode: given} if sections else given))
        alone = int("fte" not in given)
        return compared("--scenario", "case.yaml", *options, remarks=alone), cases[name]["expected"]

    def near(text: str, expected: float) -> bool:
        return bool(abs(float(text) - expected) <= document["tolerance_usd"])

    for options, key in (((), "api_month"), (("--batch-share", "0"), "with_cache"),
                         (("--batch-share", "0", "--cached-share", "0"), "list_no_discounts")):  # fmt: skip
        found, expected = month("api", "api_mix_cache_batch", *options)
        assert near(found["modes"]["api"]["month_usd"], expected[key])
    found, expected = month("hosted", "hosted_static_steps")
    assert len(found["volumes"]) == 6
    for each in found["volumes"]:
        hosted, volume = each["modes"]["hosted"], each["monthly_tokens"] // 10**6
        assert hosted["replicas"] == expected[f"{volume}M_provisioned"]
        assert near(hosted["month_usd"], expected[f"{volume}M_cost"])
        assert near(hosted["usd_per_1m"], expected[f"{volume}M_usd_per_1M"])
    found, expected = month("owned", "owned_cluster")
    owned = found["modes"]["owned"]
    assert [owned[key] for key in ("peak_replicas", "replicas", "gpus", "servers", "replica_seconds")] == [
        expected[key] for key in ("peak_replicas", "provisioned", "gpus", "servers", "replica_seconds")
    ]
    for part in ("amortisation", "power", "colo", "maintenance", "staff", "other"):
        assert near(owned["parts"][f"{part}_usd"], expected[part])
    assert near(owned["month_usd"], expected["cost"])
    assert near(owned["usd_per_1m"], expected["usd_per_1M"])
    assert near(str(owned["part_shares"]["staff"] * 100), expected["staff_share_pct"])
