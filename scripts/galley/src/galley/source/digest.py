"""A digest of what code does, blind to how it is laid out.

In every process: the command and the builder compare digests, a page's child records them. The text of `ast.dump`
differs between Python versions, and the tokens differ between layouts. So this module writes the syntax tree as a text
of its own, without fields that are empty, that hold positions, or that the rest implies.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

IMPLIED = {"ctx", "kind", "type_comment", "type_ignores"}
DEPTH = 100  # how deep a part of a tree is written by recursion
REFERENCE = re.compile("\0(\\d+)\0")
FIELDS: dict[type, tuple[str, ...]] = {}  # the fields of each class of node that are written; filled as classes are met


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


def is_string(statement: ast.stmt) -> bool:
    """Whether the statement is a string and nothing else: a caption or a docstring."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _written(root: ast.AST) -> str:
    """A tree as text.

    A sum of thousands of terms is a tree of as many levels, and Python's recursion is limited. So a node that lies
    DEPTH levels down is written as a text of its own, and a reference to that text stands in its place: its number
    between two NUL characters. In the end each reference is replaced by its text, the last text first.
    """
    trees: list[Any] = [root]
    texts = [_near(tree, DEPTH, trees) for tree in trees]  # grows as deeper trees are found
    if len(texts) == 1:
        return texts[0]
    for number in reversed(range(len(texts))):  # a text refers to later ones alone
        if "\0" in texts[number]:
            texts[number] = REFERENCE.sub(lambda found: texts[int(found[1])], texts[number])
    return texts[0]


def _near(node: Any, depth: int, trees: list[Any]) -> str:
    """A node as text, with a reference for each node that lies `depth` levels down, which is added to `trees`."""
    kind = type(node)
    if kind is list:
        return f"[{','.join([_near(each, depth, trees) for each in node])}]"
    names = FIELDS.get(kind)
    if names is None:
        if not isinstance(node, ast.AST):
            return _constant(node)
        names = FIELDS[kind] = tuple(name for name in kind._fields if name not in IMPLIED)
    if not depth:
        trees.append(node)
        return f"\0{len(trees) - 1}\0"  # no other text holds this character: it is written as \x00
    if kind in RESHAPED:
        node = RESHAPED[kind](node)
    parts = [kind.__name__]
    for name in names:
        value = getattr(node, name, None)
        if type(value) is str:  # these two are most fields; a call for each would take more time than all else
            parts.append(f"{name}={value!a}")
        elif type(value) is ast.Name:
            parts.append(f"{name}=(Name id={value.id!a})")
        elif value is not None and value != []:
            parts.append(f"{name}={_near(value, depth - 1, trees)}")
    return f"({' '.join(parts)})"


def _constant(value: object) -> str:
    """A constant as Python writes it; an integer of thousands of digits, which Python refuses to, in hexadecimal."""
    try:
        return ascii(value)
    except ValueError:
        return hex(value) if isinstance(value, int) else repr(type(value))


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
