"""Finds what a page uses: the project's files that it opens or lists, and the project's modules that it imports.

In a page's child.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galley.errors import GalleyError
from galley.record.dependencies import GONE, measure, never_counts
from galley.record.model import Dependency, DependencyKind
from galley.run.audit import GLOBS, HEARD, OPEN, path_in
from galley.run.forks import Shared
from galley.run.loaded import Modules, by_folder
from galley.run.missed import looked_for
from galley.run.protocol import written
from galley.run.readers import as_text
from galley.run.states import State, names_in, state, touched, when_loaded
from galley.run.through import through
from galley.run.untrue import ChangedError, UnseenError, WroteError

if TYPE_CHECKING:
    from galley.system.opens import Opens

WILD = frozenset("*?[")  # what makes a pattern of a name
TOO_MANY = "the page opened more files of the project at once than the kernel tells of: declare their folder with uses"
OFTEN = 1000  # files that Python opens: the kernel keeps word of 16 times as many
CLOSED = "the page closed a file of galley's, which tells what the page opens: close only what the page opened"
IMPORTING = re.compile(r"^<frozen importlib|[/\\\\]importlib[/\\\\]metadata[/\\\\]")


@dataclass(frozen=True)
class Changing:
    """A file that the page may be about to change: its path from the root, its state before, the line that does it."""

    path: str
    before: State
    line: int


class Watch:
    """Notes what one page uses: only paths below `root` count, and of these no `ignored` ones and no packages.

    Python calls an audit hook for each file that it opens and each folder that it lists, whether the page's code or a
    library asks for it. So the page's code needs no wrapper around `open`. An audit hook cannot be removed, so `active`
    switches it off. What the page opens is noted with its state at that moment, so that a change since then is seen;
    `found` sorts out later what counts. What compiled code and other programs open is told by the kernel, after each
    cell, where `opens` is set. What is left a cell declares with `uses`, a hook with `Context.note`.
    """

    def __init__(self, root: Path, ignored: tuple[Path, ...] = (), before: Modules | None = None) -> None:
        """`ignored` never counts: the page's own snippet file, which comes first, and the folder that it works in."""
        self.root = root.resolve()
        self.ignored = (*(path.resolve() for path in ignored), *never_counts(self.root))
        self.page = str(ignored[0]) if ignored else ""
        self.begun, self.before = time.time_ns(), before or Modules.now()
        self.files: dict[str, State] = {}
        self.texts: set[str] = set()  # of these files, what the page read as text, and not to import it
        self.noted: dict[str, State] = {}
        self.changes: dict[str, Changing | None] = {}
        self.shared = Shared()
        self.modules: set[str] = set()
        self.folders: dict[str, frozenset[str] | None] = {}  # with the names that were there, in the project
        self.tables: set[tuple[str, str]] = set()
        self.names: set[tuple[str, str]] = set()
        self.opens: Opens | None = None
        self.importers: set[str] = set()  # folders that Python's import system lists
        self.listed: dict[str, frozenset[str]] = {}  # folders that somebody opened, with the names in them
        self.heard, self.unseen = 0, ""
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
                self._list(folder)
                for name in names:
                    self._note(os.path.join(folder, name))
        else:
            self._note(str(path))

    def _note(self, file: str) -> None:
        self.noted.setdefault(file, state(file))

    def note_module(self, path: Path) -> None:
        """Count the code of a module as used that is not in `sys.modules`, such as a plug-in's."""
        self.modules.add(os.path.abspath(path))

    def note_own_text(self) -> None:
        """Count the page's own file with its comments as used."""
        self.texts.add(self.page)

    def note_table(self, path: Path, table: str) -> None:
        """Count one table of a TOML file as used, and the rest of the file not, unless the file is noted as well."""
        self.tables.add((os.path.abspath(path), table))

    def note_names(self, folder: Path, endings: tuple[str, ...]) -> None:
        """Count the names in a folder that have one of the endings as used."""
        self.names.add((os.path.abspath(folder), " ".join(endings)))

    def wrote(self) -> list[str]:
        """The absolute paths, without links, of the project's files that the page itself changed so far."""
        return [str(self.root / change.path) for file, change in self._changed_here()]

    def refuse_changes(self) -> None:
        """Raises WroteError where the page itself changed a file of the project: its next run would find another.

        Raises UnseenError where files were opened of which nobody told.
        """
        self._hear_kernel()
        if self.unseen:
            raise UnseenError(self.unseen)
        for file, change in self._changed_here():
            raise WroteError(change.path, change.line, gone=not state(file))

    def _hear_forks(self) -> None:
        """Take in what the processes that the page forked read and changed."""
        for what, file, before, line in self.shared.told():
            if what == "reads":
                self.files.setdefault(file, before)
            elif path := self._within(file):
                self.changes.setdefault(file, Changing(path, before, line))

    def _hear_kernel(self) -> None:
        """Take in what was opened, by whomever, since the last time.

        The state of a file that Python did not open is only known from now on. One that has changed since the page
        began may have been read before that, and gets the state of no file.
        """
        if self.opens is None or self.shared.elsewhere:
            return
        try:
            for path, is_folder in self.opens.told():
                if is_folder:
                    if path not in self.listed:
                        self.listed[path] = names_in(path)
                elif path not in self.files:
                    self.files[path] = () if touched(path, self.begun) else state(path)
        except OSError as error:
            self.unseen = CLOSED if error.errno == errno.EBADF else TOO_MANY

    def _changed_here(self) -> list[tuple[str, Changing]]:
        self._hear_forks()
        known = list(self.changes.items())  # a thread of the page may go on
        return [(file, change) for file, change in known if change and state(file) != change.before]

    def found(self, *, docs: bool = False, there: Iterable[str] = ()) -> list[Dependency]:
        """Everything that the page used, measured now, in a fixed order; with `docs` modules count with their texts.

        Of the files `there` it only counts that they are there.

        Raises WroteError where the page itself changed a file of the project, and ChangedError where somebody else
        changed one that the page used: nobody knows which state the page saw.
        """
        self.active = False
        self.refuse_changes()
        modules = self._near(self.before.folders) | self._near(by_folder(self.before.since())) | self.modules
        for file in sorted({*self.files, *self.noted, *modules}):
            if (path := self._within(file)) and self._changed(file):
                raise ChangedError(f"{path} changed while the page ran: run it again")
        importers = self.importers.union(map(os.path.realpath, sys.path_importer_cache))
        for folder in self.listed.keys() - importers:
            self.folders.setdefault(folder, self.listed[folder])
        for folder, names in list(self.folders.items()):
            if names is not None and names_in(folder) != names:
                path = self._within(folder)
                raise ChangedError(f"the list of files in {path} changed while the page ran: run it again")
        sources = {path for each in modules for path in self._ways(each) if path.endswith(".py")}
        tables = {(path, table) for each, table in self.tables if (path := self._within(each))}
        files = {path for each in self.files for path in self._ways(each)} - {path for path, _ in tables}
        files |= {path for each in self.noted for path in self._ways(each)}
        files -= sources - {path for each in self.texts for path in self._ways(each)}
        files |= sources if docs else set()
        own = _true(self.page)
        if own and own in map(_true, self.texts):
            files.add(own.relative_to(self.root).as_posix())
        folders = {path for each in self.folders for path in self._ways(each)}
        kinds: list[tuple[str, DependencyKind, str]] = [(path, "module", "") for path in sources]
        kinds += [(path, "file", "") for path in files]
        kinds += [(path, "listing", "") for path in folders]
        kinds += [(path, "table", table) for path, table in tables]
        kinds += [(path, "names", ends) for each, ends in self.names if (path := self._within(each))]
        for path in sorted({path for each in there for path in self._ways(each)}):
            folder, _, name = path.rpartition("/")
            if not {path, folder} & {*files, *sources, *folders}:  # else it counts as more
                kinds.append((folder or ".", "names", name))
        files |= {path for each in looked_for() for path in self._ways(each) if not os.path.exists(each)}
        kinds += [(path, "absent", "") for path in files if not os.path.exists(self.root / path)]
        measured = [measure(self.root, Dependency(path, kind, "", part)) for path, kind, part in sorted(kinds)]
        return [each for each in measured if each.sha256 != GONE]

    def _changed(self, file: str) -> bool:
        """Whether a file is another one than when the page used it."""
        before = when_loaded(file)
        if before is None:
            before = self.files.get(file, self.noted.get(file))
        if before is not None:
            return state(file) != before
        if file in self.before.files:
            return False
        try:  # a module whose code Python had at hand: no event says when it was read
            return self.begun < os.stat(file).st_mtime_ns <= time.time_ns()
        except OSError:
            return False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == OPEN:
            self._opened(*arguments)
            self.heard += 1
            if not self.heard % OFTEN:
                self._hear_kernel()
        elif event in GLOBS:
            self._looked_up(*GLOBS[event](*arguments))
        elif heard := HEARD.get(event):
            code = sys._getframe(1).f_code
            if heard.lists and code is names_in.__code__:
                return  # galley itself lists it
            if heard.lists and IMPORTING.search(code.co_filename):
                self.importers.add(path_in(arguments, 0, heard) or "")
                return  # Python's import system lists it to find modules; the other names there do not count
            for position in heard.reads:
                self.read(path_in(arguments, position, heard))
            for position in heard.changes:
                self._changes(path_in(arguments, position, heard))
            for position in heard.lists:
                self._list(path_in(arguments, position, heard))

    def _opened(self, path: Any, mode: str | None, flags: int) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        file = os.path.abspath(os.fsdecode(path))
        new = flags & os.O_CREAT and flags & os.O_EXCL  # nothing is there to read: it would fail
        if not ((mode and set("wax") & set(mode)) or flags & os.O_WRONLY or new):  # "r+" also reads, and counts
            self.read(file)
            if as_text(sys._getframe(2)):
                self.texts.add(file)
        if (mode and set("wax+") & set(mode)) or flags & (os.O_WRONLY | os.O_RDWR):
            self._changes(file)

    def _list(self, folder: str | None) -> None:
        if folder and folder not in self.folders:
            self.folders[folder] = names_in(folder) if self._within(folder) else None
            if not os.path.isdir(folder):
                self.read(folder)

    def _looked_up(self, folder: Any, pattern: Any) -> None:
        """Count the file of a pattern without wildcards as read: no event tells of the look whether it is there."""
        if WILD.isdisjoint(os.fsdecode(pattern)):
            self.read(os.path.abspath(os.path.join(os.fsdecode(folder or ""), os.fsdecode(pattern))))

    def read(self, file: str | None) -> None:
        """Count a file as read, or as looked for in vain, in the state that it has now."""
        if file and file not in self.files and "\0" not in file:
            self.files[file] = state(file)
            if self.shared.elsewhere and self._within(file):
                self.shared.tell("reads", file, self.files[file])

    def _changes(self, file: str | None) -> None:
        """Note the state of a file of the project that the page may be about to change."""
        if file and file not in self.changes and "\0" not in file:
            path = self._within(file)
            self.changes[file] = change = Changing(path, state(file), self._line()) if path else None
            if change and self.shared.elsewhere:
                self.shared.tell("changes", file, change.before, change.line)

    def _line(self) -> int:
        """The line of the page that is running, 0 where none is."""
        frame = sys._getframe(1)
        while frame and frame.f_code.co_filename != self.page:
            frame = frame.f_back  # type: ignore[assignment]
        return frame.f_lineno if frame else 0

    def _near(self, folders: Mapping[str, Iterable[str]]) -> set[str]:
        """The files whose folder lies in the project; no file is looked at."""
        root, ignored = f"{self.root}{os.sep}", tuple(f"{each}{os.sep}" for each in self.ignored)
        near: set[str] = set()
        for folder, files in folders.items():
            true = f"{folder}{os.sep}"
            if true.startswith(root) and not true.startswith(ignored):
                near.update(files)
        return near

    def _ways(self, path: str) -> Iterator[str]:
        """The paths from the root that count for one: the true one, and one through a link of the project."""
        if true := self._within(path):
            yield true
            linked = through(path, self.root) if path != str(self.root / true) else ""
            if linked and written(linked) == linked:
                yield linked

    def _within(self, path: str) -> str | None:
        """The path from the root with forward slashes; None where it does not count."""
        true = _true(path)
        if true is None or self.root not in true.parents or any(true.is_relative_to(each) for each in self.ignored):
            return None
        relative = true.relative_to(self.root)
        if "__pycache__" in relative.parts:
            return None
        if written(relative.as_posix()) != relative.as_posix():
            if not os.path.lexists(true):
                return None
            what = f"the page used {written(relative.as_posix())!r}, and a record names files in UTF-8 alone"
            raise GalleyError(what, mend="rename the file")
        return relative.as_posix()


def _true(path: str) -> Path | None:
    """The path without links; None where the sandbox closes the way, or no disk can hold the name."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return None
