from __future__ import annotations

from llmcost.estimate.lint.part import Part, apply
from llmcost.estimate.lint.repeats import duplicates, examples
from tests.estimate.lint.parts import changed, hits

LONG = "If you do not know the answer, say that you do not know it, and offer to ask somebody who does."


def test_a_paragraph_that_comes_again() -> None:
    text = f"{LONG}\n\nSomething else.\n\n  {LONG} \n\nEnd.\n"
    (hit,) = hits(duplicates, text)
    assert (hit.message, hit.safe, Part(text).line_of(hit.at)) == ("the same line as at line 1", False, 5)
    assert apply(text, hit.edits) == f"{LONG}\n\nSomething else.\n\n\nEnd.\n"


def test_a_block_of_lines_is_one_finding() -> None:
    block = "".join(f"Rule {number}: be kind to customers.\n" for number in range(5))
    (hit,) = hits(duplicates, f"{block}And then\n{block}")
    assert hit.message == "the same 5 lines as at line 1"


def test_three_times_are_two_findings() -> None:
    text = f"{LONG}\n{LONG}\n{LONG}\n"
    assert [hit.message for hit in hits(duplicates, text)] == ["the same line as at line 1"] * 2
    assert changed(duplicates, text, safe=False) == f"{LONG}\n"


def test_short_lines_may_come_again() -> None:
    assert hits(duplicates, "---\na\n---\nb\n---\n") == []
    assert hits(duplicates, "- one\n- two\n\nAnd again:\n- one\n- two\n") == []


def test_examples_alike_but_for_case_blanks_and_number() -> None:
    text = (
        "Example 1:\nInput: hello world\nOutput: greeting\n\n"
        "Example 2:\nInput: bye now\nOutput: farewell\n\n"
        "Example 3:\ninput:  Hello, world!\n\noutput: greeting\n\nAnd now you.\n"
    )
    (hit,) = hits(examples, text)
    assert (hit.message, hit.safe) == ("the same example as at line 1", False)
    assert apply(text, hit.edits).endswith("farewell\n\nAnd now you.\n")


def test_tagged_and_chinese_examples() -> None:
    one = "<example>\nThe weather is fine.\n\n-> positive\n</example>\n"
    assert [hit.message for hit in hits(examples, one + one)] == ["the same example as at line 1"]
    assert len(hits(examples, "示例一：你好，请问今天天气怎么样\n\n示例二：你好，请问今天天气怎么样\n")) == 1


def test_an_example_is_not_told_twice() -> None:
    one = f"Example:\n{LONG}\n\n"
    assert len(hits(examples, one + one)) == 1
    assert hits(duplicates, one + one) == []


def test_words_that_only_begin_like_an_example() -> None:
    assert hits(examples, "Examples of this are rare indeed\n\nExamples of this are rare indeed\n") == []
    assert hits(examples, "") == []
