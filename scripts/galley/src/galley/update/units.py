"""A module of a package taken apart into what can change by itself: functions, what names are bound to, what runs.

In the command. Docstrings, comments, layout and line numbers do not count. A `Statement` is a part of a module or class
that runs when the module is imported. It binds names there, or it has an effect without a name. A function's statement
is what runs then: its decorators and defaults, and its annotations where a decorator can read them. Its body is a
`function`, which only counts where a page entered it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from galley.source.digest import code_digest, is_string
from galley.update.asks import Mentions, mentions
from galley.update.bare import HOLDING, Function, Scoped, bare

PLAIN = frozenset({"staticmethod", "classmethod", "property", "abstractmethod"})  # decorators that read no annotations
KEEPING_NOTHING = frozenset({"dataclass", "total_ordering", "final", "runtime_checkable"})  # decorators of classes


@dataclass(frozen=True)
class Statement:
    """What runs at the top level of a module, or in the body of the class `scope`; `binds` is empty for an effect.

    `origin` is the module that a `from` import names, with its dots before it, and `source` the name there.
    """

    scope: str
    binds: str
    node: ast.AST = field(repr=False)
    origin: str = ""
    source: str = ""
    keeps: bool = field(default=False, compare=False)  # a decorator may keep elsewhere what the statement makes

    @cached_property
    def digest(self) -> str:
        """The digest of what it does."""
        return code_digest([self.node])  # type: ignore[list-item]

    @property
    def imports(self) -> bool:
        """Whether it is an import."""
        return bool(self.origin) or isinstance(self.node, ast.Import)

    @cached_property
    def mentions(self) -> Mentions:
        """The names that it asks for when it runs."""
        return mentions(self.node)


@dataclass(frozen=True, eq=False)
class Unit:
    """A function with its code; `line` is where it begins. Two are equal that do the same.

    Most functions have the same text in both releases, the bytes `written`: nothing of those is taken apart. Where it
    `holds` other functions, a page enters them as functions of their own, so that `node` and `own` leave out their
    bodies.
    """

    parsed: Function = field(repr=False)
    written: bytes = field(repr=False)
    line: int
    holds: bool

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Unit):
            return NotImplemented
        return self.written == other.written or self.digest == other.digest

    __hash__ = None  # type: ignore[assignment]

    def same_own(self, other: Unit) -> bool:
        """Whether its own code does the same as that of another one."""
        return self.written == other.written or self.own == other.own

    @cached_property
    def node(self) -> Function:
        """The function without what cannot matter."""
        return bare(self.parsed, inside=not self.holds)

    @cached_property
    def own(self) -> str:
        """The digest of its own code."""
        return code_digest([self.node])

    @cached_property
    def digest(self) -> str:
        """The digest of all of its code."""
        return code_digest([bare(self.parsed, inside=True)]) if self.holds else self.own

    @cached_property
    def mentions(self) -> Mentions:
        """The names that its own code asks for."""
        return mentions(self.node)


@dataclass(frozen=True)
class Code:
    """A module: its functions by qualified name, several where a name is defined more than once; its statements."""

    functions: dict[str, tuple[Unit, ...]]
    statements: tuple[Statement, ...]
    classes: dict[str, int]  # the line of each class, by its qualified name
    bound: dict[str, int]  # the line of each name at the top level and of each attribute of a class
    decorated: frozenset[str]  # the classes with a decorator, which may read what their bodies bind
    registered: frozenset[str]  # those of them whose decorator may keep the class somewhere

    @cached_property
    def stars(self) -> bool:
        """Whether it imports all names of some module."""
        return any(each.source == "*" for each in self.statements)

    @cached_property
    def mentions(self) -> Mentions:
        """All names that are mentioned somewhere in it."""
        found = [each.mentions for each in self.statements]
        found += [unit.mentions for each in self.functions.values() for unit in each]
        return Mentions(
            frozenset(name for each in found for name in each.globals),
            frozenset(name for each in found for name in each.attributes),
            frozenset(name for each in found for name in each.texts),
            frozenset(one for each in found for one in each.imports),
        )

    @cached_property
    def by_name(self) -> dict[tuple[str, str], tuple[Statement, ...]]:
        """The statements that bind a name of a scope; the effects of a scope under an empty name."""
        found: dict[tuple[str, str], list[Statement]] = {}
        for each in self.statements:
            found.setdefault((each.scope, each.binds), []).append(each)
        return {key: tuple(each) for key, each in found.items()}

    def line(self, symbol: str) -> int:
        """The line that defines a function, a class, or another name; 0 where the module has none."""
        if symbol in self.functions:
            return self.functions[symbol][-1].line
        return self.classes.get(symbol) or self.bound.get(symbol, 0)


def read_code(source: bytes | str) -> Code:
    """Take a module apart. Raises SyntaxError, or ValueError where it is no text."""
    tree = ast.parse(source)
    reader = _Reader((source.encode() if isinstance(source, str) else source).splitlines(keepends=True))
    reader.body(tree.body, "", ())
    functions = {name: tuple(units) for name, units in reader.functions.items()}
    decorated, registered = frozenset(reader.decorated), frozenset(reader.registered)
    return Code(functions, tuple(reader.statements), reader.classes, reader.bound, decorated, registered)


class _Reader:
    def __init__(self, lines: Sequence[bytes]) -> None:
        self.lines = lines
        self.coding = b"".join(line for line in lines[:2] if b"coding" in line)  # how the bytes of a text are meant
        self.functions: dict[str, list[Unit]] = {}
        self.statements: list[Statement] = []
        self.classes: dict[str, int] = {}
        self.bound: dict[str, int] = {}
        self.decorated: set[str] = set()
        self.registered: set[str] = set()

    def body(self, body: Sequence[ast.stmt], scope: str, under: tuple[ast.AST, ...]) -> None:
        """Take in the statements of a module or class; `under` are the conditions that they stand under."""
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self._function(statement, scope, under)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement, scope, under)
            elif isinstance(statement, ast.If):
                self._if(statement, scope, under)
            elif isinstance(statement, ast.Try):
                self._try(statement, scope, under)
            elif isinstance(statement, ast.With):
                items = ast.Tuple([each.context_expr for each in statement.items], ast.Load())
                self._add(scope, "", items, under)
                self.body(statement.body, scope, (*under, items))
            elif not is_string(statement):
                self._plain(statement, scope, under)

    def _function(self, node: Function, scope: str, under: tuple[ast.AST, ...]) -> None:
        name = _joined(scope, node.name)
        self._unit(node, name)
        keeps = _keeps(node, PLAIN)
        self._add(scope, node.name, _interface(node), under, node.lineno, keeps=keeps)

    def _unit(self, node: Function, name: str) -> None:
        holds = self._nested(node, name)
        first = min((each.lineno for each in node.decorator_list), default=node.lineno)
        written = b"".join([self.coding, *self.lines[first - 1 : node.end_lineno]])
        self.functions.setdefault(name, []).append(Unit(node, written, node.lineno, holds))

    def _nested(self, holder: ast.AST, name: str) -> bool:
        """Take in the functions inside a function, which pages enter by names of their own; say whether it has some."""
        some = False
        for child in _inside(holder):
            inner = f"{name}.<locals>.{child.name}" if isinstance(holder, Function) else f"{name}.{child.name}"
            if isinstance(child, Function):
                some = True
                self._unit(child, inner)
            else:
                some |= self._nested(child, inner)
        return some

    def _class(self, node: ast.ClassDef, scope: str, under: tuple[ast.AST, ...]) -> None:
        name = _joined(scope, node.name)
        self.classes[name] = node.lineno
        if node.decorator_list:
            self.decorated.add(name)
        if keeps := _keeps(node, KEEPING_NOTHING):
            self.registered.add(name)
        header = ast.Tuple([*node.decorator_list, *node.bases, *node.keywords], ast.Load())  # type: ignore[list-item]
        self._add(scope, node.name, header, under, node.lineno, keeps=keeps)
        self.body(node.body, name, under)

    def _if(self, node: ast.If, scope: str, under: tuple[ast.AST, ...]) -> None:
        asked = ast.unparse(node.test)
        if asked.endswith("TYPE_CHECKING") or asked.startswith("__name__ =="):
            self.body(node.orelse, scope, under)  # the other part does not run where a page imports the module
            return
        self.body(node.body, scope, (*under, node.test))
        self.body(node.orelse, scope, (*under, node.test))

    def _try(self, node: ast.Try, scope: str, under: tuple[ast.AST, ...]) -> None:
        self.body(node.body, scope, under)
        for handler in node.handlers:
            self.body(handler.body, scope, (*under, handler.type) if handler.type else under)
        self.body([*node.orelse, *node.finalbody], scope, under)

    def _plain(self, node: ast.stmt, scope: str, under: tuple[ast.AST, ...]) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                self._add(scope, name, ast.Import([alias]), under, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                one = ast.ImportFrom(node.module, [alias], node.level)
                origin = "." * node.level + (node.module or "")
                name = "" if alias.name == "*" else alias.asname or alias.name
                self._add(scope, name, one, under, node.lineno, origin, alias.name)
        else:
            names = _targets(node)
            for name in names:
                self._add(scope, name, node, under, node.lineno)
            if not names and not isinstance(node, ast.Pass):
                self._add(scope, "", node, under)

    def _add(
        self,
        scope: str,
        name: str,
        node: ast.AST,
        under: tuple[ast.AST, ...],
        line: int = 0,
        origin: str = "",
        source: str = "",
        keeps: bool = False,
    ) -> None:
        whole = ast.Tuple([*under, node], ast.Load()) if under else node  # type: ignore[list-item]
        self.statements.append(Statement(scope, name, whole, origin, source, keeps))
        if name and line:
            self.bound.setdefault(_joined(scope, name), line)


def _name(decorator: ast.expr) -> str:
    """The last part of a decorator's name."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _keeps(node: Scoped, harmless: frozenset[str]) -> bool:
    """Whether a decorator may keep what it decorates, where other code finds it."""
    return any(_name(each) not in harmless for each in node.decorator_list)


