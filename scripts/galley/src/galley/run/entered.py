"""Notes which functions of installed packages are entered, for a page's footprint.

In the runner, from before its imports on, and in a page's child, which the runner forks.

A function is known by the file of its code and its qualified name. What a process tells that the page forks goes
through a file that both share. What nobody can see, such as the functions of another Python program, makes the
footprint opaque: the page then counts as reached by any change.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import CodeType
from typing import Any, BinaryIO

from galley import system
from galley.record.facts import installed
from galley.record.footprint import Entered, Footprint, Package, Reached
from galley.run.listening import Listener, identity
from galley.run.packages import FOLDERS, brought_by
from galley.run.programs import reached

CODE = (".py", ".pyc", ".so", ".pyd", ".dylib", ".pth")  # opened by the import system, and counted as code
NEW_PROGRAMS = ("multiprocessing/popen_spawn_posix.py", "multiprocessing/popen_forkserver.py", "popen_loky_posix.py")
STARTING = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system")
METADATA = ".dist-info/"
OPAQUE = "it starts another Python program, whose functions nobody sees"
OTHER_PROFILE = "its code sets a profile function of its own in place of galley's"


class Tracer:
    """What was entered, opened and read since the last `take`."""

    def __init__(self) -> None:
        self.folders = tuple(f"{each}{os.sep}" for each in sys.path if Path(each).name in FOLDERS)
        self.loaded_before = frozenset(sys.modules)
        self.functions: dict[str, int] = {}  # each function by its number
        self.names: dict[str, set[str]] = {}
        self.hooks, self.cells = Entered(), dict[str, Entered]()
        self.programs: set[str] = set()
        self.opaque = ""
        self._imports = Reached()
        self._listener = Listener()
        self._known: dict[int, tuple[CodeType, int]] = {}
        self._data: set[str] = set()
        self._versions: set[str] = set()
        self._forked: BinaryIO | None = None
        self._read = 0
        self._on = False

    def begin(self) -> None:
        """Begin to listen, in this process and in those that are forked from it."""
        self._on = True
        sys.addaudithook(self._open)
        self._listener.begin()

    def become_a_page(self) -> None:
        """In a page's child: forget what galley did since the imports; forks of the page tell this process."""
        self.take()
        self._forked = system.nameless_file()
        os.register_at_fork(after_in_child=self._in_a_fork)

    def hooks_end(self) -> None:
        """In a page's child: what was reached since the fork is what its hooks reached; the first cell is next."""
        self.hooks = self.take()

    def cell_ends(self, cell: str) -> None:
        """What was reached since the last call is that cell's."""
        self.cells[cell] = _joined(self.cells.get(cell, Entered()), self.take())

    def take(self) -> Entered:
        """What was reached since the last call, and begin anew."""
        if self._listener.deaf:
            self.opaque = self.opaque or OTHER_PROFILE
        codes = self._listener.take()
        data, self._data = self._data, set()
        versions, self._versions = self._versions, set()
        numbers = {number for code in codes if (number := self._number(code)) is not None}
        numbers |= {self._noted(function, names) for function, names in self._told()}
        return Entered(tuple(sorted(numbers)), tuple(sorted(data)), tuple(sorted(versions)))

    def imports_end(self) -> None:
        """In the runner: what was reached so far is what its imports reached."""
        entered = self.take()
        self._imports = self._reached((), entered.data)
        _packages(_tops(self._imports.modules))  # which is kept, so that no page looks for them again

    def footprint(self, named: Iterable[str]) -> Footprint:
        """All that was reached; `named` are the top-level modules that the page's own code imports.

        Listens no longer: what galley itself does from now on is not the page's.
        """
        self._on = False
        data = {path for each in (self.hooks, *self.cells.values()) for path in each.data}
        own, numbers = self._reached(named, data), self._numbers()
        tops = _tops((*self._imports.modules, *own.modules))
        return Footprint(
            packages=_packages(tops | self.programs),
            imports=self._imports,
            own=own,
            hooks=_renumbered(self.hooks, numbers),
            cells={name: _renumbered(each, numbers) for name, each in self.cells.items()},
            programs=tuple(sorted(self.programs)),
            opaque=self.opaque,
        )

    def _reached(self, named: Iterable[str], data: Iterable[str]) -> Reached:
        """What was reached beside what the imports have already."""
        before = self._imports
        new = {top: found.difference(before.names.get(top, ())) for top, found in self.names.items()}
        return Reached(
            tuple(sorted(self.functions.keys() - set(before.functions))),
            tuple(sorted(set(self._modules(set(named))) - set(before.modules))),
            {top: tuple(sorted(found)) for top, found in sorted(new.items()) if found},
            tuple(sorted(data)),
        )

    def _numbers(self) -> dict[int, int]:
        """The number of each function in the footprint, by its number in the order of first entry."""
        new = sorted(self.functions.keys() - set(self._imports.functions))
        order = {function: number for number, function in enumerate((*self._imports.functions, *new))}
        return {old: order[function] for function, old in self.functions.items()}

    def _open(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The audit hook: files of the packages that somebody opens, and programs that are started."""
        if not self._on:
            return
        if event == "open" and isinstance(path := arguments[0], str) and path.startswith(self.folders):
            relative = self._relative(path)
            if METADATA in relative:
                self._versions.add(relative.partition(METADATA)[0].partition("-")[0])
            elif not path.endswith(CODE):
                self._data.add(relative)
        elif event in STARTING:
            self._starts(*arguments[-2:] if event == "os.spawn" else arguments[:2])

    def _starts(self, program: object, arguments: object = None) -> None:
        found = reached(program, [program] if arguments is None else arguments)
        if found is None:
            self.opaque = self.opaque or OPAQUE
        else:
            self.programs |= found

    def _relative(self, path: str) -> str:
        folder = max((each for each in self.folders if path.startswith(each)), key=len)
        return path.removeprefix(folder).replace(os.sep, "/")

    def _number(self, code: CodeType) -> int | None:
        """The number of a function of a package; None for any other code."""
        known = self._known.get(identity(code))
        if known is None or known[0] is not code:
            if not code.co_filename.startswith(self.folders):
                if code.co_filename.endswith(NEW_PROGRAMS):
                    self.opaque = self.opaque or OPAQUE
                return None
            if code.co_filename.endswith(NEW_PROGRAMS):
                self.opaque = self.opaque or OPAQUE
            number = self._noted(*self._described(code))
            self._known[identity(code)] = known = code, number
        return known[1]

    def _described(self, code: CodeType) -> tuple[str, list[str]]:
        """A function, and the names that it mentions."""
        return f"{self._relative(code.co_filename)}:{plain(code.co_qualname)}", mentioned(code)

    def _noted(self, function: str, names: Iterable[str]) -> int:
        top = function.partition(":")[0].partition("/")[0].removesuffix(".py")
        self.names.setdefault(top, set()).update(names)
        return self.functions.setdefault(function, len(self.functions))

    def _modules(self, named: set[str]) -> Iterator[str]:
        """The files of the packages' modules: of what galley had imported for itself, those that the page names."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            counts = name not in self.loaded_before or name.partition(".")[0] in named
            if counts and isinstance(file, str) and file.startswith(self.folders):
                yield self._relative(file)

    def _in_a_fork(self) -> None:
        """In a process that the page forked: each function that is new there is told at once."""
        if self._on:
            self._listener.in_a_fork(self._tell)

    def _tell(self, code: CodeType) -> None:
        if self._forked and code.co_filename.startswith(self.folders):
            with suppress(OSError):
                os.write(self._forked.fileno(), json.dumps(self._described(code)).encode() + b"\n")

    def _told(self) -> Iterator[tuple[str, list[str]]]:
        """What the page's forks told since the last time."""
        if self._forked is None:
            return
        with suppress(OSError):
            size = os.fstat(self._forked.fileno()).st_size
            text = os.pread(self._forked.fileno(), size - self._read, self._read)
            whole = text[: text.rfind(b"\n") + 1]
            self._read += len(whole)
            for line in whole.splitlines():
                function, names = json.loads(line)
                yield function, names


def mentioned(code: CodeType) -> list[str]:
    """The names that a code object mentions, in functions also in texts that could be names; `x.__version__` whole.

    Texts at the top level of modules and classes are left out: lists of names that nobody may ever ask for.
    """
    names = set(code.co_names)
    if "__version__" in names:
        names |= {f"{name}.__version__" for name in code.co_names}
    waiting = list(code.co_consts) if code.co_flags & CO_NEWLOCALS else []
    for each in waiting:  # grows
        if isinstance(each, str) and each.isidentifier():
            names.add(each)
        elif isinstance(each, tuple | frozenset):
            waiting += each
    return sorted(names)


def plain(qualified: str) -> str:
    """A qualified name without what has no name of its own: a lambda or a comprehension belongs to what holds it."""
    parts: list[str] = []
    for part in qualified.split("."):
        if part.startswith("<") and part != "<locals>":
            break
        parts.append(part)
    while parts and parts[-1] == "<locals>":
        parts.pop()
    return ".".join(parts)


def _joined(one: Entered, other: Entered) -> Entered:
    """What both reached; a function's number is in the order of its first entry until the footprint is made."""
    pairs = ((one.functions, other.functions), (one.data, other.data), (one.versions, other.versions))
    functions, data, versions = (tuple(sorted({*first, *second})) for first, second in pairs)
    return Entered(functions, data, versions)


def _renumbered(entered: Entered, numbers: dict[int, int]) -> Entered:
    return Entered(tuple(sorted(numbers[each] for each in entered.functions)), entered.data, entered.versions)


def _tops(modules: Iterable[str]) -> set[str]:
    """The top-level modules of files of packages."""
    return {path.partition("/")[0].removesuffix(".py") for path in modules}


def _packages(tops: Iterable[str]) -> dict[str, Package]:
    found: dict[str, set[str]] = {}
    for top in tops:
        for name in brought_by(top):
            found.setdefault(name, set()).add(top)
    return {
        name: Package(version.partition("+")[0], tuple(sorted(found[name])))
        for name in sorted(found)
        if (version := installed(name))
    }


_tracers: list[Tracer] = []


def begin() -> None:
    """In the runner: listen from now on."""
    _tracers.append(Tracer())
    _tracers[0].begin()


def tracer() -> Tracer | None:
    """The process's tracer; None where nothing is traced."""
    return _tracers[0] if _tracers else None
