"""Says how far a run is: a line for each page that ended, and on a terminal which cell of which page runs.

In the command. Where there is no terminal, a run that has said nothing for a minute says which cells run: a log that
stands still for the length of a long page looks like a program that hangs.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from galley.kinds.ansi import for_terminal
from galley.record.model import Name
from galley.run.backend import WAITS
from galley.run.client import PageRun
from galley.run.protocol import Job

if TYPE_CHECKING:
    from rich.progress import TaskID

NOBODY = Name("", "")  # whose row stands there until the first page begins
QUIET = 60.0  # seconds without a line after which a log is told what runs


class RunProgress:
    """A context in which pages run: `tell` is called when one begins a cell, `ended` when one has ended."""

    def __init__(self, file: TextIO, total: int, quiet: float = QUIET) -> None:
        self.file, self.total, self.count, self.quiet = file, total, 0, quiet
        self._said: set[str] = set()
        self._running: dict[Name, tuple[str, float]] = {}  # the cell that each page runs, and when it began
        self._alarm: asyncio.TimerHandle | None = None  # rings when nothing was said for long

    def __enter__(self) -> RunProgress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._alarm:
            self._alarm.cancel()

    def tell(self, job: Job, what: str) -> None:
        """A cell of a page begins, or the page waits, which is said; `what` says which."""
        if what.startswith(WAITS):
            self.once(what)
        else:
            self._running[Name(job.page, job.profile)] = what, asyncio.get_running_loop().time()
            self._alarm = self._alarm or self._set()

    def ended(self, run: PageRun, what: str) -> None:
        """A page ended; `what` says how."""
        self.count += 1
        self._running.pop(run.name, None)
        self.say(f"[{self.count}/{self.total}] {run.name}: {what}")
        if self._alarm:
            self._alarm.cancel()
            self._alarm = self._set()

    def _set(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self.quiet, self._still)

    def _still(self) -> None:
        """Nothing was said for long: say what runs, and for how long."""
        now = asyncio.get_running_loop().time()
        for name, (what, begun) in self._running.items():
            self.say(f"    {name}: {what}, for {now - begun:.0f} s so far")
        self._alarm = self._set()

    def once(self, line: str) -> None:
        """Print a line that stays, unless it is empty or was printed so before."""
        if line and line not in self._said:
            self._said.add(line)
            self.say(line)

    def say(self, line: str) -> None:
        """Print a line that stays. Where nobody can hear it any more, the pages run all the same."""
        with suppress(OSError):
            print(for_terminal(line), file=self.file, flush=True)


class LiveProgress(RunProgress):
    """A moving row for each page that runs, below the lines of the pages that ended."""

    def __init__(self, file: TextIO, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        super().__init__(file, total)
        self.console = Console(file=file, soft_wrap=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self.live = Progress(*columns, console=self.console, transient=True)
        self.rows: dict[Name, TaskID] = {}

    def __enter__(self) -> LiveProgress:
        self.live.start()
        self.rows[NOBODY] = self.live.add_task("the runner imports what pages need")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.live.stop()

    def tell(self, job: Job, what: str) -> None:
        """A cell of a page begins, or the page waits; `what` says which."""
        name = Name(job.page, job.profile)
        for each in (NOBODY, name):
            self._drop(each)
        self.rows[name] = self.live.add_task(f"{name}: {what}")

    def ended(self, run: PageRun, what: str) -> None:
        """A page ended; `what` says how."""
        self._drop(run.name)
        super().ended(run, what)

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self.console.print(for_terminal(line), highlight=False, markup=False)

    def _drop(self, name: Name) -> None:
        if name in self.rows:
            self.live.remove_task(self.rows.pop(name))


def progress(file: TextIO, total: int) -> RunProgress:
    """The progress that suits a file: rows that move on a terminal, lines elsewhere."""
    return LiveProgress(file, total) if file.isatty() else RunProgress(file, total)
