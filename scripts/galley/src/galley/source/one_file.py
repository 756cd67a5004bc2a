"""Whether plain Python takes a snippet file as one program, though a page runs statement by statement.

In every process. Python refuses all of a file for one statement that the compiler does not take, so that no script of
the page would run, and no process that the page starts anew. Of a cell without `raises` the page's own run tells it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from galley.errors import GalleyError, Place
from galley.source.digest import is_string

COMMENTED = "begin each of its lines with '# ', so that plain Python does not read it"


def futures_first(body: Sequence[ast.stmt], relative: Path) -> None:
    """Raises GalleyError for an import from `__future__` that plain Python does not take where it stands."""
    for number, statement in enumerate(body):
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            begun = [each for each in body[:number] if not _may_stand_above(each, body[0])]
            if begun:
                what = "imports from __future__ stand first in a file, and plain Python refuses this one"
                mend = f"move it above the code in line {begun[0].lineno}"
                raise GalleyError(what, Place(relative, statement.lineno), mend)


def _may_stand_above(statement: ast.stmt, first: ast.stmt) -> bool:
    """Whether a statement may stand above an import from `__future__`: another one, or the docstring of the file."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    return statement is first and is_string(statement)


def compiles(statements: Sequence[ast.stmt], place: Place) -> None:
    """Raises GalleyError for a cell that must raise an error where the compiler itself does: no code has run then."""
    try:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        compile(ast.Module(list(statements), []), "a cell", "exec", flags=flags, dont_inherit=True)
    except SyntaxError as error:
        what = f"Python refuses this code before it runs: {error.msg}"
        raise GalleyError(what, Place(place.path, error.lineno or place.line), COMMENTED) from error
