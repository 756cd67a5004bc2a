"""What there is to run, and when each page runs: chosen by the state of its record, let in as the machine has room.

In the command. Choosing imports nothing that runs pages: a build with nothing to do waits for none of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from galley.config import Profile, Project
from galley.errors import GalleyError, NotTrueError, Place
from galley.plugins import plugins_of
from galley.record.dependencies import declared
from galley.record.model import Record
from galley.record.settings import reaching
from galley.record.status import SHOWABLE, State, Status, has_place, status
from galley.source.cells import SnippetFile
from galley.source.guide import Guide
from galley.source.parameters import with_values

if TYPE_CHECKING:
    from galley.run.backend import Backend
    from galley.run.client import PageRun, Tell
    from galley.run.protocol import Job
    from galley.run.room import Room


@dataclass(frozen=True)
class Task:
    """A page to run under a profile; `before` is its last record, which says how much it is likely to need."""

    snippets: SnippetFile
    profile: Profile
    before: Record | None = None
    environment: Mapping[str, str] = field(default_factory=dict)  # what `prepare` answered

    @property
    def alone(self) -> bool:
        """A page that measures runs with no other beside it."""
        return any("measured" in cell.tags for cell in self.snippets.cells)

    @property
    def seconds(self) -> float:
        """What the page took last time."""
        return sum(cell.seconds for cell in self.before.cells) if self.before else 0.0

    @property
    def peak_mb(self) -> float:
        """What the page needed last time."""
        return max((cell.peak_mb for cell in self.before.cells), default=0.0) if self.before else 0.0


@dataclass(frozen=True)
class Ran:
    """A task that ended; `fresh` is its record unless the run failed."""

    task: Task
    run: PageRun
    fresh: Record | None


def tasks_of(guide: Guide, pages: Sequence[str], profiles: Sequence[str], *, everything: bool) -> list[Task]:
    """What a run of these pages under these profiles, by name, would do; the required profiles where none is named."""
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    return choose(guide, pages, under, everything=everything)


def choose(guide: Guide, pages: Sequence[str], profiles: Sequence[Profile], *, everything: bool) -> list[Task]:
    """The tasks that a run has: those without a record that may be shown, or all.

    A page that is not named has none under a profile that has no place on it.
    """
    return [
        Task(each.snippets, each.profile, each.record)
        for each in _looked_at(guide, pages, profiles)
        if each.state is not State.NEWER and (everything or each.state not in SHOWABLE)
    ]


def newer(guide: Guide, pages: Sequence[str], profiles: Sequence[str]) -> list[GalleyError]:
    """An error for each record that a newer galley wrote: this one neither reads nor replaces it."""
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    found = [each for each in _looked_at(guide, pages, under) if each.state is State.NEWER]
    return [NotTrueError(each.reasons[0].what, each.reasons[0].place, each.mend) for each in found]


def _looked_at(guide: Guide, pages: Sequence[str], profiles: Sequence[Profile]) -> list[Status]:
    chosen = [guide.find(page) for page in pages] or guide.snippets.values()
    found = [status(guide.project, snippets, profile) for snippets in chosen for profile in profiles]
    return [each for each in found if pages or has_place(guide.project, each)]


async def run_tasks(
    project: Project, tasks: Sequence[Task], backend: Backend, tell: Tell, jobs: int = 0
) -> AsyncIterator[Ran]:
    """Run the tasks on a backend, the longest first, and give each as it ends.

    `jobs` is how many threads run at once, 0 for one a core. Raises RunnerError where no page can run.
    """
    import asyncio

    from galley.run.room import Room

    room = Room(jobs or backend.cores)
    ordered = sorted(tasks, key=lambda task: -task.seconds)
    running = [asyncio.create_task(_run(project, backend, task, tell, room)) for task in ordered]
    try:
        for done in asyncio.as_completed(running):
            yield await done
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _run(project: Project, backend: Backend, task: Task, tell: Tell, room: Room) -> Ran:
    from galley.run.client import Failure, PageRun
    from galley.run.recording import to_record

    async with room.place(task.snippets.threads, task.peak_mb, task.alone):
        snippets = with_values(task.snippets, task.profile.parameters)
        uses: list[str] = []
        for cell in snippets.cells:
            try:
                uses += map(str, declared(project, cell))
            except GalleyError as error:
                what, place = f"{error.what}: {error.mend}", error.place or Place(snippets.path)
                failure = Failure(snippets.page, task.profile.name, cell.name, place, what)
                return Ran(task, PageRun(snippets.page, task.profile.name, failure=failure), None)
        settings = reaching(project, task.profile)  # before the page runs, as the job has them
        run = await backend.run(_job(project, snippets, task, uses), tell, alone=task.alone)
        return Ran(task, run, None if run.failure else to_record(run, snippets, settings))


def _job(project: Project, snippets: SnippetFile, task: Task, uses: Sequence[str]) -> Job:
    from galley.run.protocol import Job

    return Job(
        page=snippets.page,
        profile=task.profile.name,
        path=str(snippets.path),
        shown=str(project.relative(snippets.path)),
        source=snippets.source,
        root=str(project.root),
        links=project.links,
        parameters=task.profile.parameters,
        hooks=project.hooks,
        environment=task.environment,
        plugins=plugins_of(project).names,
        packages=project.packages,
        uses=uses,
        threads=snippets.threads,
        timeout=project.timeout,
        page_timeout=project.page_timeout,
        memory_mb=task.profile.memory_mb,
        output_limit=project.output_limit,
    )
