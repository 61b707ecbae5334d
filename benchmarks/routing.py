"""APGR of routers on public results of pairs of models, five-fold, beside length, the article's cue words and a coin,
and the time one decision takes. The data (results per prompt, see `DATA`) are not part of the project.
"""

from __future__ import annotations

import json
import logging
import os
import random
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import Mock

from benchmarks.measure import show
from llmcost.routing.evaluation import Paired, figures
from llmcost.routing.features import Features, features
from llmcost.routing.gate import Pair, pairs, router
from llmcost.routing.learned import dump, load
from llmcost.routing.training import Example, train

#: RouteLLM's MMLU answers, GAOKAO-Bench, LLMRouter; JSON Lines of prompt, strong, weak (quality 0 to 1).
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "routing"


class Case(NamedTuple):
    title: str
    file: str
    size: int
    divisions: int
    """Different draws of the prompts and their folds; figures are means over them."""
    goal: float


CASES = (
    Case("MMLU, 1,500 labels", "mmlu_38subj", 1_500, 8, 0.62),
    Case("MMLU, 9,000 labels", "mmlu_38subj", 9_000, 4, 0.66),
    Case("GAOKAO, Chinese, 786 labels", "gaokao_dev", 786, 8, 0.58),
    Case("LLMRouter9, 5,608 labels", "llmrouter9_train", 5_608, 1, 0.71),
)


class SeedKeywords:
    """The article's classifier: substrings, and any easy one outweighs a tie."""

    HIGH = ("分析", "推理", "证明", "详细解释", "比较", "评估")
    LOW = ("你好", "谢谢", "是", "否", "简单", "概述")

    def __call__(self, prompt: str) -> float:
        text = prompt.lower()
        high, low = (sum(word in text for word in words) for words in (self.HIGH, self.LOW))
        # Its route: high to the best model, low and short to the cheapest, the rest between.
        return 2.0 if high > low else 0.0 if low and len(prompt) < 500 else 1.0


def run() -> None:
    if not DATA.is_dir():
        show("routing: no data", {str(DATA): "not there; results per prompt of a strong and a weak model"})
        return
    for case in CASES:
        rows = _rows(case.file)
        known = [features(row["prompt"]) for row in rows]
        table: dict[str, list[float]] = {}
        judged: list[Pair] = []
        for seed in range(case.divisions):
            chosen = random.Random(seed).sample(range(len(rows)), case.size)
            found, pair = _division([rows[n] for n in chosen], [known[n] for n in chosen])
            judged.append(pair)
            for name, value in found.items():
                table.setdefault(name, []).append(value)
        on = sum(pair.on for pair in judged)
        lows = [pair.rows[0].interval for pair in judged]
        shown = {name: _spread(values) for name, values in table.items()}
        shown["interval of the first division"] = (
            "n/a" if lows[0] is None else f"{lows[0].low:.3f} to {lows[0].high:.3f}"
        )
        shown["switched on by the gate"] = f"{on} of {case.divisions}"
        shown["goal"] = f"{case.goal:.2f}"
        show(f"APGR, {case.title}; mean (lowest to highest) of {case.divisions} divisions", shown)
    _speed()


def _rows(name: str) -> list[dict[str, Any]]:
    # Not splitlines: a prompt may hold other line separators.
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_bytes().split(b"\n") if line]


def _division(rows: list[dict[str, Any]], known: list[Features]) -> tuple[dict[str, float], Pair]:
    examples = [
        Example(each, {"strong": row["strong"], "weak": row["weak"]}) for each, row in zip(known, rows, strict=True)
    ]
    (pair,) = pairs(examples, train(examples, ["strong", "weak"]).held_out, "strong")
    answered = [Paired(row["strong"], row["weak"]) for row in rows]
    found = {row.name: row.figures.apgr for row in pair.rows}
    for name, score in _peers().items():
        found[name] = figures([score(row["prompt"]) for row in rows], answered).apgr
    return {name: value for name, value in found.items() if value is not None}, pair


@cache
def _peers() -> dict[str, Callable[[str], float]]:
    """Routers that score a prompt without labels, those of others where they are installed; the higher, the harder."""
    found: dict[str, Callable[[str], float]] = {"seed keywords": SeedKeywords()}
    with suppress(ImportError):
        lite = import_module("llm_router_lite")
        # It logs a line for each prompt in a script it has no words of.
        logging.disable(logging.WARNING)
        found["llm-router-lite"] = lambda prompt: float(lite.complexity(prompt).score)
    with suppress(ImportError):
        # Else it looks for prices on the network.
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        heuristics = import_module("litellm.router_strategy.complexity_router.complexity_router")
        tiers = dict.fromkeys(("SIMPLE", "MEDIUM", "COMPLEX", "REASONING"), "any")
        scorer = heuristics.ComplexityRouter("any", Mock(), {"tiers": tiers})
        found["LiteLLM heuristics"] = lambda prompt: float(scorer.classify(prompt)[1])
    return found


def _spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def _speed() -> None:
    rows = _rows("mmlu_38subj")[:400]
    examples = [Example(features(row["prompt"]), {"strong": row["strong"], "weak": row["weak"]}) for row in rows]
    trained = train(examples, ["strong", "weak"])
    heads = {model: head._replace(on=True) for model, head in trained.heads.items()}
    text = dump(router(trained, [], len(examples))._replace(heads=heads))
    made = load(text.encode(), "made")
    shown = {"file of two models": f"{len(text) / 1000:.0f} kB"}
    for case in CASES[1:]:
        took = []
        for prompt in [row["prompt"] for row in _rows(case.file)[:2_000]]:
            start = time.perf_counter()
            found = features(prompt)
            for model in made.models:
                made.p_good(found, model)
            took.append(time.perf_counter() - start)
        took.sort()
        shown[f"one decision on {case.title.split(',')[0]}, p50 (p90)"] = (
            f"{1e3 * took[len(took) // 2]:.2f} ms ({1e3 * took[len(took) * 9 // 10]:.2f})"
        )
    show("P(good) of two models from a prompt's text; goal 0.5 ms p50", shown)
