"""A record: what a page's cells produced under one profile, and what they ran on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

FORMAT = 1

Environment = Mapping[str, Any]


@dataclass(frozen=True)
class Output:
    """One thing that a cell produced: a file beside the record.

    `kind` is stdout, stderr, value, error, image, trace or tokens; `sha256` is of the file's bytes; `cut`
    counts the bytes that were left out of it because the output was larger than the limit.
    """

    kind: str
    file: str
    sha256: str
    cut: int = 0


@dataclass(frozen=True)
class CellRecord:
    """One cell's part of a record; `seconds` is wall time, `peak_mb` the page process's largest resident size.

    `provenance` holds what was otherwise when the cell ended than at the page's end; an empty text says that the
    fact did not hold yet.
    """

    name: str
    digest: str
    seconds: float = 0.0
    peak_mb: float = 0.0
    outputs: tuple[Output, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dependency:
    """A thing that the page used.

    `kind` is file, listing (the names in a folder), names (those with certain endings, which follow the path
    after a #), module (its code), table (one table of a TOML file, whose name follows the path after a #) or
    absent (nothing was there when the page opened it).
    """

    path: str  # from the project's root, with forward slashes
    kind: str
    sha256: str


@dataclass(frozen=True)
class Record:
    """What `record.json` says; `outputs` has the bytes of its files where it was read from disk."""

    page: str
    profile: str
    date: str  # ISO 8601, in UTC
    environment: Environment
    cells: tuple[CellRecord, ...]
    dependencies: tuple[Dependency, ...] = ()
    format: int = field(default=FORMAT)
    outputs: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def cell(self, name: str) -> CellRecord | None:
        """The part of that cell, if it was recorded."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, CellRecord]:
        return {cell.name: cell for cell in reversed(self.cells)}

    @property
    def files(self) -> dict[str, str]:
        """The digest of each output file."""
        return {output.file: output.sha256 for cell in self.cells for output in cell.outputs}

    def same_conditions(self, other: Record) -> bool:
        """Whether both are of the same code with the same files in the same environment.

        Seconds, memory and dates differ at every run and do not count; outputs are compared elsewhere.
        """
        return self._conditions() == other._conditions()

    def _conditions(self) -> tuple[Any, ...]:
        cells = [
            (cell.name, cell.digest, dict(cell.provenance), [(each.kind, each.file, each.cut) for each in cell.outputs])
            for cell in self.cells
        ]
        return self.page, self.profile, dict(self.environment), cells, self.dependencies, self.format


def to_json(record: Record) -> str:
    """The text of `record.json`."""
    written = asdict(replace(record, outputs={}))
    del written["outputs"]
    return json.dumps(written, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> Record:
    """The record that `to_json` wrote; raises ValueError when the text is none."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']}, this galley writes {FORMAT}")
        if not isinstance(data["environment"], dict):
            raise ValueError("its environment is no table")
        cells = tuple(
            CellRecord(**{**cell, "outputs": tuple(Output(**output) for output in cell["outputs"])})
            for cell in data.pop("cells")
        )
        dependencies = tuple(Dependency(**each) for each in data.pop("dependencies"))
        return Record(cells=cells, dependencies=dependencies, **data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record: {error!r}") from error
