"""A record as two texts: what it claims, and what no other run repeats.

In every process. `record.json` is what is claimed: the same run on another machine, on another day, writes the same
bytes. `run.json` has the day, the processor, the seconds and the memory. Either may come from anybody. They are read
with their types checked, the name of each file must be a plain name, and each path must stay inside the project. A
record of an older format is read into today's form. A record of a newer format has an error of its own, since nothing
is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Annotated, Any

import msgspec

from galley.record.model import FORMAT, RUNS, CellRecord, Cost, Record, is_output

CLAIMED = ("python", "packages", "provenance")  # the facts of an environment that another machine repeats
TAKEN = tuple(each.name for each in fields(Cost))


class NewerError(ValueError):
    """The record was written by a newer galley, in a format that this one does not know."""


def to_json(record: Record) -> str:
    """The text of `record.json`: what the record claims."""
    written = asdict(replace(record, contents={}, format=FORMAT))
    del written["contents"], written["date"]
    written["environment"] = {name: written["environment"][name] for name in CLAIMED}
    written["cells"] = [{name: said for name, said in cell.items() if name not in TAKEN} for cell in written["cells"]]
    return json.dumps(written, indent=1, ensure_ascii=False) + "\n"


def to_run(record: Record) -> str:
    """The text of `run.json`: what another run of the same would say otherwise; a line for each cell."""
    cells = [
        f"{json.dumps(cell.name)}: {json.dumps({name: getattr(cell, name) for name in TAKEN})}" for cell in record.cells
    ]
    ran = {"date": record.date, "system": record.environment.system, "cpu": record.environment.cpu}
    head = [f"{json.dumps(name)}: {json.dumps(said, ensure_ascii=False)}" for name, said in ran.items()]
    listed = "".join(f"\n  {cell}," for cell in cells).rstrip(",")
    return "{\n " + ",\n ".join([*head, f'"cells": {{{listed}\n }}']) + "\n}\n"


def from_json(text: str | bytes) -> Record:
    """The record in a text that `to_json` wrote, in this release of galley or in an older one.

    A record of today's format has no date yet, and cells that took nothing: `with_run` adds them. Raises NewerError
    where a newer galley wrote it, ValueError where the text is no record.
    """
    try:
        found = _formats.decode(text).format
        if found > FORMAT:
            raise NewerError(f"a newer galley wrote it (format {found}; this one reads formats up to {FORMAT})")
        if found == FORMAT:
            record: Record = Record(**{**vars(_claims.decode(text)), "date": "", "contents": {}})
        elif found == RUNS - 1:
            record = replace(_records.decode(text), contents={})
        else:
            record = replace(msgspec.convert(_of_format_1(msgspec.json.decode(text)), Record), contents={})
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ValueError(f"not a record: {_why(text, error)}") from error
    _check(record)
    return record


def with_run(record: Record, text: str | bytes, contents: Mapping[str, bytes] | None = None) -> Record:
    """The record with what its `run.json` says, and with the bytes of its files where they are given.

    Raises ValueError where the text is none of this record's.
    """
    try:
        ran = _runs.decode(text)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ValueError(f"says no run: {_why(text, error)}") from error
    if ran.cells.keys() != {cell.name for cell in record.cells}:
        raise ValueError("says the run of other cells than the record's")
    # asdict and replace take their time, and a guide has thousands of cells
    cells = tuple(CellRecord(**{**vars(cell), **vars(ran.cells[cell.name])}) for cell in record.cells)
    environment = replace(record.environment, system=ran.system, cpu=ran.cpu)
    contents = record.contents if contents is None else contents
    return replace(record, date=ran.date, environment=environment, cells=cells, contents=contents)


class _Run(msgspec.Struct):
    """What `run.json` holds."""

    date: str
    system: str
    cpu: str
    cells: dict[str, Cost]


class _Format(msgspec.Struct):
    """What of a record's text says in which form the rest is."""

    format: Annotated[int, msgspec.Meta(ge=1)]


@dataclass(frozen=True, kw_only=True)
class _Claim(Record):
    """What `record.json` holds: a record whose day stands elsewhere."""

    date: str = ""


_formats: msgspec.json.Decoder[_Format] = msgspec.json.Decoder(_Format)
_claims: msgspec.json.Decoder[_Claim] = msgspec.json.Decoder(_Claim)
_records: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_runs: msgspec.json.Decoder[_Run] = msgspec.json.Decoder(_Run)


def _why(text: str | bytes, error: Exception) -> str:
    lines = (text.encode("utf-8", "replace") if isinstance(text, str) else text).split(b"\n")
    merged = any(line.startswith(b"<<<<<<< ") for line in lines)
    return "two versions stand in it, since a merge in git was not ended" if merged else str(error)


def _check(record: Record) -> None:
    """Raises ValueError where a name could lead out of the record's folder, or a path out of the project."""
    names = [file.file for cell in record.cells for output in cell.outputs for file in output.files]
    for name in names:
        if not is_output(name):
            raise ValueError(f"not a record: {name!r:.80} is no name of an output")
    if any(not output.files for cell in record.cells for output in cell.outputs):
        raise ValueError("not a record: it names an output without a file")
    if len(set(names)) < len(names):
        raise ValueError("not a record: it names a file twice")
    for used in record.dependencies:
        parts = used.path.split("/")
        if parts[0] == "" or ".." in parts or "\0" in used.path or "\\" in used.path:
            raise ValueError(f"not a record: {used.path!r} is no path inside the project")


MIME = {"txt": "text/plain", "svg": "image/svg+xml", "png": "image/png", "json": "application/json"}


def _of_format_1(data: dict[str, Any]) -> dict[str, Any]:
    """A record of format 1 (galley 0.1) in today's form.

    In format 1 an output had one file, whose ending told its type; the part of a dependency stood behind its path and a
    #; and an empty text stood for a fact that was not known yet.
    """
    try:
        cells = [{**cell, "outputs": list(map(_output_1, cell["outputs"]))} for cell in data["cells"]]
        for cell in cells:
            cell["provenance"] = {name: None if said == "" else said for name, said in cell["provenance"].items()}
        return {**data, "cells": cells, "dependencies": list(map(_dependency_1, data["dependencies"]))}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record: {error!r}") from error


def _output_1(output: dict[str, Any]) -> dict[str, Any]:
    mime = MIME.get(output["file"].rpartition(".")[2], "application/octet-stream")
    return {"kind": output["kind"], "files": [{**output, "mime": mime}]}


def _dependency_1(used: dict[str, Any]) -> dict[str, Any]:
    if used["kind"] not in ("table", "names"):
        return used
    path, _, part = used["path"].rpartition("#")
    return {**used, "path": path, "part": part}
