"""What the variables, attributes and parameters of a Python program are set to, by its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef
Names = dict[str, list[tuple[int, ast.expr]]]
"""Variable -> (line, what is assigned) in order."""


def assigned(body: list[ast.stmt]) -> Names:
    """Variables assigned in `body` and its blocks, but not in functions or classes within it."""
    names: Names = {}
    for node in statements(body):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            names.setdefault(node.targets[0].id, []).append((node.lineno, node.value))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names.setdefault(node.target.id, []).append((node.lineno, node.value))
        elif (grown := _grown(node)) and (values := names.get(grown[0])):
            values.append((node.lineno, ast.BinOp(values[-1][1], ast.Add(), grown[1])))
    return names


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those of `body` and its blocks, but not of functions or classes within it."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from statements(getattr(node, field, []))
        for handler in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
            yield from statements(handler.body)


def _grown(node: ast.stmt) -> tuple[str, ast.expr] | None:
    """`NAME += VALUE`, `NAME.append(VALUE)` and `NAME.extend(VALUE)` as (name, value)."""
    if isinstance(node, ast.AugAssign):
        is_added = isinstance(node.target, ast.Name) and isinstance(node.op, ast.Add)
        return (ast.unparse(node.target), node.value) if is_added else None
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) == 1):
        return None
    if call.func.attr not in {"append", "extend"} or not isinstance(call.func.value, ast.Name):
        return None
    return call.func.value.id, call.args[0]


def attributes(body: list[ast.stmt]) -> Names:
    """What the methods of a class set on `self`."""
    names: Names = {}
    for method in body:
        for node in statements(method.body if isinstance(method, Function) else []):
            target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
            if isinstance(node, ast.Assign) and isinstance(target, ast.Attribute) and of_self(target):
                names.setdefault(target.attr, []).append((node.lineno, node.value))
    return names


def of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}


def parameters(arguments: ast.arguments) -> Names:
    """A function's parameters, with the text or number that each has where a caller gives none."""
    positional = [*arguments.posonlyargs, *arguments.args]
    optional = positional[len(positional) - len(arguments.defaults) :]
    pairs = [*zip(optional, arguments.defaults, strict=True),
             *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]  # fmt: skip
    # What an outer variable of the same name holds is not what is passed.
    names: Names = {each.arg: [] for each in (*positional, *arguments.kwonlyargs)}
    for each, value in pairs:
        if isinstance(value, ast.Constant) and value.value:
            names[each.arg].append((each.lineno, value))
    return names
