"""Shows on a terminal which cell of which page runs, and for how long."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from galley.run.job import Job
from galley.run.progress import RunProgress
from galley.run.session import Ran


class LiveProgress(RunProgress):
    """A moving row for each page that runs, below the lines of those that ended."""

    def __init__(self, file: TextIO, total: int) -> None:
        super().__init__(file, total)
        self.console = Console(file=file, soft_wrap=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self.live = Progress(*columns, console=self.console, transient=True)
        self.rows: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> LiveProgress:
        self.live.start()
        self.rows["", ""] = self.live.add_task("the runner imports what pages need")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.live.stop()

    def tell(self, job: Job, cell: str) -> None:
        """A cell of a page begins."""
        self._drop("", "")
        key = (job.page, job.profile)
        self._drop(*key)
        self.rows[key] = self.live.add_task(f"{job.page} ({job.profile}): {cell}")

    def ended(self, ran: Ran, what: str) -> None:
        """A page ended, with a word on how."""
        self._drop(ran.run.page, ran.run.profile)
        super().ended(ran, what)

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self.console.print(line, highlight=False, markup=False)

    def _drop(self, page: str, profile: str) -> None:
        if (page, profile) in self.rows:
            self.live.remove_task(self.rows.pop((page, profile)))
