"""Turns a page that ran into a record with its files, and says how the outputs differ from the old record's.

In the command.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from galley.kinds import Kinds
from galley.record.compare import Change, classify
from galley.record.model import CellRecord, Form, Output, OutputFile, Record
from galley.record.normalise import Where, mask_numbers, normalise
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
        exact = source.options["exact"]
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


@dataclass(frozen=True)
class CellChange:
    """How one output of a cell differs from the recorded one."""

    cell: str
    file: str
    change: Change
    what: str


def changes(old: Record, fresh: Record, snippets: SnippetFile, kinds: Kinds) -> list[CellChange]:
    """Every output that differs from the old record's.

    Numbers of a measured cell may differ, and so may all that a cell shows whose line says that it varies. Another
    processor is an excuse only where the cell's line says so, and never for an output that came or went.
    """
    found = []
    elsewhere = old.environment.cpu != fresh.environment.cpu
    for cell in snippets.cells:
        if cell.options["varies"]:
            continue
        before, after = (texts(record, cell.name, kinds) for record in (old, fresh))
        for file in sorted(before.keys() | after.keys()):
            was, now = before.get(file), after.get(file)
            if "measured" in cell.tags and was is not None and now is not None:
                was, now = mask_numbers(was), mask_numbers(now)
            change, what = classify(was, now)
            if elsewhere and cell.options["by_processor"] and change is not Change.STRUCTURE:
                continue
            if change is not Change.SAME:
                found.append(CellChange(cell.name, file, change, what))
    return found


def texts(record: Record, cell: str, kinds: Kinds) -> dict[str, str]:
    """The texts by which a recorded cell's outputs are compared, by the name of the file."""
    found = record.cell(cell)
    pairs = zip(found.outputs, record.shown(found), strict=True) if found else ()
    return {
        stored.file: kinds.compared(output.kind, form)
        for output, shown in pairs
        for stored, form in zip(output.files, shown.forms, strict=True)
    }
