from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.errors import UsageError
from llmcost.tokens import jinja
from llmcost.tokens.jinja import render

WHOLE = Path(jinja.__file__)


def inside(
    template: str, texts: dict[str, str] | None = None, sizes: tuple[str, ...] = (), folder: str | None = None
) -> Any:
    """The answer of the other process, made in this one without its limits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja, "_limit", lambda: None)
        return json.loads(jinja.answer(json.dumps([template, texts or {}, sizes, folder]).encode()))


def test_a_template_is_rendered_in_another_process() -> None:
    found = render("{% for x in [1, 2] %}{{ x }}{{ a|upper }} {% endfor %}\n", {"a": "ä"}, ("doc",), None)
    assert found == ("1Ä 2Ä \n", (), {"doc": 0})


def test_what_was_used_and_not_given_is_missing() -> None:
    text, missing, _ = inside("{{ a.b.c }}{% if d %}{{ e }}{% endif %}{% for f in g %}{% endfor %}{{ h|upper }}")
    assert (text, missing) == ("", ["a", "d", "g", "h"])


def test_what_a_template_can_do_without_is_not_missing() -> None:
    assert inside("{{ a|default('x') }}{% if b is defined %}{{ b }}{% endif %}") == ["x", [], {}]


def test_a_variable_of_a_size_is_there_and_shown_as_nothing() -> None:
    assert inside("{% if doc %}<{{ doc }}{{ doc|upper }}>{% endif %}", sizes=("doc",)) == ["<>", [], {"doc": 2}]


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ x.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}", "{{ self.__init__.__globals__ }}",
        "{{ ''['__class__'] }}", "{{ lipsum.__globals__['os'] }}",
        "{{ ''|attr('__class__') }}{{ (''|attr('__class__')).x() }}",
    ],
)  # fmt: skip
def test_a_way_out_of_the_sandbox_shows_nothing(template: str) -> None:
    found = inside(template, {"x": "y"})
    shown = found if isinstance(found, str) else found[0]
    assert isinstance(found, str) or found[0] == ""
    assert not any(word in shown for word in ("<class", "module", "uid=", "<function"))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% if %}", "line 1: Expected an expression, got 'end of statement block'"),
        ("{{ a|nope }}", "line 1: No filter named 'nope'."),
        ("\n{% include 'x' %}", "no loader for this environment specified"), ("{{ 1/0 }}", "division by zero"),
        ("{{ [].append(1) }}", "access to attribute 'append' of 'list' object is unsafe."),
        ("{{ " + "(" * 3_000 + " }}", "maximum recursion depth exceeded"),
    ],
)  # fmt: skip
def test_a_wrong_template_is_an_error_of_two_lines(template: str, said: str) -> None:
    assert inside(template).startswith(said)


def test_the_error_reaches_the_caller() -> None:
    with pytest.raises(
        UsageError, match=r"^the template cannot be rendered: line 1: No filter named 'nope'\.$"
    ) as caught:
        render("{{ a|nope }}", {}, (), None)
    assert caught.value.hint == "correct it, or give its rendered text instead"


def test_a_template_that_builds_a_gigabyte_is_refused() -> None:
    for template in ("{{ 'x' * 2000000000 }}", "{{ '%2000000000s'|format('') }}"):
        with pytest.raises(UsageError, match=r"^the template cannot be rendered: takes more than .*768 MiB"):
            render(template, {}, (), None)
    with pytest.raises(UsageError, match="its text is larger than 64 MiB"):
        render("{{ 'x' * 70000000 }}", {}, (), None)


def test_a_template_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jinja, "SECONDS", 0.2)
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(UsageError, match="takes more than"):
        render(endless, {}, (), None)


def test_the_system_ends_a_process_that_uses_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        jinja, "_CHILD", jinja._CHILD.replace("from", "import llmcost.tokens.jinja as j; j.SECONDS = 1; from", 1)
    )
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(UsageError, match="takes more than 5 seconds or 768 MiB"):
        render(endless, {}, (), None)


def test_only_the_folder_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "part.txt").write_text("part", "utf-8")
    assert inside("{% include 'part.txt' %}", folder=str(folder)) == ["part", [], {}]
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt", "gone.txt", ".", "\0"):
        assert isinstance(inside(f"{{% include {name!r} %}}", folder=str(folder)), str)
