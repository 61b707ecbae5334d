from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from llmcost.core.errors import DataError
from llmcost.routing.features import BUCKETS, NAMES, features
from llmcost.routing.learned import MAX_BYTES, Band, Chance, Head, Router, dump, load
from llmcost.routing.ridge import Scale, Weights

GRAMS = [0.0] * BUCKETS
for gram in features("prove").grams:
    GRAMS[gram] = -0.5
BANDS = (Band(-1e6, 0.1, 0.3), Band(0.5, 0.6, 0.8))
HEAD = Head(Weights(0.7, (0.0,) * len(NAMES), GRAMS), BANDS, 1_234, on=True)
ROUTER = Router(Scale((1.0,) * len(NAMES), (0.5,) * len(NAMES)), {"gpt-4o-mini": HEAD}, 1_500, "because")


def test_what_is_said_lies_in_the_band_of_prompts_that_scored_alike() -> None:
    # "hello" scores 0.7, "prove" 0.7 - 0.5 * sqrt(3 grams), below 0.1.
    assert ROUTER.p_good(features("hello"), "gpt-4o-mini") == Chance(0.7, 0.6, 0.8, "learned (n = 1,234)")
    assert ROUTER.p_good(features("prove"), "gpt-4o-mini") == Chance(0.1, 0.1, 0.3, "learned (n = 1,234)")
    assert ROUTER.p_good(features("hello"), "gpt-4o") is None
    off = ROUTER._replace(heads={"gpt-4o-mini": HEAD._replace(on=False)})
    assert off.p_good(features("hello"), "gpt-4o-mini") is None
    assert (ROUTER.on, off.on, ROUTER.models) == (True, False, ("gpt-4o-mini",))


def test_a_file_of_tens_of_kilobytes_says_the_same() -> None:
    text = dump(ROUTER)
    assert len(text) < 20_000
    again = load(text.encode(), "router.json")
    assert again.p_good(features("hello"), "gpt-4o-mini") == ROUTER.p_good(features("hello"), "gpt-4o-mini")
    assert again.heads["gpt-4o-mini"].weights.grams == pytest.approx(GRAMS)
    assert (again.n, again.why, again.scale) == (1_500, "because", ROUTER.scale)
    assert dump(again) == text


def changed(path: str, value: Any) -> bytes:
    document = json.loads(dump(ROUTER))
    *way, last = path.split("/")
    place = document
    for name in way:
        place = place[name]
    place[last] = value
    return json.dumps(document).encode()


HEAD_AT = "models/gpt-4o-mini"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is damaged"),
        (b"\x80\x04\x95pickle", "it is damaged"),
        (b"[" * 100_000, "it is damaged"),
        (b'{"a": ' * 100_000, "it is damaged"),
        (b" " * MAX_BYTES + dump(ROUTER).encode(), "it is damaged"),
        (b"[]", "an object is missing"),
        (b"{}", "it does not say that it is one"),
        (changed("features", 0), "it was trained by another version of llmcost"),
        (changed("prompts", -1), "prompts is not a number"),
        (changed("mean", [1.0]), "mean is not a list of 36 numbers"),
        (changed("factor", [float("nan")] * 36), "factor is not a number"),
        (changed("models", []), "an object is missing"),
        (changed(HEAD_AT, None), "an object is missing"),
        (changed(f"{HEAD_AT}/bias", True), "bias is not a number"),
        (changed(f"{HEAD_AT}/bias", float("inf")), "bias is not a number"),
        (changed(f"{HEAD_AT}/bias", 10**400), "bias is not a number"),
        (changed(f"{HEAD_AT}/step", -1), "step is not a number"),
        (changed(f"{HEAD_AT}/grams", "%%%"), "it is damaged"),
        (changed(f"{HEAD_AT}/grams", 7), "grams are not 8192 weights"),
        (changed(f"{HEAD_AT}/grams", base64.b64encode(b"abc").decode()), "grams are not 8192 weights"),
        (changed(f"{HEAD_AT}/bands", []), "bands are not 1 to 100"),
        (changed(f"{HEAD_AT}/bands", [[0, 0.5]]), "band is not a list of 3 numbers"),
        (changed(f"{HEAD_AT}/bands", [[0, 0.5, 1.5]]), "a band is not from 0 to 1"),
        (changed(f"{HEAD_AT}/bands", [[1, 0, 1], [0, 0, 1]]), "bands are not in order"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(DataError) as caught:
        load(content, "x\x1b[2J.json")
    assert caught.value.message.startswith("x")
    assert "\x1b" not in caught.value.message
    assert f"is no trained router: {why}" in caught.value.message
    assert caught.value.hint == "`llmcost routing train` makes one"


def test_why_it_is_off_is_shown_without_secrets() -> None:
    why = load(changed("why", "\x1b[2J sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"), "x").why
    assert "\x1b" not in why
    assert "abcdefgh" not in why


def test_only_true_switches_a_model_on() -> None:
    assert not load(changed(f"{HEAD_AT}/on", "yes"), "x").on
