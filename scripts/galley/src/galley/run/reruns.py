"""Runs pages again in a thread of their own, and hands out what came of each, for a program that is no galley command.

In pytest's process. One runner serves all pages, whether they begin together or one after another.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from galley.config import Project
from galley.record.model import Name
from galley.run.backend import LocalBackend
from galley.run.choose import Task
from galley.run.client import Tell
from galley.run.prepare import Answers
from galley.run.rerun import Rerun, rerun


class Reruns:
    """A context in which pages run again: `begin` starts some of them, `result` waits for one."""

    def __init__(self, project: Project, tell: Tell) -> None:
        """`tell` is called in the thread with a job and what it does: the cell that begins, or what it waits for."""
        self.project, self._tell, self._backend = project, tell, LocalBackend(project)
        self._answers: Answers = {}
        self._results: dict[Name, Future[Rerun]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="galley", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._backend.__aenter__())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop the pages that still run, and the runner."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __contains__(self, name: Name) -> bool:
        return name in self._results

    def begin(self, tasks: Sequence[Task]) -> None:
        """Start pages; they run together as far as the machine has room for them."""
        self._results |= {task.name: Future() for task in tasks}
        self._do(self._start(tasks))

    def result(self, name: Name) -> Rerun:
        """What came of a page that has begun, once it has ended.

        Raises PrepareError where its profile cannot run here, and RunnerError where no page can.
        """
        return self._results[name].result()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self, tasks: Sequence[Task]) -> None:
        running = asyncio.create_task(self._run(tasks))
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def _run(self, tasks: Sequence[Task]) -> None:
        """Run pages, and see to it that nobody waits for a page that does not run."""
        left = {task.name: self._results[task.name] for task in tasks}
        try:
            for profile in dict.fromkeys(task.profile.name for task in tasks):
                for error in await self._backend.prepare([profile], self._answers):
                    for name in [name for name in left if name.profile == profile]:
                        left.pop(name).set_exception(error)
            async for each in rerun(self.project, tasks, self._backend, self._tell, self._answers):
                left.pop(each.task.name).set_result(each)
        except BaseException as error:
            for waiting in left.values():
                waiting.set_exception(error)
            if isinstance(error, asyncio.CancelledError):
                raise

    async def _end(self) -> None:
        for each in self._running:
            each.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._backend.__aexit__(None, None, None)
