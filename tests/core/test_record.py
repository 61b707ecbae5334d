import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.record import KeptPrice, Record, merge_key
from llmcost.core.usage import Usage

BASE = Record(ts=1_000, id="openai:1", provider="openai", model="gpt-4o", usage=Usage(input=10))

_usages = st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda two: Usage(input=two[0], output=two[1]))
_fields: dict[str, st.SearchStrategy[Any]] = {
    "ts": st.integers(0, 3), "id": st.just("openai:1"), "provider": st.just("openai"),
    "model": st.sampled_from(["a", "b"]), "usage": _usages, "sidechain": st.booleans(), "partial": st.booleans(),
    "app": st.sampled_from(["", "x"]), "cache_hit": st.sampled_from([None, False, True]),
    "latency_us": st.sampled_from([None, 0, 1]), "tags": st.sampled_from([(), (("k", "v"),)]),
}  # fmt: skip
records = st.fixed_dictionaries(_fields).map(lambda values: Record(**values))


def greater(a: Record, b: Record) -> bool:
    return merge_key(a) > merge_key(b)


def test_the_order_of_the_rules() -> None:
    main = BASE._replace(sidechain=False, partial=True, usage=Usage(input=1))
    side = BASE._replace(sidechain=True, partial=False, usage=Usage(input=99))
    assert greater(main, side), "the main thread wins whatever else is said"
    final, partial = BASE._replace(usage=Usage(input=1)), BASE._replace(partial=True, usage=Usage(input=99))
    assert greater(final, partial), "a finished response wins over a fuller unfinished one"
    more, fewer = BASE._replace(ts=2_000, usage=Usage(output=11)), BASE._replace(ts=1_000)
    assert greater(more, fewer), "more tokens win over an earlier time"
    assert greater(BASE._replace(ts=999), BASE), "of equal versions the earlier wins"


def test_searches_are_no_tokens() -> None:
    searched = BASE._replace(usage=Usage(input=10, web_searches=5), ts=1_001)
    assert greater(BASE, searched)


def test_what_is_not_stored_does_not_decide() -> None:
    assert merge_key(BASE._replace(prompt_text="a")) == merge_key(BASE._replace(prompt_text="b"))
    assert merge_key(BASE._replace(kept=KeptPrice(1, "c", "m"))) == merge_key(BASE)
    assert hash(merge_key(BASE._replace(prompt_text="a"))) == hash(merge_key(BASE))


def test_every_stored_field_decides_at_last() -> None:
    other: dict[str, Any] = {"usage": Usage(output=10), "tags": (("k", "v"),), "sidechain": True, "partial": True}
    for name in Record._fields[2:-2]:
        changed = BASE._replace(**{name: other.get(name, 7)})
        assert greater(changed, BASE) != greater(BASE, changed), name


@given(st.lists(records, min_size=2, max_size=5))
def test_the_order_is_total(versions: list[Record]) -> None:
    for a, b in itertools.combinations(versions, 2):
        assert (merge_key(a) == merge_key(b)) == (a == b)
        assert (merge_key(a) < merge_key(b)) + (merge_key(a) > merge_key(b)) == (a != b)
    winners = {max(order, key=merge_key) for order in itertools.permutations(versions)}
    assert len(winners) == 1
