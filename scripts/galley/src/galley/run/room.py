"""Shares the machine among pages: never more threads than cores, and no more pages than fit into memory.

In the command.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import islice

from galley.system import free_mb

SPARE = 1.25  # a page may need more memory than when it was recorded
UNKNOWN_MB = 1000.0  # what a page is expected to need before it was ever recorded
AHEAD = 32  # of the pages that wait, how many are looked at whenever one has ended


class Room:
    """The cores and the memory of the machine, and how much of both the running pages take.

    Each page that wants in has a ticket. When a page ends, only the tickets of those that are let in are told: to wake
    every page that waits, so that it looks for itself, would cost the square of their number.
    """

    def __init__(self, size: int, free: Callable[[], float] | None = None) -> None:
        """`size` is the number of cores, `free` says how much memory is free, in MB; that of this machine if None."""
        self.size, self.taken, self.promised_mb = size, 0, 0.0
        self._ask = free or free_mb
        self._free_mb = self._ask()
        # In the order in which they came. A plain dict is slow to find its first item once many have been removed.
        self._waiting: OrderedDict[asyncio.Future[None], tuple[int, float]] = OrderedDict()

    @asynccontextmanager
    async def held(self, threads: int, peak_mb: float, alone: bool) -> AsyncIterator[None]:
        """Wait until there is room for a page and hold the room for the block; a page is always let in when none runs.

        `peak_mb` is the memory that the page took last time, or is said to need, in MB (10^6 bytes); 0 where neither
        is known. With `alone` the page takes all cores.
        """
        wanted = self.size if alone else min(threads, self.size)
        need = (peak_mb or UNKNOWN_MB) * SPARE
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = (wanted, need)
        self._let_in()
        try:
            await ticket
            yield
        finally:
            if self._waiting.pop(ticket, None) is None:  # it was let in, though it may be cancelled before it knows
                self.taken -= wanted
                self.promised_mb -= need
            self._let_in()

    def _let_in(self) -> None:
        """Let in the first pages that fit, as long as a core is free."""
        for ticket, (wanted, need) in list(islice(self._waiting.items(), AHEAD)):
            if self.taken >= self.size:
                return
            if not ticket.done() and self._fits(wanted, need):  # one that is done was cancelled
                del self._waiting[ticket]
                self.taken += wanted
                self.promised_mb += need
                ticket.set_result(None)

    def _fits(self, wanted: int, need: float) -> bool:
        if self.taken == 0:
            self._free_mb = self._ask()  # later, a page that was let in may not have taken its memory yet
            return True
        return self.taken + wanted <= self.size and self._free_mb >= self.promised_mb + need
