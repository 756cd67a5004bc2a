"""Runs pages again to note their footprints: which functions of installed packages each of their cells enters.

In the command: `galley run --footprint`. The run writes no record, since times and memory are other ones while
functions are counted. Its footprint is kept where the page printed what its record says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.record.footprints import true_of, write
from galley.run.backend import Backend
from galley.run.choose import Task
from galley.run.client import Tell
from galley.run.keep import Kept
from galley.run.prepare import Answers
from galley.run.rerun import Rerun, differences, rerun
from galley.words import counted


def to_trace(project: Project, tasks: Sequence[Task], *, everything: bool) -> list[Task]:
    """Of tasks whose records are true, those of pages without a footprint, or all with `everything`."""
    return [replace(each, traced=True) for each in tasks if everything or not _has_one(project, each)]


def _has_one(project: Project, task: Task) -> bool:
    try:
        return task.before is not None and true_of(project, task.before) is not None
    except GalleyError:
        return False  # it cannot be read: a new one takes its place


async def trace_and_keep(
    project: Project, tasks: Sequence[Task], backend: Backend, tell: Tell, answers: Answers, jobs: int = 0
) -> AsyncIterator[Kept]:
    """Run the tasks on a backend that notes footprints, and keep the footprint of each that repeats its record."""
    async for each in rerun(project, tasks, backend, tell, answers, jobs):
        if each.run.failure or each.found is None:
            yield Kept(each.run, each.run.failure)
            continue
        errors = tuple(_wrong(project, each))
        try:
            yield Kept(each.run, said="no footprint" if errors else _keep(project, each), errors=errors)
        except GalleyError as error:
            yield Kept(each.run, said="no footprint", errors=(error,))


def _wrong(project: Project, ran: Rerun) -> list[GalleyError]:
    """What differs from the record, so that the footprint would not be its own."""
    assert ran.found is not None
    name, profile = ran.task.name, ran.task.profile
    if ran.found.versions:
        again = f"galley run {name.page} --all --footprint" + ("" if profile.required else f" --profile {profile.name}")
        what = f"page {name} was recorded with other versions: {'; '.join(ran.found.versions)}"
        return [GalleyError(what, Place(project.relative(ran.task.snippets.path)), again)]
    if ran.run.footprint is None:
        what = f"page {name}: where it ran, nobody noted its footprint"
        return [GalleyError(what, Place(project.relative(ran.task.snippets.path)), "run it on this machine")]
    return list(differences(project, ran.task, ran.found))


def _keep(project: Project, ran: Rerun) -> str:
    assert ran.run.footprint is not None
    assert ran.task.before is not None
    count = len(ran.run.footprint.functions)
    how = "noted" if write(project, ran.task.before, ran.run.footprint) else "unchanged"
    return f"footprint {how}, {counted(count, 'function')}" + (f"; {why}" if (why := ran.run.footprint.opaque) else "")
