"""Keeps one runner warm, and replaces it when what it loaded is no longer current."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from galley.config import Project
from galley.errors import RunnerError
from galley.run.runner import Runner, runner
from galley.run.warm import fingerprint, place, publish, withdraw


class Keeper:
    """The warm runner of a checkout; use it as an asynchronous context."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._stack = AsyncExitStack()
        self._running: Runner | None = None
        self._print = ""

    async def __aenter__(self) -> Keeper:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def socket(self) -> Path:
        """The socket of a current runner, started or replaced where needed; raises RunnerError."""
        running = self._running
        alive = running is not None and running.process.returncode is None
        if running and alive and self._print == fingerprint(self.project, running.loaded):
            return running.socket
        await self._close()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="r", dir=place(self.project).parent))
        started = await self._stack.enter_async_context(runner(self.project, Path(folder)))
        self._running, self._print = started, publish(self.project, started)
        return started.socket

    async def _close(self) -> None:
        if self._running:
            withdraw(self.project, self._running)
            self._running = None
        await self._stack.aclose()


def why_not(error: RunnerError) -> str:
    """One line for an author who can edit prose and not run code."""
    return f"nothing can be run here, prose still previews: {error.what.splitlines()[-1].strip()}"
