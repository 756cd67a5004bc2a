"""Runs pages again and compares what they print with their records; no record is written.

In the command: `galley run --check`, and any guide's own tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from galley.config import Project
from galley.errors import DiffersError, GalleyError, Place
from galley.kinds import kinds_of
from galley.record.compare import CellChange, Comparison, compare
from galley.record.difference import Change
from galley.run.backend import Backend
from galley.run.choose import Task
from galley.run.client import PageRun, Tell
from galley.run.keep import Kept, failed
from galley.run.prepare import Answers
from galley.run.schedule import run_tasks

STRICT = "the record is of other versions than this machine's, so that nothing could be held against it"


@dataclass(frozen=True)
class Rerun:
    """A page that ran again; `found` is its record against the new run.

    Where the page failed, `failed` says how, and there is nothing found.
    """

    task: Task
    run: PageRun
    found: Comparison | None
    failed: Kept | None = None


async def rerun(
    project: Project, tasks: Sequence[Task], backend: Backend, tell: Tell, answers: Answers, jobs: int = 0
) -> AsyncIterator[Rerun]:
    """Run the tasks whose profile the hook `prepare` answered for, and compare each with its record, `Task.before`."""
    ready = [replace(task, variables=answers[task.profile.name]) for task in tasks if task.profile.name in answers]
    kinds = kinds_of(project)
    async for ran in run_tasks(project, ready, backend, tell, jobs):
        old, fresh = ran.task.before, ran.fresh
        pair = compare(old, fresh, ran.task.snippets, kinds, project.machine) if old and fresh else None
        yield Rerun(ran.task, ran.run, pair, failed(ran, kinds) if ran.run.failure else None)


async def rerun_and_tell(
    project: Project,
    tasks: Sequence[Task],
    backend: Backend,
    tell: Tell,
    answers: Answers,
    jobs: int = 0,
    *,
    strict: bool = False,
) -> AsyncIterator[Kept]:
    """Run pages again, and say what differs from their records; with `strict`, other versions are a difference too."""
    async for each in rerun(project, tasks, backend, tell, answers, jobs):
        if each.found is None:
            yield each.failed or Kept(each.run)
            continue
        errors = tuple(differences(project, each.task, each.found, strict=strict))
        told = [f"    {line}" for line in (*each.found.versions, *each.found.drift)]
        same = "drifted" if each.found.versions else "same outputs, but" if told else "same outputs"
        yield Kept(each.run, said="\n".join(["DIFFERS" if errors else same, *told]), errors=errors)


def differences(project: Project, task: Task, found: Comparison, *, strict: bool = False) -> Iterator[GalleyError]:
    """An error for each difference that nothing excuses, at the line of its cell."""
    again = f"galley run {task.name.page} --all" + ("" if task.profile.required else f" --profile {task.name.profile}")
    for each in found.wrong:
        mend = f"{again} records it anew; or say on the cell's line why it may differ: {_reasons(task, each)}"
        what = f"page {task.name} in cell {each.cell.name}: {each} when it ran again"
        yield DiffersError(what, each.cell.place, mend)
    place = Place(project.relative(task.snippets.path))
    if not found.versions:
        yield from (DiffersError(f"page {task.name}: {said}", place, again) for said in found.facts)
    elif strict:
        yield DiffersError(f"page {task.name}: {STRICT}: {'; '.join(found.versions)}", place, again)


def _reasons(task: Task, change: CellChange) -> str:
    measured = "a measurement needs its unit beside it, " if task.alone else ""
    tolerance = 'tolerance="1e-3", ' if change.difference.change in (Change.NUMBERS, Change.WITHIN) else ""
    return f'{measured}{tolerance}by_processor="…" or varies="…"'
