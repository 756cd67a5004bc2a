"""What the processes that a page forks hear: they have the page's audit hook, and their words must reach the page.

In a page's child, and in what it forks, such as the workers of a pool. They share a file without a name, and with it
the place where the next line goes: whoever writes, writes behind the others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress

from galley import system
from galley.run.states import State


class Shared:
    """The file; made in the page's process, before it forks any other."""

    def __init__(self) -> None:
        self._file = system.nameless_file()
        self._is = self._stamp()
        self._page = os.getpid()

    @property
    def elsewhere(self) -> bool:
        """Whether this is a process that the page forked."""
        return os.getpid() != self._page

    def tell(self, what: str, path: str, was: State, line: int = 0) -> None:
        """Say of a file that it is read or changed, and what its state was before."""
        with suppress(OSError):  # the page closed what it did not open: then nobody hears
            if self._stamp() == self._is:
                os.write(self._file.fileno(), json.dumps([what, path, was, line]).encode() + b"\n")

    def told(self) -> Iterator[tuple[str, str, State, int]]:
        """Everything that was said so far; a line that is being written is left for the next time."""
        with suppress(OSError):
            if self._stamp() == self._is:
                size = os.fstat(self._file.fileno()).st_size
                for text in os.pread(self._file.fileno(), size, 0).split(b"\n")[:-1]:
                    what, path, was, line = json.loads(text)
                    yield what, path, tuple(was), line

    def _stamp(self) -> tuple[int, int]:
        found = os.fstat(self._file.fileno())
        return found.st_dev, found.st_ino
