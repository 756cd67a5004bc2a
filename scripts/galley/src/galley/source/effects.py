"""What a statement at the top of a cell reads, binds and may change, found in its syntax alone.

In the command and in the builder, and in a page's child that goes on past a failed cell or starts processes anew.
Which names a statement reads and binds Python itself says, by `symtable`. What it may change is guessed to the safe
side: the objects that it stores into, those that it hands to an imported function, those on which it calls a method
whose answer it drops, and what the page's own functions change, where it calls them. What only shows, prints or asserts
something changes nothing, unless it calls a method whose name says that it does.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from galley.source.reads import Function, children, nodes, synchronous

AT_ONCE = {"listcomp", "setcomp", "dictcomp"}  # scopes that run where they stand; all others run when they are called
# Built-in functions that change something; all others only look.
CHANGING = {"next", "setattr", "delattr", "exec", "eval", "compile", "input", "open", "__import__"}
LOOKING = frozenset(dir(builtins)) - CHANGING
# Those of them whose answer may be what they were given, or hold it.
GIVING = {
    "dict", "enumerate", "filter", "frozenset", "getattr", "iter", "list", "map", "max", "min", "reversed", "set",
    "sorted", "sum", "tuple", "vars", "zip",
}  # fmt: skip
# Methods that change the object on which they are called, also where their answer is used.
METHODS = {
    "add", "append", "clear", "close", "discard", "extend", "insert", "pop", "popitem", "popleft", "read", "readline",
    "remove", "reverse", "send", "setdefault", "sort", "step", "train", "update", "write",
}  # fmt: skip
# How the names of others begin that do, such as `add_tokens`, `load_state_dict`, `merge_and_unload`.
VERBS = (
    "add_", "append_", "delete_", "insert_", "load_", "merge_", "pop_", "push_", "register_", "remove_", "reset_",
    "resize_", "set_", "unload_", "update_",
)  # fmt: skip
WRITING = ("copy", "dump", "export", "mkdir", "move", "save", "symlink", "touch", "write")  # how their names begin
PATHS = ("Path", "PurePath", "PosixPath")
FIXED = (ast.Constant, ast.JoinedStr)
FLAT = (ast.Expr, ast.Assign, ast.Assert, ast.Import, ast.ImportFrom)  # no other statement stands in one of these
SCOPED = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Effects:
    """Of one statement: the names that it reads at once, or later in a function; those it binds; those it may change.

    `whole` are the names that it binds in any case. `holds` says which names' objects a bound name may hold or share,
    `shares` with which it certainly does.
    """

    loads: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    calls: dict[str, set[str]] = field(default_factory=dict)  # what it calls, and the names that it hands there
    holds: dict[str, set[str]] = field(default_factory=dict)
    shares: dict[str, set[str]] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)  # names that it binds to what nothing can change
    rebinds: set[str] = field(default_factory=set)  # names that it binds later, in a function that says `global`
    texts: set[str] = field(default_factory=set)  # the constant texts in it
    files: set[str] = field(default_factory=set)  # constant texts and names that it hands to what writes files
    things: set[str] = field(default_factory=set)  # names that it binds by importing or defining
    paths: dict[str, set[str]] = field(default_factory=dict)  # names that it binds to paths: their texts and names


def effects(statement: ast.stmt, text: str) -> Effects:
    """The effects of a statement whose text this is; what stands on its lines beside it has a part in its names."""
    found, every = Effects(), nodes(statement)
    if ";" in text or not _flat_names(statement, every, found):  # another statement may stand on its lines
        text = synchronous(statement) if "async" in text or "await" in text else text
        _scopes(symtable.symtable(text, "<cell>", "exec"), found)
    _binding(statement, every, found)
    _changes(statement, found)
    found.texts = _texts(every)
    for node in every:
        if isinstance(node, ast.Call) and _writes(node):
            found.files |= _texts_and_names(node)
    return found


def bound(statements: Iterable[ast.stmt]) -> list[str]:
    """The names that statements bind, sorted."""
    return sorted(set().union(*(effects(each, ast.unparse(each)).binds for each in statements)))


def _texts(every: Iterable[ast.AST]) -> set[str]:
    return {each.value for each in every if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def _texts_and_names(root: ast.AST) -> set[str]:
    every = nodes(root)
    return _texts(every) | {each.id for each in every if isinstance(each, ast.Name)}


def _writes(call: ast.Call) -> bool:
    """Whether a call looks as if it wrote a file: by the name of what is called, or by the mode with which it opens."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    modes = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return name.startswith(WRITING) or (name == "open" and any(mode[:1] in ("w", "a", "x") for mode in modes))


