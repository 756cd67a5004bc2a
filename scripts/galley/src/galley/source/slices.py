"""What a cell needs of the cells before it: a backward slice over the statements of a page.

In the builder. A statement belongs to the slice if it binds a name that is read below it, or may change what that name
holds (`effects`). What functions read when they are called is needed wherever it was bound, since nobody knows when
that is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath

from galley.source.cells import Cell
from galley.source.effects import Body, Effects, bodies, closed, effects


@dataclass(frozen=True)
class Piece:
    """Lines of a cell, counted from 1, both included; `text` stands in their place where it is not empty."""

    cell: int
    first: int
    last: int
    text: str = ""


@dataclass(frozen=True)
class _Statement:
    cell: int
    number: int  # among the cell's statements
    node: ast.stmt
    first: int
    last: int
    effects: Effects
    modules: frozenset[str]  # that it imports, without what follows a dot


class Slices:
    """The slices of one page. `brings` gives for a module the packages that it has an effect on, None for any."""

    def __init__(self, cells: Sequence[Cell], brings: Callable[[str], set[str] | None]) -> None:
        self.cells, self.brings = cells, brings

    def before(self, index: int) -> list[Piece]:
        """What the cell at an index needs of those before it, in running order."""
        target = [each for each in self._statements if each.cell == index]
        above = [each for each in self._statements if each.cell < index and not self._raises(each)]
        chosen, used = self._chosen(above, target)
        kept = [each for each in above if id(each) in chosen]
        silent = [each for each in above if id(each) not in chosen and self._has_effect(each, [*kept, *target])]
        together = {id(each) for each in (*kept, *silent)}
        return _pieces([each for each in above if id(each) in together], used | _bound(silent))

    @cached_property
    def _statements(self) -> list[_Statement]:
        found = []
        for number, cell in enumerate(self.cells):
            lines, body = cell.source.split("\n"), ast.parse("" if cell.commented else f"{cell.source}\n\n").body
            for at, (node, (first, last)) in enumerate(zip(body, _spans(body), strict=True)):
                text = "\n".join(lines[first - 1 : last])
                own = effects(node, text)
                found.append(_Statement(number, at, node, first, last, own, _modules(node, text)))
        return found

    @cached_property
    def _functions(self) -> dict[str, Body]:
        """The page's functions and classes by name; a function also changes what the functions that it calls change."""
        found = bodies([each.node for each in self._statements], _bound(self._statements))
        for _ in found:
            for body in found.values():
                for name, handed in body.calls.items():
                    called = found.get(name)
                    body.changes |= called.changes if called else set()
                    body.touches |= bool(handed & body.parameters) and self._touches(name, found)
        return found

    def _touches(self, name: str, functions: Mapping[str, Body]) -> bool:
        """Whether what is called by this name may change what it is handed; a method of the page's objects does not."""
        return functions[name].touches if name in functions else name in self._things

    @cached_property
    def _held(self) -> dict[str, set[str]]:
        """For each name the names whose objects it may hold: code that changes the one may change the other."""
        found: dict[str, set[str]] = {}
        for each in self._statements:
            for name, held in each.effects.holds.items():
                found.setdefault(name, set()).update(held - self._steady)
        return found

    @cached_property
    def _sharers(self) -> dict[str, set[str]]:
        """For each name the names that share its object, and so show what becomes of it."""
        found: dict[str, set[str]] = {}
        for each in self._statements:
            for sharer, shared in each.effects.shares.items():
                for name in shared:
                    found.setdefault(name, set()).add(sharer)
        return found

    @cached_property
    def _steady(self) -> set[str]:
        """Names that are bound to nothing but constants, modules, functions and classes."""
        steady = set().union(*(each.effects.fixed | each.effects.things for each in self._statements))
        every = [each.effects for each in self._statements]
        return steady.difference(*(each.binds - each.fixed - each.things | each.rebinds for each in every))

    @cached_property
    def _constants(self) -> set[str]:
        return self._steady - self._things

    @cached_property
    def _things(self) -> set[str]:
        return set().union(*(each.effects.things for each in self._statements))

    def _raises(self, statement: _Statement) -> bool:
        """Whether a statement is the last one of a cell that must end with an error."""
        return bool(self.cells[statement.cell].raises) and statement is self._last[statement.cell]

    @cached_property
    def _last(self) -> dict[int, _Statement]:
        """The last statement of each cell."""
        return {each.cell: each for each in self._statements}

    def _changed(self, statement: _Statement) -> set[str]:
        """All names whose objects a statement may change; found out once for the page."""
        if id(statement) not in self._changes:
            self._changes[id(statement)] = self._found_changes(statement)
        return self._changes[id(statement)]

    @cached_property
    def _changes(self) -> dict[int, set[str]]:
        return {}

    def _found_changes(self, statement: _Statement) -> set[str]:
        found = set(statement.effects.changes)
        for name, handed in statement.effects.calls.items():
            if name in self._functions:
                found |= self._functions[name].changes
            found |= handed if self._touches(name, self._functions) else set()
        return (closed(found, self._held) | closed(found, self._sharers)) - self._constants

    def _chosen(self, above: Sequence[_Statement], target: Sequence[_Statement]) -> tuple[set[int], set[str]]:
        """The statements of the slice, by id, and all names that it reads."""
        first = set().union(*(each.effects.loads | each.effects.later for each in target))
        said = set().union(*(each.effects.texts for each in target))
        always: set[str] = set()  # what functions read when they are called
        while True:
            needed, chosen, used, texts = set(first), set(), set(first), set(said)
            found = set(always)
            for each in reversed(above):
                own = each.effects
                written = self._written[id(each)]
                files = own.files & self._constants & needed or (written and _meet(written, texts))
                if not files and not (own.binds | self._changed(each)) & (needed | always):
                    continue
                texts |= own.texts
                chosen.add(id(each))
                needed = (needed - own.whole) | own.loads
                found |= own.later
                used |= own.loads
            if found == always:
                return chosen, used | always
            always = found

    @cached_property
    def _written(self) -> dict[int, set[str]]:
        """The paths that each statement may write, by its id: texts in it, and those of the names that it hands on."""
        found, paths = {}, dict[str, set[str]]()
        for each in self._statements:
            own = each.effects
            found[id(each)] = (own.files & own.texts).union(*(paths.get(name, ()) for name in own.files))
            for name in own.binds:
                given = own.paths.get(name, set())
                paths[name] = (given & own.texts).union(*(paths.get(other, ()) for other in given))
        return found

    def _has_effect(self, statement: _Statement, others: Iterable[_Statement]) -> bool:
        """Whether a statement imports something for its effect, and the effect is on what the others import.

        A module of the guide's own may have one on all that it imports itself. Any other module is imported for its
        effect where nothing on the page reads it.
        """
        node = statement.node
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return False
        used = {name for each in others for name in each.modules}
        told = [self.brings(module) for module in statement.modules]
        unread = not statement.effects.binds & self._read
        return any(unread if packages is None else packages & used for packages in told)

    @cached_property
    def _read(self) -> set[str]:
        return set().union(*(each.effects.loads | each.effects.later for each in self._statements))


