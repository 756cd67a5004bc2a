"""Shares the machine among pages: never more threads than cores, and no more pages than fit into memory.

In the command.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from galley.system import free_mb

SPARE = 1.25  # a page may need more memory than when it was recorded
UNKNOWN_MB = 1000.0  # what a page is expected to need before it was ever recorded


class Room:
    """The cores and the memory of the machine, and how much of both the running pages take."""

    def __init__(self, size: int) -> None:
        self.size, self.taken, self.promised_mb = size, 0, 0.0
        self._free_mb = free_mb()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def held(self, threads: int, peak_mb: float, alone: bool) -> AsyncIterator[None]:
        """Wait until there is room for a page and hold the room for the block; a page is always let in when none runs.

        `peak_mb` is the memory that the page took last time, in MB (10^6 bytes), 0 where that is not known. With
        `alone` the page takes all cores.
        """
        wanted = self.size if alone else min(threads, self.size)
        async with self._changed:
            await self._changed.wait_for(lambda: self._fits(wanted, peak_mb))
            self.taken += wanted
            self.promised_mb += self._need(peak_mb)
        try:
            yield
        finally:
            async with self._changed:
                self.taken -= wanted
                self.promised_mb -= self._need(peak_mb)
                self._changed.notify_all()

    def _fits(self, wanted: int, peak_mb: float) -> bool:
        if self.taken == 0:
            self._free_mb = free_mb()  # later, a page that was let in may not have taken its memory yet
            return True
        return self.taken + wanted <= self.size and self._free_mb >= self.promised_mb + self._need(peak_mb)

    def _need(self, peak_mb: float) -> float:
        return (peak_mb or UNKNOWN_MB) * SPARE
