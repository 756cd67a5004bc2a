"""Finds what a page uses: the project's files that it opens or lists, and the project's modules that it imports.

In a page's child; and in the runner, which notes before its first fork which modules are loaded.
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

    There are thousands of them, and after a fork the system copies the memory of each object that is looked at, because
    looking changes its reference count. So the runner makes this snapshot before it forks, and a page's child looks
    only at the modules that were loaded later.
    """

    files: frozenset[str]
    folders: Mapping[str, tuple[str, ...]]  # the files by their folder, whose path has no symbolic links
    last: str  # the name of the module that came last
    count: int

    @classmethod
    def now(cls) -> Modules:
        """Everything that is loaded now."""
        modules = dict(sys.modules)
        files = frozenset(_files(modules.values()))
        return cls(files, by_folder(files), next(reversed(modules)), len(modules))

    def since(self) -> set[str]:
        """The files of the modules that were loaded after this snapshot.

        `sys.modules` keeps the order of loading, so the new modules stand behind the snapshot's last one. Where a
        module of the snapshot was removed or loaded again, the order tells nothing, and the files of all modules are
        given.
        """
        with suppress(RuntimeError):  # the dictionary changes while it is read: a thread of the page imports
            names = list(takewhile(lambda name: name != self.last, reversed(sys.modules)))
            if len(sys.modules) == self.count + len(names):
                return _files([sys.modules[name] for name in names])
        return _files(sys.modules.values())


@cache
def before_any_page() -> Modules:
    """The modules at the first call, which the runner makes before it forks."""
    return Modules.now()


def by_folder(files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The files by their folder, its path without symbolic links. There are far fewer folders to resolve than files."""
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
    """Notes what one page uses: only paths below `root` count, and of these no `ignored` ones and no packages.

    Python calls an audit hook for each file that it opens and each folder that it lists, whether the page's code or a
    library asks for it. So the page's code needs no wrapper around `open`. An audit hook cannot be removed, so `active`
    switches it off. It is called thousands of times and what it raises fails the page's own call; so it only adds the
    path to a set, and `found` sorts out later what counts. It does not hear of files that compiled code or another
    process opens: a cell declares such files with `uses`, a hook with `Context.note`. Files that the page only writes
    do not count.
    """

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
        """Begin to watch."""
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
        """Count the code of a module as used that is not in `sys.modules`, such as a plug-in's."""
        self.modules.add(os.path.abspath(path))

    def note_table(self, path: Path, table: str) -> None:
        """Count one table of a TOML file as used, and the rest of the file not, unless the file is noted as well."""
        self.tables.add((os.path.abspath(path), table))

    def note_names(self, folder: Path, endings: tuple[str, ...]) -> None:
        """Count the names in a folder that have one of the endings as used."""
        self.names.add((os.path.abspath(folder), " ".join(endings)))

    def found(self) -> list[Dependency]:
        """Everything that the page used, measured now, in a fixed order.

        Raises ChangedError where a file was saved while the page ran: nobody knows which state the page saw.
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
            written = (mode and set("wax") & set(mode)) or flags & os.O_WRONLY  # "r+" also reads, and counts
            if isinstance(path, str | bytes | os.PathLike) and not written:
                self.files.add(os.path.abspath(os.fsdecode(path)))
        elif event in ("os.listdir", "os.scandir"):
            if IMPORTING.search(sys._getframe(1).f_code.co_filename):
                return  # Python's import system lists folders to find modules; the other names there do not count
            path = arguments[0]
            if path is None or isinstance(path, str | bytes | os.PathLike):
                self.folders.add(os.path.abspath(os.fsdecode(path or ".")))

    def _near(self, folders: Mapping[str, Iterable[str]]) -> set[str]:
        """The files whose folder lies in the project; no file is looked at."""
        root, ignored = f"{self.root}{os.sep}", tuple(f"{each}{os.sep}" for each in self.ignored)
        near: set[str] = set()
        for folder, files in folders.items():
            true = f"{folder}{os.sep}"
            if true.startswith(root) and not true.startswith(ignored):
                near.update(files)
        return near

    def _within(self, path: str) -> str | None:
        """The path from the root, with forward slashes; None where it does not count."""
        true = Path(path).resolve()
        if not true.is_relative_to(self.root) or any(true.is_relative_to(each) for each in self.ignored):
            return None
        relative = true.relative_to(self.root)
        return None if "__pycache__" in relative.parts else relative.as_posix()
