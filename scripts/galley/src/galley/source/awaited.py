"""Whether a cell that awaits outside of functions can stand in one, as it must where plain Python is to run it.

In every process. Exports write such a cell as a function whose names are global, and a page hands it in that form to
the processes that it starts anew.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from galley.errors import GalleyError, Place
from galley.source.reads import awaits, outside_functions

if TYPE_CHECKING:
    from galley.source.cells import Cell

MEND = "write it without, or in a cell that does not await: a script puts this cell into a function"


def fits_a_function(cell: Cell, statements: Sequence[ast.stmt]) -> None:
    """Raises GalleyError for a cell that awaits and has what Python takes in no such function."""
    if ("await" not in cell.source and "async" not in cell.source) or not any(map(awaits, statements)):
        return
    for node in (node for statement in statements for node in outside_functions(statement)):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            what = f"the cell awaits, and annotates '{node.target.id}'"
        elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
            what = "the cell awaits, and imports from __future__"
        elif isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names):
            what = f"the cell awaits, and imports all of {node.module}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _asks_for_names(node, node.func.id):
            what = f"the cell awaits, and calls {node.func.id}()"
        else:
            continue
        raise GalleyError(what, Place(cell.place.path, node.lineno), MEND)


def _asks_for_names(call: ast.Call, name: str) -> bool:
    """Whether a call reads or binds names of where it stands, which in a function are others."""
    return name in ("exec", "locals") or (name in ("dir", "vars") and not call.args)


def free(name: str, text: str) -> str:
    """The name, with as many underscores behind it as make it one that does not stand in some code."""
    while name in text:
        name += "_"
    return name
