from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from llmcost.routing.learned import load
from tests.run import llmcost

OPTIONS = ["--ledger", "ledger.db", "--as-of", "2026-11-23T09:00:00Z"]
_WORDS = ["river", "stone", "cloud", "engine", "paper", "garden", "window", "silver"]


def written(path: str, seed: int, n: int, *, usd: bool = False) -> None:
    """Labels of two models; the weak one fails where the prompt says `integral`."""
    draw, lines = random.Random(seed), []
    for _ in range(n):
        words = draw.choices(_WORDS, k=draw.randint(5, 30))
        hard = draw.random() < 0.4
        if hard:
            words[0] = "integral"
        for model, quality, cost in (("gpt-4o", 1.0, 0.01), ("gpt-4o-mini", float(not hard), 0.001)):
            line = {"prompt": " ".join(words), "model": model, "quality": quality}
            lines.append(json.dumps({**line, "cost_usd": cost} if usd else line))
    Path(path).write_text("\n".join(lines))


def test_train_then_eval_on_labels_it_has_not_seen() -> None:
    written("adapt.jsonl", 1, 200)
    written("score.jsonl", 2, 150, usd=True)
    ran = llmcost("routing", "train", "--labels", "adapt.jsonl", *OPTIONS)
    assert ran.code == 0
    assert ran.err == "routing-model.json: written, on\n"
    first, _, head, state, titles, learned, *_ = ran.out.splitlines()
    assert first == "200 prompts, 400 labels; five-fold cross-validation"
    assert head.startswith("gpt-4o (mean quality 1.000) and gpt-4o-mini (0.")
    assert state.startswith("learned: on (ahead of length by +0.")
    assert titles.split()[:2] == ["order", "by"]
    assert learned.startswith("learned")
    content = Path("routing-model.json").read_bytes()
    assert load(content, "x").on
    assert len(content) < 100_000

    ran = llmcost("routing", "eval", "--labels", "score.jsonl", "--min-apgr", "0.75", "--json", *OPTIONS)
    assert ran.code == 0
    assert ran.json["method"] == "the router routing-model.json, which must not have seen these labels"
    (pair,) = ran.json["pairs"]
    assert (pair["strong"], pair["weak"], pair["prompts"], pair["on"]) == ("gpt-4o", "gpt-4o-mini", 150, True)
    assert list(pair["routers"]) == ["learned", "length", "keywords", "prior", "random"]
    found = pair["routers"]["learned"]
    assert found["apgr"] == pytest.approx(0.8, abs=0.03)
    # Where every call costs the same more, both axes agree; what is saved is a share of the strong model's cost.
    assert found["apgr_cost"] == pytest.approx(found["apgr"])
    assert found["saved_cost"]["100%"] == pytest.approx(0.9 * found["saved_calls"]["100%"], abs=1e-5)
    assert found["cpt"]["50%"] < 0.25
    coin = pair["routers"]["random"]
    assert (coin["apgr"], coin["interval"], coin["saved_calls"]["100%"]) == (
        0.5,
        [0.5, 0.5],
        pytest.approx(0, abs=1e-5),
    )

    ran = llmcost("routing", "eval", "--labels", "score.jsonl", "--min-apgr", "0.95", *OPTIONS)
    assert ran.code == 6
    assert "gpt-4o and gpt-4o-mini: APGR 0.8" in ran.err
    assert "(learned) is below 0.95" in ran.err
    assert "cost saved at 95 %" in ran.out


def test_without_a_router_eval_cross_validates() -> None:
    written("labels.jsonl", 3, 60)
    ran = llmcost("routing", "eval", "--labels", "labels.jsonl", "--min-apgr", "0.6", "--json", *OPTIONS)
    assert ran.json["method"] == "five-fold cross-validation"
    assert not Path("routing-model.json").exists()
    # Sixty labels are not enough: the prior decides, and is held to the figure.
    assert (ran.code, ran.json["on"], ran.json["pairs"][0]["decides"]) == (6, False, "prior")
    assert ran.json["pairs"][0]["reason"] == "not enough labels (n = 60, 100 are needed)"
    assert "(prior) is below 0.6" in ran.err


