"""Calls to models in TypeScript and JavaScript programs."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.estimate.diff import sites
from llmcost.estimate.diff.script import tokens
from llmcost.estimate.diff.sent import Sent
from llmcost.estimate.diff.sites import UnreadableError


def read(text: str) -> list[Sent]:
    return sites.read("a.ts", text)


def one(text: str) -> Sent:
    (found,) = read(text)
    return found


def messages(sent: Sent) -> list[tuple[str, Any]]:
    return [(each["role"], each["content"]) for each in sent.bodies[0]["messages"]]


def test_a_chat_completion() -> None:
    sent = one(
        """
        import OpenAI from "openai"; // it's a comment
        const MODEL: string = "gpt-4o";
        const SYSTEM = `You are ${who.name}, \\`kind\\`.`;
        export class Bot {
          private async answer(question: string, { depth = 1 }: Options): Promise<string> {
            const r = await this.client.chat.completions.create({
              model: MODEL, max_tokens: 200, stream: true,
              messages: [
                { role: "system", content: SYSTEM },
                ...history,
                { role: "user", content: "Please: " + question },
              ],
            });
            return r.choices[0]?.message?.content ?? "";
          }
        }
        """
    )
    assert (sent.name, sent.model, sent.limit, sent.line) == ("a.ts:Bot.answer#1", "gpt-4o", 200, 7)
    assert messages(sent) == [
        ("system", "You are {{who_name}}, `kind`."), ("user", "{{history}}"), ("user", "Please: {{question}}"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "model", "limit", "expected"),
    [
        ('generateText({ model: openai("gpt-4o"), system: "Be kind", prompt, maxTokens: 9 })', "gpt-4o", 9,
         [("system", "Be kind"), ("user", "{{prompt}}")]),
        ("generateContent({ model: 'm', contents: 'Hi', config: { systemInstruction: 'Be kind', max_tokens: 9 } })",
         "m", 9, [("system", "Be kind"), ("user", "Hi")]),
        ("messages.create({ model: 'm', system: [{ type: 'text', text: 'Be kind' }], max_tokens: 1_000, messages: u })",
         "m", 1000,
         [("system", [{"type": "text", "text": "Be kind"}]), ("user", "{{u}}")]),
        ("client.responses.create({ 'model': 'm', input: dedent`\n a`, })", "m", None, [("user", "\n a")]),
        ("ChatPromptTemplate.fromMessages(['Hi there'])", "", None, [("user", "Hi there")]),
        ("ask({ model: 'm', prompt: ('a' + 'b') as string, x: /[/'\"]/g.test(y) })", "m", None, [("user", "ab")]),
        ("ask({ ...defaults, model: 'm', prompt: 'Hi' })", "m", None, [("user", "Hi")]),
        ("new ChatOpenAI({ model: 'm', maxTokens: 9 })", "m", 9, None),
    ],
)  # fmt: skip
def test_kinds_of_calls(call: str, model: str, limit: int | None, expected: list[tuple[str, Any]] | None) -> None:
    sent = one(call)
    assert (sent.name, sent.model, sent.limit) == ("a.ts:<module>#1", model, limit)
    assert (messages(sent) if sent.bodies else None) == expected


def test_functions_and_constants() -> None:
    found = read(
        """
        export const SUMMARY_PROMPT = `Summarise the text.`
        const systemPrompt = "Be kind " + "to all.";
        const word = "template";
        const ask = async (q: string) => { return llm({ model: "m", system: systemPrompt, prompt: q }); };
        function outer() { const inner = function () { call({ model: "m", prompt: "In here" }) } }
        if (x) { call({ model: "m", prompt: "Top level" }) }
        """
    )
    assert [sent.name for sent in found] == [
        "a.ts:SUMMARY_PROMPT", "a.ts:ask#1", "a.ts:outer#1", "a.ts:<module>#1",
    ]  # fmt: skip
    assert messages(found[0]) == [("user", "Summarise the text.")]
    assert messages(found[1]) == [("system", "Be kind to all."), ("user", "{{q}}")]


def test_a_variable_is_what_it_was_last_set_to() -> None:
    found = read(
        "const t = 'first one'; ask({ model: 'm', prompt: t });\n"
        "{ const t = 'second one'; ask({ model: 'm', prompt: t }) }"
    )
    assert [messages(sent)[0][1] for sent in found] == ["first one", "second one"]


def test_what_is_no_call_to_a_model() -> None:
    assert read("save({ model: 'm' }); render(<p system='x'>Don't `quote` me</p>); f({ prompt: 'a b' })") == []


def test_strings_and_slashes() -> None:
    text = r"""a = b / c / d; s = "\x41\u0042\u{43}\n\
x"; r = x => /a'b/.test('c'); t = `a${`b${1}`}c`; // '
/* ` */ p = 5.5"""
    found = [(token.kind, token.value) for token in tokens(text) if token.kind not in {"name", "mark"}]
    assert found == [
        ("text", "ABC\nx"), ("regex", "/a'b/"), ("text", "c"), ("text", "a{{b__1}}c"), ("number", "5.5"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = `abc", "a template is not closed (line 1)"),
        ("model\n= `${abc", "a template is not closed (line 2)"),
        ("model /* abc", "a comment is not closed (line 1)"),
        ("model = " + "`${" * 100, "templates nested too deep"),
    ],
)
def test_what_does_not_parse_is_said(text: str, message: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(text)
    assert message in str(caught.value)


def test_deep_and_circular_programs_end() -> None:
    assert read("const prompt = prompt + 'a b'; ask({ model: 'm', prompt })")
    assert read("x({ model: 'm', prompt: " + "[" * 5000 + "'a b'" + "]" * 5000 + "})")
    lines = ["const a1 = 'text of a prompt';"] + [f"const a{n} = a{n - 1} + a{n - 1};" for n in range(2, 60)]
    assert len(str(read("\n".join([*lines, "ask({ model: 'm', prompt: a59 })"]))[0].bodies)) < 10**7


PARTS = [
    "model", ":", "{", "}", "(", ")", "[", "]", ",", ".", "=", ">", "'a b'", "`c d`", "+", "const", "prompt", "...",
    ";", "/", "1", "messages", "ask(", "\n", "${", "`", "function", "class",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS)))
def test_any_program_is_read_or_refused(parts: list[str]) -> None:
    with suppress(UnreadableError):
        read("model " + " ".join(parts))


def test_fields_of_a_class_and_pairs_of_role_and_text() -> None:
    found = read(
        """
        class Bot {
          private readonly systemPrompt: string = "A field.";
          static otherPrompt = "Sent by no call.";
          constructor() { this.userPrompt = "Set in the constructor."; }
          ask() { return a({ model: "m", system: this.systemPrompt, prompt: this.userPrompt }); }
        }
        const template = ChatPromptTemplate.fromMessages([["system", "Be {kind}"], ["human", "{input}"]]);
        """
    )
    assert [(sent.name, messages(sent)) for sent in found] == [
        ("a.ts:Bot.otherPrompt", [("user", "Sent by no call.")]),
        ("a.ts:Bot.ask#1", [("system", "A field."), ("user", "Set in the constructor.")]),
        ("a.ts:<module>#1", [("system", "Be {{kind}}"), ("user", "{{input}}")]),
    ]


def test_brackets_that_are_never_closed_take_no_time() -> None:
    with pytest.raises(UnreadableError, match="nested too deep"):
        read("const prompt = (" * 3000)
