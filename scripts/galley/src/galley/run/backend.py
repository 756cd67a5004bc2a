"""Where pages run: on this machine, or, with another backend, elsewhere.

In the command. A backend takes a job and answers with what came of it. `LocalBackend` runs jobs on a runner process:
on the warm one of a `galley serve` where that is up, else on one of its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import msgspec

from galley.config import Project
from galley.errors import GalleyError, RunnerError
from galley.record.dependencies import GALLEY
from galley.record.machine import folders, names
from galley.record.normalise import Where
from galley.run.client import PageRun, Tell, run_page
from galley.run.packages import FOLDERS
from galley.run.prepare import Answers, prepare
from galley.run.protocol import Job
from galley.run.quiet import machine
from galley.run.room import Room
from galley.run.runners import runner, warm_runner
from galley.system import cores, scratch

WAITS = "waits for another galley command"  # a colon and what that one does may follow
STARTS = 5  # how often a command starts the shared runner for one page before it gives up


class Backend(Protocol):
    """A place where pages run, used as an asynchronous context. Another place is another class with these methods."""

    def room(self, jobs: int) -> Room:
        """What lets pages in as there is room for them; `jobs` is how many threads may run at once, 0 for all."""

    async def prepare(self, profiles: Iterable[str], known: Answers) -> Sequence[GalleyError]:
        """Call the hook `prepare` where the pages run, for each profile that `known` has no answer for, and add it.

        Returns an error for each profile that cannot run.
        """

    async def __aenter__(self) -> Self:
        """Get ready to run pages."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Release everything and stop what still runs."""

    async def run(self, job: Job, tell: Tell, *, alone: bool) -> PageRun:
        """Run a page and return what came of it; the failure of a page is a result and not an exception.

        `job.scratch` is empty: the backend makes the page's folder, with a link in it for each name in `job.links`.
        `tell` is called with the job and a text at each moment that a user wants to see, such as a cell's beginning.
        With `alone`, no other page may run on the same machine meanwhile. Raises RunnerError where no page can run.
        """

    @property
    def told(self) -> str:
        """What the user wants to know at the end of the run of how the pages ran; empty for nothing."""


class LocalBackend:
    """Runs pages on this machine, each in a folder of its own that is removed when the page has ended."""

    def __init__(self, project: Project, given: Path | None = None, *, footprint: bool = False) -> None:
        """`given` is the socket of the runner to use; without it, a warm runner is used or a new one started.

        For a `footprint` it is a new one, which listens before it imports anything.
        """
        self.project, self._given, self._footprint = project, given, footprint
        self._stack, self._starting, self._apart = AsyncExitStack(), asyncio.Lock(), asyncio.Lock()
        self._socket: Path | None = None

    told = ""

    def room(self, jobs: int) -> Room:
        """The processors that this process may use, and the memory that is free."""
        return Room(jobs or cores())

    async def prepare(self, profiles: Iterable[str], known: Answers) -> Sequence[GalleyError]:
        """Call the hook in a process of its own on this machine."""
        return await prepare(self.project, profiles, known)

    async def __aenter__(self) -> Self:
        self._socket = self._given or (None if self._footprint else warm_runner(self.project))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def run(self, job: Job, tell: Tell, *, alone: bool) -> PageRun:
        """Run a page in a fresh folder, a second time where the runner went away."""
        with scratch("galley-page-") as folder:
            folder = folder.resolve()
            for link in job.links:
                (folder / link).symlink_to(self.project.snippets / link)
            job = msgspec.structs.replace(job, scratch=str(folder))
            name = f"process {os.getpid()} measures page {job.page} of {job.root}"

            def waits(holder: str) -> None:
                tell(job, f"{WAITS}: {holder}" if holder else WAITS)

            async with machine(alone=alone, name=name, waits=waits):
                return await self._run(job, tell)

    async def _run(self, job: Job, tell: Tell) -> PageRun:
        """Run the page on the runner that all pages share; try again where that runner goes away.

        There are two cases. The runner may be gone before the page begins: `run_page` raises RunnerError. The page had
        no part in that, so another shared runner is started for it, at most STARTS times. Or the runner goes away while
        the page runs: `run.lost`. Then this page, or another one beside it, may have brought the runner down, for
        example by using up the memory. So each such page runs once more on a runner of its own, one page at a time: a
        page that brings down its runner then harms no other page, and the second result is final. Where the caller gave
        the runner, the caller also replaces it, and nothing is tried again.
        """
        for last in range(1, STARTS + 1):
            used = await self.shared()
            try:
                run = await run_page(used, job, self._where(job), tell)
            except RunnerError:  # the runner was gone before this page began
                if last == STARTS or self._given:
                    raise
                await self.drop(used)
                continue
            if not run.lost or self._given:
                return run
            await self.drop(used)
            return await self._run_apart(job, tell)
        raise AssertionError("the last start returns or raises")

    async def _run_apart(self, job: Job, tell: Tell) -> PageRun:
        """Run the page on a runner of its own, with no other such page beside it."""
        async with self._apart:
            with scratch("galley-") as folder:
                async with runner(self.project, folder, footprint=self._footprint) as own:
                    return await run_page(own.socket, job, self._where(job), tell)

    def _where(self, job: Job) -> Where:
        return where(Path(job.scratch), self.project.snippets, self.project.root, Path(job.path).parent)

    async def shared(self) -> Path:
        """The socket of the shared runner, which is started where none runs."""
        async with self._starting:
            if self._socket is None:
                folder = self._stack.enter_context(scratch("galley-"))
                running = await self._stack.enter_async_context(runner(self.project, folder, footprint=self._footprint))
                self._socket = running.socket
            return self._socket

    async def drop(self, used: Path) -> None:
        """Forget a runner that went away and kill what is left of it; the next page starts another."""
        async with self._starting:
            if self._socket == used:
                self._socket = None
                await self._stack.aclose()


def where(scratch: Path, snippets: Path, root: Path | None = None, own: Path | None = None) -> Where:
    """The paths and names of a run on this machine that normalisation removes from recorded texts.

    `root` is the project's folder; without one it is the folder that holds `snippets`. `own` is the folder of the
    page's snippet file, where that is another one.
    """
    paths = sysconfig.get_paths()
    packages = [Path(paths[each]) for each in ("purelib", "platlib", "stdlib")]
    packages[2:2] = [Path(each) for each in sys.path if Path(each).name in FOLDERS and Path(each) not in packages]
    instead = folders(root or snippets.parent, GALLEY)
    return Where(scratch, snippets, tuple(packages), instead, names(), GALLEY, own)
