"""The modules that are loaded at one moment, and those that came later.

In the runner, which notes before its first fork which modules are loaded, and in a page's child, which asks what came
after that.
"""

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
    """The modules that were loaded at one moment, by their files.

    There are thousands of them, and after a fork the system copies the memory of each object that is looked at, because
    looking changes its reference count. So the runner makes this snapshot before it forks, and a page's child looks
    only at the modules that were loaded later.
    """

    files: frozenset[str]
    folders: Mapping[str, tuple[str, ...]]  # the files by their folder, whose path has no symbolic links
    names: frozenset[str]
    last: str  # the name of the module that came last

    @classmethod
    def now(cls) -> Modules:
        """Everything that is loaded now."""
        modules = dict(sys.modules)
        files = frozenset(_files(modules.values()))
        return cls(files, by_folder(files), frozenset(modules), next(reversed(modules)))

    def since(self) -> set[str]:
        """The files of the modules that were loaded after this snapshot.

        `sys.modules` keeps the order of loading, so the new modules stand behind the snapshot's last one. Where a
        module of the snapshot was removed or loaded again, the order tells nothing, and the files of all modules are
        given.
        """
        names = self._later()
        return _files(sys.modules.values() if names is None else [sys.modules[name] for name in names])

    def new_names(self) -> set[str]:
        """The names of the modules that were not loaded at that moment and are now."""
        names = self._later()
        return set(sys.modules) - self.names if names is None else set(names)

    def _later(self) -> list[str] | None:
        """The names that came after the last one; None where the order says nothing."""
        with suppress(RuntimeError):  # the dictionary changes while it is read: a thread of the page imports
            names = list(takewhile(lambda name: name != self.last, reversed(sys.modules)))
            if len(sys.modules) == len(self.names) + len(names):
                return names
        return None


@cache
def before_any_page() -> Modules:
    """The modules at the first call, which the runner makes before it forks."""
    return Modules.now()


def forget_namesakes(own: str, snippets: str) -> None:
    """Let a page import what lies in its `own` folder, where the runner loaded a module of that name from `snippets`.

    What holds the runner's module keeps it.
    """
    if own == snippets:
        return
    tops = {name.partition(".")[0] for name in os.listdir(own)}
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", None) or "")
        if name.partition(".")[0] in tops and file.startswith(f"{snippets}{os.sep}"):
            del sys.modules[name]


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
