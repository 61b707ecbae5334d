"""The contract of `llmcost.ledger.protocol.Ledger`: every engine must pass it.

An engine's test module subclasses `LedgerContract` (and `SharedLedgerContract`, when several processes can use
one ledger) and says how to make a ledger.
"""

from __future__ import annotations

import json
import random
from contextlib import closing
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcost.core.billed import Billed
from llmcost.core.errors import UsageError
from llmcost.core.record import DIMENSIONS
from llmcost.core.usage import Usage
from llmcost.ledger.alerts import Alert, StoredAlert
from llmcost.ledger.bookmarks import Bookmark
from llmcost.ledger.costs import FixedCost, Share
from llmcost.ledger.labels import Answered, StoredLabel
from llmcost.ledger.measures import Amounts
from llmcost.ledger.protocol import (
    REPORTED,
    UNPRICED,
    Added,
    Basis,
    Covered,
    CoveredGroup,
    Ledger,
    Names,
    Prediction,
    PricedRecord,
    Query,
    Spread,
)
from tests.ledger.samples import (
    CARD,
    DAY,
    EVERYTHING,
    QUARTER,
    T0,
    add,
    batch,
    distinct_rows,
    intervals,
    priced,
    row,
    splits,
    standing,
    stored,
    summed,
    totals,
    value,
    versions,
)

#: Every engine's class inherits the same property tests.
shared = settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow], deadline=None)
#: Of what is told by few examples as well.
briefly = settings(shared, max_examples=40)
HOSTILE = ("o'hara", '"', "100%", "a;b", "x' OR '1'='1", "'; DROP TABLE request; --", "\\", "nul\x00", "?", "中文", "%")
TAGS = ("tag.k", "tag.cost%", "tag.a\"'b", "tag.absent")


def prediction(name: str, path: str, **fields: Any) -> Prediction:
    made = Prediction(
        name, T0, "estimate", path, "gpt-4o", (("prompt_id", path), ("app", "o'hara")), 100, 50, 1_234, 1_000, 2_000, 9
    )
    return made._replace(**fields)


def alert(name: str, channel: str = "slack-1", **fields: Any) -> Alert:
    """Of the subject `name`, in the window after its dash, if there is one."""
    made = Alert(f"{channel}/{name}", f"{channel}/{name.partition('-')[0]}", channel, '{"budget": "中文\'; --"}')
    return made._replace(**fields)


def billed(scope: str, cost: int) -> Billed:
    return Billed("s", scope, T0, T0 + DAY, "openai", Decimal(cost), "USD")


def keys(found: list[StoredAlert]) -> list[str]:
    return [each.alert.key for each in found]


def named(*pairs: tuple[str, str]) -> dict[str, Any]:
    return dict(pairs)


