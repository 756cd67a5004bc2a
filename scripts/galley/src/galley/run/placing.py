"""The outputs that a page shows in the middle of a cell, each told to the command before the page prints on.

In a page's child.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import RLock

from galley.record.model import Shown
from galley.run.protocol import SHOWS, CellShows


class Placing:
    """Tells an output of the cell that runs now. Threads of the page take turns, with each other and with its events.

    `settle` sends an event and waits until the command has read all that was printed before.
    """

    def __init__(self, settle: Callable[[CellShows], None]) -> None:
        self.turn = RLock()
        self._settle, self._pid, self._cell, self._count = settle, os.getpid(), "", 0

    def begins(self, cell: str) -> None:
        """A cell runs from now on; none does where the name is empty."""
        with self.turn:
            self._cell, self._count = cell, 0

    def place(self, outputs: Sequence[Shown]) -> bool:
        """Put outputs here; return whether that is possible: not between two cells, nor in a process of the page's own.

        Raises ValueError where the cell has shown too many.
        """
        if os.getpid() != self._pid:
            return False
        with self.turn:
            for each in outputs if self._cell else ():
                self._count += 1
                if self._count > SHOWS:
                    raise ValueError(f"a cell shows at most {SHOWS} values and figures by itself: show fewer")
                self._settle(CellShows(self._cell, each))
            return bool(self._cell)
