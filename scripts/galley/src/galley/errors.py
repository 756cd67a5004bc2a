"""What can go wrong, each with its place, its mend and its exit code.

In every process.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """The exit code of each class of failure; the only place where they are numbered."""

    OK = 0
    NOT_TRUE = 1  # a record is missing, stale, torn or tampered with
    USAGE = 2  # the command's own words are wrong (click uses 2 as well)
    BAD_INPUT = 3  # a page, a snippet file or the configuration cannot be read
    PAGE_FAILED = 4  # a page's code failed, exited, died or took too long
    REFUSED = 5  # the command will not do this here (writing records in CI)
    RUNNER = 6  # the runner process could not start or went away, or a profile cannot run here
    INTERRUPTED = 130


@dataclass(frozen=True)
class Place:
    """A line of a file, as every message names it."""

    path: Path
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else str(self.path)


class GalleyError(Exception):
    """A failure that a user can act on: where, what, and what to do next."""

    exit = Exit.BAD_INPUT

    def __init__(self, what: str, place: Place | None = None, mend: str = "") -> None:
        super().__init__(what)
        self.what, self.place, self.mend = what, place, mend

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        then = f"\n    {self.mend}" if self.mend else ""
        return f"{where}{self.what}{then}"


class UsageError(GalleyError):
    """The command names something that is not there."""

    exit = Exit.USAGE


class NotTrueError(GalleyError):
    """A record that the command would show is not true."""

    exit = Exit.NOT_TRUE


class RefusedError(GalleyError):
    """The command will not do this here."""

    exit = Exit.REFUSED


class RunnerError(GalleyError):
    """The runner process could not start, or went away."""

    exit = Exit.RUNNER
