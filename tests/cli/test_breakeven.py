from pathlib import Path
from typing import Any

import pytest

from tests.run import llmcost

PRICES = """\
version: 1
models:
  - {model: gpt-4o-mini, provider: openai, input: 0.15, cached_input: 0.075, output: 0.60}
  - {model: big, provider: acme, input: 2.50, cached_input: 1.25, output: 10}
  - {model: embed, provider: acme, input: 0.02}
  - {model: searcher, provider: acme, input: 1, output: 1, per_request: 0.005}
"""


@pytest.fixture(autouse=True)
def prices() -> None:
    Path("pricing.yaml").write_text(PRICES, "utf-8")


def compared(*arguments: str) -> Any:
    ran = llmcost("breakeven", "--json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return ran.json


def test_defaults_are_stated_with_their_source() -> None:
    found = compared("--monthly-tokens", "500M")
    # 375M x 0.15 + 125M x 0.60; one replica of 2 x 1.50 x 730
    assert found["modes"]["api"]["month_usd"] == "131.25"
    assert found["modes"]["api"]["usd_per_1m"] == "0.2625"
    assert found["modes"]["hosted"]["month_usd"] == "2190"
    assert found["modes"]["hosted"]["usd_per_1m"] == "4.38"
    assert found["cheapest"] == "api"
    assert found["saving_usd"] == "2058.75"
    assert found["crossings"] == []
    assert found["hosted_always_cheaper_above"] is None
    values = {item["name"]: item["value"] for item in found["assumptions"]}
    assert values == {
        "model": "gpt-4o-mini", "input-share": "0.75", "cached-share": "0", "gpu-hour": "1.50", "gpus": "2",
        "input-tps": "5000", "output-tps": "1700", "peak-to-average": "3", "max-utilisation": "0.8", "fixed": "0",
        "hours": "730", "replicas": "at least 1, no spare",
    }  # fmt: skip
    assert all(item["source"].startswith("default: ") for item in found["assumptions"][:-2])
    assert found["not_modelled"]


def test_every_option() -> None:
    """1B tokens, 80/20, 40% cached: 480M x 2.50 + 320M x 1.25 + 200M x 10 = 3,600.

    A token takes 0.8/4000 + 0.2/1000 = 0.0004 s: 400,000 of 2,628,000 s, at 10 / 0.5 that is 3.04: four replicas
    of one GPU at 2.50: 4 x 1,825 + 100 = 7,400.
    """
    found = compared(
        "--monthly-tokens", "1B", "--model", "big", "--output-ratio", "0.25", "--cached-share", "40%",
        "--gpu-hour", "2.50", "--gpus", "1", "--input-tps", "4000", "--output-tps", "1000",
        "--peak-to-average", "10", "--max-utilisation", "50%", "--fixed", "100",
    )  # fmt: skip
    assert found["input_share"] == 0.8
    assert found["modes"]["api"] == {
        "month_usd": "3600",
        "usd_per_1m": "3.6",
        "parts": {"input_usd": "1200", "cached_usd": "400", "write_usd": "0", "output_usd": "2000"},
    }
    assert found["modes"]["hosted"] == {
        "month_usd": "7400",
        "usd_per_1m": "7.4",
        "parts": {"gpus_usd": "7300", "fixed_usd": "100"},
        "replicas": 4,
        "gpus": 4,
        "utilisation": 0.038052,  # 400,000 / 2,628,000 / 4
    }
    assert {item["name"]: item["source"] for item in found["assumptions"]}["output-ratio"] == "option"
    assert "input-share" not in {item["name"] for item in found["assumptions"]}
    # A full replica is good for 328.5M tokens, worth 1,182.60 of the API and costing 1,825: never.
    assert found["crossings"] == []


def test_the_crossing_is_the_last_volume_at_which_the_other_is_no_dearer() -> None:
    found = compared("--monthly-tokens", "500M", "--model", "big")
    assert found["crossings"] == [
        {"between": ["api", "hosted"], "monthly_tokens": 500_571_428, "cheaper_above": "hosted"}
    ]
    assert found["hosted_always_cheaper_above"] == 500_571_428
    assert compared("--monthly-tokens", "500571428", "--model", "big")["cheapest"] == "api"
    assert compared("--monthly-tokens", "500571429", "--model", "big")["cheapest"] == "hosted"


def test_the_table_in_a_pipe() -> None:
    ran = llmcost("breakeven", "--monthly-tokens", "500M", "--model", "big")
    assert ran.code == 0
    assert "At 500M tokens a month the API is cheaper by $2.50 a month (0.1% less)." in ran.out
    assert "Above 500,571,428 (501M) tokens a month the GPUs are always cheaper." in ran.out
    assert "default: 70B parameters in 16 bits are 140 GB: two A100-80GB" in ran.out
    assert "Not modelled: people, monitoring" in ran.out
    assert "\x1b" not in ran.out


def test_never_is_said() -> None:
    ran = llmcost("breakeven", "--monthly-tokens", "500M")
    # 0.75/5000 + 0.25/1700 s, x 3 / 0.8, of 3 USD an hour
    assert (
        "The GPUs are never cheaper at this mix: even replicas as full as the peak allows cost $0.9283 per 1M tokens,"
        " the API $0.2625." in ran.out
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--monthly-tokens", "0"), "--monthly-tokens '0' is not between 1 and 10^18 tokens"),
        (("--monthly-tokens", "-5M"), "--monthly-tokens '-5M' is not a number of tokens"),
        (("--monthly-tokens", "1M", "--input-share", "1.5"), "--input-share '1.5' is not a share from 0 to 1"),
        (("--monthly-tokens", "1M", "--cached-share", "x"), "--cached-share 'x' is not a share"),
        (("--monthly-tokens", "1M", "--max-utilisation", "0"), "--max-utilisation '0' is not a share above 0 to 1"),
        (("--monthly-tokens", "1M", "--peak-to-average", "0.5"), "--peak-to-average '0.5' is below 1"),
        (("--monthly-tokens", "1M", "--gpus", "1.5"), "--gpus '1.5' is not a whole number"),
        (("--monthly-tokens", "1M", "--gpus", "0"), "--gpus '0' must be greater than zero"),
        (("--monthly-tokens", "1M", "--gpu-hour", "free"), "--gpu-hour 'free' is not a number"),
        (("--monthly-tokens", "1M", "--input-tps", "0"), "--input-tps '0' must be greater than zero"),
        (("--monthly-tokens", "1M", "--fixed", "-1"), "--fixed '-1' is not a number"),
        (
            ("--monthly-tokens", "1M", "--input-share", "1", "--output-ratio", "1"),
            "--input-share and --output-ratio both say what the traffic is made of",
        ),
        (
            ("--monthly-tokens", "1M", "--model", "gpt-4o-mnii"),
            "no price for model 'gpt-4o-mnii'; did you mean 'gpt-4o-mini'?",
        ),
        (("--monthly-tokens", "1M", "--model", "embed"), "model 'embed' has no rate for output"),
        (("--monthly-tokens", "1M", "--model", "searcher"), "'searcher' charges a fee per request"),
        (("--monthly-tokens", "1M", "--format", "csv"), "unknown format 'csv'"),
        ((), "missing option '--monthly-tokens'"),
    ],
)
def test_bad_input(options: tuple[str, ...], message: str) -> None:
    ran = llmcost("breakeven", *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {message}")
    assert "\nhint: " in ran.err


def test_an_embedding_has_only_input() -> None:
    found = compared("--monthly-tokens", "1M", "--model", "embed", "--input-share", "1")
    assert found["price"]["output_usd_per_1m"] is None
    assert found["modes"]["api"]["month_usd"] == "0.02"


def test_the_price_is_that_of_the_moment() -> None:
    Path("pricing.yaml").write_text(
        "version: 1\nmodels:\n  - model: big\n    provider: acme\n    prices:\n"
        "      - {valid_to: 2026-06-01, input: 4, output: 4}\n      - {valid_from: 2026-06-01, input: 1, output: 1}\n",
        "utf-8",
    )
    before = compared("--monthly-tokens", "1M", "--model", "big", "--as-of", "2026-05-31")
    after = compared("--monthly-tokens", "1M", "--model", "big", "--as-of", "2026-06-01")
    assert (before["modes"]["api"]["month_usd"], after["modes"]["api"]["month_usd"]) == ("4", "1")
    assert after["as_of"] == "2026-06-01T00:00:00Z"
    assert after["price"]["layer"] == "./pricing.yaml"
