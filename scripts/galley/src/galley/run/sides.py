"""What an assertion that failed was about: the values that it compared, and what its names held.

In a page's child. An assertion at the top of a page, outside of functions and classes, is compiled with each of its
operands noted as it is evaluated. A name in the page's namespace would be seen there, and a call would stand in the
stack above the page's own. So the note is an operator between the operand and a constant, and after the compilation an
object of galley's takes the place of the constant. What the page computes, in which order, and on which lines, stays as
it is. The code of functions is left alone: compilers such as numba's read it, and others send it to other processes.
There the names of the assertion are shown, with what they held when it failed.
"""

from __future__ import annotations

import ast
import copy
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from galley.kinds.describe import Brief, Description, describe
from galley.run.compiling import compiled
from galley.source.reads import nodes, read

MARK = secrets.token_hex(16)  # so that no constant of a page's is taken for one of these
PLAIN = (ast.Name, ast.Constant, ast.Starred, ast.Lambda, ast.GeneratorExp)  # told by their names, or tell nothing
TELLING = {"int", "float", "complex", "bool", "str", "bytes", "NoneType"}  # whose text says their type
SCALARS = (int, float, complex, bool, str, bytes, type(None))
SIDES = ("left", "right")
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
THINGS = (ModuleType, type, FunctionType, BuiltinFunctionType)
SHORT = 80  # characters of an expression
NEAR = 20  # characters around the place where two texts part
SHOWN = 8  # values of one assertion that are shown


class Sides:
    """Notes the operands of the assertion that runs, and tells them where it failed."""

    def __init__(self, source: str, path: str) -> None:
        self.source, self.path = source, path
        self._noted: dict[str, Any] = {}  # the values of operands, by the marks that stand for them in the code

    def compiled(self, statement: ast.stmt, flags: int) -> CodeType:
        """The code of a statement; its assertions note what they compare, unless they are too deep for that."""
        self._noted.clear()
        if any(isinstance(node, ast.Assert) for node in nodes(statement)):
            with suppress(RecursionError):  # Python itself takes deeper expressions than what copies and visits them
                body = _Noting().visit(ast.Module([copy.deepcopy(statement)], []))
                code = compiled(body, self.path, "exec", flags)
                return code.replace(co_consts=tuple(self._note(each) for each in code.co_consts))
        return compiled(ast.Module([statement], []), self.path, "exec", flags)

    def _note(self, constant: Any) -> Any:
        marked = type(constant) is str and constant.startswith(MARK)
        return _Note(self._noted, constant) if marked else constant

    def told(self, error: BaseException, brief: Brief) -> str:
        """What the assertion that raised the error compared, a line for each value; empty for any other error.

        `brief` may have a better text for a value than its repr.
        """
        frame, line = _raised_in(error)
        if not isinstance(error, AssertionError) or frame is None or frame.f_code.co_filename != self.path:
            return ""
        asserted = [node for node in nodes(ast.parse(self.source)) if isinstance(node, ast.Assert)]
        here = [node for node in asserted if node.lineno <= line <= (node.end_lineno or line)]
        try:
            return "\n".join(self._lines(here[-1], frame, brief)) if here else ""
        except RecursionError:
            return ""  # a condition that is too deep is told by its line alone

    def _lines(self, asserted: ast.Assert, frame: FrameType, brief: Brief) -> Iterator[str]:
        operands = list(_operands(asserted.test))
        marks = [_mark(asserted, number) for number in range(len(operands))]
        noted = [(each, self._noted[mark]) for each, mark in zip(operands, marks, strict=True) if mark in self._noted]
        names = _names(asserted.test, {**frame.f_globals, **frame.f_locals})
        telling = [each for each in noted if type(each[1]) is not bool][:SHOWN]  # which the failure says
        told = [*((self._text(each), value) for each, value in telling), *names.items()]
        yield from (f"{text} = {_said(describe(value, brief))}" for text, value in told[:SHOWN])
        if isinstance(asserted.test, ast.Compare) and len(operands) == len(SIDES):
            known = [
                *noted,
                *((each, names[each.id]) for each in operands if isinstance(each, ast.Name) and each.id in names),
            ]
            known += [(each, each.value) for each in operands if isinstance(each, ast.Constant)]
            values = {id(each): value for each, value in known}
            if len(values) == len(SIDES) and (parted := _parted(*(values[id(each)] for each in operands))):
                yield parted

    def _text(self, node: ast.expr) -> str:
        text = " ".join((ast.get_source_segment(self.source, node) or ast.unparse(node)).split())
        return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


