"""Locks between processes, and the folder that one user's commands share. In the command, and in the builder.

One lock guards the records (`record.store`), one the site's folder (`site.build`), and two the machine while pages run
(`run.quiet`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from galley.errors import RunnerError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # what a file system without locks answers


class Lock:
    """A lock that many processes share or one holds alone. The system releases it when its process ends in any way.

    The lock is on a file, which is made where there is none, or on a folder that exists. Without `flock` (on Windows)
    the lock is a file of its own in the user's private folder, and three things are lost: the lock cannot be shared, so
    that a reader waits for a reader; another user does not see it; nor does a command with another TMPDIR.
    Raises OSError where the file or the folder cannot be opened.
    """

    def __init__(self, path: Path, *, alone: bool, folder: bool = False) -> None:
        self.path = path
        self._try, self.release = _flock(path, alone, folder) if fcntl else _file_lock(path)

    def take(self, *, wait: bool) -> bool:
        """Take the lock and return whether it is held now; with `wait`, it always is.

        Raises RunnerError where the file system has no locks.
        """
        try:
            return self._try(wait)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            what = f"{self.path} is on a file system that has no locks: {error.strerror}"
            raise RunnerError(what, mend="keep the guide, and TMPDIR, on a disk of this machine") from error


@contextmanager
def locked(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait for a folder's lock, then hold it for the block, alone or shared. Raises what `Lock` raises."""
    lock = Lock(folder, alone=alone, folder=True)
    try:
        lock.take(wait=True)
        yield
    finally:
        lock.release()


def _flock(path: Path, alone: bool, folder: bool) -> tuple[Callable[[bool], bool], Callable[[], None]]:
    descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR | os.O_CREAT, 0o600)
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH

    def attempt(wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, how if wait else how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    return attempt, lambda: os.close(descriptor)


def _file_lock(path: Path) -> tuple[Callable[[bool], bool], Callable[[], None]]:
    from filelock import FileLock, Timeout

    name = hashlib.sha256(os.path.normcase(path.resolve()).encode()).hexdigest()[:16]
    lock = FileLock(private_folder() / f"{name}.lock")

    def attempt(wait: bool) -> bool:
        try:
            lock.acquire(blocking=wait)
        except Timeout:
            return False
        return True

    return attempt, lock.release


def private_folder() -> Path:
    """The folder in which this user's galley commands find each other; only this user can enter the folder.

    Windows has neither user ids nor file modes, and its folder for temporary files belongs to the user already.
    Raises RunnerError where something else has the folder's name, or the folder cannot be made.
    """
    user = os.getuid() if hasattr(os, "getuid") else None
    try:
        folder = Path(tempfile.gettempdir(), "galley" if user is None else f"galley-{user}")
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()  # of a link itself, not of its target: another user may have made the link
    except OSError as error:
        what = f"no folder can be made for what galley's commands share: {error}"
        raise RunnerError(what, mend="set TMPDIR to a folder that you can write to") from error
    open_to_others = user is not None and (found.st_uid != user or found.st_mode & 0o077)
    if not stat.S_ISDIR(found.st_mode) or open_to_others:
        raise RunnerError(f"{folder} is not a folder of yours alone", mend="remove it, or set TMPDIR")
    return folder
