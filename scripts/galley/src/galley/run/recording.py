"""Turns a page that ran into a record and its files, and says how it differs from the record before."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from galley.record.compare import Change, classify
from galley.record.model import CellRecord, Output, Record
from galley.record.normalise import Where, mask_numbers, normalise
from galley.run.result import CellRun, PageRun, RawOutput
from galley.source.cells import SnippetFile
from galley.source.digest import digest


@dataclass(frozen=True)
class Fresh:
    """A record that is not written yet, with the bytes of its files."""

    record: Record
    files: Mapping[str, bytes]

    def texts(self, cell: str) -> dict[str, str]:
        """The outputs of a cell by kind, images by their digest."""
        return texts(self.record, cell, self.files)


def texts(record: Record, cell: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """The outputs of a recorded cell by file, as text; an image is as its digest."""
    found = record.cell(cell)
    outputs = found.outputs if found else ()
    return {
        each.file: each.sha256 if each.kind == "image" else files[each.file].decode() for each in outputs
    }  # fmt: skip


def where(scratch: Path, snippets: Path) -> Where:
    """The paths that normalisation takes out of a text."""
    paths = sysconfig.get_paths()
    return Where(scratch, snippets, tuple(Path(paths[each]) for each in ("purelib", "platlib", "stdlib")))


def to_record(run: PageRun, snippets: SnippetFile, places: Where) -> Fresh:
    """The record of a page that ran to its end, its texts normalised."""
    files: dict[str, bytes] = {}
    end = run.environment.get("provenance", {})
    cells = [
        replace(_cell(cell, snippets, places, files), provenance=_otherwise(cell.provenance, end)) for cell in run.cells
    ]
    now = datetime.now(UTC).date().isoformat()
    record = Record(run.page, run.profile, now, run.environment, tuple(cells), run.dependencies)
    return Fresh(record, files)


def _otherwise(then: Mapping[str, Any], end: Mapping[str, Any]) -> dict[str, Any]:
    """The texts and numbers that were others then than at the page's end; an empty text for one not there yet."""
    names = [name for name in {**end, **then} if then.get(name) != end.get(name)]
    found = {name: then.get(name, "") for name in names}
    return {name: said for name, said in found.items() if isinstance(said, str | int | float)}


def _cell(cell: CellRun, snippets: SnippetFile, places: Where, files: dict[str, bytes]) -> CellRecord:
    outputs, images = [], 0
    for raw in cell.outputs:
        images += raw.kind == "image"
        number = f"-{images}" if raw.kind == "image" and images > 1 else ""
        file = f"{cell.name}.{raw.kind}{number}.{raw.suffix}"
        files[file] = _data(raw, places)
        outputs.append(Output(raw.kind, file, digest(files[file]), raw.cut))
    source = snippets.cell(cell.name)
    assert source is not None, "the page ran the cells of this very file"
    return CellRecord(cell.name, source.digest, cell.seconds, cell.peak_mb, tuple(outputs))


def _data(raw: RawOutput, places: Where) -> bytes:
    if raw.kind == "image":
        return raw.data
    text = raw.data.decode("utf-8", "ignore" if raw.cut else "backslashreplace")
    return normalise(text, places).encode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class CellChange:
    """How one output of a cell differs from the recorded one."""

    cell: str
    file: str
    change: Change
    what: str


def changes(old: Record, fresh: Fresh, snippets: SnippetFile) -> list[CellChange]:
    """Every output that differs from the record before, measured cells but for their numbers."""
    found = []
    for cell in snippets.cells:
        before = texts(old, cell.name, old.outputs)
        after = fresh.texts(cell.name)
        for file in sorted(before.keys() | after.keys()):
            was, now = before.get(file), after.get(file)
            if "measured" in cell.tags and was is not None and now is not None:
                was, now = mask_numbers(was), mask_numbers(now)
            change, what = classify(was, now)
            if change is not Change.SAME:
                found.append(CellChange(cell.name, file, change, what))
    return found
