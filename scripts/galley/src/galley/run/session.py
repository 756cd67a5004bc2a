"""Runs many pages on one runner, as many at once as the machine has room for."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError, Place, RunnerError
from galley.record.declared import declared
from galley.run.job import Job
from galley.run.quiet import machine
from galley.run.recording import Fresh, to_record, where
from galley.run.result import Failure, PageRun
from galley.run.room import Room
from galley.run.runner import Tell, run_page
from galley.run.tasks import Task
from galley.run.warm import own_runner, warm_runner
from galley.source.cells import SnippetFile
from galley.source.parameters import with_values
from galley.system import cores


@dataclass(frozen=True)
class Ran:
    """A task that ended; `fresh` is its record unless the run failed."""

    task: Task
    run: PageRun
    fresh: Fresh | None


async def run_tasks(project: Project, tasks: Sequence[Task], tell: Tell, jobs: int = 0) -> AsyncIterator[Ran]:
    """Run the tasks and give each as it ends; `jobs` is how many threads at once, 0 for one a core.

    They run on the warm runner where one is up. It belongs to another command, which may end or replace it at
    any time; what was not done by then runs on a runner of our own.
    Raises RunnerError when that cannot start or goes away.
    """
    left = list(tasks)
    if left and (path := warm_runner(project)):
        with suppress(RunnerError):
            async for ran in run_on(path, project, tasks, tell, jobs):
                if not ran.run.lost:
                    left.remove(ran.task)
                    yield ran
    if left:
        async with own_runner(project) as path:
            async for ran in run_on(path, project, left, tell, jobs):
                yield ran


async def run_on(path: Path, project: Project, tasks: Sequence[Task], tell: Tell, jobs: int = 0) -> AsyncIterator[Ran]:
    """Run the tasks on the runner that listens on `path`, the longest first."""
    room = Room(jobs or cores())
    ordered = sorted(tasks, key=lambda task: -task.seconds)
    running = [asyncio.create_task(_run(project, path, task, tell, room)) for task in ordered]
    try:
        for done in asyncio.as_completed(running):
            yield await done
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _run(project: Project, path: Path, task: Task, tell: Tell, room: Room) -> Ran:
    async with room.place(task.snippets.threads, task.peak_mb, task.alone):
        with tempfile.TemporaryDirectory(prefix="galley-page-", ignore_cleanup_errors=True) as folder:
            scratch = Path(folder).resolve()
            for link in project.links:
                (scratch / link).symlink_to(project.snippets / link)
            snippets = with_values(task.snippets, task.profile.parameters)
            uses: list[str] = []
            for cell in snippets.cells:
                try:
                    uses += map(str, declared(project, cell))
                except GalleyError as error:
                    what, place = f"{error.what}: {error.mend}", error.place or Place(snippets.path)
                    failure = Failure(snippets.page, task.profile.name, cell.name, place, what)
                    return Ran(task, PageRun(snippets.page, task.profile.name, failure=failure), None)
            job = _job(project, snippets, task, scratch, uses)
            async with machine(alone=task.alone, waits=lambda: tell(job, "waits for another galley command")):
                run = await run_page(path, job, tell)
            places = where(scratch, project.snippets)
            return Ran(task, run, None if run.failure else to_record(run, snippets, places))


def _job(project: Project, snippets: SnippetFile, task: Task, scratch: Path, uses: Sequence[str]) -> Job:
    return Job(
        page=snippets.page,
        profile=task.profile.name,
        path=str(snippets.path),
        shown=str(project.relative(snippets.path)),
        source=snippets.source,
        root=str(project.root),
        scratch=str(scratch),
        parameters=task.profile.parameters,
        hooks=project.hooks,
        environment=task.environment,
        packages=project.packages,
        uses=uses,
        threads=snippets.threads,
        timeout=project.timeout,
        page_timeout=project.page_timeout,
        memory_mb=task.profile.memory_mb,
        output_limit=project.output_limit,
    )
