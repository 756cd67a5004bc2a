"""What came of running a page: the cells that ran, and the failure that stopped it, if any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from galley.errors import GalleyError, Place
from galley.record.model import Dependency


@dataclass(frozen=True)
class RawOutput:
    """One output before it is normalised: `kind` as in a record, `suffix` that of its file."""

    kind: str
    suffix: str
    data: bytes
    cut: int = 0


@dataclass(frozen=True)
class CellRun:
    """One cell that ran to its end; seconds of wall time, peak resident memory in MB."""

    name: str
    seconds: float
    peak_mb: float
    outputs: tuple[RawOutput, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)  # when it ended


@dataclass(frozen=True)
class Failure:
    """Why a page has no new record; `detail` is a traceback, or what the cell had written."""

    page: str
    profile: str
    cell: str
    place: Place
    what: str
    detail: str = ""

    def __str__(self) -> str:
        cell = f" in cell {self.cell}" if self.cell else ""
        return f"{self.place}: page {self.page} ({self.profile}){cell}: {self.what}"


@dataclass(frozen=True)
class PageRun:
    """One page under one profile: either `failure` is set, or everything else is complete."""

    page: str
    profile: str
    cells: tuple[CellRun, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    dependencies: tuple[Dependency, ...] = ()
    seconds: float = 0.0
    failure: Failure | None = None
    lost: bool = False  # it failed because its runner went away; on another it may well run


@dataclass
class Summary:
    """How a run ended: pages that failed, and files that could not be read."""

    failures: list[Failure] = field(default_factory=list)
    errors: list[GalleyError] = field(default_factory=list)
