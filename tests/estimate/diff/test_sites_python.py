"""Calls to models in Python programs."""

from __future__ import annotations

from contextlib import suppress
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.estimate.diff import sites
from llmcost.estimate.diff.sent import Sent
from llmcost.estimate.diff.sites import UnreadableError


def read(text: str) -> list[Sent]:
    return sites.read("a.py", dedent(text))


def one(text: str) -> Sent:
    (found,) = read(text)
    return found


def messages(sent: Sent) -> list[tuple[str, Any]]:
    return [(each["role"], each["content"]) for each in sent.bodies[0]["messages"]]


def test_a_chat_completion() -> None:
    sent = one(
        """
        import openai
        MODEL = "gpt-4o"
        SYSTEM = "You are " "kind."

        class Bot:
            async def answer(self, question):
                return await self.client.chat.completions.create(
                    model=MODEL, max_tokens=200, temperature=0.1,
                    messages=[{"role": "system", "content": SYSTEM}, *self.history,
                              {"role": "user", "content": f"Please: {question.text}!"}],
                )
        """
    )
    assert (sent.name, sent.model, sent.limit, sent.line) == ("a.py:Bot.answer#1", "gpt-4o", 200, 8)
    assert messages(sent) == [
        ("system", "You are kind."), ("user", "{{self_history}}"), ("user", "Please: {{question_text}}!"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "model", "limit", "expected"),
    [
        ("c.responses.create(model='m', input='Hi there', instructions='Be kind', max_output_tokens=9)", "m", 9,
         [("system", "Be kind"), ("user", "Hi there")]),
        ("c.messages.create(model='m', system='Be kind', max_tokens=9, messages=[{'role': 'user', 'content': 'Hi'}])",
         "m", 9, [("system", "Be kind"), ("user", "Hi")]),
        ("litellm.completion(model='m', messages=[dict(role='user', content='Hi')], max_completion_tokens=9)", "m", 9,
         [("user", "Hi")]),
        ("c.converse(modelId='m', messages=[{'role': 'user', 'content': [{'text': 'Hi'}]}])", "m", None,
         [("user", [{"text": "Hi"}])]),
        ("post(url, json={'model': 'm', 'max_tokens': 9, 'messages': [{'role': 'user', 'content': 'Hi'}]})", "m", 9,
         [("user", "Hi")]),
        ("completion(model='m', messages=[{'role': 'user', 'content': 'Hi'}])", "m", None, [("user", "Hi")]),
        ("m.generate_content('Hi there')", "", None, [("user", "Hi there")]),
        ("models.generate_content(model='m', contents=['Hi', x], config=C(system_instruction='Be kind', max_tokens=9))",
         "m", 9, [("system", "Be kind"), ("user", "Hi"), ("user", "{{x}}")]),
        ("ChatPromptTemplate.from_messages([('system', 'Be kind'), ('human', 'Hi {x}')])", "", None,
         [("system", "Be kind"), ("user", "Hi {{x}}")]),
        ("ChatPromptTemplate([['ai', 'Be {{kind'], ('human', f'Hi {x} {{y}}')])", "", None,
         [("assistant", "Be {kind"), ("user", "Hi {{x}} {y}")]),
        ("PromptTemplate(template='Tell me {a}')", "", None, [("user", "Tell me {{a}}")]),
        ("litellm.completion('m', [{'role': 'user', 'content': 'Hi'}])", "m", None, [("user", "Hi")]),
        ("completion('m', messages=[{'role': 'user', 'content': 'Hi'}])", "m", None, [("user", "Hi")]),
        ("models.generate_content(model='m', contents='Hi', config={'system_instruction': 'Be kind', 'max_tokens': 9})",
         "m", 9, [("system", "Be kind"), ("user", "Hi")]),
        ("GenerativeModel('m', system_instruction='Be kind')", "m", None, [("system", "Be kind")]),
        ("ask(model='m', messages=[SystemMessage(content='Be kind'), HumanMessage('Hi')])", "m", None,
         [("system", "Be kind"), ("user", "Hi")]),
        ("c.messages.create(model='m', messages=[{'role': 'user', 'content': [{'type': 'text', 'text': 'Hi'}]}])",
         "m", None, [("user", [{"type": "text", "text": "Hi"}])]),
        ("ask(**{'model': 'm', 'prompt': 'Hi'})", "m", None, [("user", "Hi")]),
    ],
)  # fmt: skip
def test_kinds_of_calls(call: str, model: str, limit: int | None, expected: list[tuple[str, Any]]) -> None:
    sent = one(call)
    assert (sent.name, sent.model, sent.limit) == ("a.py:<module>#1", model, limit)
    assert messages(sent) == expected


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("'a' + 'b' + x", "ab{{x}}"),
        ("'Hi %s, %(name)s, 100%%' % values", "Hi {{s}}, {{name}}, 100%".replace("{{s}}", "{{value}}")),
        ("'Hi {name} {0} {{literal}}'.format(name=n)", "Hi {{n}} {{_0}} {literal}"),
        ("textwrap.dedent('''\n    a\n      b\n    ''')", "\na\n  b\n"),
        ("inspect.cleandoc('''a\n      b''')", "a\nb"),
        ("' a '.strip()", "a"),
        ("'\\n'.join(['a', 'b'])", "a\nb"),
        ("'\\n'.join(parts)", "{{n_join_parts}}"),
        ("f'{BASE} and {x!r:>10} {{y}}'", "base and {{x}} {y}"),
        ("load('a.txt')", "{{load_a_txt}}"),
        ("('a'\n 'b')", "ab"),
        ("OTHER.format(x=1)", "{{OTHER}}"),
        ("BASE if x else y", "{{BASE_if_x_else_y}}"),
        ("'a short one' if x else 'a longer one'", "a longer one"),
        ("given or 'a text of its own'", "a text of its own"),
    ],
)
def test_expressions(expression: str, text: str) -> None:
    assert messages(one(f"BASE = 'base'\nask(model='m', prompt={expression})")) == [("user", text)]


