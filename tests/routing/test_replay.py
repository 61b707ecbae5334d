from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llmcost.core.usage import Usage
from llmcost.ledger.protocol import PricedRecord
from llmcost.routing.counterfactual import Repricer
from llmcost.routing.policy_file import parse_policy
from llmcost.routing.replay import Choice, Replay, Replayed
from tests.budgets.rows import row
from tests.estimate.books import NOW, book

MODELS = """
candidates:
  - {model: gpt-4o-mini, quality: 0.6, capabilities: [tools]}
  - {model: gpt-cached, quality: 0.7}
  - {model: gpt-4o, quality: 0.8, context_window: 128000, capabilities: [tools, vision]}
"""
FLOOR = "quality_floor: {low: 0, medium: 0.65, high: 0.75}\n"


def request(model: str = "gpt-4o", usage: Usage = Usage(input=1_000, output=100), **more: Any) -> PricedRecord:  # noqa: B008
    app, paid = more.pop("app", "shop"), more.pop("paid", 3_500_000)
    return row("2026-05-01T00:00:00Z", app, paid, provider="openai", model=model, usage=usage, **more)


def replay(rows: Iterable[PricedRecord], policy: str = FLOOR) -> tuple[list[Replayed], dict[str, int]]:
    rules = parse_policy(policy + MODELS, "r.yaml")
    found = Replay(rows, rules, Repricer(book(), rules.candidates, NOW))
    return list(found), dict(found.excluded)


def choices(*rows: PricedRecord, policy: str = FLOOR) -> list[Choice]:
    return [each.choice for each in replay(rows, policy)[0]]


def test_each_request_goes_where_its_recorded_complexity_asks_for() -> None:
    rows = [request(tags=(("route_complexity", level),)) for level in ("low", "medium", "high", "odd")]
    # 1,000 and 100 tokens: 150 + 60, 2,000 + 800, and what was paid.
    assert choices(*rows) == [
        Choice(0, 210_000, 0.6),
        Choice(1, 2_800_000, 0.7),
        Choice(2, 3_500_000, 0.8),
        Choice(1, 2_800_000, 0.7),
    ]
    assert [each.level for each in replay(rows)[0]] == ["low", "medium", "high", None]
    assert [each.moved for each in replay(rows)[0]] == [True, True, False, True]
    assert [each.adequate for each in replay(rows)[0]] == [210_000, 2_800_000, 3_500_000, 2_800_000]


def test_a_request_of_which_nothing_can_be_said_is_left_out_with_the_reason() -> None:
    rows = [
        request(paid=None), request(cache_hit=True), request(usage=Usage(web_searches=1)),
        request("gpt-5", Usage(output_audio=5)), request(),
    ]  # fmt: skip
    found, excluded = replay(rows)
    assert len(found) == 1
    assert excluded == {"unpriced": 1, "answered from a cache": 1, "without tokens": 1, "no candidate fits": 1}


CACHED = Usage(input=200, cached=800, output=100)


def test_the_cache_is_lost_where_the_request_before_went_elsewhere() -> None:
    policy = "quality_floor: 0.65\n"
    first, second = choices(
        request("gpt-4o", CACHED, session="s"),
        request("gpt-cached", CACHED, session="s", paid=1_600_000),
        policy=policy,
    )
    # Cold at first: 1,000 x 2 + 800; then its cache is warm, as it was when it was paid.
    assert (first, second) == (Choice(1, 2_800_000, 0.7), Choice(1, 1_600_000, 0.7))


def test_no_policy_can_go_below_the_cheapest_with_a_warm_cache() -> None:
    (each,) = replay([request("gpt-4o", CACHED, session="s")], "quality_floor: 0.65\n")[0]
    # 200 x 2, 800 x 0.5 and 100 x 8, against the cold request's 1,000 x 2 and 100 x 8.
    assert (each.adequate, each.choice.nano, list(each.good)) == (1_600_000, 2_800_000, [1, 2])


def test_a_switch_back_pays_for_the_cache_it_had() -> None:
    rows = [
        request("gpt-cached", CACHED, session="s", paid=1_600_000, tags=(("route_complexity", level),))
        for level in ("low", "high", "medium")
    ]
    assert [each.nano for each in choices(*rows)][-1] == 2_800_000
    assert [
        each.nano
        for each in choices(
            *(each._replace(record=each.record._replace(session=str(at))) for at, each in enumerate(rows))
        )
    ][-1] == 1_600_000


def test_the_cache_is_warm_again_where_the_policy_stays() -> None:
    rows = [
        request("gpt-cached", CACHED, session="s", paid=1_600_000, tags=(("route_complexity", level),))
        for level in ("low", "medium", "medium")
    ]
    assert [(each.at, each.nano) for each in choices(*rows)][1:] == [(1, 2_800_000), (1, 1_600_000)]


def test_a_session_may_keep_its_model() -> None:
    rows = [request(session="s", tags=(("route_complexity", level),)) for level in ("high", "low", "low")]
    assert [each.at for each in choices(*rows)] == [2, 0, 0]
    assert [each.at for each in choices(*rows, policy=FLOOR + "session: {stay: always}\n")] == [2, 2, 2]


def test_overrides_and_constraints_hold() -> None:
    override = FLOOR + "overrides: [{when: {app: shop}, require: [tools], candidates: [gpt-4o, gpt-4o-mini]}]\n"
    assert [each.at for each in choices(request(), policy=override)] == [2]
    assert [each.at for each in choices(request(app="x"), policy=override)] == [1]
    assert [each.at for each in choices(request(), policy=FLOOR + "max_usd: 0.0005\n")] == [0]
    assert [each.at for each in choices(request(), policy="min_quality: 0.8\n")] == [2]
    assert replay([request()], "min_quality: 0.9\n")[1] == {"no candidate fits": 1}
    images = Usage(input=10, input_image=90, output=10)
    assert [each.at for each in choices(request(usage=images), policy="quality_floor: 0\n")] == [2]


def test_an_escalation_counts_with_its_expected_cost() -> None:
    policy = "quality_floor: 0.75\nescalation: {check_usd: 0.0001, check_accuracy: 1}\n"
    # 210,000 + 100,000 + 0.4 x 2,800,000, and 0.6 + 0.4 x 0.7: the second of the pairs is the cheapest.
    assert choices(request(), policy=policy) == [Choice(0, 1_430_000, 0.88, escalates=True)]
    # Each pair is worth 0.84 at least, and no model that may answer in the end is worth 0.81 alone.
    assert replay([request()], policy + "min_quality: 0.81\n")[1] == {"no candidate fits": 1}
