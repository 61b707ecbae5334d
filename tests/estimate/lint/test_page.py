from __future__ import annotations

import io
import json

import pytest

from llmcost.estimate.lint.page import MAX_BYTES, Page, page, reads, sent
from llmcost.estimate.lint.part import Part
from llmcost.tokens.decode import NotTextError


def read(path: str, text: str | bytes) -> Page:
    return page(path, io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def test_a_text_is_one_part() -> None:
    made = read("a.txt", "a\r\nb\n")
    (part,) = made.parts
    assert (part.text, part.first_line, part.fixable, part.jinja, made.why_not) == ("a\r\nb\n", 1, True, False, "")
    assert made.rewritten("c\n") == b"c\n"
    assert read("a.j2", "x").parts[0].jinja


def test_front_matter_is_kept_and_not_looked_at() -> None:
    made = read("a.prompt", "---\nmodel: gpt-4o  \n---\nHello  \n\nyou\n")
    (part,) = made.parts
    assert (part.text, part.first_line, part.line_of(part.text.index("you"))) == ("Hello  \n\nyou\n", 4, 6)
    assert made.prompt.model == "gpt-4o"
    assert made.rewritten("Hi\n") == b"---\nmodel: gpt-4o  \n---\nHi\n"


def test_a_mark_is_part_of_the_text() -> None:
    made = read("a.txt", b"\xef\xbb\xbfa")
    assert made.parts[0].text == "\ufeffa"
    assert made.rewritten("a") == b"a"


@pytest.mark.parametrize(
    ("path", "data", "why"),
    [
        ("a.txt", b"caf\xe9", "it is not valid UTF-8"),
        ("a.txt", "a b".encode("utf-16"), "it is not UTF-8"),
        ("a.yaml", b"a: b", "blanks in YAML may be syntax"),
        ("a.json", b'[{"role": "user", "content": "x"}]', "blanks between the tokens of a request body are not sent"),
    ],
)
def test_what_is_not_rewritten(path: str, data: bytes, why: str) -> None:
    made = read(path, data)
    assert made.why_not == why
    assert not any(part.fixable for part in made.parts)


def test_a_request_body_is_its_texts_and_itself() -> None:
    long = "A text that is long enough to be looked at, with ümläuts.  \nAnd a line."
    body = {"model": "gpt-4o", "messages": [{"role": "system", "content": long}, {"role": "user", "content": "hi"}]}
    made = read("a.json", json.dumps(body, indent=1))
    text, whole = made.parts
    assert (text.text, text.first_line, text.one_line, text.begins, text.template) == (long, 6, True, True, False)
    assert text.line_of(60) == 6
    assert whole.value == body
    assert made.prompt.model == "gpt-4o"


def test_a_list_of_tools_is_a_body() -> None:
    (whole,) = read("tools.json", '[{"name": "f", "input_schema": {}}]').parts
    assert whole.value == [{"name": "f", "input_schema": {}}]


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, 2]", "{", "[" * 100_000])
def test_other_json_is_text(text: str) -> None:
    (part,) = read("a.json", text).parts
    assert (part.text, part.value, part.template) == (text, None, False)


def test_binary_and_huge_files_are_refused() -> None:
    for data, kind in ((b"a\0b", "binary"), (b"a" * (MAX_BYTES + 1), "too_large")):
        with pytest.raises(NotTextError) as caught:
            read("a.txt", data)
        assert caught.value.kind == kind


def test_comments_of_jinja_are_not_sent() -> None:
    assert sent(Part("", jinja=True), "a{# b\n #}c{{ d }}") == "ac{{ d }}"
    assert sent(Part("", jinja=False), "a{# b #}") == "a{# b #}"


def test_which_files_of_a_folder_are_read() -> None:
    names = ("a.txt", "b.md", "c.j2", "d.json", "e.JINJA", "f.py", "g.jsonl", "h")
    assert [name for name in names if reads(name, prompt=True)] == ["a.txt", "b.md", "c.j2", "d.json", "e.JINJA"]
    assert [name for name in names if reads(name, prompt=False)] == ["a.txt", "b.md", "c.j2", "e.JINJA"]
