"""Which functions of a module have another body in another release, and how much of their code is another.

In the command.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from galley.update.releases import Release
from galley.update.taint import Cause
from galley.update.units import Statement, Unit


class Bodies(Mapping[str, Cause]):
    """The functions of one module that do something else now, or are gone, by qualified name.

    A function is compared when it is asked for: pages enter few of those that a module has.
    """

    def __init__(self, path: str, old: Release, new: Release) -> None:
        was, now = old.code(path), new.code(path)
        self.path, self.new = path, new
        self.was, self.now = was.functions if was else {}, now.functions if now else {}
        self._known: dict[str, Cause | None] = {}

    def __getitem__(self, name: str) -> Cause:
        if name not in self._known:
            self._known[name] = self._cause(name) if name in self.was else None
        if found := self._known[name]:
            return found
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.was if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _cause(self, name: str) -> Cause | None:
        units, other = self.was[name], self.now.get(name, ())
        if len(units) == len(other) and all(map(Unit.same_own, units, other)):
            return None
        how = "changed"
        if not other:
            moved = self._moved(name, units)
            how = f"moved to {moved}" if moved else "is gone"
        return Cause(f"`{name}` {how}", weight(units, other))

    def _moved(self, name: str, units: tuple[Unit, ...]) -> str:
        """The module that has the same function now, if there is one near."""
        folder = PurePosixPath(self.path).parts[0]
        for each in self.new.defining(name):
            code = self.new.code(each) if each != self.path and each.startswith(f"{folder}/") else None
            if code and code.functions.get(name, ()) == units:
                return each
        return ""


def weight(before: Iterable[Unit | Statement], after: Iterable[Unit | Statement]) -> int:
    """How many lines of code differ."""
    was, now = ([line for each in one for line in _lines(each.node)] for one in (before, after))
    return max(1, sum(line[:1] in "+-" for line in difflib.unified_diff(was, now, n=0, lineterm="")) - 2)


def _lines(node: ast.AST) -> list[str]:
    try:
        return ast.unparse(ast.fix_missing_locations(node)).splitlines()
    except (ValueError, RecursionError, AttributeError):
        return []