def _flat_names(statement: ast.stmt, every: Iterable[ast.AST], found: Effects) -> bool:
    """What the names of a plain statement mean, and whether it is one: it has no scope but the page's own.

    Most statements are. Their trees say it, and Python would have to parse their text once more.
    """
    if not isinstance(statement, FLAT) or any(isinstance(each, SCOPED) for each in every):
        return False
    for node in every:
        if isinstance(node, ast.Name):
            (found.loads if isinstance(node.ctx, ast.Load) else found.binds).add(node.id)
        elif isinstance(node, ast.alias) and node.name != "*":
            found.binds.add(node.asname or node.name.partition(".")[0])
    return True


def _scopes(table: symtable.SymbolTable, found: Effects, later: bool = False) -> None:
    """What the names of a scope and of those inside it mean for the page's own names."""
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        name = symbol.get_name()
        outer = top or symbol.is_global() or (table.get_type() == "class" and symbol.is_referenced())
        if not outer:
            continue
        if symbol.is_referenced():
            (found.later if later else found.loads).add(name)
        if symbol.is_assigned() or symbol.is_imported():
            (found.binds if top else found.rebinds if symbol.is_declared_global() else set()).add(name)
    for inner in table.get_children():
        lazy = inner.get_type() != "class" and inner.get_name() not in AT_ONCE
        _scopes(inner, found, later or lazy)


def _binding(statement: ast.stmt, every: Iterable[ast.AST], found: Effects) -> None:
    """Which names are bound in any case, and to what; `every` has the statement's nodes."""
    if isinstance(statement, ast.Import | ast.ImportFrom | Function | ast.ClassDef):
        found.whole |= found.binds
        found.things |= found.binds
    targets, value = _assigned(statement)
    for target in targets:
        for name in _held(target) if isinstance(target, ast.Attribute | ast.Subscript) else ():
            found.holds.setdefault(name, set()).update(_held(value))
            found.shares.setdefault(name, set()).update(_shared(value))
        names = _names(target)
        found.whole |= names
        for name in names:
            found.holds.setdefault(name, set()).update(_held(value))
            found.shares.setdefault(name, set()).update(_shared(value))
        if isinstance(value, FIXED) and isinstance(target, ast.Name):
            found.fixed.add(target.id)
        if value is not None and _is_path(value):
            found.paths.update(dict.fromkeys(names, _texts_and_names(value)))
    for node in every:
        if isinstance(node, ast.For | ast.AsyncFor | ast.NamedExpr | ast.withitem):
            bound: ast.expr | None = node.optional_vars if isinstance(node, ast.withitem) else node.target
            source = node.context_expr if isinstance(node, ast.withitem) else getattr(node, "iter", None)
            source = node.value if isinstance(node, ast.NamedExpr) else source
            found.binds |= _names(node.target) if isinstance(node, ast.NamedExpr) else set()  # also in a comprehension
            for name in _names(bound) if bound else ():
                found.holds.setdefault(name, set()).update(_held(source))
    if isinstance(statement, ast.AugAssign):
        found.loads |= _names(statement.target)
    found.whole -= found.loads if isinstance(statement, ast.AugAssign) else set()


def _assigned(statement: ast.stmt) -> tuple[list[ast.expr], ast.expr | None]:
    if isinstance(statement, ast.Assign):
        return statement.targets, statement.value
    if isinstance(statement, ast.AnnAssign) and statement.value:
        return [statement.target], statement.value
    return [], None


def _is_path(value: ast.expr) -> bool:
    """Whether a value looks like a path of a file: made by `Path`, or joined by a slash, as a quotient is too."""
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.Div)
    return isinstance(value, ast.Call) and getattr(value.func, "attr", getattr(value.func, "id", "")) in PATHS


