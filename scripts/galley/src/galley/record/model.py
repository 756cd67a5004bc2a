"""A record: what a page's cells produced under one profile, and what they ran on.

In every process. `record.written` reads and writes it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

FORMAT = 3
RUNS = 3  # the first format whose records have a `run.json`
KIND = re.compile(r"[a-z][a-z0-9-]{0,39}")  # the name of a kind of output
UNKNOWN_KIND = "an output of the kind '{}', which neither galley nor a plug-in knows"
UNKNOWN_KIND_MEND = "name the plug-in that brings the kind under [tool.galley] plugins"
DependencyKind = Literal["file", "listing", "names", "module", "table", "absent"]
OUTPUT = re.compile(r"[a-z0-9][a-z0-9_-]*+\.[a-z][a-z0-9-]*+\.[A-Za-z0-9]+")
KindName = Annotated[str, msgspec.Meta(pattern=rf"^{KIND.pattern}\Z")]
Mime = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,20}/[A-Za-z0-9.+-]{1,80}\Z")]
Suffix = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{1,16}\Z")]
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]  # of seconds, or of MB; sums of these stay numbers
JOINT = "_"  # stands for a slash of a page's name in the name of its folder
Left = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]  # bytes that are missing


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

    It is told by the page's child and stands in `run.json`: a field more is one here, and what finds and shows it.
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
    at the page's end. `system` and `cpu` stand in `run.json`.
    """

    python: str = ""
    system: str = ""
    cpu: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Name(NamedTuple):
    """Which record, or which run of a page: the page's name and the profile's. As a text: `page (profile)`."""

    page: str
    profile: str

    def __str__(self) -> str:
        return f"{self.page} ({self.profile})"

    @property
    def folder(self) -> Path:
        """Where the record lies, from the folder of all records: a folder for the page, and one for the profile in it.

        The folders of a page's name are joined by `_`, which the name itself cannot have. So no record lies in another
        one's folder, and no name leads from one folder to another.
        """
        return Path(self.page.replace("/", JOINT), self.profile)

    @property
    def is_plain(self) -> bool:
        """Whether its folder lies where folders of records lie: somebody else may have written the name."""
        parts = self.page.replace("/", JOINT), self.profile
        return all(each not in ("", ".", "..") and Path(each).name == each and "\0" not in each for each in parts)

    @classmethod
    def of_folder(cls, page: str, profile: str) -> Name:
        """The name of what lies in such a folder."""
        return cls(page.replace(JOINT, "/"), profile)


@dataclass(frozen=True)
class Record:
    """The contents of a `record.json` and its `run.json`; `contents` holds the bytes of the output files, by name.

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

    @property
    def name(self) -> Name:
        """The page and the profile."""
        return Name(self.page, self.profile)

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

    @property
    def has_run(self) -> bool:
        """Whether the record, in its format, has a `run.json`."""
        return self.format >= RUNS

    def same_conditions(self, other: Record, machine: Collection[str] = ()) -> bool:
        """Whether both records claim the same code and files in the same environment, with outputs of the same names.

        What `run.json` says does not count, nor do the format of the record, the third number of Python's version, and
        the facts that `machine` names. `record.compare.changes` compares the outputs.
        """
        return self._conditions(machine) == other._conditions(machine)

    def _conditions(self, machine: Collection[str]) -> tuple[Any, ...]:
        def claimed(facts: Mapping[str, Any]) -> dict[str, Any]:
            return {name: said for name, said in facts.items() if name not in machine}

        ran = self.environment
        versions = {name: version.partition("+")[0] for name, version in ran.packages.items()}
        cells = [(cell.name, cell.digest, claimed(cell.provenance), _names(cell.outputs)) for cell in self.cells]
        on = (ran.python.split(".")[:2], versions, claimed(ran.provenance))
        return self.page, self.profile, on, cells, frozenset(self.dependencies), dict(self.settings)


def _names(outputs: tuple[Output, ...]) -> list[tuple[Any, ...]]:
    return [(each.kind, [(file.mime, file.file, file.cut) for file in each.files]) for each in outputs]


def is_output(name: str) -> bool:
    """Whether a text is a name that galley gives an output: of its cell, its kind and its form, with dots between."""
    return bool(OUTPUT.fullmatch(name)) and len(name) <= 255