def test_a_variable_is_what_it_was_last_set_to() -> None:
    found = read(
        """
        text = "first one"
        def f(text2):
            text = "second one"
            a(model="m", prompt=text)
            text = "third one"
            b(model="m", prompt=text)
            c(model="m", prompt=text2)
        d(model="m", prompt=text)
        """
    )
    assert [(sent.name, messages(sent)[0][1]) for sent in found] == [
        ("a.py:f#1", "second one"), ("a.py:f#2", "third one"), ("a.py:f#3", "{{text2}}"),
        ("a.py:<module>#1", "first one"),
    ]  # fmt: skip


def test_prompt_constants_no_call_uses() -> None:
    found = read(
        """
        SYSTEM_PROMPT = "Used in a call."
        OTHER_TEMPLATE = "Not used in a call."
        prompt_name = "Not a prompt by its name."
        EMPTY_PROMPT = "word"
        built_prompt = f"{head} : {body} ... {tail}!"
        class A:
            instructions: str = "Those of a class."
            def f(self):
                if True:
                    user_prompt = f"Local {self.x} text."
                return llm.invoke(user_prompt)
        ask(model="m", prompt=SYSTEM_PROMPT)
        """
    )
    assert [sent.name for sent in found] == [
        "a.py:OTHER_TEMPLATE", "a.py:A.instructions", "a.py:A.f.user_prompt", "a.py:<module>#1",
    ]  # fmt: skip
    assert messages(found[2]) == [("user", "Local {{self_x}} text.")]


def test_attributes_of_self() -> None:
    found = read(
        """
        class Bot:
            system = "Those of the class."
            def __init__(self):
                self.prompt = "Set in a method."
                self.other_prompt = "Sent by no call."
                other.prompt = "Not of self."
            def ask(self):
                a(model="m", system=self.system, prompt=f"{self.prompt} {self.x}")
        """
    )
    assert [sent.name for sent in found] == ["a.py:Bot.other_prompt", "a.py:Bot.ask#1"]
    assert messages(found[1]) == [("system", "Those of the class."), ("user", "Set in a method. {{self_x}}")]


def test_what_is_added_to_a_variable() -> None:
    found = read(
        """
        SYSTEM_PROMPT = "First of all."
        SYSTEM_PROMPT += " Then more."
        def ask(q):
            messages = [{"role": "system", "content": "Be kind"}]
            a(model="m", messages=messages)
            messages.append({"role": "user", "content": "Hi"})
            messages.extend([{"role": "user", "content": "Ho"}])
            messages += [{"role": "user", "content": q}]
            q.append("x")
            b(model="m", messages=messages)
        """
    )
    assert [(sent.name, messages(sent)) for sent in found] == [
        ("a.py:SYSTEM_PROMPT", [("user", "First of all. Then more.")]),
        ("a.py:ask#1", [("system", "Be kind")]),
        ("a.py:ask#2", [("system", "Be kind"), ("user", "Hi"), ("user", "Ho"), ("user", "{{q}}")]),
    ]


