"""The files of a process's modules. There are thousands: a page looks at those that came since, and at no other."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from types import ModuleType


@dataclass(frozen=True)
class Modules:
    """What was loaded at one moment. Looking at an object after a fork copies its memory: so this is made before."""

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
        """The files of modules that were loaded since; of all, where one of then is gone or was loaded again."""
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
