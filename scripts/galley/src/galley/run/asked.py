"""What a page asks of files without opening them: whether one is there, how large it is, where a link leads.

In a page's child. No audit event tells of such a question, and neither does the kernel. `Path.exists`,
`os.path.getsize`, `shutil.which` and all others of the library come down to four functions of `os`. A function that
first tells the path takes the place of each. Installed packages ask for hundreds of files that need not be there, so a
question counts only where the project's own code asks it, through whatever part of the library; `galley.run.missed`
does the same. What is learnt of a large file counts as no more than that it is there: it is digested at each check.

Not heard: `os.DirEntry.stat`, compiled code, other programs.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from galley.run.audit import Heard, path_in
from galley.run.watch import Watch

LARGE = 1 << 26  # bytes
QUESTIONS = ("stat", "lstat", "access", "readlink")
MORE = ("stat", "lstat")
# Functions of the library that ask `os.stat` and answer with less.
WHETHER_THERE = frozenset(
    (
        *("exists", "lexists", "isfile", "isdir", "islink", "is_file", "is_dir", "is_symlink"),
        *("realpath", "_joinrealpath"),
    )
)
SUPPORTS = ("supports_dir_fd", "supports_effective_ids", "supports_fd", "supports_follow_symlinks")
ASKED = Heard(beside={0: 1})
LIBRARY = f"{Path(os.__file__).parent}{os.sep}"
PACKAGES = ("site-packages", "dist-packages")
FROZEN = "<frozen "  # how the files of modules are called that come with the interpreter


class Questions:
    """What code in the folder `own` asks; of the files `there` it learnt that they are there, and no more.

    What it learns beyond that, or that a file is not there, counts like an open of the file.
    """

    def __init__(self, own: Path, watch: Watch) -> None:
        self.there: set[str] = set()
        self._own, self._watch = f"{own}{os.sep}", watch

    def hear(self) -> None:
        """Put a function that tells the path in the place of each."""
        for name in QUESTIONS:
            real = getattr(os, name)
            put = self._heard(real)
            setattr(os, name, put)
            for supports in (getattr(os, each) for each in SUPPORTS):
                if real in supports:
                    supports.add(put)

    def _heard(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def question(path: Any, *arguments: Any, **named: Any) -> Any:
            if self._watch.active and not isinstance(path, int):
                asker = sys._getframe(1)
                if _asked_by(self._own, asker) and (found := path_in((path, named.get("dir_fd")), 0, ASKED)):
                    self._note(found, real.__name__ in MORE and not _whether_there(asker))
            return real(path, *arguments, **named)

        question.__module__ = os.__name__  # where pickle finds it
        return question

    def _note(self, path: str, more: bool) -> None:
        if path in self._watch.files or "\0" in path or os.path.isdir(path):
            return
        there = os.path.isfile(path) and not os.path.islink(path)
        if there and not self._watch.shared.elsewhere and (not more or os.path.getsize(path) > LARGE):
            self.there.add(path)
        else:
            self._watch.read(path)


def _whether_there(frame: FrameType | None) -> bool:
    """Whether a function of the library asks that answers with no more than that; `Path.stat` may stand between."""
    while frame is not None and _in_library(frame) and frame.f_code.co_name in MORE:
        frame = frame.f_back
    return frame is not None and _in_library(frame) and frame.f_code.co_name in WHETHER_THERE


def _in_library(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith(FROZEN) or (name.startswith(LIBRARY) and not name.startswith(PACKAGES, len(LIBRARY)))


def _asked_by(own: str, frame: FrameType | None) -> bool:
    """Whether code of a folder asks; the library stands between, and may be all there is in a thread of a pool."""
    while frame is not None:
        name = frame.f_code.co_filename
        if not _in_library(frame) and not name.startswith("<"):
            return name.startswith(own)
        frame = frame.f_back
    return True
