"""Calls to language models and prompt constants in Python programs, by their syntax tree; nothing is run."""

from __future__ import annotations

import ast
import inspect
import re
import string
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

from llmcost.estimate.diff.assigned import Names, assigned, attributes, of_self, parameters, statements
from llmcost.estimate.diff.sites import (
    POSITIONAL,
    Site,
    UnreadableError,
    call,
    constant,
    has_text,
    hole,
    is_hole,
    is_known_call,
    is_prompt_name,
    names_model,
)

_ROLES = {"System": "system", "Human": "user", "User": "user", "AI": "assistant", "Assistant": "assistant"}
#: `a = b + b`, `b = c + c` … doubles with every line.
_DEEPEST, _MOST_STEPS, _MOST_TEXT = 30, 20_000, 8 * 2**20


def sites(text: str) -> list[Site]:
    """What `text` sends to models.

    Raises:
        UnreadableError: it is not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise UnreadableError(f"not Python this version reads{f' (line {line})' if line else ''}") from None
    reader = _Reader(assigned(tree.body))
    try:
        reader.scope(tree.body, (), {})
    except RecursionError:
        raise UnreadableError("nested too deep") from None
    return [*reader.calls(), *reader.constants()]


class _Reader:
    def __init__(self, names: Names) -> None:
        self._module = names
        self._used: set[int] = set()
        self._calls: list[tuple[Site, int]] = []
        """With the id of the expression."""
        self._constants: list[tuple[str, int, ast.expr, Names]] = []

    def scope(self, body: list[ast.stmt], path: tuple[str, ...], names: Names, *, is_class: bool = False) -> None:
        """Calls and prompt variables of a module, class or function, and of those within it."""
        own = assigned(body)
        names = own if not path else {**names, **own}
        if is_class:
            own = {**own, **attributes(body)}
            names = {**names, **{f"self.{name}": values for name, values in own.items()}}
        for name, values in own.items():
            if is_prompt_name(name):
                self._constants += [(".".join((*path, name)), line, value, names) for line, value in values]
        if path and not is_class and is_prompt_name(path[-1]):
            # First, so that a variable it returns is not told as well.
            self._constants[:0] = [
                (".".join(path), node.lineno, node.value, names)
                for node in statements(body)
                if isinstance(node, ast.Return) and node.value is not None
            ]
        for node in body:
            self._visit(node, path, names)

    def _visit(self, node: ast.AST, path: tuple[str, ...], names: Names) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for outer in (*node.decorator_list, *(getattr(node, "bases", ()))):
                self._visit(outer, path, names)
            if not isinstance(node, ast.ClassDef):
                names = {**names, **parameters(node.args)}
            self.scope(node.body, (*path, node.name), names, is_class=isinstance(node, ast.ClassDef))
            return
        if isinstance(node, ast.Call):
            self._call(node, path, names)
        if isinstance(node, ast.Dict):
            self._request(node, path, names)
        for child in ast.iter_child_nodes(node):
            self._visit(child, path, names)

    def _call(self, node: ast.Call, path: tuple[str, ...], names: Names) -> None:
        dotted = _dotted(node.func)
        known = is_known_call(dotted)
        resolver = _Resolver(names, node.lineno)
        arguments: dict[str, ast.expr] = dict(
            zip(POSITIONAL.get(dotted.rpartition(".")[2], ()), node.args, strict=False)
        )
        given: dict[str, Any] = {}
        spread = False
        for keyword in node.keywords:
            if keyword.arg is not None:
                arguments[keyword.arg] = keyword.value
            elif isinstance(value := resolver.value(keyword.value), dict):
                given |= value
                resolver.used.add(id(keyword.value))
            else:
                spread = True
        config = arguments.get("config")
        if isinstance(config, ast.Call):
            arguments.update((each.arg, each.value) for each in config.keywords if each.arg)
        elif isinstance(config, ast.Dict):
            arguments.update(_pairs(config))
        if not known and not names_model({*arguments, *given}):
            return
        given |= {key: resolver.value(value) for key, value in arguments.items()}
        found = call(dotted, given, node.lineno, known=known)
        if found is None:
            return
        if spread:
            found = found._replace(notes=(*found.notes, "arguments passed as ** are not seen"), complete=False)
        self._used |= resolver.used
        if found.bodies or found.model or found.limit is not None:
            self._calls.append((Site(".".join(path) or "<module>", found), id(node)))

    def _request(self, node: ast.Dict, path: tuple[str, ...], names: Names) -> None:
        """The body of a request that is made without an SDK."""
        arguments = _pairs(node)
        if names_model(arguments) and {"messages", "contents"} & arguments.keys():
            resolver = _Resolver(names, node.lineno)
            found = call("", {key: resolver.value(value) for key, value in arguments.items()}, node.lineno, known=False)
            self._used |= resolver.used
            if found is not None:
                self._calls.append((Site(".".join(path) or "<module>", found), id(node)))

    def calls(self) -> Iterator[Site]:
        """Calls, and bodies of requests that none of them sends."""
        return (site for site, node in self._calls if node not in self._used)

    def constants(self) -> Iterator[Site]:
        """Prompt variables with text of their own that no call here is seen to send."""
        grown = {id(node.left) for _, _, node, _ in self._constants if isinstance(node, ast.BinOp)}
        for name, line, node, names in self._constants:
            if id(node) in self._used | grown:
                continue
            resolver = _Resolver(names, line)
            value = resolver.value(node)
            self._used |= resolver.used
            if has_text(value):
                yield Site(name, constant(value, line))


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))


def _pairs(node: ast.Dict) -> dict[str, ast.expr]:
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


class _Resolver:
    """Expressions as texts with placeholders, lists, dicts and numbers."""

    def __init__(self, names: Names, line: int) -> None:
        self._names, self._line = names, line
        self.used: set[int] = set()
        """Ids of the assigned expressions that were read."""
        self._depth = self._steps = self._size = 0

    def value(self, node: ast.expr) -> Any:
        self._steps += 1
        if self._depth > _DEEPEST or self._steps > _MOST_STEPS or self._size > _MOST_TEXT:
            return hole("value")
        self._depth += 1
        try:
            return self._value(node)
        finally:
            self._depth -= 1

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                self._size += len(node.value)
            return node.value if isinstance(node.value, str | int | None) else hole(str(node.value))
        if isinstance(node, ast.JoinedStr):
            return "".join(self._piece(part) for part in node.values)
        if isinstance(node, ast.Name):
            return self._named(node, node.id)
        if isinstance(node, ast.Attribute) and of_self(node):
            return self._named(node, f"self.{node.attr}")
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.List | ast.Tuple):
            if isinstance(node, ast.Tuple) and len(node.elts) == 2:
                role, content = map(self.value, node.elts)
                return {"role": "user" if role == "human" else role, "content": content}
            return [self.value(item) for item in node.elts]
        if isinstance(node, ast.Dict):
            return {key: self.value(value) for key, value in _pairs(node).items()}
        if isinstance(node, ast.Call):
            return self._called(node)
        if isinstance(node, ast.IfExp | ast.BoolOp):
            return self._chosen(node)
        return hole(ast.unparse(node))

    def _chosen(self, node: ast.IfExp | ast.BoolOp) -> Any:
        """The longest of the texts that a condition chooses between; of names of models none is right."""
        values = [
            self.value(each) for each in ([node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values)
        ]
        texts = [value for value in values if isinstance(value, str) and " " in value.strip()]
        return max(texts, key=len) if texts else hole(ast.unparse(node))

    def _piece(self, part: ast.expr) -> str:
        if isinstance(part, ast.FormattedValue):
            inner = self.value(part.value) if isinstance(part.value, ast.Name | ast.Attribute | ast.Constant) else None
            return inner if isinstance(inner, str) else hole(ast.unparse(part.value))
        return str(part.value) if isinstance(part, ast.Constant) else hole("value")

    def _named(self, node: ast.expr, name: str) -> Any:
        values = self._names.get(name, [])
        # A variable of the function itself is what it was last set to above the call.
        earlier = [value for line, value in values if line < self._line] or [value for _, value in values]
        if not earlier:
            return hole(ast.unparse(node))
        self.used |= {id(value) for _, value in values}
        return self.value(earlier[-1])

    def _operation(self, node: ast.BinOp) -> Any:
        left = self.value(node.left)
        if isinstance(node.op, ast.Add):
            right = self.value(node.right)
            if isinstance(left, list) or isinstance(right, list):
                return [*_listed(left), *_listed(right)]
            if isinstance(left, str) and isinstance(right, str):
                return left + right
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            return _percent(left)
        return hole(ast.unparse(node))

    def _called(self, node: ast.Call) -> Any:
        name = _dotted(node.func).rpartition(".")[2]
        first = node.args[0] if node.args else None
        if name == "dict" and first is None:
            return {each.arg: self.value(each.value) for each in node.keywords if each.arg}
        if name in {"dedent", "cleandoc"} and first is not None:
            text = self.value(first)
            if isinstance(text, str):
                return textwrap.dedent(text) if name == "dedent" else inspect.cleandoc(text)
        if name.endswith(("Message", "MessagePromptTemplate")) or name == "from_template":
            content = next((each.value for each in node.keywords if each.arg in {"content", "template"}), first)
            if content is not None:
                owner = _dotted(node.func)
                role = next((role for key, role in _ROLES.items() if key in owner), "user")
                return {"role": role, "content": self.value(content)}
        if name in {"Part", "Content", "from_text"}:
            content = next((each.value for each in node.keywords if each.arg in {"text", "parts"}), first)
            return self.value(content) if content is not None else hole("value")
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        return hole(ast.unparse(node))

    def _method(self, node: ast.Call, function: ast.Attribute) -> Any:
        text = self.value(function.value)
        if isinstance(text, str) and is_hole(text) and function.attr == "format":
            return text
        if isinstance(text, str):
            if function.attr in {"strip", "lstrip", "rstrip"} and not node.args:
                return str(getattr(text, function.attr)())
            if function.attr == "format":
                return self._formatted(text, {each.arg: each.value for each in node.keywords if each.arg})
            if function.attr == "join" and node.args:
                parts = self.value(node.args[0])
                if isinstance(parts, list) and all(isinstance(part, str) for part in parts):
                    return text.join(parts)
            if function.attr in {"replace", "encode", "lower", "upper"}:
                return text
        return hole(ast.unparse(node))

    def _formatted(self, text: str, given: dict[str, ast.expr]) -> str:
        try:
            parts = list(string.Formatter().parse(text))
        except ValueError:
            return text
        out = ""
        for literal, name, _, _ in parts:
            out += literal
            if name is not None:
                known = self.value(given[name]) if isinstance(given.get(name), ast.Constant | ast.Name) else None
                out += known if isinstance(known, str) else hole(name)
        return out


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _percent(text: str) -> str:
    """`%s` and `%(name)s` as placeholders."""
    return re.sub(
        r"%(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?([a-zA-Z%])",
        lambda match: "%" if match[2] == "%" else hole(match[1] or "value"),
        text,
    )
