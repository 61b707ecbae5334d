"""Calls to language models and prompt constants in TypeScript and JavaScript, by their tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmcost.estimate.diff.script import Token, tokens
from llmcost.estimate.diff.sites import (
    POSITIONAL,
    Site,
    UnreadableError,
    call,
    constant,
    has_text,
    hole,
    is_known_call,
    is_prompt_name,
)

_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_KEYWORDS = frozenset({"if", "for", "while", "switch", "catch", "return", "function", "await", "typeof", "with"})
_DECLARING = frozenset({"const", "let", "var", "private", "public", "protected", "readonly", "static"})
_DEEPEST, _MOST_STEPS = 30, 200_000
#: Tokens passed over in all; brackets that are never closed are passed over by everything in them.
_MOST_WALKED = 3_000_000
#: Tokens of a function's head that are looked over.
_HEAD = 60


def sites(text: str) -> list[Site]:
    """What `text` sends to models.

    Raises:
        UnreadableError: its tokens cannot be told apart.
    """
    return _Reader(tokens(text)).sites()


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._values: dict[str, list[tuple[int, int]]] = {}
        """Variable -> (token it is declared at, token its value begins at)."""
        self._used: set[int] = set()
        self._depth = self._steps = self._walked = 0
        for index in range(len(found)):
            name = index + (2 if self._value_at(index) == "this" and self._value_at(index + 1) == "." else 1)
            declared = name > index + 1 or self._value_at(index) in _DECLARING
            if declared and self._kind(name) == "name" and (begin := self._after_type(name + 1)):
                self._values.setdefault(found[name].value, []).append((name, begin))

    def _kind(self, index: int) -> str:
        return self._tokens[index].kind if 0 <= index < len(self._tokens) else ""

    def _value_at(self, index: int) -> str:
        """A name or mark; empty for literals."""
        if 0 <= index < len(self._tokens) and self._tokens[index].kind in {"name", "mark"}:
            return self._tokens[index].value
        return ""

    def _after_type(self, index: int) -> int:
        """Where the value of a declaration begins: after `=`, over a type such as `: string[]`; 0 without one."""
        for at in range(index, min(index + 40, len(self._tokens))):
            if self._value_at(at) == "=" and self._value_at(at + 1) not in {"=", ">"}:
                return at + 1
            if self._value_at(at) in {";", "(", ")"}:
                return 0
        return 0

    def sites(self) -> list[Site]:
        found, constants = [], []
        for index, path in self._walk():
            if self._value_at(index) == "(" and (site := self._call(index, path)):
                found.append(site)
            name = self._value_at(index)
            if self._kind(index) == "name" and is_prompt_name(name):
                constants += [(path, name, at, begin) for at, begin in self._values.get(name, []) if at == index]
        for path, name, at, begin in constants:
            if begin not in self._used:
                value, _ = self._value(begin, at)
                if has_text(value):
                    found.append(Site(".".join((*path, name)), constant(value, self._tokens[at].line)))
        return found

    def _walk(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Every token's index with the functions and classes it is in."""
        stack: list[str] = []
        bodies: dict[int, str] = {}
        for index in range(len(self._tokens)):
            word = self._value_at(index)
            if (name := self._begun(index)) and (body := self._body(index)):
                bodies.setdefault(body, name)
            if word == "{":
                stack.append(bodies.pop(index, ""))
            elif word == "}" and stack:
                stack.pop()
            yield index, tuple(name for name in stack if name)

    def _begun(self, index: int) -> str:
        """The function or class whose head stands at `index`; empty elsewhere."""
        word = self._value_at(index)
        if word in {"function", "class"} and self._kind(index + 1) == "name":
            return self._value_at(index + 1)
        if word == "=" and self._value_at(index + 1) == ">":
            # const NAME = async (…) => {
            for at in range(index - 1, max(index - _HEAD, -1), -1):
                if self._value_at(at) in {"const", "let", "var"}:
                    return self._value_at(at + 1)
                if self._value_at(at) == ";":
                    break
        # A method, or what looks like one: NAME(…) {
        is_name = self._kind(index) == "name" and self._value_at(index + 1) == "(" and word not in _KEYWORDS
        return word if is_name and self._value_at(index - 1) != "." else ""

    def _body(self, index: int) -> int:
        """The brace that opens the body of the head at `index`; 0 where there is none."""
        word = self._value_at(index)
        if word == "=":
            return index + 2 if self._value_at(index + 2) == "{" else 0
        at = index + 1
        while word in {"class", "function"} and self._value_at(at) not in {"{", "(", ";", ""}:
            at += 1
        if self._value_at(at) == "(":
            at = self._matching(at) + 1
            if self._value_at(at) == ":":
                # A return type such as Promise<string>.
                at = next((end for end in range(at, at + _HEAD) if self._value_at(end) in {"{", ";", ""}), at)
        return at if self._value_at(at) == "{" else 0

    def _matching(self, index: int) -> int:
        """The bracket that closes the one at `index`, or the last token."""
        depth = 0
        for at in range(index, min(index + 400, len(self._tokens))):
            if self._value_at(at) in _OPEN:
                depth += 1
            elif self._value_at(at) in _CLOSE:
                depth -= 1
                if not depth:
                    return at
        return len(self._tokens)

    def _call(self, index: int, path: tuple[str, ...]) -> Site | None:
        dotted = self._dotted(index - 1)
        if not dotted or dotted in _KEYWORDS:
            return None
        known = is_known_call(dotted)
        first = self._value_at(index + 1)
        used = set(self._used)
        if first == "{":
            given, _ = self._value(index + 1, index)
        elif known and dotted.rpartition(".")[2] in POSITIONAL:
            given = {POSITIONAL[dotted.rpartition(".")[2]][0]: self._value(index + 1, index)[0]}
        elif known and self._kind(index + 1) == "name":
            given, _ = self._value(index + 1, index)
        else:
            given = None
        arguments = dict(given) if isinstance(given, dict) else {}
        if isinstance(config := arguments.get("config"), dict):
            arguments = {**config, **arguments}
        if isinstance(config := arguments.get("generationConfig"), dict):
            arguments = {**config, **arguments}
        found = call(dotted, arguments, self._tokens[index].line, known=known) if arguments else None
        if found is None or not (found.bodies or found.model or found.limit is not None):
            self._used = used
            return None
        if arguments.get("..."):
            found = found._replace(notes=(*found.notes, "arguments spread with ... are not seen"), complete=False)
        return Site(".".join(path) or "<module>", found)

    def _dotted(self, index: int) -> str:
        parts: list[str] = []
        while self._kind(index) == "name":
            parts.append(self._value_at(index))
            if self._value_at(index - 1) != ".":
                break
            index -= 3 if self._value_at(index - 2) == "?" else 2
        return ".".join(reversed(parts))

    def _value(self, index: int, before: int) -> tuple[Any, int]:
        """The value that begins at `index` as text with placeholders, list, dict or number, and where it ends."""
        self._steps += 1
        self._depth += 1
        try:
            if self._depth > _DEEPEST or self._steps > _MOST_STEPS:
                return hole("value"), self._skip(index)
            value, at = self._primary(index, before)
            while self._value_at(at) == "+":
                more, at = self._primary(at + 1, before)
                value = value + more if isinstance(value, str) and isinstance(more, str) else hole("value")
            if self._value_at(at) in {",", ";", ""} or self._value_at(at) in _CLOSE:
                return value, at
            end = self._skip(at)
            # `as const`, `!`, `satisfies T` and `.trim()` leave a text as it is; a new statement ends it.
            if self._value_at(at) in {"as", "satisfies", "!"} or self._value_at(at + 1) in {
                "trim",
                "trimStart",
                "trimEnd",
            }:
                return value, end
            if self._tokens[at].line > self._tokens[at - 1].line and self._kind(at) in {"name", "text"}:
                return value, at
            return hole(" ".join(token.value for token in self._tokens[index:end][:6])), end
        finally:
            self._depth -= 1

    def _primary(self, index: int, before: int) -> tuple[Any, int]:
        kind, word = self._kind(index), self._value_at(index)
        if kind == "text":
            return self._tokens[index].value, index + 1
        if kind == "number":
            text = self._tokens[index].value
            return (int(text) if text.isdigit() and len(text) < 16 else hole("number")), index + 1
        if word == "{":
            return self._object(index, before)
        if word == "[":
            return self._list(index, before)
        if word == "(":
            value, at = self._value(index + 1, before)
            return value, at + 1
        if kind == "name":
            return self._name(index, before)
        return hole("value"), self._skip(index)

    def _name(self, index: int, before: int) -> tuple[Any, int]:
        if self._value_at(index) == "this" and self._value_at(index + 2) in self._values:
            index += 2
        word = self._value_at(index)
        follows = self._value_at(index + 1)
        if follows == "(":
            # openai("gpt-4o"), dedent(`…`): what a call with one text is given.
            value, at = self._value(index + 2, before)
            if isinstance(value, str) and self._value_at(at) == ")":
                return value, at + 1
            return hole(word), self._matching(index + 1) + 1
        if self._kind(index + 1) == "text" and word in {"dedent", "outdent", "html", "sql", "raw", "prompt"}:
            return self._tokens[index + 1].value, index + 2
        if follows in {".", "?", "["}:
            end = index + 1
            while self._value_at(end) in {".", "?", "["} or (
                self._kind(end) == "name" and self._value_at(end - 1) == "."
            ):
                end = self._matching(end) + 1 if self._value_at(end) == "[" else end + 1
            if self._value_at(end) == "(":
                inner, at = self._value(end + 1, before)
                if isinstance(inner, str) and self._value_at(at) == ")" and not inner.startswith("{{"):
                    return inner, at + 1
                end = self._matching(end) + 1
            return hole(" ".join(token.value for token in self._tokens[index:end][:6])), end
        declared = self._values.get(word, [])
        earlier = [begin for at, begin in declared if at < before] or [begin for _, begin in declared]
        if not earlier:
            return hole(word), index + 1
        self._used |= {begin for _, begin in declared}
        value, _ = self._value(earlier[-1], earlier[-1])
        return value, index + 1

    def _object(self, index: int, before: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = index + 1
        while at < len(self._tokens) and self._value_at(at) != "}":
            token = self._tokens[at]
            if self._value_at(at) == ".":
                # ...spread
                value, end = self._value(at + 3, before)
                if isinstance(value, dict):
                    found.update(value)
                else:
                    found["..."] = True
                at = max(end, at + 3)
            elif token.kind in {"name", "text"} and self._value_at(at + 1) == ":":
                found[token.value], at = self._value(at + 2, before)
            elif token.kind == "name" and self._value_at(at + 1) in {",", "}"}:
                found[token.value], _ = self._name(at, before)
                at += 1
            else:
                at = self._skip(at)
            if self._value_at(at) == ",":
                at += 1
            elif self._value_at(at) != "}":
                at = max(at + 1, self._skip(at))
        return found, at + 1

    def _list(self, index: int, before: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = index + 1
        while at < len(self._tokens) and self._value_at(at) != "]":
            if self._value_at(at) == ".":
                value, end = self._value(at + 3, before)
                found += value if isinstance(value, list) else [value]
                at = max(end, at + 3)
            else:
                value, end = self._value(at, before)
                found.append(value)
                at = max(end, at + 1)
            if self._value_at(at) == ",":
                at += 1
            elif self._value_at(at) != "]":
                at = max(at + 1, self._skip(at))
        return found, at + 1

    def _skip(self, index: int) -> int:
        end = self._end(index)
        self._walked += end - index
        if self._walked > _MOST_WALKED:
            raise UnreadableError("nested too deep")
        return end

    def _end(self, index: int) -> int:
        """Where the expression at `index` ends: a comma, semicolon or closing bracket that is not its own."""
        depth = 0
        for at in range(index, len(self._tokens)):
            word = self._value_at(at)
            if word in _OPEN:
                depth += 1
            elif word in _CLOSE:
                if not depth:
                    return at
                depth -= 1
            elif word in {",", ";"} and not depth:
                return at
        return len(self._tokens)
