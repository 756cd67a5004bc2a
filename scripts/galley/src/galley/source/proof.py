"""Claims whose assertions prove nothing: they cannot fail, never run, or hold nothing of the page's in them.

In the command. An assertion has to read what a library or the page computed. Which names hold such a value is found by
following the code from the first cell on: an imported name does, a name that is bound to an expression with such a name
does, and what an earlier cell computed or defined does, but not a constant that was written down. Where the code is not
understood, a name counts as one that does. So what is told is certain, and not all that is empty is told.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from galley.errors import GalleyError, Place
from galley.source.cells import Cell, SnippetFile
from galley.source.reads import (
    Function,
    always,
    free,
    never,
    nodes,
    nothing,
    parameters,
    read,
    stored,
    suppresses,
    swallows,
)

MEND = "assert something that the libraries or the page's own code computed, or take it away"
OUTSIDE = {"compile", "eval", "exec", "open", "input", "__import__", "globals", "locals", "vars", "dir"}
# What of the text tells quickly: names that may hold constants, and names of modules.
CONSTANT = re.compile(r"^(\w++)[ \t]*+(?::[^=\n]*+)?=[ \t]*+[\"'\[({0-9TFN-]", re.MULTILINE)
SEVERAL = re.compile(r"^(\w++[ \t]*+,[\w, \t]*+)=", re.MULTILINE)
WORD = re.compile(r"\w++")
IMPORTED = re.compile(r"^import[ \t]++(\w++)[ \t]*+$", re.MULTILINE)
BUILT_IN = frozenset(dir(builtins)) - OUTSIDE
LITERAL = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.UnaryOp, ast.unaryop, ast.Name)
CHANGING = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp, ast.SetComp, ast.Lambda)
DEFINED: ast.AST = ast.parse("lambda: 0", mode="eval").body  # what stands for the value of a `def` or a `class`


def unproved(snippets: SnippetFile) -> list[GalleyError]:
    """An error for each assertion of a page's claims that proves nothing, and for each error that it raises itself.

    Most claims read a name that some cell above binds to no constant, which is seen without following these cells.
    """
    claims = [cell for cell in snippets.cells if "claim" in cell.tags]
    constant = {*CONSTANT.findall(snippets.source), *WORD.findall(" ".join(SEVERAL.findall(snippets.source)))}
    things = set(IMPORTED.findall(snippets.source))
    try:
        if not any(_empty(cell, _Names(dead=set(constant), things=set(things))) for cell in claims):
            return []
        return _followed(snippets)
    except RecursionError:  # code that is nested a thousand levels deep
        return []


def _followed(snippets: SnippetFile) -> list[GalleyError]:
    """The errors, with each cell of the page followed in its order."""
    names, errors = _Names(), []
    for cell in snippets.cells:
        if "claim" in cell.tags:
            errors += [_error(what, cell, line) for what, line in _empty(cell, names)]
        else:
            _Flow(names).block(cell.statements)
        names.computed()
    return errors


def _error(what: str, cell: Cell, line: int) -> GalleyError:
    return GalleyError(f"the claim '{cell.name}' {what}", Place(cell.place.path, line), MEND)


def _empty(cell: Cell, names: _Names) -> list[tuple[str, int]]:
    """What in a claim proves nothing, each with its line."""
    statements, flow = cell.statements, _Flow(names)
    flow.block(statements)
    flow.inside_functions(statements)
    told = sorted(flow.told, key=lambda each: each[1])
    last = statements[-1] if statements else None
    if cell.raises and isinstance(last, ast.Raise):
        told.append(("raises its error itself", last.lineno))
    elif cell.raises and not flow.asserts and not flow.read:
        told.append(("raises an error with nothing of the page's in it", cell.place.line))
    return told


@dataclass
class _Names:
    """What is known of the page's names at one place in its code.

    `live` hold something that a library or the page computed; `dead` hold a constant, and those in `changing` an object
    that code with such a name in it may fill. `things` are modules, functions and classes, which are always true.
    """

    live: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    changing: set[str] = field(default_factory=set)
    things: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)  # what the page's code made or filled with nothing of a library in it
    captured: dict[str, set[str]] = field(default_factory=dict)  # the names that a function reads, by its name

    def reach(self, names: Iterable[str]) -> bool:
        """Whether one of the names holds something computed; a name that the page nowhere binds does."""
        return any(name in self.live or (name not in self.dead and name not in BUILT_IN) for name in names)

    def bind(self, name: str, live: bool, value: ast.AST | None = None) -> None:
        """Note what a name holds from here on."""
        for group in (self.live, self.dead, self.changing, self.things, self.made):
            group.discard(name)
        (self.live if live else self.dead).add(name)
        if value is not None and any(isinstance(node, CHANGING) for node in nodes(value)):
            self.changing.add(name)

    def touch(self, names: Iterable[str]) -> None:
        """Code with a computed value in it met these names: it may have filled the objects that they hold."""
        waiting = [name for name in names if name in self.dead & self.changing]
        while waiting:
            name = waiting.pop()
            self.dead.discard(name)
            self.live.add(name)
            waiting += [each for each in self.captured.get(name, ()) if each in self.dead & self.changing]

    def computed(self) -> None:
        """At a cell's end: what the code above made is the page's own for the cells below."""
        self.dead -= self.made
        self.made.clear()

    def copied(self) -> _Names:
        """A copy of what is known, for code with a scope of its own, such as a function."""
        found = _Names(captured=dict(self.captured))
        for name in ("live", "dead", "changing", "things", "made"):
            setattr(found, name, set(getattr(self, name)))
        return found


@dataclass
class _Flow:
    """Follows a cell's statements in their order, and judges its assertions.

    `control` says that something computed decides whether a statement runs, `never` that it does not run at all, and
    `caught` that an AssertionError ends there.
    """

    names: _Names
    control: bool = False
    never: bool = False
    caught: bool = False
    asserts: int = 0
    read: bool = False  # some expression has something computed in it
    told: list[tuple[str, int]] = field(default_factory=list)
    used: dict[str, bool] = field(default_factory=dict)  # names that were read, and whether beside something computed

    def block(self, statements: Iterable[ast.stmt]) -> None:
        """Follow statements."""
        for statement in statements:
            follow = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if follow:
                follow(statement)
            else:
                self._expressions(ast.iter_child_nodes(statement))

    def _within(self, statements: Sequence[ast.stmt], control: bool = False, never: bool = False) -> None:
        before = self.control, self.never
        self.control, self.never = self.control or control, self.never or never
        self.block(statements)
        self.control, self.never = before

    def _expressions(self, nodes: Iterable[ast.AST | None]) -> bool:
        """Read expressions; return whether something computed is in one of them."""
        found = False
        for node in filter(None, nodes):
            seen = read(node)
            reaches = self.names.reach(seen.loads)
            found |= reaches
            for name in seen.loads:
                self.used[name] = self.used.get(name, False) or reaches
            if reaches:
                self.names.touch(seen.loads)
            if seen.calls:
                self.names.made |= seen.loads & self.names.changing
            for name in seen.stores:
                self._bind(name, reaches, node)
            for call in seen.asserts:
                given = [*call.args, *(each.value for each in call.keywords)]
                self._judge(any(self.names.reach(read(each).loads) for each in given), False, call.lineno)
        self.read |= found
        return found

    def _bind(self, name: str, reaches: bool, value: ast.AST | None) -> None:
        self.names.bind(name, reaches or self.control, value)
        if value is None or not all(isinstance(each, LITERAL) for each in nodes(value)):
            self.names.made.add(name)

    def _assigned(self, targets: Iterable[ast.expr], reaches: bool, value: ast.AST | None) -> None:
        for node in (node for target in targets for node in nodes(target)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._bind(node.id, reaches, value)
            elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
                loads = read(node.value).loads
                if self.names.reach(loads) or reaches:
                    self.names.touch(loads | (read(value).loads if value else set()))

    def _assign(self, node: ast.Assign) -> None:
        value = node.value
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
                for part, each in zip(target.elts, value.elts, strict=True):
                    self._assigned([part], self._expressions([each]), each)
                return
        self._assigned(node.targets, self._expressions([node.value]), node.value)

    def _annassign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self._assigned([node.target], self._expressions([node.value]), node.value)

    def _augassign(self, node: ast.AugAssign) -> None:
        kept = self.names.reach(read(node.target).loads | stored(node.target))
        self._assigned([node.target], self._expressions([node.value]) or kept, None)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for each in node.names:
            name = each.asname or each.name.partition(".")[0]
            self.names.bind(name, live=True)
            self.names.things |= {name} if isinstance(node, ast.Import) else set()

    _importfrom = _import

    def _functiondef(self, node: Function | ast.ClassDef) -> None:
        loads = free(node)
        self.names.bind(node.name, self.names.reach(loads), DEFINED)
        self.names.captured[node.name] = loads
        self.names.changing |= {name for each in nodes(node) if isinstance(each, ast.Global) for name in each.names}
        self.names.things.add(node.name)
        if node.name in self.names.live:
            self.names.touch(loads)
        self.names.made.add(node.name)

    _asyncfunctiondef = _classdef = _functiondef

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        reaches = self._expressions([node.iter])
        self._assigned([node.target], reaches, node.iter)
        self._within(node.body, reaches, nothing(node.iter))
        self._within(node.orelse, reaches)

    _asyncfor = _for

    def _if(self, node: ast.If | ast.While) -> None:
        reaches = self._expressions([node.test])
        self._within(node.body, reaches, never(node.test))
        self._within(node.orelse, reaches, always(node.test, self.names.things))

    _while = _if

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._assigned(filter(None, [item.optional_vars]), self._expressions([item.context_expr]), None)
        before, self.caught = self.caught, self.caught or any(suppresses(item.context_expr) for item in node.items)
        self.block(node.body)
        self.caught = before

    _asyncwith = _with

    def _try(self, node: ast.Try) -> None:
        before, self.caught = self.caught, self.caught or any(map(swallows, node.handlers))
        self.block(node.body)
        self.caught = before
        reaches = any(self.names.reach(read(each).loads) for each in node.body)
        for handler in node.handlers:
            if handler.name:
                self.names.bind(handler.name, reaches)
            self._within(handler.body, reaches)
        self._within(node.orelse, reaches)
        self.block(node.finalbody)

    _trystar = _try

    def _match(self, node: ast.Match) -> None:
        reaches = self._expressions([node.subject])
        for case in node.cases:
            for name in {each.name for each in nodes(case.pattern) if isinstance(each, ast.MatchAs | ast.MatchStar)}:
                if name:
                    self.names.bind(name, reaches)
            self._within(case.body, reaches)

    def _assert(self, node: ast.Assert) -> None:
        reaches = self._expressions([node.test])
        self._judge(reaches, always(node.test, self.names.things), node.lineno, self.control and never(node.test))

    def _judge(self, reaches: bool, always: bool, line: int, excused: bool = False) -> None:
        self.asserts += 1
        if excused:
            return
        if self.never:
            self.told.append(("has an assertion that never runs", line))
        elif self.caught:
            self.told.append(("has an assertion whose failure is caught", line))
        elif always:
            self.told.append(("has an assertion that cannot fail", line))
        elif not reaches:
            self.told.append(("has an assertion with nothing of the page's in it", line))

    def inside_functions(self, statements: Sequence[ast.stmt]) -> None:
        """Judge the assertions in functions that the cell defines, by how the cell uses the function."""
        inner = [node for each in statements for node in nodes(each) if isinstance(node, Function)]
        for node in inner:
            part = _Flow(self.names.copied(), never=node.name not in self.used and not node.decorator_list)
            for name in parameters(node):
                part.names.bind(name, self.used.get(node.name, True))
            part.block(node.body)
            self.asserts += part.asserts
            self.told += part.told
