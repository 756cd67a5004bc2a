"""What can go wrong, each with its place, its mend and its exit code.

In every process.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Self


class Exit(IntEnum):
    """The exit code of each class of failure, numbered here alone; `says` is its sentence in the documentation."""

    says: str

    def __new__(cls, code: int, says: str) -> Self:
        """An exit code with its sentence."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.says = says
        return made

    OK = 0, "All is well."
    NOT_TRUE = 1, "A record is missing, stale, torn or tampered with, or the site did not build."
    USAGE = 2, "The command's own words are wrong: an option, a page, a profile or a format that is not there."
    BAD_INPUT = 3, "A page, a snippet file, a plug-in or the configuration cannot be read."
    PAGE_FAILED = 4, "A page's code failed, exited, died or took too long; its old record stands."
    REFUSED = (
        5,
        "The command will not do this: CI writes no records, no placeholder is published, nobody's file replaced.",
    )
    RUNNER = 6, "The runner process could not start or went away, or a profile cannot run here."
    DIFFERS = 7, "A page ran again (`test`), and what it printed is not what its record says."
    UNDECIDED = 8, "Changes of records wait for a decision (`review`)."
    INTERRUPTED = 130, "The command was interrupted; what was complete by then is kept."


@dataclass(frozen=True)
class Place:
    """A line of a file, as every message names it; line 0 stands for the whole file."""

    path: Path
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else str(self.path)


class GalleyError(Exception):
    """A failure that a user can act on: `what` is wrong, in which `place`, and the `mend`: what to do next."""

    exit = Exit.BAD_INPUT

    def __init__(self, what: str, place: Place | None = None, mend: str = "") -> None:
        super().__init__(what)
        self.what, self.place, self.mend = what, place, mend

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        then = f"\n    {self.mend}" if self.mend else ""
        return f"{where}{self.what}{then}"


class UsageError(GalleyError):
    """The command names a page, a profile, a format or a file that does not exist."""

    exit = Exit.USAGE


class AskedWronglyError(GalleyError):
    """The line of a cell asks for what its true outputs do not have."""

    exit = Exit.NOT_TRUE


class NotTrueError(GalleyError):
    """A record that the command would show is not true."""

    exit = Exit.NOT_TRUE


class NotBuiltError(GalleyError):
    """The site cannot be as its settings ask."""

    exit = Exit.NOT_TRUE


class DiffersError(GalleyError):
    """A page that ran again does not print what its record says."""

    exit = Exit.DIFFERS


class RefusedError(GalleyError):
    """The command will not do this here."""

    exit = Exit.REFUSED


class RunnerError(GalleyError):
    """The runner process could not start, or went away."""

    exit = Exit.RUNNER
