"""A function without what cannot matter when it runs: docstrings, and annotations that nobody evaluates.

In the command.
"""

from __future__ import annotations

import ast

from galley.source.digest import is_string
from galley.source.reads import outside_functions

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scoped = Function | ast.ClassDef
HOLDING = ("body", "orelse", "finalbody", "handlers", "cases")  # the fields in which statements hold statements


def bare(node: Function, *, inside: bool) -> Function:
    """A function without its docstrings, and without annotations that nobody can read.

    A decorator can read those of what it decorates. Without `inside`, functions inside of it lose their bodies.
    """
    held = {"body": [_bare(each, bool(node.decorator_list), inside) for each in _told(node.body)]}
    return _unread(type(node)(**{**vars(node), **held}), annotated=bool(node.decorator_list))


def _bare(node: ast.stmt, annotated: bool, inside: bool, local: bool = True) -> ast.stmt:
    """A copy of a statement, as far as it differs: expressions and statements that hold no other ones are shared.

    `local` says that it stands in a function and not in a class: nobody evaluates the annotations there.
    """
    if isinstance(node, ast.AnnAssign) and local:
        return _unnoted(node)
    held = {name: found for name in HOLDING if isinstance(found := getattr(node, name, None), list)}
    if not held:
        return node
    if isinstance(node, Scoped):
        held["body"] = _told(node.body)
    if isinstance(node, Function) and not inside:
        held["body"] = [ast.Expr(ast.Yield())] if _yields(node) else [ast.Pass()]
    local = isinstance(node, Function) or (local and not isinstance(node, ast.ClassDef))
    bare = type(node)(**{**vars(node), **_bodies(held, annotated, inside, local)})
    return _unread(bare, annotated) if isinstance(bare, Function) else bare


def _bodies(held: dict[str, list[ast.stmt]], annotated: bool, inside: bool, local: bool) -> dict[str, list[ast.stmt]]:
    return {name: [_bare(each, annotated, inside, local) for each in found] for name, found in held.items()}


def _told(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a function or class without its docstring."""
    return (body[1:] or [ast.Pass()]) if is_string(body[0]) else body


def _yields(node: Function) -> bool:
    """Whether a call only makes a generator, which enters the function later."""
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in outside_functions(ast.Module(node.body, [])))


def _unnoted(node: ast.AnnAssign) -> ast.stmt:
    """An assignment in a function without its annotation; without a value it makes the name a local one."""
    if node.value is not None:
        return ast.Assign([node.target], node.value)
    return ast.AnnAssign(node.target, ast.Constant(None), None, node.simple)


def _unread(bare: Function, annotated: bool) -> Function:
    bare.returns = bare.returns if bare.decorator_list else None
    bare.args = bare.args if annotated else _unannotated(bare.args)
    return bare


def _unannotated(found: ast.arguments) -> ast.arguments:
    bare = ast.arguments(**vars(found))
    for name in ("posonlyargs", "args", "kwonlyargs"):
        setattr(bare, name, [ast.arg(each.arg) for each in getattr(found, name)])
    bare.vararg = found.vararg and ast.arg(found.vararg.arg)
    bare.kwarg = found.kwarg and ast.arg(found.kwarg.arg)
    return bare
