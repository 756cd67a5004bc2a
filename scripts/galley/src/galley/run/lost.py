"""Which failures of a page follow from an earlier one: of cells that read what a failed cell was to bind.

In a page's child that goes on past a failed cell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from galley.source.effects import Effects, effects


class Lost:
    """The names that failed cells left as they were, each with the cell that was to bind it."""

    def __init__(self) -> None:
        self._by: dict[str, str] = {}

    def ended(self, statements: Iterable[ast.stmt]) -> None:
        """A cell ended well: what it binds in any case is as it should be."""
        if self._by:
            for name in {name for each in statements for name in _effects(each).whole}:
                self._by.pop(name, None)

    def failed(self, cell: str, statements: Sequence[ast.stmt], line: int) -> None:
        """A cell failed in the statement at a line: what this and the later ones bind is lost."""
        left = [each for each in statements if (each.end_lineno or 0) >= line]
        self._by |= dict.fromkeys((name for each in left for name in sorted(_effects(each).binds)), cell)

    def cause(self, statements: Sequence[ast.stmt], error: BaseException) -> tuple[str, str]:
        """The earlier failed cell for whose names this cell fails, and a sentence that says so; else two empty texts.

        Where the error says that such a name is missing, the cell fails for it. Where the cell reads such a name and
        fails in another way, it may fail for it, and the sentence says `may`.
        """
        missing = error.name if isinstance(error, NameError) else ""
        if missing in self._by:
            return self._by[missing], f"it follows from cell {self._by[missing]}, which was to bind '{missing}'"
        if not self._by:
            return "", ""
        found = [_effects(each) for each in statements]
        reads = set().union(*(each.loads | each.later for each in found))
        name = next((name for name in self._by if name in reads), "")
        if not name:
            return "", ""
        return self._by[name], f"it may follow from cell {self._by[name]}, which was to bind '{name}' and did not"


def _effects(statement: ast.stmt) -> Effects:
    return effects(statement, ast.unparse(statement))