def _names(target: ast.AST) -> set[str]:
    """The plain names in a target."""
    return {each.id for each in nodes(target) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _shared(value: ast.AST | None) -> set[str]:
    """The names whose objects, or parts of them, a value certainly is or contains: it calls nothing to get them."""
    if isinstance(value, ast.Name):
        return {value.id}
    if isinstance(value, ast.Attribute | ast.Subscript | ast.Starred):
        return _shared(value.value)
    if isinstance(value, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.IfExp | ast.BoolOp | ast.NamedExpr):
        return set().union(*map(_shared, children(value)))
    return set()


def _held(value: ast.AST | None) -> set[str]:
    """The names whose objects a value may hold, share or be; it holds nothing of a computation."""
    if isinstance(value, ast.Name):
        return {value.id}
    if isinstance(value, ast.Attribute | ast.Subscript | ast.Starred | ast.Await):
        return _held(value.value)
    if isinstance(value, ast.Call):
        given = [*value.args, *(each.value for each in value.keywords)]
        receiver = [value.func.value] if isinstance(value.func, ast.Attribute) else []
        looks = isinstance(value.func, ast.Name) and value.func.id in LOOKING - GIVING
        return set() if looks else set().union(*map(_held, [*given, *receiver]))
    if isinstance(value, ast.Tuple | ast.List | ast.Set | ast.Dict | ast.IfExp | ast.BoolOp | ast.NamedExpr):
        return set().union(*map(_held, children(value)))
    if isinstance(value, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return {each.id for each in nodes(value) if isinstance(each, ast.Name)}
    return set()


def _changes(statement: ast.stmt, found: Effects) -> None:
    """What objects a statement may change; in a function's body, what it changes when it is called."""
    dropped: set[int] = set()  # calls whose answer nothing takes
    for node, shows in _without_functions(statement, _only_shows(statement)):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            found.changes |= _held(node.value)
        elif isinstance(node, ast.AugAssign):
            found.changes |= _names(node.target)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            dropped.add(id(node.value))
        elif isinstance(node, ast.Call):
            _called(node, found, shows, id(node) in dropped)


def _only_shows(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assert):
        return True
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value
    return not isinstance(value, ast.Call) or (isinstance(value.func, ast.Name) and value.func.id in LOOKING)


def _without_functions(statement: ast.stmt, shows: bool) -> Iterator[tuple[ast.AST, bool]]:
    """The nodes that run with a statement, each with whether it stands in what only shows something."""
    waiting: list[tuple[ast.AST, bool]] = [(statement, shows)]
    while waiting:
        node, inner = waiting.pop()
        yield node, inner
        for each in children(node):
            if not isinstance(each, Function | ast.Lambda):
                below = inner or (isinstance(each, ast.stmt) and _only_shows(each))
                waiting += [(each, below)]


def _called(call: ast.Call, found: Effects, shows: bool, dropped: bool) -> None:
    function, root = call.func, _root(call.func)
    given = [*call.args, *(each.value for each in call.keywords if each.arg)]
    handed = {each.id for each in given if isinstance(each, ast.Name)}
    if root in LOOKING and isinstance(function, ast.Name):
        return
    found.calls.setdefault(root, set()).update(set() if shows and isinstance(function, ast.Attribute) else handed)
    if isinstance(function, ast.Attribute):
        name = function.attr
        by_name = name in METHODS or name.startswith(VERBS) or (name.endswith("_") and not name.startswith("_"))
        if by_name or dropped:
            found.changes |= _held(function.value)
            for each in _held(function.value):  # such as a list to which it is appended
                found.shares.setdefault(each, set()).update(*map(_shared, given))
    if isinstance(function, ast.Name) and function.id in CHANGING:
        found.changes |= handed
    if dropped and not isinstance(function, ast.Name):
        found.changes |= set().union(*map(_held, given))


def _root(function: ast.expr) -> str:
    """The name at which the way to a function begins; empty where it begins with none."""
    while isinstance(function, ast.Attribute | ast.Subscript):
        function = function.value
    return function.id if isinstance(function, ast.Name) else ""


@dataclass
class Body:
    """What a function does when it is called: the page's names that it changes, whom it calls, and its parameters."""

    changes: set[str] = field(default_factory=set)
    calls: dict[str, set[str]] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    touches: bool = False  # it may change what it is given


def bodies(statements: Iterable[ast.stmt], own: set[str]) -> dict[str, Body]:
    """The functions that the statements define, by name; a class has all its methods. `own` are the page's names."""
    found: dict[str, Body] = {}
    for statement in (each for each in statements if not isinstance(each, FLAT)):
        for node in nodes(statement):
            if isinstance(node, Function):
                body, inside = found.setdefault(getattr(statement, "name", node.name), Body()), Effects()
                for each in node.body:
                    _changes(each, inside)
                    _binding(each, nodes(each), inside)
                arguments = {each.arg for each in nodes(node.args) if isinstance(each, ast.arg)}
                told = {name for each in nodes(node) if isinstance(each, ast.Global) for name in each.names}
                changed = closed(inside.changes, inside.holds)
                body.parameters |= arguments
                body.changes |= (changed - arguments) & own | told
                body.touches |= bool(changed & arguments) or isinstance(statement, ast.ClassDef)
                for name, handed in inside.calls.items():
                    body.calls.setdefault(name, set()).update(handed)
    return found


def closed(names: set[str], held: Mapping[str, set[str]]) -> set[str]:
    """The names, and each name whose object one of them may hold."""
    found = set(names)
    waiting = list(found)
    while waiting:
        more = held.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    return found
