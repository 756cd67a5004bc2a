"""Shows which cell of which page runs, and for how long: live on a terminal, a line a page elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from galley.run.job import Job
from galley.run.session import Ran


class RunProgress:
    """A context in which pages run; `tell` and `ended` are called as they do."""

    def __init__(self, console: Console, total: int) -> None:
        self.console, self.total, self.count = console, total, 0
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self.live = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.rows: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> RunProgress:
        self.live.start()
        if self.console.is_terminal:
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
        self.count += 1
        self._drop(ran.run.page, ran.run.profile)
        where = f"{ran.run.page} ({ran.run.profile})"
        self.console.print(f"[{self.count}/{self.total}] {where}: {what}", highlight=False, markup=False)

    def _drop(self, page: str, profile: str) -> None:
        if (page, profile) in self.rows:
            self.live.remove_task(self.rows.pop((page, profile)))
