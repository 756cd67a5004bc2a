"""The state of a file at a moment, without its contents: whether it is another one later says so without a clock.

In a page's child, and in the runner, which takes the states of the project's modules when it has loaded them. A file
whose date lies in the future, or in the past, changes like any other.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

State = tuple[int, ...]  # empty where nothing is there

_loaded: dict[str, State] = {}  # of the project's modules that the runner loaded


def state(path: str) -> State:
    """A file's inode, mode, size and time; inode and mode of anything else; empty where nothing is there."""
    try:
        found = os.stat(path) if os.path.exists(path) else os.lstat(path)  # a link that leads nowhere is there
    except (OSError, ValueError):
        return ()
    if stat.S_ISREG(found.st_mode):
        return (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns)
    return (found.st_ino, found.st_mode)


def touched(path: str, since: int) -> bool:
    """Whether a file was written, replaced or renamed after a moment, in nanoseconds; no date of its own hides that."""
    try:
        return os.stat(path).st_ctime_ns > since
    except (OSError, ValueError):
        return True


def names_in(folder: str) -> frozenset[str]:
    """The names in a folder that count; none where it cannot be listed."""
    try:
        return frozenset(os.listdir(folder)) - {"__pycache__"}
    except OSError:
        return frozenset()


def remember(files: Iterable[str]) -> None:
    """Note the states of files that the runner loaded: every page runs what they said then."""
    for file in files:
        _loaded[file] = state(file)


def when_loaded(file: str) -> State | None:
    """The state that a file had when the runner loaded it; None where it did not."""
    return _loaded.get(file)
