"""Runs chosen pages on a backend, the longest first, as the machine has room for them.

In the command.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.kinds import kinds_of
from galley.plugins import plugins_of
from galley.record.dependencies import declared, named
from galley.record.model import Record
from galley.record.settings import reaching
from galley.run.backend import Backend
from galley.run.choose import Task
from galley.run.client import PageRun, Tell
from galley.run.failure import Failure
from galley.run.prepare import facts_of
from galley.run.protocol import SLOWER, Job
from galley.run.recording import to_record
from galley.run.room import Room
from galley.run.twice import not_repeated
from galley.source.cells import SnippetFile
from galley.source.parameters import with_values


@dataclass(frozen=True)
class TaskRun:
    """A task that ended, with what came of the page; `fresh` is the new record, None where the page failed.

    Of a page that went on past failures to its end, `partial` is what a record of its other cells would be.
    """

    task: Task
    run: PageRun
    fresh: Record | None
    partial: Record | None = None


async def run_tasks(
    project: Project, tasks: Sequence[Task], backend: Backend, tell: Tell, jobs: int = 0
) -> AsyncIterator[TaskRun]:
    """Run the tasks on a backend, the longest first, and yield each one when it has ended.

    `jobs` is how many threads run at once, 0 for as many as the backend has room for. Raises RunnerError where no page
    can run.
    """
    room = backend.room(jobs)
    ordered = sorted(tasks, key=lambda task: -task.seconds)
    running: dict[int, asyncio.Task[tuple[int, TaskRun]]] = {}

    async def one(number: int, task: Task) -> tuple[int, TaskRun]:
        return number, await _run(project, backend, task, tell, room)

    for number, task in enumerate(ordered):
        running[number] = asyncio.create_task(one(number, task))
    try:
        for done in asyncio.as_completed(iter(running.values())):  # of a list it would keep every page's outputs
            number, ran = await done
            del running[number]
            yield ran
            del ran, done
    finally:
        for each in running.values():
            each.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


async def _run(project: Project, backend: Backend, task: Task, tell: Tell, room: Room) -> TaskRun:
    async with room.held(task.snippets.threads, task.peak_mb or task.profile.needs_mb, task.alone):
        snippets = with_values(task.snippets, task.profile.parameters)
        uses: list[str] = []
        for cell in task.running(snippets):
            try:
                uses += map(str, (*declared(project, cell), *named(project, cell)))
            except GalleyError as error:
                what, place = f"{error.what}: {error.mend}", error.place or Place(snippets.path)
                failure = Failure(snippets.page, task.profile.name, cell.name, place, what)
                return TaskRun(task, PageRun(snippets.page, task.profile.name, failure=failure), None)
        job = _job(project, snippets, task, uses)
        settings = reaching(project, task.profile)  # before the page runs, as the job has them
        run = await backend.run(job, tell, alone=task.alone)
        found = to_record(run, snippets, settings) if run.where else None  # it came to its end
        done = TaskRun(task, run, None, found) if run.failure else TaskRun(task, run, found)
        if not task.twice or done.fresh is None:
            return done
        again = await backend.run(job, tell, alone=task.alone)
        return _repeated(project, done, again, snippets)


def _repeated(project: Project, first: TaskRun, again: PageRun, snippets: SnippetFile) -> TaskRun:
    """The first run where the second one repeated it, and else the failure."""
    if again.failure:
        return TaskRun(first.task, again, None)
    assert first.fresh is not None
    failure = not_repeated(first.fresh, to_record(again, snippets, first.fresh.settings), snippets, kinds_of(project))
    return TaskRun(first.task, replace(first.run, failure=failure), None) if failure else first


def _job(project: Project, snippets: SnippetFile, task: Task, uses: Sequence[str]) -> Job:
    return Job(
        page=snippets.page,
        profile=task.profile.name,
        path=str(snippets.path),
        relative=str(project.relative(snippets.path)),
        source=snippets.source,
        cells=[cell.name for cell in task.running(snippets)],
        part=len(task.running(snippets)) < len(snippets.cells),
        root=str(project.root),
        snippets=str(project.snippets),
        links=project.links,
        parameters=task.profile.parameters,
        hooks=project.hooks,
        variables=task.variables,
        answers=facts_of(project, task.variables),
        plugins=plugins_of(project).names,
        packages=project.packages,
        uses=uses,
        threads=snippets.threads,
        timeout=project.timeout,
        page_timeout=project.page_timeout,
        patience=task.profile.patience * (SLOWER if task.traced else 1),
        memory_mb=task.profile.memory_mb,
        output_limit=project.output_limit,
        sandbox=project.sandbox,
        network=snippets.network,
        reads=(*project.reads, *filter(os.path.isabs, task.variables.values())),
        devices=task.profile.devices,
        keep_going=task.keep_going,
        gpus=task.profile.gpus,
        peak_mb=task.peak_mb,
    )
