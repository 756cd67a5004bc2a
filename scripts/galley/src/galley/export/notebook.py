"""A page as a notebook with the recorded outputs, in nbformat 4.5; written as plain JSON, for a fast build."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from galley.export.document import Document, Part
from galley.record.model import CellRecord, Output, Record
from galley.source.digest import digest

METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(document: Document, *, compact: bool = False) -> str:
    """The text of the notebook, indented, or `compact` on one line.

    Its first cell says what it needs and what the outputs ran on.
    """
    cells = [_markdown("needs", f"{document.needs}\n\n{document.ran_on}")]
    for number, part in enumerate(document.parts, start=1):
        if part.prose:
            cells.append(_markdown(f"prose-{number}", part.prose))
        if part.cell and part.cell.source:
            cells.append(_code(part, number, document.record))
    content = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    form: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 1}
    return json.dumps(content, ensure_ascii=False, sort_keys=True, **form) + "\n"


def _markdown(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": _lines(text)}


def _code(part: Part, number: int, record: Record) -> dict[str, Any]:
    cell = part.cell
    assert cell is not None
    tags = [*sorted(cell.tags), *(["raises-exception"] if cell.raises else [])]
    recorded = record.cell(cell.name)
    return {
        "cell_type": "code",
        "execution_count": number,
        "id": _id(cell.name),
        "metadata": {"name": cell.name} | ({"tags": tags} if tags else {}),
        "outputs": _outputs(recorded, number, record) if recorded else [],
        "source": _lines(cell.source),
    }


def _id(name: str) -> str:
    """An id of nbformat's form, at most 64 characters, for each name its own."""
    return f"cell-{name}" if len(name) < 60 else f"cell-{name[:46]}-{digest(name)[:12]}"


def _outputs(recorded: CellRecord, number: int, record: Record) -> list[dict[str, Any]]:
    return [made for output in recorded.outputs if (made := _output(output, record.outputs[output.file], number))]


def _output(output: Output, data: bytes, number: int) -> dict[str, Any] | None:
    if output.kind == "image":
        svg = output.file.endswith(".svg")
        image: dict[str, Any] = (
            {"image/svg+xml": _lines(data.decode())} if svg else {"image/png": b64encode(data).decode()}
        )
        return {"output_type": "display_data", "data": image, "metadata": {}}
    cut = f"\n… {output.cut:,} more bytes were printed and are cut here\n" if output.cut else ""
    text = data.decode() + cut
    if output.kind in ("stdout", "stderr"):
        return {"output_type": "stream", "name": output.kind, "text": _lines(text)}
    if output.kind == "value":
        plain = {"text/plain": _lines(text)}
        return {"output_type": "execute_result", "data": plain, "metadata": {}, "execution_count": number}
    if output.kind == "error":
        name, _, said = text.rstrip("\n").partition(": ")
        return {"output_type": "error", "ename": name, "evalue": said, "traceback": [text.rstrip("\n")]}
    return None  # what the site alone draws from the code


def _lines(text: str) -> list[str]:
    """Text as nbformat keeps it: lines with their ends."""
    return text.splitlines(keepends=True)
