"""How many tokens other vocabularies make of a text, as percentages of o200k_base: the figures of tokens/ratios.py.

    python -m benchmarks.ratios [--prompts FILE.jsonl]... [--folder DIR]... [--hf NAME=tokenizer.json]...

`--prompts`: JSON Lines with a `prompt` in each. `--folder`: its *.py files and those of folders within, but no tests
and no installed packages; the standard library's own unless one is named. A text belongs to the class that
`language_class` gives it, as in an estimate; of each class at most 600 texts of a source are taken, evenly, and none of
fewer than 20 tokens. Vocabularies are those of the extras that are installed, and any Hugging Face `tokenizer.json`
(package `tokenizers`) under the name given. Prints Python for `MEASURED`.
"""

from __future__ import annotations

import argparse
import json
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from llmcost.tokens import installed, vocabulary
from llmcost.tokens.decode import without_surrogates
from llmcost.tokens.ratios import CLASSES, language_class, spread

MOST, LEAST_TOKENS = 600, 20
_MOST_CHARS = 65_536

Counts = Callable[[Sequence[str]], "list[int] | None"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--prompts", action="append", default=[], type=Path)
    arguments.add_argument("--folder", action="append", default=[], type=Path)
    arguments.add_argument("--hf", action="append", default=[], metavar="NAME=FILE")
    given = arguments.parse_args()
    corpus: dict[str, list[str]] = {family: [] for family in CLASSES}
    for source in (*map(_prompts, given.prompts), *map(_sources, given.folder or [Path(sysconfig.get_path("stdlib"))])):
        classed: dict[str, list[str]] = {family: [] for family in CLASSES}
        for text in source:
            classed[language_class(text)].append(text)
        for family, texts in classed.items():
            corpus[family] += _evenly(texts)
    base = {family: vocabulary.batch_count(texts, "o200k_base") for family, texts in corpus.items()}
    for name, counts in _vocabularies(given.hf):
        bands = []
        for family, texts in corpus.items():
            others = [counts([text]) for text in texts]
            ratios = [
                other[0] / own
                for other, own in zip(others, base[family], strict=True)
                if other is not None and own >= LEAST_TOKENS
            ]
            bands.append(f"{family}={spread(ratios) if ratios else None!r}")
        print(f'    "{name}": Ratio({", ".join(bands)}),')


def _prompts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield without_surrogates(json.loads(line)["prompt"])


def _sources(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        if not {"site-packages", "test", "tests"} & set(path.parts):
            yield path.read_text("utf-8", "replace")[:_MOST_CHARS]


def _evenly(texts: list[str]) -> list[str]:
    step = max(1, -(-len(texts) // MOST))
    return texts[::step]


def _vocabularies(files: Sequence[str]) -> Iterator[tuple[str, Counts]]:
    for name in installed.PACKAGES:
        if installed.batch_count(["a"], name) is not None:
            yield name, lambda texts, name=name: installed.batch_count(texts, name)  # type: ignore[misc]
    yield "qwen", lambda texts: vocabulary.batch_count(texts, "qwen3.5")
    for named in files:
        from tokenizers import Tokenizer  # type: ignore[import-not-found]

        name, _, path = named.partition("=")
        tokenizer = Tokenizer.from_file(path)
        yield name, lambda texts, t=tokenizer: [len(t.encode(x, add_special_tokens=False).ids) for x in texts]  # type: ignore[misc]


if __name__ == "__main__":
    main()
