from __future__ import annotations

from pathlib import Path

import pytest
import tiktoken.model

from llmcost.tokens.modelmap import ModelMap, from_import, from_source, model_map


def test_the_source_says_what_tiktoken_says() -> None:
    found = from_source(Path(tiktoken.model.__file__))
    assert found == (tiktoken.model.MODEL_TO_ENCODING, tiktoken.model.MODEL_PREFIX_TO_ENCODING) == model_map()
    assert found == from_import()
    # The first prefix that fits is taken, so their order counts.
    assert found is not None
    assert list(found.prefixes) == list(tiktoken.model.MODEL_PREFIX_TO_ENCODING)


@pytest.mark.parametrize(
    "model",
    [*tiktoken.model.MODEL_TO_ENCODING, *(start + "x" for start in tiktoken.model.MODEL_PREFIX_TO_ENCODING)],
)
def test_every_name_and_prefix_has_tiktokens_encoding(model: str) -> None:
    assert model_map().encoding(model) == tiktoken.model.encoding_name_for_model(model)


@pytest.mark.parametrize("model", ["", "gpt", "gpt-9", "claude-3-opus", " gpt-4o", "o1x"])
def test_what_tiktoken_does_not_know_has_none(model: str) -> None:
    with pytest.raises(KeyError):
        tiktoken.model.encoding_name_for_model(model)
    assert model_map().encoding(model) is None


def test_a_source_of_two_dictionaries_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(
        "MODEL_PREFIX_TO_ENCODING: dict[str, str] = {'b-': 'two', 'b': 'three'}\n"
        "MODEL_TO_ENCODING: dict[str, str] = {'a': 'one'}\n"
    )
    found = from_source(path)
    assert found == ModelMap({"a": "one"}, {"b-": "two", "b": "three"})
    assert [found.encoding(model) for model in ("a", "b-1", "b1", "ab")] == ["one", "two", "three", None]


@pytest.mark.parametrize(
    "source", [None, "", "MODEL_TO_ENCODING: dict = {}\n", "MODEL_TO_ENCODING: dict = made()\n", "def (", "\0"]
)
def test_a_source_of_another_shape_is_none(tmp_path: Path, source: str | None) -> None:
    path = tmp_path / "model.py"
    if source is not None:
        path.write_text(source)
    assert from_source(path) is None