class _Note:
    """Stands in the code as a constant: `note | value` notes the value and is the value."""

    def __init__(self, noted: dict[str, Any], mark: str) -> None:
        self.noted, self.mark = noted, mark

    def __or__(self, value: Any) -> Any:
        if self.mark == MARK:
            self.noted.clear()  # the assertion held: what it compared is let go
        else:
            self.noted[self.mark] = value
        return value


class _Noting(ast.NodeTransformer):
    """Has each assertion outside of functions and classes note its operands, and forget them once it held."""

    def visit(self, node: ast.AST) -> Any:
        """The node, or what stands in its place."""
        if isinstance(node, SCOPES):
            return node
        if not isinstance(node, ast.Assert):
            return self.generic_visit(node)
        marks = {id(each): _mark(node, number) for number, each in enumerate(_operands(node.test))}
        node.test = _Wrapping(marks).visit(node.test)
        forget = ast.Expr(ast.BinOp(ast.Constant(MARK), ast.BitOr(), ast.Constant(None)))
        return [node, ast.fix_missing_locations(ast.copy_location(forget, node))]


class _Wrapping(ast.NodeTransformer):
    """Puts its mark before each operand of an assertion that is more than a name or a constant."""

    def __init__(self, marks: dict[int, str]) -> None:
        self.marks = marks

    def visit(self, node: ast.AST) -> Any:
        """The node with its mark, if it gets one."""
        self.generic_visit(node)
        if id(node) not in self.marks or not isinstance(node, ast.expr) or isinstance(node, PLAIN):
            return node
        mark = ast.copy_location(ast.Constant(self.marks[id(node)]), node)
        return ast.copy_location(ast.BinOp(mark, ast.BitOr(), node), node)


def _mark(asserted: ast.Assert, number: int) -> str:
    """What stands in the code for the note of an operand, by its number."""
    return f"{MARK} {asserted.lineno} {asserted.col_offset} {number}"


def _names(test: ast.expr, held: Mapping[str, Any]) -> dict[str, Any]:
    """The names that a condition reads and what they hold, but for modules, classes and functions."""
    asked = read(test).loads
    named = [node for node in nodes(test) if isinstance(node, ast.Name) and node.id in asked and node.id in held]
    named.sort(key=lambda node: (node.lineno, node.col_offset))
    return {node.id: held[node.id] for node in named if not isinstance(held[node.id], THINGS)}


def _operands(test: ast.expr) -> Iterator[ast.expr]:
    """What an assertion's condition is made of: the sides of a comparison, a call and its arguments, else all of it."""
    match test:
        case ast.BoolOp():
            for each in test.values:
                yield from _operands(each)
        case ast.UnaryOp(op=ast.Not()):
            yield from _operands(test.operand)
        case ast.Compare():
            yield from (test.left, *test.comparators)
        case ast.Call():
            yield from (test, *test.args, *(each.value for each in test.keywords))
        case _:
            yield test


def _raised_in(error: BaseException) -> tuple[FrameType | None, int]:
    """The frame that raised an error, and its line."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return (at.tb_frame, at.tb_lineno) if at else (None, 0)


def _said(value: Description) -> str:
    """A value in words: its text, and what the text does not say."""
    kind = value["type"]
    facts = [] if kind in TELLING else [kind]
    facts += [f"shape {value['shape']}"] if "shape" in value else []
    facts += [value[name] for name in ("dtype", "device") if name in value]
    facts += [f"length {value['length']}"] if value.get("length", 0) > NEAR else []
    facts += [value["error"]] if "error" in value else []
    return f"{value['value']}  ({', '.join(facts)})".lstrip() if facts else value["value"]


def _parted(left: Any, right: Any) -> str:
    """Where two long texts or sequences part, in words; empty for what is short, equal or nothing of the kind."""
    if type(left) is not type(right) or type(left) not in (str, bytes, list, tuple):
        return ""
    at = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if not _same(a, b)), None)
    at = min(len(left), len(right)) if at is None and len(left) != len(right) else at
    if at is None or max(len(left), len(right)) <= NEAR:
        return ""
    if isinstance(left, str | bytes):
        start = max(0, at - NEAR)
        return f"they part at character {at}: {_around(left, start, at)} against {_around(right, start, at)}"
    one, other = (repr(each[at])[:NEAR] if at < len(each) else "nothing" for each in (left, right))
    return f"they part at index {at}: {one} against {other}"


def _same(one: Any, other: Any) -> bool:
    """Whether two elements are equal; those whose comparison may run code of theirs count as equal."""
    plain = type(one) in SCALARS and type(other) in SCALARS
    return not plain or one == other


def _around(text: Sequence[Any], start: int, at: int) -> str:
    return ("…" if start else "") + repr(text[start : at + NEAR]) + ("…" if len(text) > at + NEAR else "")