class LedgerContract:
    def fresh(self) -> Ledger:
        """A new empty ledger; the test closes it."""
        raise NotImplementedError

    @pytest.fixture
    def ledger(self) -> Any:
        with closing(self.fresh()) as made:
            yield made

    # Identity and idempotence

    def test_an_empty_ledger(self, ledger: Ledger) -> None:
        assert stored(ledger) == []
        assert ledger.bounds() is None
        assert ledger.newest_at(2**62) is None
        assert summed(ledger, EVERYTHING) == totals([], EVERYTHING)
        assert ledger.sums(EVERYTHING._replace(by=("model",))) == []
        assert ledger.check() == []
        info = ledger.info()
        assert (info.requests, info.first_us, info.last_us, info.unpriced, info.batches) == (0, None, None, 0, ())

    def test_a_batch_that_changes_nothing_leaves_no_trace(self, ledger: Ledger) -> None:
        first = ledger.begin_batch("one", T0)
        ledger.add([row("openai:1"), row("openai:2", tokens=9)], first)
        assert ledger.end_batch(first)
        again = ledger.begin_batch("two", T0 + 1)
        ledger.add([row("openai:1")], again)
        assert not ledger.end_batch(again)
        lesser = ledger.begin_batch("three", T0 + 2)
        ledger.add([row("openai:2", tokens=3)], lesser)
        assert ledger.end_batch(lesser)
        assert [(batch.label, batch.rows) for batch in ledger.info().batches] == [("one", 2), ("three", 0)]

    def test_an_id_that_two_apps_use_is_a_clash(self, ledger: Ledger) -> None:
        mine, other = row("x:1", app="chat", tokens=5), row("x:1", app="search", tokens=9)
        assert ledger.add([mine, other], batch(ledger)) == Added(new=1, duplicate=1, cost=63, clashes=1)
        assert ledger.add([mine], batch(ledger)) == Added(duplicate=1, clashes=1)
        logged = row("openai:chatcmpl-1234", app="chat", tokens=1), row("openai:chatcmpl-1234", app="proxy", tokens=2)
        assert ledger.add(logged, batch(ledger)) == Added(new=1, duplicate=1, cost=14)
        third = row("x:1", app="search", model="other", tokens=11)
        assert ledger.add([third], batch(ledger)) == Added(updated=1, cost=77, clashes=1)
        assert ledger.add([third._replace(record=third.record._replace(user="u"))], batch(ledger)).clashes == 0

    def test_the_layers_that_priced_rows_are_known(self, ledger: Ledger) -> None:
        assert ledger.price_layers() == []
        unpriced = row("openai:3", basis=Basis(UNPRICED))
        ledger.add([row("openai:1"), row("openai:2", basis=CARD._replace(layer="user")), unpriced],
                   ledger.begin_batch("one", T0))  # fmt: skip
        assert ledger.price_layers() == ["catalogue", "user"]

    def test_a_row_comes_back_whole(self, ledger: Ledger) -> None:
        full = row(
            "anthropic:msg_1", provider="anthropic", model="claude", usage=Usage(*range(1, 13)), tier="batch",
            app="a", environment="e", team="t", operation="o", user="u", project="p", session="s", branch="b",
            machine="m", region="r", status="error", error="overloaded", source="jsonl", sidechain=True, partial=True,
            cache_hit=False, unmetered=True, latency_us=5, ttft_us=0, reported_nano=0, tags=(("a", ""), ("k", "v")),
            prompt_id="i", prompt_digest="d", prefix_digest="f", language="de", prompt_chars=0,
            basis=CARD._replace(assumed=True),
        )  # fmt: skip
        bare = row("~1", ts=T0 + 1, basis=Basis(UNPRICED))
        add(ledger, full, bare)
        assert stored(ledger) == [full, bare]

    def test_the_same_rows_again_add_nothing(self, ledger: Ledger) -> None:
        rows = [row(f"openai:{n}", ts=T0 + n, tokens=n, user="ann") for n in range(5)]
        assert ledger.add(rows, batch(ledger)) == Added(new=5, cost=70)
        before = summed(ledger, EVERYTHING)
        assert ledger.add(rows, batch(ledger)) == Added(duplicate=5)
        assert ledger.add(rows * 2, batch(ledger)) == Added(duplicate=10)
        assert summed(ledger, EVERYTHING) == before == totals(rows, EVERYTHING)
        assert stored(ledger) == rows

    def test_rows_repeated_in_one_call_count_once(self, ledger: Ledger) -> None:
        one = row(tokens=1)
        assert ledger.add([one, one, row(tokens=1)], batch(ledger)) == Added(new=1, duplicate=2, cost=7)

    def test_no_rows_are_no_rows(self, ledger: Ledger) -> None:
        assert ledger.add([], batch(ledger)) == Added()

    def test_different_ids_at_one_moment_are_different_requests(self, ledger: Ledger) -> None:
        add(ledger, row("openai:1"), row("anthropic:1"), row("openai:1 "), row("OPENAI:1"))
        assert len(stored(ledger)) == 4

    def test_rows_need_a_batch(self, ledger: Ledger) -> None:
        with pytest.raises(UsageError, match="no batch 7"):
            ledger.add([row()], 7)
        assert stored(ledger) == []

    # Merge

    def test_a_fuller_version_replaces_and_the_totals_follow(self, ledger: Ledger) -> None:
        first = row(tokens=10, partial=True, app="old", ts=T0 + 5)
        fuller = row(tokens=30, app="new", user="ann", ts=T0 + QUARTER)
        assert ledger.add([first], batch(ledger)) == Added(new=1, cost=70)
        assert ledger.add([fuller], batch(ledger)) == Added(updated=1, cost=210, clashes=1)
        assert ledger.add([first], batch(ledger)) == Added(duplicate=1, clashes=1)
        assert stored(ledger) == [fuller]
        by_app = EVERYTHING._replace(by=("app",))
        assert summed(ledger, by_app) == totals([fuller], by_app)
        by_user = EVERYTHING._replace(by=("user",))
        assert summed(ledger, by_user) == totals([fuller], by_user)
        assert ledger.check() == []

    def test_an_id_is_found_again_on_the_day_before_and_after(self, ledger: Ledger) -> None:
        add(ledger, row(ts=T0 - 1, tokens=1))
        add(ledger, row(ts=T0, tokens=2))
        assert stored(ledger) == [row(ts=T0, tokens=2)]
        add(ledger, row(ts=T0 - DAY, tokens=3))
        assert stored(ledger) == [row(ts=T0 - DAY, tokens=3)]

    @pytest.mark.parametrize("together", [True, False])
    def test_an_id_two_days_on_is_another_request(self, ledger: Ledger, together: bool) -> None:
        # The last moment of one day and the first of the next but one: a day and two microseconds apart.
        rows = [row(ts=T0 - 1, tokens=1), row(ts=T0 + DAY, tokens=2)]
        if together:
            add(ledger, *rows)
        else:
            add(ledger, rows[1])
            add(ledger, rows[0])
        assert stored(ledger) == rows

    def test_a_version_between_two_requests_takes_only_what_is_less(self, ledger: Ledger) -> None:
        least, most = row(ts=T0, tokens=1), row(ts=T0 + 2 * DAY, tokens=9)
        add(ledger, least, most)
        assert ledger.add([row(ts=T0 + DAY, tokens=5)], batch(ledger)) == Added(duplicate=1)
        assert stored(ledger) == [least, most]
        between = row(ts=T0 + DAY, tokens=10)
        assert ledger.add([between], batch(ledger)) == Added(updated=1, cost=70)
        assert stored(ledger) == [between]
        assert ledger.check() == []

    def test_what_a_version_replaced_does_not_hold_back_another(self, ledger: Ledger) -> None:
        add(ledger, row(ts=T0 + DAY, tokens=5))
        both = [row(ts=T0, tokens=9), row(ts=T0 + 2 * DAY, tokens=1)]
        assert ledger.add(both, batch(ledger)) == Added(new=1, updated=1, cost=70)
        assert stored(ledger) == both
        assert ledger.check() == []

    @shared
    @given(splits(versions), st.booleans())
    def test_any_order_and_any_split_give_the_same_ledger(
        self, parts: list[list[PricedRecord]], own_batches: bool
    ) -> None:
        everything = [one for part in parts for one in part]
        expected = standing(everything)
        with closing(self.fresh()) as ledger:
            number = batch(ledger)
            added = Added()
            for part in parts:
                added = added.plus(ledger.add(part, batch(ledger) if own_batches else number))
            assert stored(ledger) == expected
            assert added.new == len(expected)
            assert added.new + added.updated + added.duplicate == len(everything)
            for by in ((), ("app",), ("user",), ("user", "model"), ("tag.k",)):
                query = EVERYTHING._replace(by=by)
                assert summed(ledger, query) == totals(expected, query)
            assert ledger.check() == []

    # Sums

    @shared
    @given(
        distinct_rows,
        intervals,
        st.lists(st.sampled_from([*DIMENSIONS, *TAGS]), max_size=3, unique=True).map(tuple),
        st.lists(
            st.sampled_from(
                [("user", "ann"), ("user", "o'hara"), ("user", ""), ("app", "shop"), ("model", "mystery"),
                 ("status", "error"), ("project", "p;q"), ("tag.k", "v"), ("tag.k", "w;--"), ("tag.absent", ""),
                 ("session", "s1"), ("tier", "batch"), ("source", "absent")]
            ),
            max_size=3,
        ).map(tuple),
    )  # fmt: skip
    def test_sums_are_those_of_the_rows(
        self,
        rows: list[PricedRecord],
        interval: tuple[int, int],
        by: tuple[str, ...],
        where: tuple[tuple[str, str], ...],
    ) -> None:
        with closing(self.fresh()) as ledger:
            add(ledger, *rows)
            query = Query(*interval, by=by, where=where)
            assert summed(ledger, query) == totals(rows, query)

    def test_every_dimension_adds_up_to_the_whole(self, ledger: Ledger) -> None:
        rows = [
            row(
                f"openai:{n}", ts=T0 + n * 7 * QUARTER + n, tokens=n, cache_hit=n % 2 == 0, latency_us=1000 * n,
                ttft_us=n, tags=(("k", str(n % 3)),),
                **named(*((name, f"{name}{n % 4}") for name in DIMENSIONS)),
            )
            for n in range(60)
        ]  # fmt: skip
        add(ledger, *rows)
        query = Query(T0 + 12345, T0 + 3 * DAY + QUARTER + 1)
        whole = ledger.sums(query)[0].sums
        assert whole["requests"] == 41
        for name in (*DIMENSIONS, "tag.k"):
            groups = ledger.sums(query._replace(by=(name,)))
            assert {len(group.key) for group in groups} == {1}, name
            for measure in ("requests", "cost", "t_output", "latency_us", "tpot_us", "hits", "n_output"):
                assert sum(group.sums[measure] for group in groups) == whole[measure], (name, measure)

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (T0, T0 + DAY, 2), (T0 + 1, T0 + DAY, 1), (T0, T0 + 1, 1), (T0, T0, 0), (T0 + 5, T0, 0),
            (T0, T0 + DAY - 1, 1), (T0 - 1, T0 + DAY + 1, 4), (T0 - 1, T0, 1), (-(2**40), 2**62, 4),
            (T0 + DAY, T0 + 9 * DAY, 1),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("by", ["model", "user", "session"])
    def test_an_interval_holds_its_start_but_not_its_end(
        self, ledger: Ledger, start: int, end: int, expected: int, by: str
    ) -> None:
        times = (T0 - 1, T0, T0 + DAY - 1, T0 + DAY)
        add(ledger, *(row(f"openai:{n}", ts=ts) for n, ts in enumerate(times)))
        assert ledger.sums(Query(start, end))[0].sums["requests"] == expected
        assert sum(group.sums["requests"] for group in ledger.sums(Query(start, end, by=(by,)))) == expected

    @pytest.mark.parametrize("text", HOSTILE)
    @pytest.mark.parametrize("name", ["user", "model", "session", "status"])
    def test_hostile_text_is_a_value_and_nothing_else(self, ledger: Ledger, name: str, text: str) -> None:
        mine, other = row("openai:1", tokens=1, **named((name, text))), row("openai:2", tokens=2)
        add(ledger, mine, other)
        assert stored(ledger, EVERYTHING._replace(where=((name, text),))) == [mine]
        assert ledger.sums(EVERYTHING._replace(where=((name, text),)))[0].sums["cost"] == 7
        keys = {group.key for group in ledger.sums(EVERYTHING._replace(by=(name,)))}
        assert (text,) in keys
        assert len(keys) == 2
        assert ledger.check() == []

    # Series

    @shared
    @given(
        distinct_rows,
        st.lists(st.integers(-200, 200), min_size=2, max_size=6, unique=True).map(sorted),
        st.sampled_from([0, 1, QUARTER - 1]),
        st.sampled_from([(), (("app", "shop"),), (("user", "ann"),), (("status", "error"),)]),
        st.sampled_from([(), ("app",), ("app", "status"), ("tag.team",)]),
    )
    def test_a_series_is_the_sums_between_its_cuts(
        self, rows: list[PricedRecord], quarters: list[int], beyond: int, where: tuple[tuple[str, str], ...],
        by: tuple[str, ...],
    ) -> None:  # fmt: skip
        cuts = [T0 + quarter * QUARTER for quarter in quarters]
        cuts[-1] += beyond
        expected: dict[tuple[str, ...], list[Amounts]] = {}
        with closing(self.fresh()) as ledger:
            add(ledger, *rows)
            for number, (a, b) in enumerate(pairwise(cuts)):
                for key, one in ledger.sums(Query(a, b, by=by, where=where)):
                    if one["requests"]:
                        amounts = expected.setdefault(key, [Amounts()] * (len(cuts) - 1))
                        amounts[number] = Amounts(one["requests"], one["unpriced"], one["cost"], one.usage.tokens)
            assert ledger.series(Query(0, 0, by=by, where=where), cuts) == expected
            without = {key: [one._replace(tokens=0) for one in amounts] for key, amounts in expected.items()}
            assert ledger.series(Query(0, 0, by=by, where=where), cuts, tokens=False) == without

    # Percentiles

    @shared
    @given(distinct_rows, intervals, st.sampled_from(["input", "output"]), st.integers(1, 100))
    def test_percentiles_are_the_nearest_rank_of_whole_successful_requests(
        self, rows: list[PricedRecord], interval: tuple[int, int], side: str, percent: int
    ) -> None:
        start, end = interval
        counts = sorted(
            one.record.usage.input_total if side == "input" else one.record.usage.output_total
            for one in rows
            if start <= one.record.ts < end and one.record.status == "ok" and not one.record.partial
        )
        expected = next((n for rank, n in enumerate(counts, 1) if rank * 100 >= percent * len(counts)), None)
        with closing(self.fresh()) as ledger:
            add(ledger, *rows)
            found = ledger.token_percentiles(Query(start, end), side, (percent,))
            assert found == (None if expected is None else (expected,))

    def test_percentiles_of_a_prompt(self, ledger: Ledger) -> None:
        mine = [row(f"openai:{n}", ts=T0 + n, tokens=n, prompt_id="support.j2") for n in range(1, 11)]
        add(ledger, *mine, row("openai:other", ts=T0, tokens=999))
        query = EVERYTHING._replace(where=(("prompt", "support.j2"),))
        assert ledger.token_percentiles(query, "output", (10, 50, 90, 91, 100)) == (1, 5, 9, 10, 10)

    @briefly
    @given(distinct_rows, intervals, st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(95, 100), Fraction(1)]))
    def test_percentiles_of_costs_are_continuous_and_of_each_app(
        self, rows: list[PricedRecord], interval: tuple[int, int], share: Fraction
    ) -> None:
        start, end = interval
        expected = {}
        for app in {one.record.app for one in rows}:
            costs = sorted(
                one.cost
                for one in rows
                if one.cost is not None and one.record.app == app and start <= one.record.ts < end
            )
            if costs:
                place = share * (len(costs) - 1)
                below, above = costs[floor(place)], costs[ceil(place)]
                middle = below + (place - floor(place)) * (above - below)
                expected[app] = Spread(len(costs), middle, Fraction(sum(costs), len(costs)))
        with closing(self.fresh()) as ledger:
            # Days that were over when a batch ended are kept sorted; those of the batch after it are not.
            for half, now in ((rows[::2], T0 + 3 * DAY), (rows[1::2], T0)):
                number = ledger.begin_batch("half", now)
                ledger.add(half, number)
                ledger.end_batch(number)
            assert ledger.cost_percentiles(start, end, share) == expected
            assert ledger.check() == []
            if rows:
                ledger.undo(1)
                ledger.add(rows[::2], ledger.begin_batch("again", T0))
            assert ledger.cost_percentiles(start, end, share) == expected

    @briefly
    @given(distinct_rows, intervals, st.sampled_from([(), (("app", "shop"),), (("user", "ann"), ("tag.k", "v"))]))
    def test_what_a_subscription_pays_for(
        self, rows: list[PricedRecord], interval: tuple[int, int], where: tuple[tuple[str, str], ...]
    ) -> None:
        mine = [
            one.cost or 0
            for one in rows
            if one.record.unmetered
            and interval[0] <= one.record.ts < interval[1]
            and all(value(one.record, name) == text for name, text in where)
        ]
        with closing(self.fresh()) as ledger:
            add(ledger, *rows)
            assert ledger.covered(Query(*interval, where=where)) == Covered(len(mine), sum(mine))

    def test_the_requests_above_a_threshold_of_their_app(self, ledger: Ledger) -> None:
        rows = [
            row(f"openai:{n}", ts=T0 + n, tokens=n, app=app) for n, app in enumerate(["a", "b", "a", "b", "a", "c"])
        ]
        add(ledger, *rows, row("openai:unpriced", app="a", basis=Basis(UNPRICED), tokens=10**6))
        found = ledger.dear(EVERYTHING, {"a": 13, "b": 14}, 2)
        assert (found.requests, found.cost) == (3, (2 + 4 + 3) * 7)
        assert [each.priced.record.id for each in found.top] == ["openai:4", "openai:3"]
        assert ledger.dear(EVERYTHING, {"a": 14}, 9).requests == 1
        assert ledger.dear(EVERYTHING, {}, 9).requests == 0
        assert ledger.dear(Query(T0, T0 + 4, where=(("app", "b"),)), {"a": 0, "b": 0}, 9).cost == 4 * 7

    # Predictions

    def test_predictions_are_kept_and_a_name_recorded_again_replaces_all_of_it(self, ledger: Ledger) -> None:
        first = prediction("pr-1", "a.txt", recorded_us=T0 + 1)
        other = prediction("pr-2", "中文'; --.txt", recorded_us=T0, output_tokens=None, calls_per_month=None)
        ledger.predict([first, prediction("pr-1", "b.txt"), other])
        assert ledger.predictions() == [prediction("pr-1", "b.txt"), other, first]
        ledger.predict([first._replace(call_nano=5)])
        assert ledger.predictions() == [other, first._replace(call_nano=5)]
        assert ledger.check() == []

    @pytest.mark.parametrize("text", [one for one in HOSTILE if "\x00" not in one])
    def test_hostile_tags_are_keys_and_values_and_nothing_else(self, ledger: Ledger, text: str) -> None:
        mine = row("openai:1", tags=tuple(sorted({(text, text), ("~", "~")})))
        add(ledger, mine, row("openai:2"))
        assert stored(ledger, EVERYTHING._replace(where=((f"tag.{text}", text),))) == [mine]
        keys = {group.key for group in ledger.sums(EVERYTHING._replace(by=(f"tag.{text}",)))}
        assert keys == {(text,), ("",)}

    @pytest.mark.parametrize("identity", ["o'h", "a\x00b", "a\x00c", "", "x" * 5000, "中文", "openai:\ud800"])
    def test_a_hostile_id_is_an_id(self, ledger: Ledger, identity: str) -> None:
        rows = [row(identity), row("other"), row("a\x00")]
        assert ledger.add(rows, batch(ledger)).new == 3
        assert ledger.add(rows, batch(ledger)) == Added(duplicate=3)
        assert ledger.check() == []

    def test_lone_surrogates_are_replaced_wherever_they_stand(self, ledger: Ledger) -> None:
        bad = row("openai:\udc80", user="\ud800u", error="e\udfff", tags=(("k\ud800", "\udc00"),), prompt_id="\ud800")
        number = ledger.begin_batch("label\ud800", T0)
        assert ledger.add([bad], number).new == 1
        (kept,) = stored(ledger)
        assert kept.record.id == "openai:\ufffd"
        assert kept.record.user == "\ufffdu"
        assert kept.record.tags == (("k\ufffd", "\ufffd"),)
        assert stored(ledger, EVERYTHING._replace(where=(("user", "\ud800u"),))) == [kept]
        assert ledger.forget_user("\ud800u") == 1

    def test_filters_of_one_dimension_are_ored_and_dimensions_anded(self, ledger: Ledger) -> None:
        rows = [row(f"openai:{app}{user}", app=app, user=user) for app in "ab" for user in "xyz"]
        add(ledger, *rows)
        query = EVERYTHING._replace(where=(("user", "x"), ("app", "a"), ("user", "z")))
        assert {one.record.id for one in stored(ledger, query)} == {"openai:ax", "openai:az"}
        assert ledger.sums(query)[0].sums["requests"] == 2

    @pytest.mark.parametrize(
        ("alias", "name"), [("app_id", "app"), ("env", "environment"), ("user_id", "user"), ("service_tier", "tier")]
    )
    def test_other_spellings_of_a_dimension(self, ledger: Ledger, alias: str, name: str) -> None:
        add(ledger, row("openai:1", **named((name, "x"))), row("openai:2", **named((name, "y"))))
        assert {group.key for group in ledger.sums(EVERYTHING._replace(by=(alias,)))} == {("x",), ("y",)}
        assert len(stored(ledger, EVERYTHING._replace(where=((alias, "x"),)))) == 1

    @pytest.mark.parametrize("name", ["modle", "", "tag.", "1; DROP TABLE request", "ts", "cost", "user'--", "tag"])
    def test_an_unknown_dimension_is_a_usage_error(self, ledger: Ledger, name: str) -> None:
        for query in (EVERYTHING._replace(by=(name,)), EVERYTHING._replace(where=((name, "x"),))):
            with pytest.raises(UsageError, match="unknown dimension"):
                ledger.sums(query)
            with pytest.raises(UsageError, match="unknown dimension"):
                list(ledger.requests(query, order="time", limit=1))

    def test_the_nearest_dimension_is_offered(self, ledger: Ledger) -> None:
        with pytest.raises(UsageError, match="'modle'; did you mean 'model'"):
            ledger.sums(EVERYTHING._replace(by=("modle",)))

    # Money

    def test_unpriced_is_unknown_and_counted(self, ledger: Ledger) -> None:
        unknown = row("openai:1", model="mystery", basis=Basis(UNPRICED), tokens=50)
        told = row("openai:2", basis=Basis(REPORTED), reported_nano=11, tokens=60)
        assert ledger.add([unknown, told, row("openai:3", tokens=1)], batch(ledger)) == Added(
            new=3, unpriced=1, cost=18
        )
        sums = ledger.sums(EVERYTHING)[0].sums
        assert (sums["cost"], sums["unpriced"], sums["reported_only"], sums["reported"]) == (18, 1, 1, 11)
        assert sums["t_output"] == 111
        assert sums["priced_tokens"] == 61
        assert [one.cost for one in stored(ledger)] == [None, 11, 7]
        assert ledger.info().unpriced == 1

    def test_parts_add_up_to_the_cost(self, ledger: Ledger) -> None:
        add(
            ledger, row("openai:1", usage=Usage(*range(1, 13))), row("openai:2", basis=Basis(REPORTED), reported_nano=5)
        )
        sums = ledger.sums(EVERYTHING)[0].sums
        assert sums["cost"] == 78 * 7 + 5
        assert sum(sums.parts.values()) == sums["cost"]
        assert sums.parts["cached"] == 14
        assert sums.parts["fees"] == 5
        assert sums.usage == Usage(*(a + b for a, b in zip(range(1, 13), Usage(output=100), strict=True)))

    def test_the_largest_plausible_counts_fit(self, ledger: Ledger) -> None:
        big = [row(f"openai:{n}", usage=Usage(input=10**12, output=10**12), ts=T0 + n, basis=Basis(UNPRICED))
               for n in range(1000)]  # fmt: skip
        add(ledger, *big)
        assert ledger.sums(EVERYTHING)[0].sums["t_input"] == 10**15
        assert ledger.check() == []

    def test_reprice_changes_cost_and_basis_only(self, ledger: Ledger) -> None:
        unknown = row("openai:1", model="mystery", basis=Basis(UNPRICED), tokens=50, user="ann")
        known = row("openai:2", tokens=3)
        number = add(ledger, unknown, known)
        dearer = [priced(unknown.record), priced(known.record)]
        assert ledger.reprice(dearer) == 1
        assert stored(ledger) == dearer
        assert ledger.reprice(dearer) == 0
        assert summed(ledger, EVERYTHING) == totals(dearer, EVERYTHING)
        for by in ("model", "user"):
            query = EVERYTHING._replace(by=(by,))
            assert summed(ledger, query) == totals(dearer, query)
        assert {found.batch for found in ledger.requests(EVERYTHING, order="time", limit=None)} == {number}
        assert ledger.check() == []

    def test_reprice_can_make_a_cost_unknown_again_and_passes_over_absent_rows(self, ledger: Ledger) -> None:
        known = row("openai:1", tokens=3)
        add(ledger, known)
        nothing = priced(known.record, Basis(UNPRICED))
        assert ledger.reprice([nothing, row("openai:9")]) == 1
        assert stored(ledger) == [nothing]
        assert ledger.sums(EVERYTHING)[0].sums["unpriced"] == 1
        assert ledger.check() == []

    # Single rows

    def test_orders_and_limit(self, ledger: Ledger) -> None:
        rows = {
            "a": row("a", ts=T0 + 3, tokens=5, latency_us=10),
            "b": row("b", ts=T0 + 1, tokens=9, basis=Basis(UNPRICED)),
            "c": row("c", ts=T0 + 2, tokens=1, latency_us=30),
            "d": row("d", ts=T0 + 2, tokens=1, latency_us=20),
        }
        add(ledger, *rows.values())

        def order(name: str, limit: int | None = None) -> str:
            return "".join(found.priced.record.id for found in ledger.requests(EVERYTHING, order=name, limit=limit))

        assert order("time") == "bcda"
        assert order("cost") == "acdb", "an unknown cost comes last; ties by time and id"
        assert order("tokens") == "bacd"
        assert order("latency") == "cdab"
        assert order("cost", 2) == "ac"
        assert order("cost", 0) == ""
        with pytest.raises(UsageError, match="'price'"):
            order("price")

    def test_rows_without_a_card(self, ledger: Ledger) -> None:
        rows = [row("a", basis=Basis(UNPRICED)), row("b", basis=Basis(REPORTED), reported_nano=1), row("c")]
        add(ledger, *rows)
        found = ledger.requests(EVERYTHING, order="time", limit=None, without_card=True)
        assert [one.priced for one in found] == rows[:2]

    def test_bounds_and_newest(self, ledger: Ledger) -> None:
        add(ledger, row("a", ts=T0), row("b", ts=T0 + 10), row("c", ts=T0 + 2 * DAY))
        assert ledger.bounds() == (T0, T0 + 2 * DAY)
        assert [ledger.newest_at(us) for us in (T0 - 1, T0, T0 + 9, T0 + 10, 2**62)] == [
            None, T0, T0, T0 + 10, T0 + 2 * DAY,
        ]  # fmt: skip

    def test_info(self, ledger: Ledger) -> None:
        first = ledger.begin_batch("one", T0)
        ledger.add([row("a"), row("b", ts=T0 + 5, basis=Basis(UNPRICED))], first)
        second = ledger.begin_batch("two", T0 + 1)
        ledger.undo(second)
        info = ledger.info()
        assert (info.requests, info.first_us, info.last_us, info.unpriced) == (2, T0, T0 + 5, 1)
        assert info.batches == ((first, T0, "one", 2, False), (second, T0 + 1, "two", 0, True))

    # Undo

    def test_undo_takes_back_a_batch_and_what_it_replaced_returns(self, ledger: Ledger) -> None:
        old, fuller, other = row(tokens=1, user="ann"), row(tokens=2, user="bob"), row("openai:2")
        add(ledger, old)
        second = add(ledger, fuller, other)
        assert ledger.undo(second) == 2
        assert stored(ledger) == [old]
        by_user = EVERYTHING._replace(by=("user",))
        assert summed(ledger, by_user) == totals([old], by_user)
        assert ledger.check() == []

    def test_a_version_that_lost_returns_when_the_winner_goes(self, ledger: Ledger) -> None:
        lost, won = row(tokens=1), row(tokens=2)
        first = add(ledger, won)
        add(ledger, lost)
        add(ledger, lost)
        assert ledger.undo(first) == 1
        assert stored(ledger) == [lost]

    def test_two_requests_of_one_id_return_separately(self, ledger: Ledger) -> None:
        early, late = row(ts=T0, tokens=1), row(ts=T0 + 2 * DAY, tokens=2)
        add(ledger, early, late)
        between = add(ledger, row(ts=T0 + DAY, tokens=3))
        ledger.undo(between)
        assert stored(ledger) == [early, late]
        assert ledger.check() == []

    def test_undo_is_once_and_of_known_batches(self, ledger: Ledger) -> None:
        number = add(ledger, row())
        ledger.undo(number)
        with pytest.raises(UsageError, match=f"batch {number} is already undone"):
            ledger.undo(number)
        with pytest.raises(UsageError, match=f"batch {number} is already undone"):
            ledger.add([row()], number)
        with pytest.raises(UsageError, match="no batch 99"):
            ledger.undo(99)

    @shared
    @given(st.lists(versions, min_size=1, max_size=4), st.integers(0, 2**32), st.booleans())
    def test_undo_in_any_order_leaves_what_the_other_batches_brought(
        self, batches: list[list[PricedRecord]], seed: int, again: bool
    ) -> None:
        # No row comes in two batches: one found unchanged belongs to the batch that brought it first.
        marked = [
            [priced(one.record._replace(prompt_digest=f"batch {n}"), one.basis) for one in rows]
            for n, rows in enumerate(batches)
        ]
        order = random.Random(seed)
        with closing(self.fresh()) as ledger:
            numbers = [add(ledger, *rows) for rows in marked]
            undone = order.sample(range(len(marked)), order.randint(0, len(marked)))
            for n in undone:
                ledger.undo(numbers[n])
            left = standing(one for n, rows in enumerate(marked) if n not in undone for one in rows)
            assert stored(ledger) == left
            assert summed(ledger, EVERYTHING) == totals(left, EVERYTHING)
            assert ledger.check() == []
            if again:
                for n in undone:
                    add(ledger, *marked[n])
                assert stored(ledger) == standing(one for rows in marked for one in rows)
                assert ledger.check() == []

    # Attribution

    def test_rows_are_given_other_names_and_the_totals_move_with_them(self, ledger: Ledger) -> None:
        add(ledger, row("openai:a", ts=T0, app="", user="ann"), row("openai:b", ts=T0 + 1, app="", user="bob"))
        add(ledger, row("openai:c", ts=T0 + DAY, app="", user="ann"))
        asked: list[Names] = []

        def renamed(names: Names) -> Names:
            asked.append(names)
            return names._replace(app="o'hara", team="中") if names.user == "ann" else names

        assert ledger.relabel(T0, T0 + DAY, renamed) == 1
        assert sorted(names.user for names in asked) == ["ann", "bob"]
        assert [(one.record.app, one.record.team) for one in stored(ledger)] == [("o'hara", "中"), ("", ""), ("", "")]
        by_app = {group.key: group.sums["requests"] for group in ledger.sums(EVERYTHING._replace(by=("app", "user")))}
        assert by_app == {("o'hara", "ann"): 1, ("", "bob"): 1, ("", "ann"): 1}
        assert ledger.relabel(T0, T0 + DAY, renamed) == 0
        assert ledger.check() == []

    def test_the_names_rules_gave_are_remembered(self, ledger: Ledger) -> None:
        assert ledger.ruled.names() == {}
        ledger.ruled.add({"app": {"b", "中'"}, "team": set()})
        ledger.ruled.add({"app": {"a", "b"}})
        assert ledger.ruled.names() == {"app": {"a", "b", "中'"}, "team": set()}

    # Billing

    @shared
    @given(
        st.lists(
            st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(-3, 9), min_size=1, max_size=3), min_size=1),
            max_size=5,
        ),
        st.data(),
    )
    def test_billed_lines_are_those_of_the_last_batch_of_each_scope_that_is_not_undone(
        self, brought: list[dict[str, list[int]]], data: st.DataObject
    ) -> None:
        undone = set(data.draw(st.permutations(range(len(brought))))[: data.draw(st.integers(0, len(brought)))])
        with closing(self.fresh()) as ledger:
            batches = []
            for scopes in brought:
                batches.append(batch(ledger))
                ledger.billing.add([billed(scope, cost) for scope in scopes for cost in scopes[scope]], batches[-1])
                ledger.end_batch(batches[-1])
            standing_of: dict[str, list[int]] = {}
            made_by: dict[int, set[str]] = {}
            for place, scopes in enumerate(brought):
                for scope, costs in scopes.items():
                    made_by.setdefault(place, set())
                    if sorted(standing_of.get(scope, [])) != sorted(costs):
                        standing_of[scope] = costs
                        made_by[place].add(scope)
            for place in data.draw(st.permutations(sorted(undone))):
                # A batch that found everything unchanged brought nothing, and left no trace.
                if made_by.get(place):
                    ledger.undo(batches[place])
            expected: list[Billed] = []
            for scope in "abc":
                left = [
                    place for place in range(len(brought)) if place not in undone and scope in made_by.get(place, ())
                ]
                expected += [billed(scope, cost) for cost in brought[left[-1]][scope]] if left else []
            found = ledger.billing.between(T0, T0 + 1)
            assert sorted(found, key=repr) == sorted(expected, key=repr)
            assert ledger.sums(EVERYTHING)[0].sums["requests"] == 0
            assert ledger.check() == []

    def test_a_billed_line_comes_back_as_it_was(self, ledger: Ledger) -> None:
        line = Billed(
            "s", "o'hara", T0, T0 + DAY, "中", Decimal("123.4567890123456789"), "USD", Usage(1, 2, 3, 4, output=5), 7,
            Decimal("-1E-18"), "1K tokens", "m", "batch", "a", "p", "u", "r", "=x",
        )  # fmt: skip
        ledger.billing.add([line, line], batch(ledger))
        assert ledger.billing.between(T0, T0 + 1) == [line, line]
        assert ledger.billing.between(T0 + 1, T0 + DAY) == []
        ledger.forget_user("u")
        assert {each.user for each in ledger.billing.between(T0, T0 + 1)} == {"(forgotten)"}
        # Nor does the name come back when the page is read again.
        assert ledger.billing.add([line, line], batch(ledger)).unchanged == 2
        ledger.billing.add([line._replace(cost=Decimal(1))], batch(ledger))
        assert [each.user for each in ledger.billing.between(T0, T0 + 1)] == ["(forgotten)"]

    # Costs beside the requests

    def test_fixed_costs_come_back_as_they_were_and_replace_by_name_and_first_day(self, ledger: Ledger) -> None:
        january, june = date(2026, 1, 1), date(2026, 6, 1)
        gpu = FixedCost(
            "o'hara \u4e2d", "infrastructure", -(10**17), "month", january, date(2026, 12, 31), "requests",
            (("app", "=x"), ("user", "u"), ("app", "")),
        )  # fmt: skip
        shares = (Share("user", "u", Fraction(1, 3)), Share("user", "v", Fraction("60.5")))
        manual = FixedCost("staff", "operations", 1, "once", january, None, "manual", (), shares)
        seat = FixedCost("seat", "seat", 20, "month", january, user="u", tool="claude-code")
        assert ledger.costs.put([seat, manual, gpu]) == 0
        assert ledger.costs.all() == [gpu, seat, manual]
        assert ledger.costs.put([seat]) == 0
        later = seat._replace(start=june, amount=25)
        assert ledger.costs.put([seat._replace(amount=21), later]) == 1
        assert ledger.costs.all() == [gpu, seat._replace(amount=21), later, manual]
        ledger.forget_user("u")
        gpu, seat, later, manual = ledger.costs.all()
        assert gpu.where == (("app", "=x"), ("user", "(forgotten)"), ("app", ""))
        assert (seat.user, later.user) == ("(forgotten)", "(forgotten)")
        assert [(share.value, share.weight) for share in manual.shares] == [
            ("(forgotten)", Fraction(1, 3)), ("v", Fraction(121, 2)),
        ]  # fmt: skip
        assert ledger.costs.remove("seat", june) == 1
        assert ledger.costs.remove("nobody's") == 0
        assert ledger.costs.remove("seat") == 1
        assert [each.name for each in ledger.costs.all()] == [gpu.name, "staff"]
        assert ledger.sums(EVERYTHING)[0].sums["requests"] == 0
        assert ledger.check() == []

    def test_covered_requests_per_group(self, ledger: Ledger) -> None:
        add(
            ledger,
            row("a:1", user="u", source="x", unmetered=True, tokens=100),
            row("a:2", user="u", source="x", unmetered=True, tokens=1, ts=T0 + 5),
            row("a:3", user="u", source="x", unmetered=True, basis=Basis(UNPRICED), ts=T0 + 3),
            row("a:4", user="v", source="x", unmetered=True, ts=T0 + DAY, tags=(("k", "t"),)),
            row("a:5", user="w", source="x"),
        )
        query = EVERYTHING._replace(by=("user", "source"))
        assert sorted(ledger.covered_groups(query)) == [
            CoveredGroup(("u", "x"), 3, 1, 707, T0 + 5), CoveredGroup(("v", "x"), 1, 0, 700, T0 + DAY),
        ]  # fmt: skip
        tagged = Query(T0, T0 + DAY + 1, ("tag.k",), (("user", "v"),))
        assert ledger.covered_groups(tagged) == [CoveredGroup(("t",), 1, 0, 700, T0 + DAY)]
        assert ledger.covered_groups(Query(T0, T0 + 1)) == [CoveredGroup((), 1, 0, 700, T0)]
        assert ledger.covered_groups(Query(0, 1)) == []

    # Compaction

    @shared
    @given(distinct_rows, st.integers(-3 * DAY, 3 * DAY))
    def test_what_was_compacted_stays_in_the_totals(self, rows: list[PricedRecord], moment: int) -> None:
        since = (T0 + moment) // DAY * DAY
        gone = [one for one in rows if one.record.ts < since]
        with closing(self.fresh()) as ledger:
            ledger.add(rows, batch(ledger))
            assert ledger.compact(T0 + moment) == len(gone)
            assert ledger.raw_since() == (since if gone else None)
            assert ledger.info().raw_since_us == ledger.raw_since()
            for query in (EVERYTHING, Query(since - DAY, since + DAY), Query(since, since + 5)):
                for by in ((), ("app", "model"), ("user",), ("project", "user")):
                    assert summed(ledger, query._replace(by=by)) == totals(rows, query._replace(by=by))
            assert stored(ledger) == standing(one for one in rows if one.record.ts >= since)
            apps = {one.record.app for one in rows if one.cost is not None and one.record.ts < since}
            assert ledger.cost_percentiles(T0 - DAY, since, Fraction(1, 2)).keys() == apps
            assert ledger.check() == []
            again = ledger.add(rows, batch(ledger))
            assert (again.new, again.updated, again.compacted) == (0, 0, len(gone))
            assert summed(ledger, EVERYTHING) == totals(rows, EVERYTHING)

    def test_a_request_that_was_compacted_does_not_return_a_day_later(self, ledger: Ledger) -> None:
        add(ledger, row("openai:a", ts=T0 - 1), row("openai:b", ts=T0))
        assert ledger.compact(T0) == 1
        later = ledger.add([row("openai:a", ts=T0 + 5, tokens=9_999), row("openai:c", ts=T0 + 6)], batch(ledger))
        assert (later.new, later.updated, later.compacted) == (1, 0, 1)
        assert [one.record.id for one in stored(ledger)] == ["openai:b", "openai:c"]
        assert ledger.sums(EVERYTHING)[0].sums["requests"] == 3
        assert ledger.check() == []

    @pytest.mark.parametrize(
        ("query", "kept"),
        [
            (Query(T0 - DAY, T0 + DAY, ("session",)), "not kept"),
            (Query(T0 - DAY, T0 + DAY, (), (("status", "ok"),)), "not kept"),
            (Query(T0 - QUARTER, T0 + DAY, ("user",)), "kept by the UTC day only"),
            (Query(T0 - 2, T0 + DAY, ("app",)), "kept by the quarter of an hour only"),
            (Query(T0 - 2, T0 + DAY), "kept by the quarter of an hour only"),
        ],
    )
    def test_totals_that_need_rows_that_are_gone_are_refused(self, ledger: Ledger, query: Query, kept: str) -> None:
        add(ledger, row("openai:a", ts=T0 - 1), row("openai:b", ts=T0))
        assert summed(ledger, query)
        ledger.compact(T0)
        with pytest.raises(UsageError, match=kept):
            ledger.sums(query)
        with pytest.raises(UsageError, match=kept):
            ledger.series(query, (query.start, query.end))
        assert ledger.sums(query._replace(start=T0))

    def test_a_batch_with_compacted_rows_cannot_be_undone(self, ledger: Ledger) -> None:
        old, new = batch(ledger), batch(ledger)
        ledger.add([row("openai:a", ts=T0 - 1), row("openai:b", ts=T0)], old)
        ledger.add([row("openai:c", ts=T0)], new)
        ledger.compact(T0)
        with pytest.raises(UsageError, match=f"batch {old} cannot be undone: some of its rows were compacted"):
            ledger.undo(old)
        assert ledger.undo(new) == 1
        assert ledger.check() == []

    def test_a_batch_whose_row_replaced_a_compacted_one_cannot_be_undone(self, ledger: Ledger) -> None:
        add(ledger, row("openai:a", ts=T0 - 1, tokens=1), row("openai:old", ts=T0 - 1))
        fuller = add(ledger, row("openai:a", ts=T0, tokens=2))
        ledger.compact(T0)
        with pytest.raises(UsageError, match=f"batch {fuller} cannot be undone"):
            ledger.undo(fuller)
        assert summed(ledger, EVERYTHING)[()]["requests"] == 2

    def test_a_version_that_waits_keeps_its_session_through_a_compaction(self, ledger: Ledger) -> None:
        add(ledger, row("openai:old", ts=T0 - 1, session="gone"))
        add(ledger, row("openai:a", ts=T0 + DAY, tokens=1, session="mine"))
        fuller = add(ledger, row("openai:a", ts=T0 + DAY, tokens=2, session="later"))
        ledger.compact(T0)
        add(ledger, row("openai:b", ts=T0 + DAY, session="another"))
        ledger.undo(fuller)
        assert {one.record.id: one.record.session for one in stored(ledger)} == {
            "openai:a": "mine",
            "openai:b": "another",
        }
        assert ledger.check() == []

    def test_a_user_is_forgotten_in_days_that_were_compacted_too(self, ledger: Ledger) -> None:
        add(ledger, row("openai:a", ts=T0 - 1, user="ann"), row("openai:b", ts=T0, user="ann"))
        add(ledger, row("openai:c", ts=T0 - 1, user="(forgotten)"), row("openai:d", ts=T0 - 1, user="bob"))
        ledger.compact(T0)
        before = ledger.sums(EVERYTHING)[0].sums
        assert ledger.forget_user("ann") == 1
        by_user = {group.key[0]: group.sums["requests"] for group in ledger.sums(EVERYTHING._replace(by=("user",)))}
        assert by_user == {"(forgotten)": 3, "bob": 1}
        assert ledger.sums(EVERYTHING)[0].sums == before
        assert ledger.check() == []

    def test_nothing_to_compact_changes_nothing(self, ledger: Ledger) -> None:
        assert ledger.compact(T0) == 0
        add(ledger, row(ts=T0))
        assert ledger.compact(T0 + DAY - 1) == 0
        assert ledger.raw_since() is None

    # Forgetting

    def test_a_forgotten_user_is_a_cost_without_a_name(self, ledger: Ledger) -> None:
        mine = row(
            "openai:1", user="ann", project="p", session="s-ann", machine="ann-laptop", branch="main",
            error="ann failed", tags=(("mail", "ann@x"),), prompt_id="i", prompt_digest="d", prefix_digest="f",
            tokens=3,
        )  # fmt: skip
        other = row("openai:2", user="anna", session="s-anna", tokens=4)
        add(ledger, mine, other)
        assert ledger.forget_user("ann") == 1
        anonymous = mine.record._replace(
            user="(forgotten)", session="", machine="", error="", tags=(), prompt_id="", prompt_digest="",
            prefix_digest="",
        )  # fmt: skip
        left = [priced(anonymous), other]
        assert stored(ledger) == left
        for by in ((), ("user",), ("user", "project"), ("session",)):
            query = EVERYTHING._replace(by=by)
            assert summed(ledger, query) == totals(left, query)
        assert ledger.check() == []
        assert ledger.forget_user("ann") == 0

    @pytest.mark.parametrize(
        ("project", "left"),
        [
            ("/home/ann/src/shop", "shop"), ("/Users/ann/shop/", "shop"), ("C:\\Users\\ann\\shop", "shop"),
            ("~/shop", "shop"), ("acme/shop", "acme/shop"), ("", ""), ("/", ""),
        ],
    )  # fmt: skip
    def test_a_forgotten_users_home_folder_leaves_too(self, ledger: Ledger, project: str, left: str) -> None:
        add(ledger, row(user="ann", project=project))
        ledger.forget_user("ann")
        assert [one.record.project for one in stored(ledger)] == [left]
        assert ledger.check() == []

    def test_a_forgotten_user_stays_forgotten(self, ledger: Ledger) -> None:
        mine = row("openai:1", user="ann", session="s", tags=(("k", "v"),))
        add(ledger, mine)
        ledger.forget_user("ann")
        assert ledger.add([mine], batch(ledger)) == Added(duplicate=1)
        assert ledger.add([row("openai:2", user="ann", session="s", tokens=1)], batch(ledger)) == Added(new=1, cost=7)
        assert {(one.record.user, one.record.session, one.record.tags) for one in stored(ledger)} == {
            ("(forgotten)", "", ())
        }
        assert ledger.check() == []

    def test_a_forgotten_users_predictions_leave_too(self, ledger: Ledger) -> None:
        left = [
            prediction("1", "ann.txt", where=(("user", "anna"), ("prompt_id", "ann.txt"))),
            prediction("2", "/srv/annex/b.txt", where=(("app", "ann"),)),
        ]
        gone = [
            prediction("3", "c.txt", where=(("app", "x"), ("user", "bob"), ("user", "ann"))),
            prediction("4", "/home/ann/d.txt", where=(("app", "x"),)),
            prediction("5", "e.txt", where=(("project", "C:\\Users\\ann\\shop"),)),
        ]
        ledger.predict(left + gone)
        ledger.forget_user("ann")
        assert ledger.predictions() == left
        with pytest.raises(UsageError, match="filtered by a user whom the ledger was told to forget"):
            ledger.predict([left[0]._replace(name="6"), gone[0]])
        assert ledger.predictions() == left
        ledger.predict([gone[0]._replace(name="1", where=(("user", "bob"),))])
        assert [each.where for each in ledger.predictions()] == [(("user", "bob"),), left[1].where]

    def test_a_user_can_be_forgotten_before_they_come(self, ledger: Ledger) -> None:
        assert ledger.forget_user("ann") == 0
        add(ledger, row(user="ann"))
        assert [one.record.user for one in stored(ledger)] == ["(forgotten)"]

    @pytest.mark.parametrize("undone", [0, 1])
    def test_undo_does_not_bring_a_name_back(self, ledger: Ledger, undone: int) -> None:
        numbers = [add(ledger, row(tokens=n, user="ann", session=f"s{n}")) for n in (1, 2)]
        assert ledger.forget_user("ann") == 1
        ledger.undo(numbers[undone])
        (left,) = stored(ledger)
        assert (left.record.user, left.record.session) == ("(forgotten)", "")
        assert left.record.usage.output == 2 - undone
        assert ledger.check() == []

    def test_a_name_that_only_a_losing_version_had_is_forgotten_too(self, ledger: Ledger) -> None:
        add(ledger, row(tokens=1, user="ann"))
        winner = add(ledger, row(tokens=2))
        assert ledger.forget_user("ann") == 0
        ledger.undo(winner)
        assert [one.record.user for one in stored(ledger)] == ["(forgotten)"]
        assert ledger.check() == []

    @pytest.mark.parametrize("user", ["", "(forgotten)"])
    def test_nobody_is_called_nothing(self, ledger: Ledger, user: str) -> None:
        add(ledger, row(user="", session="s"))
        with pytest.raises(UsageError, match="no user"):
            ledger.forget_user(user)
        assert stored(ledger) == [row(user="", session="s")]

    # The rest

    def test_the_digest_key_is_the_ledgers_own(self, ledger: Ledger) -> None:
        assert len(ledger.digest_key()) >= 16
        assert ledger.digest_key() == ledger.digest_key()
        with closing(self.fresh()) as other:
            assert other.digest_key() != ledger.digest_key()

    # Labels

    def test_labels_are_opinions_and_each_is_kept_once(self, ledger: Ledger) -> None:
        box = ledger.labels
        assert box.all() == []
        good, bad = StoredLabel("openai:1", "gpt-4o", 1.0, T0), StoredLabel("openai:1", "gpt-4o", 0.0, T0 + 1)
        other = StoredLabel("prompt:00", "中文'; --", 0.7, T0)
        assert box.add([good, bad, good, other], {"openai:1": b"\x01\x02", "none": b""}) == 3
        assert box.add([good._replace(made_us=T0 + 9)], {"openai:1": b"\x03"}) == 0
        assert box.all() == [bad._replace(features=b"\x03"), good._replace(features=b"\x03"), other]
        assert box.remove("openai:1") == 2
        assert box.remove("openai:1") == 0
        assert box.all() == [other]
        assert box.add([bad], {}) == 1
        assert box.all()[0].features is None
        assert ledger.check() == []

    def test_what_the_ledger_knows_of_labelled_requests(self, ledger: Ledger) -> None:
        add(ledger, row("openai:1"), row("openai:2"))
        (one,) = [
            each
            for each in ledger.requests(EVERYTHING, order="time", limit=None)
            if each.priced.record.id == "openai:1"
        ]
        found = ledger.labels.answered(["openai:1", "1", "openai:9", "x' OR '1'='1", ""])
        assert found == dict.fromkeys(("openai:1", "1"), Answered("openai:1", one.priced.record.model, one.priced.cost))
        assert ledger.labels.answered([]) == {}

    def test_features_are_kept_of_requests_that_are_there_and_not_forgotten(self, ledger: Ledger) -> None:
        with_text: dict[str, Any] = {"prompt_digest": "ab", "prompt_chars": 5}
        add(ledger, row("openai:1", **with_text), row("openai:2", user="ann", **with_text), row("openai:3"))
        ledger.forget_user("ann")
        found = [(T0, f"openai:{n}", b"\x01") for n in (1, 2, 3, 4)] + [(T0 + 1, "openai:1", b"\x02")]
        assert ledger.labels.keep(found) == 1
        ledger.labels.add([StoredLabel(f"openai:{n}", "m", 1.0, T0) for n in (1, 2, 3)], {})
        assert [each.features for each in ledger.labels.all()] == [b"\x01", None, None]
        assert ledger.labels.keep([(T0, "openai:1", b"\x03")]) == 1
        assert ledger.labels.all()[0].features == b"\x03"

    def test_bookmarks_are_replaced_and_fall_with_an_undo_and_a_forgotten_user(self, ledger: Ledger) -> None:
        first = Bookmark("a", (1 << 63) - 1, 10, 20, "jsonl:1 x", 9, 2, b"\x00\xff", '{"model": "中文"}')
        second = Bookmark("b'; --", 2, 0, 0, "")
        assert ledger.bookmarks.of("a") is None
        ledger.bookmarks.keep([first, second])
        ledger.bookmarks.keep([first._replace(size=11)])
        assert ledger.bookmarks.of("a") == first._replace(size=11)
        assert ledger.bookmarks.of("b'; --") == second
        number = batch(ledger)
        ledger.add([row(user="ada")], number)
        ledger.undo(number)
        assert ledger.bookmarks.of("a") is None
        ledger.bookmarks.keep([first])
        ledger.forget_user("ada")
        assert ledger.bookmarks.of("a") is None

    def test_a_bookmark_falls_with_its_transaction(self, ledger: Ledger) -> None:
        def fails() -> None:
            with ledger.transaction():
                ledger.bookmarks.keep([Bookmark("a", 1, 1, 1, "")])
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fails()
        assert ledger.bookmarks.of("a") is None

    def test_a_forgotten_users_labels_leave_too(self, ledger: Ledger) -> None:
        add(ledger, row("openai:1", user="ann", prompt_digest="ab"), row("openai:2", user="bob"))
        labels = [StoredLabel(key, "m", 1.0, T0) for key in ("openai:1", "openai:2", "prompt:ab", "prompt:cd")]
        ledger.labels.add(labels, {label.key: b"\x01" for label in labels})
        ledger.forget_user("ann")
        assert [each.key for each in ledger.labels.all()] == ["openai:2", "prompt:cd"]
        ledger.labels.add(labels, {})
        assert [each.features for each in ledger.labels.all()] == [None, b"\x01", None, b"\x01"]

    # The outbox

    def test_an_alert_is_kept_once(self, ledger: Ledger) -> None:
        box = ledger.outbox
        assert box.alerts() == []
        assert box.enqueue([alert("a-1"), alert("a-1"), alert("a-1", "email-2"), alert("b-1")], T0) == 3
        assert box.enqueue([alert("a-1", body="{}"), alert("a-2")], T0 + 1) == 1
        assert [(each.alert, each.made_us) for each in box.alerts()] == [
            (alert("a-1"), T0), (alert("a-1", "email-2"), T0), (alert("b-1"), T0), (alert("a-2"), T0 + 1),
        ]  # fmt: skip
        assert {(each.state, each.attempts, each.due_us, each.error) for each in box.alerts()[:3]} == {
            ("due", 0, T0, "")
        }

    def test_a_standing_subject_is_told_once_until_it_has_ended(self, ledger: Ledger) -> None:
        box = ledger.outbox
        assert box.enqueue([alert("a-1", standing=True)], T0) == 1
        assert box.enqueue([alert("a-2", standing=True), alert("a-2", "email-2", standing=True)], T0) == 1
        box.end([alert("a").subject, alert("never").subject])
        assert box.enqueue([alert("a-3", standing=True), alert("a-3", "email-2", standing=True)], T0) == 1
        assert keys(box.alerts()) == ["slack-1/a-1", "email-2/a-2", "slack-1/a-3"]
        # Ended and begun again within the same window: it goes on.
        box.end([alert("a").subject])
        assert box.enqueue([alert("a-3", standing=True)], T0) == 0
        assert box.enqueue([alert("a-4", standing=True)], T0) == 0

    def test_claimed_is_claimed_by_one(self, ledger: Ledger) -> None:
        box = ledger.outbox
        box.enqueue([alert("a"), alert("b", "email-2"), alert("c")], T0)
        assert box.claim(["slack-1"], T0 - 1, T0 + 9) == []
        assert box.claim([], T0, T0 + 9) == []
        mine = box.claim(["slack-1", "x' OR '1'='1"], T0, T0 + 9)
        assert keys(mine) == ["slack-1/a", "slack-1/c"]
        assert {(each.attempts, each.due_us) for each in mine} == {(1, T0 + 9)}
        assert keys(box.claim(["slack-1", "email-2"], T0 + 8, T0 + 99)) == ["email-2/b"]
        # Whoever claimed it is gone: at the end of the lease it is due again.
        again = box.claim(["slack-1"], T0 + 9, T0 + 20)
        assert [(each.alert.key, each.attempts) for each in again] == [("slack-1/a", 2), ("slack-1/c", 2)]
        # The first comes back from the dead. That it failed changes nothing; that it was told does.
        box.failed(mine[0], T0 + 10, "late")
        assert box.claim(["slack-1"], T0 + 19, T0 + 30) == []
        box.sent(mine[0], T0 + 19)
        assert keys(box.claim(["slack-1"], T0 + 20, T0 + 30)) == ["slack-1/c"]
        box.failed(again[0], T0 + 21, "but it was told")
        assert [(each.state, each.sent_us, each.error) for each in box.alerts()[:1]] == [("sent", T0 + 19, "")]

    def test_failed_is_due_later_or_given_up_or_revived(self, ledger: Ledger) -> None:
        box = ledger.outbox
        box.enqueue([alert("a"), alert("b"), alert("c", "email-2")], T0)
        first, second, third = box.claim(["slack-1", "email-2"], T0, T0 + 9)
        box.failed(first, T0 + 5, "no\x1b '; --")
        box.failed(second, None, "never")
        box.failed(third, None, "never")
        assert [(each.state, each.due_us, each.error) for each in box.alerts()] == [
            ("due", T0 + 5, "no\x1b '; --"), ("given up", None, "never"), ("given up", None, "never"),
        ]  # fmt: skip
        assert keys(box.claim(["slack-1", "email-2"], T0 + 4, T0 + 9)) == []
        assert box.revive(["slack-1"], T0 + 6) == 1
        assert [(each.alert.key, each.attempts) for each in box.claim(["slack-1", "email-2"], T0 + 6, T0 + 9)] == [
            ("slack-1/a", 2), ("slack-1/b", 1),
        ]  # fmt: skip
        assert box.revive(["slack-1"], T0 + 7) == 0

    def test_unclaimed_was_not_tried(self, ledger: Ledger) -> None:
        box = ledger.outbox
        box.enqueue([alert("a")], T0)
        (mine,) = box.claim(["slack-1"], T0, T0 + 9)
        box.unclaim(mine, T0)
        (again,) = box.claim(["slack-1"], T0, T0 + 9)
        assert again.attempts == 1
        box.sent(again, T0 + 1)
        box.unclaim(again, T0)
        assert box.claim(["slack-1"], T0 + 99, T0 + 999) == []
        assert box.alerts(unsent=True) == []
        assert keys(box.alerts()) == ["slack-1/a"]

    def test_what_fails_in_a_transaction_is_not_kept(self, ledger: Ledger) -> None:
        def broken_off() -> None:
            with ledger.transaction():
                add(ledger, row())
                ledger.outbox.enqueue([alert("a")], T0)
                raise RuntimeError("power cut")

        with pytest.raises(RuntimeError, match="power cut"):
            broken_off()
        assert ledger.outbox.alerts() == []
        assert stored(ledger) == []
        with ledger.transaction():
            assert ledger.sums(EVERYTHING)[0].sums["requests"] == 0
            ledger.outbox.enqueue([alert("a")], T0)
        assert keys(ledger.outbox.alerts()) == ["slack-1/a"]

    def test_a_forgotten_users_name_leaves_the_outbox(self, ledger: Ledger) -> None:
        body = {"scope": {"user": ['o"hara', "annex"]}, "message": 'o"hara has used 80%', "current": None}
        ledger.outbox.enqueue([alert("a", body=json.dumps(body)), alert("b", body='{"budget": "annex"}')], T0)
        ledger.forget_user('o"hara')
        ledger.forget_user("ann")
        first, second = ledger.outbox.alerts()
        assert json.loads(first.alert.body) == {
            "scope": {"user": ["(forgotten)", "annex"]}, "message": "(forgotten) has used 80%", "current": None,
        }  # fmt: skip
        assert json.loads(second.alert.body) == {"budget": "annex"}
        assert ledger.outbox.enqueue([alert("a")], T0) == 0

    def test_a_withdrawn_row_leaves_every_sum(self, ledger: Ledger) -> None:
        kept, gone = row("openai:1", tokens=5), row("openai:2", tokens=7)
        add(ledger, kept, gone)
        assert not ledger.withdraw(gone.record.ts + 1, gone.record.id)
        assert not ledger.withdraw(gone.record.ts, "openai:3")
        assert ledger.withdraw(gone.record.ts, gone.record.id)
        assert not ledger.withdraw(gone.record.ts, gone.record.id)
        assert [one.record.id for one in stored(ledger)] == ["openai:1"]
        assert summed(ledger, EVERYTHING) == totals([kept], EVERYTHING)
        assert ledger.check() == []
        add(ledger, gone)
        assert len(stored(ledger)) == 2

    def test_snapshots_nest(self, ledger: Ledger) -> None:
        add(ledger, row())
        with ledger.snapshot():
            with ledger.snapshot():
                assert ledger.check() == []
            assert len(stored(ledger)) == 1
        assert add(ledger, row("openai:2")) == 2

    def test_a_failed_add_changes_nothing_and_the_next_works(self, ledger: Ledger) -> None:
        number = batch(ledger)

        class Broken(str):
            def encode(self, *_: Any) -> bytes:
                raise RuntimeError("half way")

        with pytest.raises(RuntimeError, match="half way"):
            ledger.add([row("openai:1", model="new", user="new"), row(Broken("openai:2"))], number)
        assert stored(ledger) == []
        good = row("openai:1", model="new", user="new")
        ledger.add([good], number)
        assert stored(ledger) == [good]
        assert ledger.check() == []


