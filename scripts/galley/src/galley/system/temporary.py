"""Folders that go with the command that made them; where it was killed, the next command removes them. In the command.

A folder is marked before it is made: a file in the user's private folder holds its path, and the command holds a lock
on that file for as long as it uses the folder. The system releases the lock in whatever way the command ends. So a
mark that can be locked is that of a command that is gone. Nothing without a mark is removed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from galley.errors import RunnerError
from galley.system.locks import Lock, locked, private_folder

MARK = ".made"  # how the name of a mark ends


@contextmanager
def scratch(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """An empty folder of this user's own for the length of the block, in `parent` or in the folder for temporary files.

    Folders of commands that were killed are removed before. Windows has no such locks, and its folders have no marks.
    """
    folder = Path(parent or tempfile.gettempdir()) / f"{prefix}{os.urandom(4).hex()}"
    with ExitStack() as stack:
        mark = stack.enter_context(_marked(folder)) if os.name == "posix" else None
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            _remove(folder)
            if mark and not folder.exists():
                mark.unlink(missing_ok=True)


def sweep() -> None:
    """Remove the folders of commands that were killed; nothing happens where this user has no private folder."""
    with suppress(RunnerError, OSError):
        private = private_folder()
        with locked(private, alone=True):
            _sweep(private)


@contextmanager
def _marked(folder: Path) -> Iterator[Path | None]:
    """Sweep, then hold the mark of a folder; there is none where the user has no private folder, or it has no locks."""
    with ExitStack() as stack:
        mark = None
        with suppress(RunnerError, OSError):
            private = private_folder()
            with locked(private, alone=True):  # so that no command takes a new mark for an old one
                _sweep(private)
                path = private / f"{folder.name}{MARK}"
                stack.enter_context(_lock(path)).take(wait=False)
                path.write_bytes(os.fsencode(folder))
                mark = path
        yield mark


@contextmanager
def _lock(mark: Path) -> Iterator[Lock]:
    lock = Lock(mark, alone=True)
    try:
        yield lock
    finally:
        lock.release()


def _sweep(private: Path) -> None:
    """Remove the folders whose commands are gone."""
    for mark in private.glob(f"*{MARK}"):
        with suppress(RunnerError, OSError), _lock(mark) as lock:
            if lock.take(wait=False):
                folder = Path(os.fsdecode(mark.read_bytes()))
                named = folder.name == mark.name.removesuffix(MARK)  # else the command was killed before it wrote this
                if named:
                    _remove(folder)
                if not named or not folder.exists():
                    mark.unlink()


def _remove(folder: Path) -> None:
    """Remove a folder with all that is in it, and follow no link; what cannot be removed stays."""
    if folder.is_symlink():
        return
    with suppress(OSError):
        folder.chmod(0o700)  # a page may have closed its folder, or one in it, to its user
    for here, folders, _ in os.walk(folder):
        for each in folders:
            with suppress(OSError):
                if not Path(here, each).is_symlink():
                    Path(here, each).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
