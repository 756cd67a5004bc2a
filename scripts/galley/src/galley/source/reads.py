"""What parts of Python code read, bind and decide, seen in their syntax trees alone.

In the command, and in a page's child, which tells what a failed assertion was about.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

CAUGHT = {"AssertionError", "Exception", "BaseException"}
DOCS = {"__doc__", "help", "getdoc", "testmod", "co_firstlineno", "co_lines", "co_positions"}
SAME = (ast.Eq, ast.Is, ast.LtE, ast.GtE)  # hold between a thing and itself
Function = ast.FunctionDef | ast.AsyncFunctionDef
AWAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)
NO_NODES = ("ctx", "id", "attr")  # fields that hold a text, or only say whether a name is read or bound
FIELDS: dict[type, tuple[str, ...]] = {}  # those that may hold nodes, of each class of node; filled as classes are met
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass
class Read:
    """What an expression reads from around it, binds there, and calls of functions such as `assert_close`."""

    loads: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    asserts: list[ast.Call] = field(default_factory=list)
    calls: bool = False  # of anything


def nodes(root: ast.AST) -> list[ast.AST]:
    """A tree's nodes, but for contexts. `ast.walk` takes four times as long, and a check walks over every claim."""
    found = [root]
    for node in found:  # grows
        found += children(node)
    return found


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below one, but for contexts; `ast.iter_child_nodes` goes through three generators for them."""
    found: list[ast.AST] = []
    names = FIELDS.get(type(node))
    if names is None:
        names = FIELDS[type(node)] = tuple(each for each in node._fields if each not in NO_NODES)
    for name in names:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def outside_functions(root: ast.AST) -> list[ast.AST]:
    """The nodes of a statement that run with it, without the bodies of functions and classes."""
    found = [root]
    for node in found:  # grows
        body = node.body if isinstance(node, SCOPES) else []
        below = {id(each) for each in (body if isinstance(body, list) else [body])}
        found += [each for each in children(node) if id(each) not in below]
    return found


def awaits(statement: ast.AST) -> bool:
    """Whether a statement awaits outside of functions: by `await`, `async for`, `async with` or a comprehension."""
    found = outside_functions(statement)
    return any(isinstance(each, AWAITING) or (isinstance(each, ast.comprehension) and each.is_async) for each in found)


def hides_value(statements: Sequence[ast.stmt], lines: Sequence[str]) -> bool:
    """Whether the last statement is an expression with a semicolon behind it, which hides its value, as in IPython.

    `lines` are those of the file up to the cell's end.
    """
    last = statements[-1] if statements else None
    if not isinstance(last, ast.Expr) or not last.end_lineno:
        return False
    rest = lines[last.end_lineno - 1].encode()[last.end_col_offset :].decode()
    return "\n".join([rest, *lines[last.end_lineno :]]).lstrip(" \t\f\\\n").startswith(";")


def synchronous(statement: ast.stmt) -> str:
    """The text of a statement that awaits, without its awaiting: it reads and binds the same names.

    From Python 3.14 on, `symtable` refuses a statement that awaits outside of functions.
    """
    return ast.unparse(_Synchronous().visit(copy.deepcopy(statement)))


class _Synchronous(ast.NodeTransformer):
    """Puts what does not await in the place of what does."""

    def visit_Await(self, node: ast.Await) -> ast.AST:
        visited: ast.AST = self.visit(node.value)
        return visited

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return ast.copy_location(ast.For(**dict(ast.iter_fields(self.generic_visit(node)))), node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return ast.copy_location(ast.With(**dict(ast.iter_fields(self.generic_visit(node)))), node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.is_async = 0
        return self.generic_visit(node)


def read(node: ast.AST) -> Read:
    """What an expression reads and binds; what a comprehension or a lambda binds for itself does not count."""
    found, within = Read(), set()
    for each in nodes(node):
        if isinstance(each, ast.Name):
            if isinstance(each.ctx, ast.Load):
                found.loads.add(each.id)
        elif isinstance(each, ast.comprehension):
            within |= stored(each.target)
        elif isinstance(each, ast.Lambda):
            within |= parameters(each.args)
        elif isinstance(each, ast.NamedExpr):
            found.stores |= stored(each.target)
        elif isinstance(each, ast.Call):
            found.calls = True
            name = each.func.id if isinstance(each.func, ast.Name) else getattr(each.func, "attr", "")
            if name.startswith("assert"):
                found.asserts.append(each)
    found.loads -= within
    return found


def stored(target: ast.AST) -> set[str]:
    """The names that the targets of an assignment bind."""
    return {each.id for each in nodes(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def parameters(node: ast.AST) -> set[str]:
    """The names of the parameters of a function, and of functions inside it."""
    return {each.arg for each in nodes(node) if isinstance(each, ast.arg)}


def asks_for_docs(statements: Sequence[ast.stmt]) -> bool:
    """Whether code names what tells of the docstrings or the lines of other code, which are no part of what it does."""
    found = [each for statement in statements for each in nodes(statement)]
    names = {each.id for each in found if isinstance(each, ast.Name)}
    return not DOCS.isdisjoint(names | {each.attr for each in found if isinstance(each, ast.Attribute)})


def free(node: ast.AST) -> set[str]:
    """The names that a function or class reads from around it."""
    inner = {each.name for each in nodes(node) if isinstance(each, Function | ast.ClassDef)}
    outer = {name for each in nodes(node) if isinstance(each, ast.Global | ast.Nonlocal) for name in each.names}
    return (read(node).loads - parameters(node) - stored(node) - inner) | outer


def nothing(node: ast.expr) -> bool:
    """Whether an expression is an empty literal."""
    return isinstance(node, ast.List | ast.Tuple | ast.Set) and not node.elts


def never(node: ast.expr) -> bool:
    """Whether a condition is false whatever the page does."""
    return isinstance(node, ast.Constant) and not node.value


def always(node: ast.expr, things: Container[str]) -> bool:
    """Whether a condition is true whatever the page does."""
    if isinstance(node, ast.BoolOp):
        found = [always(each, things) for each in node.values]
        return any(found) if isinstance(node.op, ast.Or) else all(found)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return never(node.operand) or nothing(node.operand)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], SAME):
        left, right = node.left, node.comparators[0]
        called = any(isinstance(each, ast.Call) for each in nodes(left))
        return type(left) is type(right) and not called and ast.dump(left) == ast.dump(right)
    if isinstance(node, ast.Name):
        return node.id in things
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return bool(node.elts)
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(each, ast.Constant) and each.value for each in node.values)
    return isinstance(node, ast.Lambda | ast.GeneratorExp) or (isinstance(node, ast.Constant) and bool(node.value))


def swallows(handler: ast.ExceptHandler) -> bool:
    """Whether an `except` ends an AssertionError: it names its class or one above, and raises nothing."""
    named = handler.type is None or bool(CAUGHT & read(handler.type).loads)
    return named and not any(isinstance(each, ast.Raise) for each in nodes(handler))


def suppresses(context: ast.expr) -> bool:
    """Whether a `with` ends an AssertionError, as `contextlib.suppress` does."""
    function = context.func if isinstance(context, ast.Call) else context
    name = getattr(function, "attr", getattr(function, "id", ""))
    return name == "suppress" and bool(CAUGHT & read(context).loads)
