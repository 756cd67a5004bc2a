"""Keeps a page from running its own file as it stands on the disk, where a profile's values are not in place.

In a page's child. A page can start Python on `__file__`, or import itself by its name. The numbers that come out would
be recorded as the profile's, and be another's. Processes that Python itself starts anew are led to the right text
(`galley.run.spawned`); what a page starts itself can only be refused.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

STARTS = {"subprocess.Popen": 1, "os.exec": 1, "os.posix_spawn": 1, "os.system": 0}  # which argument says what is run

MEND = "call a function of the page, or start it with multiprocessing"


class OwnFileError(RuntimeError):
    """The page is about to run its own file without the profile's values."""


class OwnFile:
    """The file at `path` of a page that runs `source` under `profile`; where the two are equal, nothing is refused."""

    def __init__(self, path: Path, source: str, profile: str) -> None:
        self._path = path
        self._said = f"runs {path.name} as it stands on the disk, without the values of the profile '{profile}'"
        self._differs = False
        with suppress(OSError, ValueError):  # gone meanwhile, and then nothing runs it
            self._differs = path.read_text(encoding="utf-8-sig").splitlines() != source.splitlines()

    def watch(self) -> None:
        """From now on let a start of the file raise OwnFileError."""
        if self._differs:
            sys.addaudithook(self._hear)

    def imported(self, module: ModuleType) -> None:
        """Raise OwnFileError where a module that was imported is the file."""
        if self._differs and _is_file(str(getattr(module, "__file__", "")), self._path):
            raise OwnFileError(f"`import {module.__name__}` {self._said}; {MEND}")

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in STARTS and any(_is_file(word, self._path) for word in _words(arguments[STARTS[event]])):
            raise OwnFileError(f"this {self._said}; {MEND}")


def _words(command: object) -> Iterable[str]:
    """The words of a command, which is a text for the shell or a list."""
    words = [command] if isinstance(command, str | bytes | os.PathLike) else command
    for word in words if isinstance(words, Iterable) else ():
        if isinstance(word, str | bytes | os.PathLike):
            yield from (os.fsdecode(word), *os.fsdecode(word).replace('"', " ").replace("'", " ").split())


def _is_file(word: str, path: Path) -> bool:
    """Whether a word of a command names the file."""
    return word.endswith(path.name) and os.path.realpath(word) == os.path.realpath(path)
