from __future__ import annotations

from llmcost.estimate.lint.characters import byte_order_mark, comments, invisible
from tests.estimate.lint.parts import changed, hits


def test_only_a_mark_at_the_beginning_goes() -> None:
    assert changed(byte_order_mark, "\ufeffa\ufeffb") == "a\ufeffb"
    assert hits(byte_order_mark, "a\ufeff") == []


def test_characters_nobody_sees_are_told() -> None:
    text = "a\u200bb\u2060c\u00add\ufeffe f\u200dg"
    (hit,) = hits(invisible, text)
    assert (hit.places, hit.safe) == (5, False)
    assert changed(invisible, text, safe=False) == "abcde fg"


def test_joiners_that_form_something_are_not() -> None:
    assert hits(invisible, "👩\u200d💻 می\u200cخواهم \ufeff"[:-1]) == []


def test_blanks_that_do_not_break() -> None:
    assert changed(invisible, "10\u00a0km", safe=False) == "10 km"
    assert all(not hit.safe for hit in hits(invisible, "10\u00a0km"))


def test_html_comments_outside_of_code() -> None:
    text = "a <!-- b -->c\n```\n<!-- d -->\n```\n<!-- e"
    (hit,) = hits(comments, text)
    assert (hit.places, hit.safe) == (1, False)
    assert changed(comments, text, safe=False) == "a c\n```\n<!-- d -->\n```\n<!-- e"
