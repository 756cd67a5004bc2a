"""A record: what a page's cells produced under one profile, and what they ran on.

In every process. `record.json` may come from anybody. It is read with its types checked, the name of each file must be
a plain name, and each path must stay inside the project. A record of an older format is read into today's form. A
record of a newer format has an error of its own, since nothing is wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import msgspec

FORMAT = 2
KIND = re.compile(r"[a-z][a-z0-9-]{0,39}")  # the name of a kind of output
UNKNOWN_KIND = "an output of the kind '{}', which neither galley nor a plug-in knows"
UNKNOWN_KIND_MEND = "name the plug-in that brings the kind under [tool.galley] plugins"
DependencyKind = Literal["file", "listing", "names", "module", "table", "absent"]
OUTPUT = re.compile(r"[a-z0-9][a-z0-9_-]*+\.[a-z][a-z0-9-]*+\.[A-Za-z0-9]+")
KindName = Annotated[str, msgspec.Meta(pattern=rf"^{KIND.pattern}\Z")]
Mime = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,20}/[A-Za-z0-9.+-]{1,80}\Z")]
Suffix = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{1,16}\Z")]
Amount = Annotated[float, msgspec.Meta(ge=0)]  # of seconds, or of MB
Left = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]  # bytes that are missing


class NewerError(ValueError):
    """The record was written by a newer galley, in a format that this one does not know."""


@dataclass(frozen=True)
class Form:
    """One representation of an output: its MIME type, the ending of its file's name, and its bytes.

    `cut` counts the bytes that were left out because the output was larger than the limit.
    """

    mime: Mime
    suffix: Suffix
    data: bytes
    cut: Left = 0

    @property
    def is_text(self) -> bool:
        """Whether the bytes are a text that is normalised and compared in words; a drawing or a sound is not."""
        return self.mime.startswith("text/") or self.mime == "application/json"

    @property
    def text(self) -> str:
        """The bytes as text; bytes that are no UTF-8 become replacement characters."""
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True)
class Shown:
    """One output of a cell with its bytes: the name of its kind, and its forms, the plainest form first."""

    kind: KindName
    forms: tuple[Form, ...]

    def form(self, mime: str) -> Form | None:
        """The form of a MIME type, if there is one."""
        return next((form for form in self.forms if form.mime == mime), None)


@dataclass(frozen=True)
class OutputFile:
    """One form of an output as a file beside the record; `sha256` is of its bytes, `cut` as in `Form`."""

    mime: Mime
    file: str
    sha256: str
    cut: Left = 0


@dataclass(frozen=True)
class Output:
    """One output of a cell as `record.json` lists it: the name of its kind, and a file for each of its forms."""

    kind: KindName
    files: tuple[OutputFile, ...]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a cell took: `seconds` is wall time, `peak_mb` the process's largest resident size in 10^6 bytes.

    It is told by the page's child and stands in the record: a field more is one here, and what finds and shows it.
    """

    seconds: Amount = 0.0
    peak_mb: Amount = 0.0


@dataclass(frozen=True)
class CellRecord(Cost):
    """One cell's part of a record.

    `provenance` holds the facts that changed between the end of this cell and the end of the page, each with its value
    at the end of this cell; None stands for a fact that was not known by then.
    """

    name: str
    digest: str
    outputs: tuple[Output, ...] = ()
    provenance: Mapping[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Dependency:
    """A thing that the page used, at a path from the project's root, with forward slashes.

    `kind` is file, listing (the names in a folder), names (those that end as `part` says, endings with blanks
    between), module (its code), table (the one table of a TOML file that `part` names) or absent (nothing was there
    when the page looked for it). `sha256` is the digest of what counts: the bytes, the names, the code or the table.
    """

    path: str
    kind: DependencyKind
    sha256: str
    part: str = ""


@dataclass(frozen=True)
class Environment:
    """What a page ran on: where two runs agree in the versions, their outputs must be equal, on any processor.

    `packages` holds the version of each package by name; `provenance` is the answer of the guide's hook `provenance`
    at the page's end.
    """

    python: str = ""
    system: str = ""
    cpu: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """The contents of a `record.json`; `contents` holds the bytes of the output files, by name.

    `settings` are those that reached the page, as `galley.record.settings` has them; a record that was made before
    galley noted them has none.
    """

    page: str
    profile: str
    date: str  # ISO 8601, in UTC
    environment: Environment
    cells: tuple[CellRecord, ...]
    dependencies: tuple[Dependency, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT
    contents: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def cell(self, name: str) -> CellRecord | None:
        """The part of that cell, if it was recorded."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, CellRecord]:
        return {cell.name: cell for cell in reversed(self.cells)}

    def shown(self, cell: CellRecord | None) -> tuple[Shown, ...]:
        """The outputs of a recorded cell with their bytes; none where the record has no such cell."""
        outputs = cell.outputs if cell else ()
        return tuple(Shown(each.kind, tuple(map(self._form, each.files))) for each in outputs)

    def _form(self, stored: OutputFile) -> Form:
        return Form(stored.mime, stored.file.rpartition(".")[2], self.contents[stored.file], stored.cut)

    @property
    def files(self) -> dict[str, str]:
        """The digest of each output file, by its name."""
        return {file.file: file.sha256 for cell in self.cells for output in cell.outputs for file in output.files}

    def same_conditions(self, other: Record) -> bool:
        """Whether both records are of the same code and files in the same environment, with outputs of the same names.

        Dates, times, memory and the format of the record do not count. `run.recording.changes` compares the outputs.
        """
        return self._conditions() == other._conditions()

    def _conditions(self) -> tuple[Any, ...]:
        cells = [(cell.name, cell.digest, dict(cell.provenance), _names(cell.outputs)) for cell in self.cells]
        return self.page, self.profile, self.environment, cells, frozenset(self.dependencies), dict(self.settings)


def _names(outputs: tuple[Output, ...]) -> list[tuple[Any, ...]]:
    return [(each.kind, [(file.mime, file.file, file.cut) for file in each.files]) for each in outputs]


def to_json(record: Record) -> str:
    """The text of `record.json`."""
    written = asdict(replace(record, contents={}))
    del written["contents"]
    written["cells"] = [{"name": cell["name"], "digest": cell["digest"], **cell} for cell in written["cells"]]
    return json.dumps(written, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str | bytes) -> Record:
    """The record in a text that `to_json` wrote, in this release of galley or in an older one.

    Raises NewerError where a newer galley wrote it, ValueError where the text is no record.
    """
    try:
        found = _formats.decode(text).format
        if found > FORMAT:
            raise NewerError(f"a newer galley wrote it (format {found}; this one reads formats up to {FORMAT})")
        if found == 1:
            record: Record = msgspec.convert(_of_format_1(msgspec.json.decode(text)), Record)
        else:
            record = _records.decode(text)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ValueError(f"not a record: {_why(text, error)}") from error
    _check(record)
    return replace(record, contents={})


class _Format(msgspec.Struct):
    """What of a record's text says in which form the rest is."""

    format: Annotated[int, msgspec.Meta(ge=1)]


_formats: msgspec.json.Decoder[_Format] = msgspec.json.Decoder(_Format)
_records: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


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
        path = PurePosixPath(used.path)
        if path.is_absolute() or ".." in path.parts or "\0" in used.path or "\\" in used.path:
            raise ValueError(f"not a record: {used.path!r} is no path inside the project")


def is_output(name: str) -> bool:
    """Whether a text is a name that galley gives an output: of its cell, its kind and its form, with dots between."""
    return bool(OUTPUT.fullmatch(name)) and len(name) <= 255


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
