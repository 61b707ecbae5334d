"""TypeScript and JavaScript as tokens: enough to find calls and literals; nothing is run."""

from __future__ import annotations

import re
from typing import NamedTuple

from llmcost.estimate.diff.sites import UnreadableError, hole

_SPACE = re.compile(r"(?:\s|//[^\n\u2028\u2029]*|/\*.*?\*/)+", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*")
_NUMBER = re.compile(r"0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?n?")
_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", re.DOTALL)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_TEMPLATE_TEXT = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))")
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
#: After these words a slash begins a regular expression.
_BEFORE_VALUE = frozenset(
    {"return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "await"}
)
_DEEPEST = 20


class Token(NamedTuple):
    kind: str
    """`name`, `text` (a string or template, with placeholders), `number`, `regex` or `mark`."""
    value: str
    line: int


def tokens(source: str) -> list[Token]:
    """The tokens of a program.

    Raises:
        UnreadableError: a comment, a template or a bracket is not closed.
    """
    scanner = _Scanner(source)
    found, _ = scanner.until(0, "", 0)
    return found


class _Scanner:
    def __init__(self, source: str) -> None:
        self._source = source
        self._counted, self._line = 0, 1

    def _line_at(self, at: int) -> int:
        if at >= self._counted:
            self._line += self._source.count("\n", self._counted, at)
            self._counted = at
        return self._line

    def until(self, at: int, closing: str, depth: int) -> tuple[list[Token], int]:
        """Tokens from `at` to an unmatched `closing` (empty: the end), and where it stands."""
        if depth > _DEEPEST:
            raise UnreadableError(f"templates nested too deep (line {self._line_at(at)})")
        source, found, open_braces = self._source, list[Token](), 0
        while at < len(source):
            if space := _SPACE.match(source, at):
                at = space.end()
                continue
            character = source[at]
            if character == closing and not open_braces:
                return found, at
            if closing and character in "{}":
                open_braces += 1 if character == "{" else -1
            token, at = self._token(at, character, found, depth)
            found.append(token)
        if closing:
            raise UnreadableError(f"a template is not closed (line {self._line_at(at)})")
        return found, at

    def _token(self, at: int, character: str, found: list[Token], depth: int) -> tuple[Token, int]:
        source, line = self._source, self._line_at(at)
        if source.startswith("/*", at):
            raise UnreadableError(f"a comment is not closed (line {line})")
        if character == "`":
            text, at = self._template(at + 1, depth)
            return Token("text", text, line), at
        # An apostrophe in JSX text begins no string.
        if character in "'\"" and (match := _STRING.match(source, at)):
            return Token("text", _unescaped(match[0][1:-1]), line), match.end()
        if match := _NAME.match(source, at):
            return Token("name", match[0], line), match.end()
        if (character.isdigit() or character == ".") and (match := _NUMBER.match(source, at)):
            return Token("number", match[0].replace("_", ""), line), match.end()
        if character == "/" and _expects_value(found) and (match := _REGEX.match(source, at)):
            return Token("regex", match[0], line), match.end()
        return Token("mark", character, line), at + 1

    def _template(self, at: int, depth: int) -> tuple[str, int]:
        text = ""
        while match := _TEMPLATE_TEXT.match(self._source, at):
            text += _unescaped(match[0])
            at = match.end()
            if self._source.startswith("${", at):
                inner, end = self.until(at + 2, "}", depth + 1)
                text += hole(" ".join(token.value for token in inner[:8]))
                at = end + 1
            elif self._source.startswith("`", at):
                return text, at + 1
            else:
                break
        raise UnreadableError(f"a template is not closed (line {self._line_at(at)})")


def _expects_value(found: list[Token]) -> bool:
    if not found:
        return True
    last = found[-1]
    return last.value in _BEFORE_VALUE if last.kind == "name" else last.kind == "mark" and last.value not in ")]}"


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_escape, text) if "\\" in text else text


def _escape(match: re.Match[str]) -> str:
    if code := match[1] or match[2] or match[3]:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    return _SIMPLE.get(match[4], match[4])
