"""Which files of some folders are opened, whoever opens them: compiled code, a shell, a program that a page starts.

In a page's child. The kernel tells it with inotify, which knows no language and asks for no rights. Three means were
tried on Linux 6.18, as root and as a plain user in a user namespace, on a folder of ext4:

- inotify on the folder itself, or on a bind mount of it. A mark belongs to the inode, which both have in common with
  all else: it tells of files that another page or the author opens, and they would become dependencies of this page.
- inotify on an overlay file system of the page's own above the folder (`namespaces.own_root`). Its inodes are its own:
  it tells of what is opened through it alone, by `open` of Python and of C, by `cat`, from a folder's descriptor, by
  listing. The mount takes 0.1 ms. This is what galley does.
- fanotify, with a mark on the mount or on the file system, would need no mark for each folder. In a user namespace the
  kernel refuses both on such an overlay (ENODEV). A mark on an inode does no more than inotify.

A filter of system calls that asks another process at each `open` was not tried: each import would wait for it.

A name that is looked up without an open (`stat`, a file that is not there) is not told. Where the queue of the kernel
overflows, something was not told either, and an error says so. watchdog, which galley has for `galley serve`, wraps
the same calls; but it walks the folders itself and reads them in a thread, and a page has one thread when it begins.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from galley.system import path_of
from galley.system.kernel import libc

OPENED, ONLY_FOLDERS, IS_FOLDER, OVERFLOW = 0x20, 0x01000000, 0x40000000, 0x4000
HEADER = struct.Struct("iIII")  # the watch, what happened, a cookie, the bytes of the name
HIGH = 512  # the page's own descriptors keep the numbers that they have without galley
PIECE = 1 << 16


class Opens:
    """Watches over folders. A folder stands for what lies in it, not below it."""

    def __init__(self, folders: Iterable[str]) -> None:
        """Raises OSError where the kernel gives no watches, or no more of them."""
        low = libc().inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if low < 0:
            raise _refused("gives no inotify, see fs.inotify.max_user_instances")
        self._descriptor = _moved_up(low)
        self._folders: dict[int, str] = {}
        try:
            for folder in folders:
                self._add(folder)
        except OSError:
            os.close(self._descriptor)
            raise

    def _add(self, folder: str) -> None:
        watch = libc().inotify_add_watch(self._descriptor, os.fsencode(folder), OPENED | ONLY_FOLDERS)
        if watch >= 0:
            self._folders[watch] = folder
        elif Path(folder).is_dir():  # else it has gone meanwhile
            raise _refused(f"does not watch {folder}, see fs.inotify.max_user_watches")

    def told(self) -> Iterator[tuple[str, bool]]:
        """The path of each file and folder that was opened since the last call, and whether it is a folder.

        Raises OSError: ENOBUFS where the kernel's queue was full, EBADF where the page closed the descriptor.
        """
        while piece := self._read():
            while piece:
                watch, what, _, length = HEADER.unpack_from(piece)
                name = os.fsdecode(piece[HEADER.size : HEADER.size + length].rstrip(b"\0"))
                piece = piece[HEADER.size + length :]
                if what & OVERFLOW:
                    raise OSError(errno.ENOBUFS, "more was opened than the kernel keeps")
                if folder := self._folders.get(watch):
                    yield (f"{folder}/{name}" if name else folder), bool(what & IS_FOLDER)

    def _read(self) -> bytes:
        if path_of(self._descriptor) != "anon_inode:inotify":
            raise OSError(errno.EBADF, "the descriptor was closed")
        with suppress(BlockingIOError):
            return os.read(self._descriptor, PIECE)
        return b""


def _refused(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"the kernel {what}: {os.strerror(number)}")


def _moved_up(low: int) -> int:
    try:
        high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, HIGH)
    except OSError:  # the limit of open files is lower
        return low
    os.close(low)
    return high
