"""A page as a notebook with the recorded outputs, in nbformat 4.5, written without nbformat, which is slow to import.

In the command and in the builder.
"""

from __future__ import annotations

import json
from typing import Any

from galley.export.commands import as_notebook
from galley.export.document import Document, Part
from galley.export.fetch import INSTALLS, NOTHING, elsewhere, fetching
from galley.kinds import Kinds
from galley.kinds.text import notebook_lines
from galley.record.model import Record
from galley.source.digest import digest
from galley.source.shell import SHELL

METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
FOLDS = {"folded": "hide-input", "setup": "hide-cell"}  # the tags of Jupyter Book for galley's


def notebook(document: Document, *, compact: bool = False, in_book: bool = False) -> str:
    """The text of the notebook: indented, or on one line where it is `compact`.

    The first cell says on what the outputs were made, and brings what the notebook needs. A page of a book begins with
    its title: there this cell is the second one, and folded.
    """
    cells = []
    for number, part in enumerate(document.parts, start=1):
        if part.prose:
            cells.append(_markdown(f"prose-{number}", part.prose))
        if part.cell and part.cell.source:
            cells.append(_code(part, number, document.record, document.kinds))
    first = _first(document)
    if in_book and first["cell_type"] == "code":
        first["metadata"] |= {"tags": ["hide-cell"]}
    cells.insert(1 if in_book and document.parts and document.parts[0].cell is None else 0, first)
    for cell in cells if in_book else ():
        cell["id"] = digest(f"{document.page}/{cell['id']}")[:16]  # MyST wants an id to be one cell's in the whole book
        if tags := [FOLDS[tag] for tag in cell["metadata"].get("tags", ()) if tag in FOLDS]:
            cell["metadata"]["tags"] += tags
    content = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    form: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 1}
    return json.dumps(content, ensure_ascii=False, sort_keys=True, **form) + "\n"


def _first(document: Document) -> dict[str, Any]:
    """The first cell: code where something can be installed or fetched, else words."""
    code = fetching(document.needs, document.site)
    said = [*([INSTALLS] if code else [NOTHING]), *elsewhere(document.needs, document.site), document.ran_on]
    if not code:
        return _markdown("needs", "\n\n".join(said))
    source = notebook_lines("\n".join([*(f"# {line}" for line in said), code]))
    cell = {"cell_type": "code", "execution_count": None, "id": "needs", "metadata": {"name": "needs"}}
    return {**cell, "outputs": [], "source": source}


def _markdown(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": notebook_lines(text)}


def _code(part: Part, number: int, record: Record, kinds: Kinds) -> dict[str, Any]:
    cell = part.cell
    assert cell is not None
    tags = [*sorted(cell.tags), *(["raises-exception"] if cell.raises else [])]
    recorded = record.cell(cell.name)
    return {
        "cell_type": "code",
        "execution_count": number,
        "id": _id(cell.name),
        "metadata": {"name": cell.name} | ({"tags": tags} if tags else {}),
        "outputs": [made for shown in record.shown(recorded) if (made := kinds[shown.kind].notebook(shown, number))],
        "source": notebook_lines(as_notebook(cell) if SHELL in cell.tags else cell.source),
    }


def _id(name: str) -> str:
    """A cell's id, different for each name, of the form that nbformat allows: at most 64 characters."""
    return f"cell-{name}" if len(name) < 60 else f"cell-{name[:46]}-{digest(name)[:12]}"