def _meet(written: Iterable[str], named: Iterable[str]) -> bool:
    """Whether one of the paths that are written is a path that is named, lies in one, or holds one."""
    paths = [_parts(each) for each in named if each.strip()]
    return any(
        one[: len(other)] == other or other[: len(one)] == one
        for one in (_parts(each) for each in written if each.strip() and each != ".")
        for other in paths
    )


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[str, ...]:
    return PurePosixPath(path).parts


def _spans(body: Iterable[ast.stmt]) -> list[tuple[int, int]]:
    """The first line and the last of each statement; the same of those that share a line, since lines are copied."""
    shared: list[tuple[int, int, int]] = []  # the first line, the last, and how many statements are there
    for node in body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        begins, ends, many = shared[-1] if shared else (0, 0, 0)
        last = node.end_lineno or node.lineno
        shared[-1:] = [(begins, last, many + 1)] if ends >= first else [*shared[-1:], (first, last, 1)]
    return [(first, last) for first, last, many in shared for _ in range(many)]


def _bound(statements: Iterable[_Statement]) -> set[str]:
    return set().union(*(each.effects.binds for each in statements))


def _modules(node: ast.stmt, text: str) -> frozenset[str]:
    """The modules that a statement imports whose text this is, without what follows a dot."""
    if "import" not in text:
        return frozenset()
    found = {
        name
        for each in ast.walk(node)
        for name in (
            [alias.name for alias in each.names]
            if isinstance(each, ast.Import)
            else [each.module or ""]
            if isinstance(each, ast.ImportFrom)
            else []
        )
    }
    return frozenset(name.partition(".")[0] for name in found)


def _pieces(statements: Sequence[_Statement], used: set[str]) -> list[Piece]:
    """The lines of statements: one piece for those that follow each other; an import keeps the names that are used."""
    pieces: list[Piece] = []
    before: _Statement | None = None
    for each in statements:
        text = _reduced(each, used)
        follows = before and before.cell == each.cell and before.number + 1 == each.number
        shared = before and before.cell == each.cell and before.last >= each.first
        if pieces and not text and not pieces[-1].text and (follows or shared):
            pieces[-1] = Piece(each.cell, pieces[-1].first, each.last)
        else:
            pieces.append(Piece(each.cell, each.first, each.last, text))
        before = each
    return pieces


def _reduced(statement: _Statement, used: set[str]) -> str:
    """An import without the names that nothing of the slice reads; empty where it stays as it is."""
    node = statement.node
    if not isinstance(node, ast.Import | ast.ImportFrom) or any(each.name == "*" for each in node.names):
        return ""
    left = [each for each in node.names if (each.asname or each.name.partition(".")[0]) in used]
    if len(left) == len(node.names):
        return ""
    return ast.unparse(
        ast.Import(left) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, left, node.level)
    )
