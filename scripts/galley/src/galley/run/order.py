"""The order in which the events of a page come.

In the command, which takes them in. The code of a page could write to the same socket.
"""

from __future__ import annotations

from collections.abc import Sequence

from galley.run.protocol import SHOWS, CellFailed, CellShows, EventError, Exited, Failed, PageEvent


class Order:
    """Which event of a page may come next: it is ready, each of its cells begins and ends in turn, the page ends
    before its last cell is told to have ended, it has finished.

    A page that fails, or whose process is gone, may say so at any time. In one that is to `keep_going`, a cell may fail
    in place of its end. One that runs in `part` does not end before its last cell does. Between its beginning and its
    end a cell may show SHOWS outputs.
    """

    def __init__(self, cells: Sequence[str], *, keep_going: bool = False, part: bool = False) -> None:
        turns = [each for cell in cells for each in (("begins", cell), ("ends", cell))]
        turns[-1:-1] = [] if part else [("ending", "")]  # what the page says at its end is the last cell's
        self._coming = [("ready", ""), *turns, ("finished", "")]
        self._at, self._shows, self._keep_going = 0, 0, keep_going

    def take(self, event: PageEvent) -> None:
        """Go on to the next; raises EventError where the event is not the one to come."""
        if isinstance(event, Failed | Exited):
            return
        said = str(event.__struct_config__.tag), getattr(event, "cell", "")
        if isinstance(event, CellShows) and self._runs(event.cell) and self._shows < SHOWS:
            self._shows += 1
            return
        if isinstance(event, CellFailed) and self._keep_going:
            said = "ends", event.cell
        if self._coming[self._at : self._at + 1] != [said]:
            raise EventError(f"'{' '.join(said).strip()}' out of turn")
        self._at, self._shows = self._at + 1, 0

    def _runs(self, cell: str) -> bool:
        """Whether this cell has begun and not ended; the last one ends after the page's own end."""
        coming = self._coming[self._at : self._at + 2]
        return ("ends", cell) in coming and coming[0][0] in ("ends", "ending")
