"""Cells whose code stands in comments: code that is shown and not run, and code that Python refuses.

In every process. Plain Python runs a snippet file from top to bottom, and refuses all of it for one mistake of grammar.
So what is not to run stands in comments there, as Jupytext writes inactive cells, and is shown without the `#`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from galley.errors import GalleyError, Place
from galley.source.effects import bound, effects

if TYPE_CHECKING:
    from galley.source.cells import SnippetFile

SKIP = "skip-execution"
REFUSED = ("SyntaxError", "IndentationError", "TabError")
MEND = "begin each of its lines with '# ', so that plain Python does not run it either"


def stands_in_comments(
    tags: frozenset[str], options: Mapping[str, Any], statements: Sequence[ast.stmt], place: Place
) -> bool:
    """Whether a cell's code stands in comments; raises GalleyError where it must and does not."""
    if SKIP in tags and statements:
        where = Place(place.path, statements[0].lineno)
        raise GalleyError(f"a cell with the tag [{SKIP}] has code that runs", where, MEND)
    return SKIP in tags or (options["raises"] in REFUSED and not statements)


def uncommented(source: str, place: Place, first_line: int, *, must_parse: bool) -> str:
    """The code that stands in a cell's comments, from `first_line` of the file on; `place` is the cell's.

    Raises GalleyError where there is none, and where Python could not read code that must parse.
    """
    if not source:
        raise GalleyError("the cell has no code to show", place, MEND)
    code = "\n".join(line[1:].removeprefix(" ") for line in source.split("\n"))
    if must_parse:
        try:
            ast.parse(code)
        except SyntaxError as error:
            where = Place(place.path, first_line + (error.lineno or 1) - 1)
            raise GalleyError(f"syntax error in code that is shown: {error.msg}", where) from error
    return code


def names_not_bound(snippets: SnippetFile) -> Iterator[GalleyError]:
    """An error for each cell that reads a name which only cells bind that are not run."""
    missing: dict[str, str] = {}  # the cell that would bind a name, by the name
    if all(cell.runs for cell in snippets.cells):
        return
    known: set[str] = set()
    for cell in snippets.cells:
        if not cell.runs:
            names = bound(ast.parse(cell.source).body)
            missing |= {name: cell.name for name in names if name not in known}
            continue
        for statement in cell.statements:
            found = effects(statement, ast.unparse(statement))
            if lacking := sorted((found.loads | found.later - found.binds) & missing.keys()):
                what = f"the cell '{cell.name}' reads '{lacking[0]}', which only '{missing[lacking[0]]}' binds, "
                what += "a cell that is not run"
                yield GalleyError(what, Place(cell.place.path, statement.lineno), "bind it in a cell that runs")
                break
            known |= found.binds
            for name in found.binds:
                missing.pop(name, None)
