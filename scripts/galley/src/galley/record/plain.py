"""The bytes of a plain file in the folder of the records: no link is followed, and no file fills the memory.

In the command and in the builder. Records come from anybody, and a file of many gigabytes may take a few bytes in git
or on a disk. So each file has a bound, which is above what a true one has. A file of an output is bounded by what one
message of a page may hold. A list such as `record.json` takes many times its bytes once it is decoded, and has less.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

OUTPUT = 1 << 26  # bytes of a file of an output
LIST = 1 << 24  # bytes of a file whose JSON becomes objects; the largest of a real guide has a few hundred kB
WHOLE = 1 << 28  # bytes of all files of one record
READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class TooLargeError(ValueError):
    """A file, or all files of a record, have more bytes than any true ones."""

    def __init__(self, most: int) -> None:
        super().__init__(f"it has more than {most >> 20} MiB, which is the most that galley reads")


class NotPlainError(ValueError):
    """A name is that of a folder, a pipe, a device or the like."""


def most_of(name: str) -> int:
    """How many bytes the file of a name may have."""
    return LIST if name.endswith(".json") and name.count(".") < 2 else OUTPUT


def bytes_of(path: str | Path, most: int) -> bytes:
    """What a plain file holds. Raises OSError, NotPlainError, or TooLargeError where it has more than `most` bytes."""
    handle = os.open(path, READING)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotPlainError("it is no plain file")
        if status.st_size > most:
            raise TooLargeError(most)
        data = os.read(handle, status.st_size + 1)
        while len(data) != status.st_size and (more := os.read(handle, 1 << 20)):
            data += more  # it grew, or the system gives less at a time
            if len(data) > most:
                raise TooLargeError(most)
        return data
    finally:
        os.close(handle)


def fits(files: Mapping[str, bytes]) -> str:
    """Why the files of a record would not be read again, by name with their bytes; empty where they would."""
    for name, data in files.items():
        if len(data) > most_of(name):
            return f"{name}: {TooLargeError(most_of(name))}"
    return str(TooLargeError(WHOLE)) if sum(map(len, files.values())) > WHOLE else ""


def is_plain(path: Path) -> bool:
    """Whether a path is that of a plain file, and not of a link to one."""
    return path.is_file() and not path.is_symlink()
