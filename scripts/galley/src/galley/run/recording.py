"""Turns a page that ran into a record with its files.

In the command.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from galley.record.model import CellRecord, Form, Output, OutputFile, Record
from galley.record.normalise import Where, normalise
from galley.run.client import PageRun
from galley.run.protocol import CellEnds
from galley.source.cells import SnippetFile
from galley.source.digest import digest


def to_record(run: PageRun, snippets: SnippetFile, settings: Mapping[str, str]) -> Record:
    """The record of a page that ran to its end, with its files, whose texts are normalised."""
    assert run.where is not None, "the page ran somewhere"
    files: dict[str, bytes] = {}
    cells = [_cell(cell, snippets, run, files) for cell in run.cells]
    now = datetime.now(UTC).date().isoformat()
    facts = (run.environment, tuple(cells), run.dependencies, settings)
    return Record(run.page, run.profile, now, *facts, contents=files)


def _cell(ran: CellEnds, snippets: SnippetFile, run: PageRun, files: dict[str, bytes]) -> CellRecord:
    """A cell's part of the record; adds the bytes of the cell's outputs to `files`, by name."""
    assert run.where is not None
    source = snippets.cell(ran.cell)
    assert source is not None, "the page ran the cells of this very file"
    counts: Counter[str] = Counter()
    outputs = []
    for shown in ran.shown:
        counts[shown.kind] += 1
        number = f"-{counts[shown.kind]}" if counts[shown.kind] > 1 else ""
        name = f"{ran.cell}.{shown.kind}{number}"
        exact = {*source.options["exact"], *(["snippet-lines"] if "traceback" in source.tags else [])}
        stored = [_stored(form, f"{name}.{form.suffix}", run.where, files, exact) for form in shown.forms]
        outputs.append(Output(shown.kind, tuple(stored)))
    otherwise = _otherwise(ran.provenance, run.environment.provenance)
    return CellRecord(ran.cell, source.digest, outputs=tuple(outputs), provenance=otherwise, **asdict(ran.cost))


def _otherwise(then: Mapping[str, Any], end: Mapping[str, Any]) -> dict[str, str | int | float | None]:
    """The facts that changed between a cell's end (`then`) and the page's end, with their value at the cell's end.

    Only texts and numbers count. None stands for a fact that was not known at the cell's end.
    """
    names = [name for name in {**end, **then} if then.get(name) != end.get(name)]
    found = {name: then.get(name) for name in names}
    return {name: said for name, said in found.items() if said is None or isinstance(said, str | int | float)}


def _stored(form: Form, file: str, where: Where, files: dict[str, bytes], exact: Collection[str]) -> OutputFile:
    files[file] = _normal(form, where, exact)
    return OutputFile(form.mime, file, digest(files[file]), form.cut)


def _normal(form: Form, where: Where, exact: Collection[str]) -> bytes:
    """The bytes of a form as they are recorded: a text normalised but for the rules in `exact`, others as they are."""
    if not form.is_text:
        return form.data
    text = form.data.decode("utf-8", "ignore" if form.cut else "backslashreplace")
    return normalise(text, where, exact).encode("utf-8", "backslashreplace")
