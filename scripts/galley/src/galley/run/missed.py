"""Modules that the project's own code looked for in vain: where one appears later, the code takes another way.

In the runner, and in a page's child. `try: import fastlib` tells nobody of a file that is not there. So the last finder
of the import system is one that finds nothing and notes what it was asked for.

Installed packages look for hundreds of optional modules. So a name counts only where code in the snippets' folder asks
for it, or where a package of that folder would hold it, and only as the file or the folder that would be found there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType


class Missed:
    """The finder; `files` are the absolute paths of the files and folders that were looked for in vain."""

    def __init__(self, folder: str) -> None:
        """`folder` is that of the snippets."""
        self.folder, self.files = folder, set[str]()
        library = Path(os.__file__).parent  # sysconfig knows it too, after it has read a thousand other facts
        self._between = ("<frozen importlib", f"{library}/importlib/", f"{library}/pkgutil.py")

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Note what was looked for; the answer is None, as from a finder that finds nothing."""
        last = name.rpartition(".")[2]
        folders = [each for each in (sys.path if path is None else list(path)) if self._own(each)]
        if folders and last.isidentifier() and (path is not None or self._asked_by_own_code(sys._getframe(1))):
            self.files.update(f"{each}/{last}{ending}" for each in folders for ending in (".py", ""))
        return None

    def _own(self, path: object) -> bool:
        return isinstance(path, str) and f"{path}/".startswith(f"{self.folder}/")

    def _asked_by_own_code(self, frame: FrameType | None) -> bool:
        """Whether the code that imports lies in the folder; the import system, which stands between, is passed over."""
        while frame is not None and frame.f_code.co_filename.startswith(self._between):
            frame = frame.f_back
        return frame is not None and self._own(frame.f_code.co_filename)


_finder: Missed | None = None


def listen(folder: str) -> None:
    """Note from now on what code in a folder looks for in vain, in this process and in those that it forks."""
    global _finder
    _finder = Missed(folder)
    sys.meta_path.append(_finder)


def looked_for() -> frozenset[str]:
    """The paths that were looked for in vain so far."""
    return frozenset(_finder.files) if _finder else frozenset()
