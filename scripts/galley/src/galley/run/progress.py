"""Says how far a run is: a line for each page that ended. On a terminal, `live.py` shows which cell runs as well."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

from galley.run.job import Job
from galley.run.session import Ran


class RunProgress:
    """A context in which pages run; `tell` and `ended` are called as they do."""

    def __init__(self, file: TextIO, total: int) -> None:
        self.file, self.total, self.count = file, total, 0

    def __enter__(self) -> RunProgress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is left to do."""

    def tell(self, job: Job, cell: str) -> None:
        """A cell of a page begins."""

    def ended(self, ran: Ran, what: str) -> None:
        """A page ended, with a word on how."""
        self.count += 1
        self.say(f"[{self.count}/{self.total}] {ran.run.page} ({ran.run.profile}): {what}")

    def say(self, line: str) -> None:
        """Print a line that stays."""
        print(line, file=self.file, flush=True)
