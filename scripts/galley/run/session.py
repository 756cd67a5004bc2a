"""Runs many pages on one runner, as many at once as the processor has cores."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from galley.pages.cells import SnippetFile
from galley.pages.parameters import with_values
from galley.project import Profile, Project
from galley.run.job import Job
from galley.run.recording import Fresh, to_record, where
from galley.run.result import PageRun
from galley.run.runner import Tell, run_page, runner


@dataclass(frozen=True)
class Task:
    """A page to run under a profile."""

    snippets: SnippetFile
    profile: Profile

    @property
    def alone(self) -> bool:
        """A page that measures runs with no other beside it."""
        return any("measured" in cell.tags for cell in self.snippets.cells)


@dataclass(frozen=True)
class Ran:
    """A task that ended; `fresh` is its record unless the run failed."""

    task: Task
    run: PageRun
    fresh: Fresh | None


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def run_tasks(project: Project, tasks: Sequence[Task], tell: Tell, jobs: int = 0) -> AsyncIterator[Ran]:
    """Run the tasks and give each as it ends; `jobs` is how many at once, 0 for one a core.

    Raises RunnerError when the runner cannot start or goes away.
    """
    if not tasks:
        return
    async with runner(project) as path:
        for group, width in ((False, jobs or cores()), (True, 1)):
            waiting = asyncio.Semaphore(width)
            ours = [
                asyncio.create_task(_run(project, path, each, tell, waiting)) for each in tasks if each.alone is group
            ]
            try:
                for done in asyncio.as_completed(ours):
                    yield await done
            finally:
                for each in ours:
                    each.cancel()
                await asyncio.gather(*ours, return_exceptions=True)


async def _run(project: Project, path: Path, task: Task, tell: Tell, waiting: asyncio.Semaphore) -> Ran:
    async with waiting:
        with tempfile.TemporaryDirectory(prefix="galley-page-", ignore_cleanup_errors=True) as folder:
            scratch = Path(folder).resolve()
            for link in project.links:
                (scratch / link).symlink_to(project.snippets / link)
            snippets = with_values(task.snippets, task.profile.parameters)
            run = await run_page(path, _job(project, snippets, task.profile, scratch), project.timeout, tell)
            places = where(scratch, project.snippets)
            return Ran(task, run, None if run.failure else to_record(run, snippets, places))


def _job(project: Project, snippets: SnippetFile, profile: Profile, scratch: Path) -> Job:
    return Job(
        page=snippets.page,
        profile=profile.name,
        path=str(snippets.path),
        shown=str(project.relative(snippets.path)),
        source=snippets.source,
        root=str(project.root),
        scratch=str(scratch),
        parameters=profile.parameters,
        hooks=project.hooks,
        packages=project.packages,
        output_limit=project.output_limit,
    )
