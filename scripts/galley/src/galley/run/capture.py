"""The reading end of what a page prints.

In the command.
"""

from __future__ import annotations

import asyncio
import os

from galley import system

CHUNK = 1 << 16  # bytes that are read at once


class Capture:
    """A pipe that a page writes to. Of what is read from it, `limit` bytes are kept and the rest is counted."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._kept, self._cut = bytearray(), 0
        asyncio.get_running_loop().add_reader(self._reading, self._read)

    def sent(self) -> None:
        """Close this process's copy of the writing end, now that the page has one."""
        os.close(self.writing)
        self.writing = -1

    def take(self) -> tuple[bytes, int]:
        """What was written since the last call, and how many bytes of it were cut; the pipe is emptied first.

        Emptying means reading as many bytes as wait in the pipe at this moment, and no more: a process that the page
        started may go on writing for ever.
        """
        waiting = system.waiting_bytes(self._reading)
        while waiting > 0 and (read := self._read()):
            waiting -= read
        kept, cut = bytes(self._kept), self._cut
        self._kept, self._cut = bytearray(), 0
        return kept, cut

    def close(self) -> None:
        """Close the pipe."""
        asyncio.get_running_loop().remove_reader(self._reading)
        for end in (self._reading, self.writing):
            if end >= 0:
                os.close(end)

    def _read(self) -> int:
        try:
            data = os.read(self._reading, CHUNK)
        except BlockingIOError:
            return 0
        if not data:
            asyncio.get_running_loop().remove_reader(self._reading)
        room = self.limit - len(self._kept)
        self._kept += data[:room]
        self._cut += max(0, len(data) - room)
        return len(data)
