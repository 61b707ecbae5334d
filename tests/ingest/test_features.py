"""What is kept of a prompt's text."""

import pytest

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ingest.features import PREFIX_CHARS, Features

RECORD = Record(0, "x:1", "", "m", Usage())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""), ("Please summarise this contract.", "latin"), ("请总结这份合同", "cjk"),
        ("契約を要約してください", "cjk"), ("계약을 요약해 주세요", "cjk"),
        ("Use 合同 here and nothing else of the kind", "latin"),
        ("def f(x): return [g(x) for x in {1, 2}]", "code"),
    ],
)  # fmt: skip
def test_script(text: str, expected: str) -> None:
    assert Features(b"key").of(RECORD._replace(prompt_text=text)).language == expected


def test_digests_are_keyed_and_the_prefix_is_shared() -> None:
    one, other = "x" * PREFIX_CHARS + "one", "x" * PREFIX_CHARS + "other"
    features = Features(b"key")
    first, second = (features.of(RECORD._replace(prompt_text=text)) for text in (one, other))
    assert first.prompt_digest != second.prompt_digest
    assert first.prefix_digest == second.prefix_digest
    assert (first.prompt_text, first.prompt_chars) == ("", PREFIX_CHARS + 3)
    assert Features(b"other").of(RECORD._replace(prompt_text=one)).prompt_digest != first.prompt_digest


def test_half_characters_do_no_harm() -> None:
    assert Features(b"key").of(RECORD._replace(prompt_text="\ud800")).prompt_digest