def test_labels_of_the_ledger_are_learned_from() -> None:
    written("labels.jsonl", 4, 120)
    assert llmcost("label", "--file", "labels.jsonl", *OPTIONS).code == 0
    ran = llmcost("routing", "train", "--save", "mine.json", "--json", *OPTIONS)
    assert (ran.code, ran.json["prompts"], ran.json["labels"], ran.json["on"]) == (0, 120, 240, True)
    assert list(ran.json["pairs"][0]["routers"]) == ["learned", "length", "prior", "random"]
    assert load(Path("mine.json").read_bytes(), "x").models == ("gpt-4o", "gpt-4o-mini")
    ran = llmcost("routing", "eval", "--router", "mine.json", "--pair", "gpt-4o,gpt-4o-mini", "--json", *OPTIONS)
    assert ran.json["method"].startswith("the router mine.json")


def test_contradictions_and_labels_without_prompts_are_said() -> None:
    lines = [
        {"prompt": "why?", "model": "a", "quality": 1}, {"prompt": "why?", "model": "a", "quality": 0},
        {"prompt": "why?", "model": "b", "quality": 0}, {"id": "1", "model": "b", "quality": 0},
    ]  # fmt: skip
    Path("labels.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ran = llmcost("routing", "train", "--labels", "labels.jsonl", *OPTIONS)
    assert ran.code == 0
    assert "1 of 4 labels is left out: nothing is known of its prompt or model" in ran.err
    assert "1 answer has labels that contradict each other; their mean counts" in ran.err
    assert "written, off: `route` goes by the prior" in ran.err
    assert "learned: off, not enough labels (n = 1 labelled for both)" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train"], 6, "the ledger holds no labels"),
        (["eval"], 6, "the ledger holds no labels"),
        (["train", "--labels", "one.jsonl"], 6, "not enough labels (n = 1): of 1 model, two are needed"),
        (["train", "--labels", "empty.jsonl"], 6, "no labels in empty.jsonl"),
        (["train", "--labels", "missing"], 2, "cannot read missing"),
        (["eval", "--labels", "two.jsonl", "--router", "missing"], 2, "cannot read missing"),
        (["eval", "--labels", "two.jsonl", "--router", "one.jsonl"], 6, "one.jsonl is no trained router"),
        (
            ["eval", "--labels", "two.jsonl", "--router", "x", "--cross-validate"],
            2,
            "--router and --cross-validate exclude",
        ),
        (["eval", "--labels", "two.jsonl", "--pair", "a"], 2, "--pair 'a' is not two models"),
        (["eval", "--labels", "two.jsonl", "--pair", "a,c"], 2, "no labels of model 'c'"),
        (["eval", "--labels", "two.jsonl", "--min-apgr", "2"], 2, "invalid value for '--min-apgr'"),
        (["eval", "--labels", "two.jsonl", "--min-apgr", "0.1"], 6, "a and b: not enough labels (n = 1 labelled"),
    ],
)
def test_mistakes_and_too_little_are_said(arguments: list[str], code: int, message: str) -> None:
    Path("log.jsonl").write_text(
        '{"timestamp": "2026-11-20T10:00:00Z", "request_id": "r1", "provider": "openai",'
        ' "model": "gpt-4o", "input_tokens": 1}'
    )
    assert llmcost("ingest", "log.jsonl", *OPTIONS).code == 0
    Path("empty.jsonl").write_text("")
    Path("one.jsonl").write_text('{"prompt": "why?", "model": "a", "quality": 1}')
    Path("two.jsonl").write_text('{"prompt": "why?", "scores": {"a": 1, "b": 0}}')
    ran = llmcost("routing", *arguments, *OPTIONS)
    assert ran.code == code
    assert ran.err.splitlines()[-2].startswith(f"error: {message}")
    assert not Path("routing-model.json").exists()