def test_parameters_and_their_defaults() -> None:
    found = read(
        """
        text = "of the module"
        def f(text, model="m", *, limit=9, none=None):
            a(model=model, prompt=text, max_tokens=limit)
        def g(a, /, model=other, text="of its own"):
            a(model=model, prompt=text)
        """
    )
    assert [(sent.model, sent.limit, messages(sent)) for sent in found] == [
        ("m", 9, [("user", "{{text}}")]), ("", None, [("user", "of its own")]),
    ]  # fmt: skip


def test_arguments_in_a_dict_and_ones_not_seen() -> None:
    sent = one("given = {'model': 'm', 'prompt': 'Hi'}\na(**given, max_tokens=9, **others)")
    assert (sent.model, sent.limit, messages(sent)) == ("m", 9, [("user", "Hi")])
    assert sent.notes == ("arguments passed as ** are not seen",)
    assert not sent.complete


@pytest.mark.parametrize("given", ["{'model': 'm', 'prompt': 'Hi'}", "dict(model='m', prompt='Hi')"])
def test_arguments_in_a_variable_are_one_call(given: str) -> None:
    sent = one(f"given = {given}\na(**given)")
    assert (sent.line, sent.model, messages(sent)) == (2, "m", [("user", "Hi")])


def test_the_body_of_a_request_is_one_call_wherever_it_is_sent() -> None:
    body = "{'model': 'm', 'messages': [{'role': 'user', 'content': 'Hi'}]}"
    assert [sent.line for sent in read(f"body = {body}\nc.chat.completions.create(**body)")] == [2]
    assert [sent.line for sent in read(f"c.chat.completions.create(**{body})")] == [1]
    assert [sent.line for sent in read(f"body = {body}\npost(json=body)")] == [1]
    assert read("x = {'model': 'm', 'colour': 'red'}") == []


def test_functions_that_return_a_prompt() -> None:
    found = read(
        """
        def build_prompt(q):
            prompt = f"Answer {q} now."
            if q:
                return "Say nothing at all."
            return prompt
        def other():
            return "Not called a prompt."
        class Prompt:
            x = 1
        SYSTEM_PROMPT_V2 = "With a version."
        """
    )
    assert [(sent.name, messages(sent)) for sent in found] == [
        ("a.py:build_prompt", [("user", "Say nothing at all.")]),
        ("a.py:build_prompt", [("user", "Answer {{q}} now.")]),
        ("a.py:SYSTEM_PROMPT_V2", [("user", "With a version.")]),
    ]


def test_prompts_in_a_mapping() -> None:
    sent = one("PROMPTS = {'a': 'Be kind now.', 'more': {'b': 'And quick.'}, 'n': 3}")
    assert (sent.name, messages(sent)) == ("a.py:PROMPTS", [("user", "Be kind now."), ("user", "And quick.")])


def test_a_chinese_prompt_constant() -> None:
    assert messages(one("SYSTEM_PROMPT = '你是客服助手'")) == [("user", "你是客服助手")]


def test_what_is_no_call_to_a_model() -> None:
    assert read("save(model='m')\nfit(model=x, data='messages')\nprint(prompt='x')\nModel(system=1)") == []


def test_a_model_that_is_not_written_out_is_said() -> None:
    sent = one("ask(model=settings.model, prompt='Hi there', **options)")
    assert (sent.model, sent.complete) == ("", False)
    assert sent.notes == ("its model is not written out in the call", "arguments passed as ** are not seen")


def test_a_call_whose_text_is_elsewhere_keeps_its_model() -> None:
    sent = one("client.chat.completions.create(model='m', max_tokens=5)")
    assert (sent.bodies, sent.model, sent.limit) == ((), "m", 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def model(:\n", "not Python this version reads (line 1)"),
        ("model\0", "not Python"),
        ("model = " + "(" * 500, "not Python"),
        ("model = " + "-" * 100_000 + "1", "not Python"),
    ],
)
def test_what_does_not_parse_is_said(text: str, message: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        sites.read("a.py", text)
    assert message in str(caught.value)


def test_a_program_that_names_nothing_of_models_is_not_even_parsed() -> None:
    assert sites.read("a.py", "def (") == []


def test_text_that_doubles_with_every_line_ends() -> None:
    lines = ["a0 = 'x' * 10", "a1 = 'text of a prompt'"] + [f"a{n} = a{n - 1} + a{n - 1}" for n in range(2, 60)]
    sent = one("\n".join([*lines, "ask(model='m', prompt=a59)"]))
    assert len(messages(sent)[0][1]) < 10**6
    assert messages(one("x = x + 'a b'\nask(model='m', prompt=x)"))[0][1].endswith("a b")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(UnreadableError):
        read(f"model\n{text}")
