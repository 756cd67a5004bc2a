"""A digest of what code does, blind to how it is laid out.

`ast.dump` prints other text under another Python version, and tokens change with the formatting; so the
tree is written out here, without what is empty, positional or implied.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

IMPLIED = {"ctx", "kind", "type_comment", "type_ignores"}
FIELDS: dict[type, tuple[str, ...]] = {}  # what each kind of node has to say; worked out once a kind


def digest(text: str | bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def code_digest(statements: Iterable[ast.stmt]) -> str:
    """The digest of what these statements do: comments, layout and the Python version do not matter."""
    return digest("\n".join(_written(statement) for statement in statements))


def module_digest(source: str) -> str:
    """The digest of a module's code without its docstrings; raises SyntaxError."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            node.body = [each for each in body[:1] if not is_string(each)] + body[1:]
    return code_digest(tree.body)


def imported(statements: Iterable[ast.AST]) -> Iterator[str]:
    """The modules that statements import, those inside others included; expressions hold none and are not walked."""
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        else:
            for part in ("body", "orelse", "handlers", "finalbody", "cases"):
                yield from imported(getattr(node, part, ()))


def is_string(statement: ast.stmt) -> bool:
    """Whether the statement is a string and nothing else: a caption or a docstring."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _written(node: Any) -> str:
    kind = type(node)
    if kind is list:
        return f"[{','.join([_written(each) for each in node])}]"
    names = FIELDS.get(kind)
    if names is None:
        if not isinstance(node, ast.AST):
            return ascii(node)
        names = FIELDS[kind] = tuple(name for name in kind._fields if name not in IMPLIED)
    if kind in RESHAPED:
        node = RESHAPED[kind](node)
    parts = [kind.__name__]
    for name in names:
        value = getattr(node, name, None)
        if type(value) is str:  # most of what is not a node; a call for each would cost more than the rest
            parts.append(f"{name}={value!a}")
        elif value is not None and value != []:
            parts.append(f"{name}={_written(value)}")
    return f"({' '.join(parts)})"


def _deleted(node: ast.Delete) -> ast.Delete:
    return ast.Delete(_flat(node.targets))


def _flat(targets: list[ast.expr]) -> list[ast.expr]:
    """The targets of a `del`; formatters take away the parentheses around several."""
    return [each for target in targets for each in (_flat(target.elts) if isinstance(target, ast.Tuple) else [target])]


def _joined(node: ast.JoinedStr) -> ast.JoinedStr:
    """An f-string with its constant text joined again; versions differ in how they split it."""
    parts: list[ast.expr] = []
    for part in node.values:
        last = parts[-1] if parts else None
        if isinstance(part, ast.Constant) and isinstance(last, ast.Constant):
            parts[-1] = ast.Constant(str(last.value) + str(part.value))
        else:
            parts.append(part)
    return ast.JoinedStr([part for part in parts if not (isinstance(part, ast.Constant) and part.value == "")])


RESHAPED: dict[type[ast.AST], Callable[[Any], ast.AST]] = {ast.Delete: _deleted, ast.JoinedStr: _joined}