class SharedLedgerContract(LedgerContract):
    """For engines whose ledgers several processes read and write at once."""

    def again(self, ledger: Ledger) -> Ledger:
        """A second handle on the same data; the test closes it."""
        raise NotImplementedError

    def test_what_one_writes_another_reads(self, ledger: Ledger) -> None:
        add(ledger, row())
        with closing(self.again(ledger)) as other:
            assert stored(other) == [row()]
            add(other, row("openai:2"))
        assert len(stored(ledger)) == 2

    def test_two_who_claim_never_get_the_same(self, ledger: Ledger) -> None:
        ledger.outbox.enqueue([alert(str(number)) for number in range(9)], T0)
        with closing(self.again(ledger)) as other:
            assert len(ledger.outbox.claim(["slack-1"], T0, T0 + 9)) == 9
            assert other.outbox.claim(["slack-1"], T0, T0 + 9) == []

    def test_a_snapshot_sees_one_state(self, ledger: Ledger) -> None:
        add(ledger, row(tokens=1))
        with closing(self.again(ledger)) as other:
            with ledger.snapshot():
                before = summed(ledger, EVERYTHING)
                add(other, row("openai:2", tokens=5))
                assert summed(ledger, EVERYTHING) == before
                assert len(stored(ledger)) == 1
            assert len(stored(ledger)) == 2

    def test_a_name_forgotten_elsewhere_is_not_written_again(self, ledger: Ledger) -> None:
        add(ledger, row("openai:1", user="ann", session="s"))
        with closing(self.again(ledger)) as other:
            assert other.forget_user("ann") == 1
            add(other, row("openai:2", user="bob", session="t"))
            assert len(stored(other)) == 2
            # This handle knew codes of "ann" and "s", which are gone and may be given to others.
            add(ledger, row("openai:3", user="ann"), row("openai:4", user="bob", session="s"))
            for handle in (ledger, other):
                assert sorted((one.record.id, one.record.user, one.record.session) for one in stored(handle)) == [
                    ("openai:1", "(forgotten)", ""), ("openai:2", "bob", "t"), ("openai:3", "(forgotten)", ""),
                    ("openai:4", "bob", "s"),
                ]  # fmt: skip
        assert ledger.check() == []
