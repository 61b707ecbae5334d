from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.estimate.lint.minify import blocks, minified
from tests.estimate.lint.parts import changed, hits

BLOCK = '{\n  "b": 1.0,\n  "a": [1e3, -0, {"x y": "z  \\" \\n"}]\n}'


def test_a_block_keeps_numbers_strings_and_order_as_they_are_spelt() -> None:
    assert changed(blocks, f"The order:\n{BLOCK}\nThanks.\n") == (
        'The order:\n{"b":1.0,"a":[1e3,-0,{"x y":"z  \\" \\n"}]}\nThanks.\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{BLOCK}\n```\n",  # a layout to imitate
        f"Answer in exactly this layout:\n{BLOCK}\n",
        f"Example:\n\n{BLOCK}\n",
        f"请按如下格式输出:\n{BLOCK}\n",
        '{\n  "a": 1,\n  "a": 2\n}\n',  # which of them counts depends on the parser
        '{"a": 1}\n',  # on one line it may be prose
        "[ ]\n",
        f"<pre>\n{BLOCK}\n</pre>\n",
        '{\n  "a": {{\n 1 }}\n}\n',
        '{\n  "a": "{% if x %}",\n  "b": 1\n}\n',
    ],
)
def test_a_block_that_may_mean_more_is_left(text: str) -> None:
    assert changed(blocks, text) == text


@pytest.mark.parametrize(
    "text",
    [
        "[link](x)\n", "{name}\n", "[1] note\n", '{"a":1}\n', '{\n"a": 01\n}\n', '{\n"a": 1,\n}\n', "{\n'a': 1\n}\n",
        '{\n"a": 1\n} and more\n', "[\n[\n[\n", '{\n"a": "\n"}\n', "[" * 200 + "\n" + "]" * 200 + "\n", "{\n]\n", "]\n",
    ],
)  # fmt: skip
def test_what_is_no_json_is_not_seen(text: str) -> None:
    assert hits(blocks, text) == []


def test_each_block_is_a_finding_and_fenced_ones_are_told() -> None:
    text = f"{BLOCK}\n\nor\n\n{BLOCK}\n\n```\n{BLOCK}\n```\n"
    assert [hit.safe for hit in hits(blocks, text)] == [True, True, False]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def exactly(text: str) -> Any:
    """The value with numbers as they are spelt and pairs in order."""
    return json.loads(text, parse_int=lambda n: ("n", n), parse_float=lambda n: ("n", n), object_pairs_hook=tuple)


@given(VALUES, st.sampled_from([None, 1, 4, "\t"]), st.booleans(), st.sampled_from([(",", ":"), (" , ", " : ")]))
def test_any_parser_reads_the_same(value: Any, indent: Any, ascii_only: bool, separators: tuple[str, str]) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, separators=separators)
    short = minified(text)
    assert exactly(short) == exactly(text)
    assert minified(short) == short
    assert len(short) <= len(text)


@given(VALUES, st.sampled_from([1, 2, 4]))
def test_a_block_in_a_text_is_replaced_by_the_same_value(value: Any, indent: int) -> None:
    text = json.dumps([value, "x  y"], indent=indent, ensure_ascii=False)
    after = changed(blocks, f"Before {{{{x}}}}\n{text}\nafter  \n")
    first, *middle, last = after.removesuffix("\n").split("\n")
    assert (first, last) == ("Before {{x}}", "after  ")
    assert exactly("\n".join(middle)) == exactly(text)