def _interface(node: Function) -> ast.Tuple:
    """What of a function runs when its module is imported."""
    parts: list[ast.expr] = [
        *node.decorator_list,
        *node.args.defaults,
        *(each for each in node.args.kw_defaults if each),
    ]
    if any(_name(each) not in PLAIN for each in node.decorator_list):
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        parts += [each.annotation for each in arguments if each.annotation]
        parts += [node.returns] if node.returns else []
    return ast.Tuple(parts, ast.Load())


def _inside(node: ast.AST) -> Iterator[Scoped]:
    """The functions and classes directly inside of something, whatever statements they stand in."""
    waiting = _held(node)
    while waiting:
        each = waiting.pop()
        if isinstance(each, Function | ast.ClassDef):
            yield each
        else:
            waiting += _held(each)


def _held(node: ast.AST) -> list[ast.AST]:
    """The statements, and what holds some, that a statement holds; an expression holds none."""
    return [each for name in HOLDING for each in getattr(node, name, ())]


def _targets(node: ast.stmt) -> list[str]:
    """The names that an assignment binds; none for any other statement, and none where it changes a thing in place."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    else:
        return []
    found: list[str] = []
    for each in targets:
        parts = each.elts if isinstance(each, ast.Tuple | ast.List) else [each]
        if not all(isinstance(part, ast.Name) for part in parts):
            return []
        found += [part.id for part in parts if isinstance(part, ast.Name)]
    return found


def _joined(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name
