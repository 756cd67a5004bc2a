"""Finds what a page uses: the project's files that it opens or lists, and the project's modules that it imports.

In a page's child, and in the runner, which notes before the first fork which modules are loaded. An audit hook hears
of every file that Python opens and every folder that Python lists.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any

from galley.record.dependencies import GONE, measure, never_counts
from galley.record.model import Dependency, DependencyKind

IMPORTING = re.compile(r"^<frozen importlib|[/\\\\]importlib[/\\\\]metadata[/\\\\]")


@dataclass(frozen=True)
class Modules:
    """The modules that were loaded at one moment, by their files.

    There are thousands, and looking at an object after a fork copies its memory. So this is made before the fork, and
    a page looks only at the modules that were loaded since.
    """

    files: frozenset[str]
    folders: Mapping[str, tuple[str, ...]]  # by the folder without symbolic links
    last: str  # the name of the module that came last
    count: int

    @classmethod
    def now(cls) -> Modules:
        """Everything that is loaded now."""
        modules = dict(sys.modules)
        files = frozenset(_files(modules.values()))
        return cls(files, by_folder(files), next(reversed(modules)), len(modules))

    def since(self) -> set[str]:
        """The files of the modules that were loaded since that moment.

        Where a module of that moment is gone, or was loaded again, nobody can tell the new ones by their order, and
        the answer is the files of all modules.
        """
        with suppress(RuntimeError):  # a thread of the page imports meanwhile
            names = list(takewhile(lambda name: name != self.last, reversed(sys.modules)))
            if len(sys.modules) == self.count + len(names):
                return _files([sys.modules[name] for name in names])
        return _files(sys.modules.values())


@cache
def before_any_page() -> Modules:
    """What is loaded at the first call: the runner's, before it forks."""
    return Modules.now()


def by_folder(files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The files by their folder without symbolic links: far fewer folders than files are asked for."""
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(_true_folder(file[: file.rfind(os.sep)]), []).append(file)
    return {folder: tuple(sorted(each)) for folder, each in found.items()}


def _files(modules: Iterable[ModuleType]) -> set[str]:
    files = [getattr(module, "__file__", None) for module in list(modules)]
    return {file if file[0] == os.sep else os.path.abspath(file) for file in files if file}


@cache
def _true_folder(folder: str) -> str:
    return os.path.realpath(folder)


class ChangedError(Exception):
    """A file that the page used changed while it ran."""


class Watch:
    """An audit hook over one page's process; only paths below `root` count, installed packages never."""

    def __init__(self, root: Path, ignored: tuple[Path, ...] = (), before: Modules | None = None) -> None:
        self.root = root.resolve()
        self.ignored = (*(path.resolve() for path in ignored), *never_counts(self.root))
        self.begun, self.before = time.time_ns(), before or Modules.now()
        self.files: set[str] = set()
        self.noted: set[str] = set()
        self.modules: set[str] = set()
        self.folders: set[str] = set()
        self.tables: set[tuple[str, str]] = set()
        self.names: set[tuple[str, str]] = set()
        self.active = False

    def start(self) -> None:
        """Watch until the process ends; an audit hook cannot be taken away again."""
        self.active = True
        sys.addaudithook(self._hear)

    def note(self, path: Path) -> None:
        """Count a file, or a folder with every file below it, as used."""
        path = Path(os.path.abspath(path))
        if path.is_dir():
            for folder, _, names in os.walk(path):
                self.folders.add(folder)
                self.noted.update(os.path.join(folder, name) for name in names)
        else:
            self.noted.add(str(path))

    def note_module(self, path: Path) -> None:
        """Count the code of a module as used, though the module is no longer loaded."""
        self.modules.add(os.path.abspath(path))

    def note_table(self, path: Path, table: str) -> None:
        """Count one table of a TOML file as used, in place of the whole file unless that is noted too."""
        self.tables.add((os.path.abspath(path), table))

    def note_names(self, folder: Path, endings: tuple[str, ...]) -> None:
        """Count the names in a folder that have one of the endings as used."""
        self.names.add((os.path.abspath(folder), " ".join(endings)))

    def found(self) -> list[Dependency]:
        """Everything used, measured now, in a stable order.

        Raises ChangedError where a file was saved while the page ran: nobody knows which state it saw.
        """
        self.active = False
        modules = self._near(self.before.folders) | self._near(by_folder(self.before.since())) | self.modules
        for file in sorted((self.files | self.noted | modules) - self.before.files):
            if (path := self._within(file)) and os.path.isfile(file) and os.stat(file).st_mtime_ns > self.begun:
                raise ChangedError(f"{path} changed while the page ran: run it again")
        sources = {path for each in modules if (path := self._within(each)) and path.endswith(".py")}
        tables = {(path, table) for each, table in self.tables if (path := self._within(each))}
        opened = {path for each in self.files if (path := self._within(each))} - {path for path, _ in tables}
        files = (opened | {path for each in self.noted if (path := self._within(each))}) - sources
        folders = {path for each in self.folders if (path := self._within(each))}
        kinds: list[tuple[str, DependencyKind, str]] = [(path, "module", "") for path in sources]
        kinds += [(path, "file", "") for path in files]
        kinds += [(path, "listing", "") for path in folders]
        kinds += [(path, "table", table) for path, table in tables]
        kinds += [(path, "names", ends) for each, ends in self.names if (path := self._within(each))]
        kinds += [(path, "absent", "") for path in files if not (self.root / path).exists()]
        measured = [measure(self.root, Dependency(path, kind, "", part)) for path, kind, part in sorted(kinds)]
        return [each for each in measured if each.sha256 != GONE]

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == "open":
            path, mode, flags = arguments
            written = (mode and set("wax") & set(mode)) or flags & os.O_WRONLY  # "r+" reads too
            if isinstance(path, str | bytes | os.PathLike) and not written:
                self.files.add(os.path.abspath(os.fsdecode(path)))
        elif event in ("os.listdir", "os.scandir"):
            if IMPORTING.search(sys._getframe(1).f_code.co_filename):
                return  # Python looks for a module or a package; what else lies there does not count
            path = arguments[0]
            if path is None or isinstance(path, str | bytes | os.PathLike):
                self.folders.add(os.path.abspath(os.fsdecode(path or ".")))

    def _near(self, folders: Mapping[str, Iterable[str]]) -> set[str]:
        """The files that may be the project's own, from their folders alone."""
        root, ignored = f"{self.root}{os.sep}", tuple(f"{each}{os.sep}" for each in self.ignored)
        near: set[str] = set()
        for folder, files in folders.items():
            true = f"{folder}{os.sep}"
            if true.startswith(root) and not true.startswith(ignored):
                near.update(files)
        return near

    def _within(self, path: str) -> str | None:
        """The path from the root with forward slashes, or None where it is not the project's own."""
        try:
            true = Path(path).resolve()
        except OSError:  # the sandbox closes the way, and no file of the project is at its end
            return None
        if not true.is_relative_to(self.root) or any(true.is_relative_to(each) for each in self.ignored):
            return None
        relative = true.relative_to(self.root)
        return None if "__pycache__" in relative.parts else relative.as_posix()
