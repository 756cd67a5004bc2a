"""Runs pages again and compares what they print with their records; no record is written.

In the command, `galley test`, and in pytest's process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from galley.config import Project
from galley.errors import DiffersError, GalleyError, Place
from galley.kinds import Kinds, kinds_of
from galley.record.compare import CellChange, Comparison, compare
from galley.record.difference import Change
from galley.run.backend import Backend
from galley.run.choose import Task
from galley.run.client import PageRun, Tell
from galley.run.keep import Kept, failed
from galley.run.outcome import Outcome, Result
from galley.run.prepare import Answers
from galley.run.schedule import TaskRun, run_tasks
from galley.source.parameters import with_values

STRICT = "the record is of other versions than this machine's, so that nothing could be held against it"


@dataclass(frozen=True)
class Rerun:
    """A page that ran again; `found` is its record against the new run, None where nothing could be compared.

    Where the page failed, `failed` says how. What is found is then of the other cells of a page that went on.
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
        found = _compared(project, ran, kinds)
        yield Rerun(ran.task, ran.run, found, failed(ran, kinds) if ran.run.failure else None)


def _compared(project: Project, ran: TaskRun, kinds: Kinds) -> Comparison | None:
    old, fresh = ran.task.before, ran.fresh or ran.partial
    if old is None or fresh is None:
        return None
    return compare(old, fresh, ran.task.compared({each.cell for each in ran.run.cells}), kinds, project.machine)


async def rerun_and_tell(
    project: Project,
    tasks: Sequence[Task],
    backend: Backend,
    tell: Tell,
    answers: Answers,
    jobs: int = 0,
    *,
    strict: bool = False,
    each_cell: bool = False,
) -> AsyncIterator[Kept]:
    """Run pages again, and say what differs from their records; with `strict`, other versions are a difference too.

    A cell that is named has a line of its own, and with `each_cell` every cell has one.
    """
    async for each in rerun(project, tasks, backend, tell, answers, jobs):
        cells = tuple(outcomes(project, each, strict=strict))
        told = [f"    {cell}" for cell in cells if each_cell or each.task.only]
        if each.failed or each.found is None:
            kept = each.failed or Kept(each.run)
            yield replace(kept, said="\n".join([kept.said, *told]), cells=cells)
            continue
        errors = tuple(differences(project, each.task, each.found, strict=strict))
        drift = [f"    {line}" for line in (*each.found.versions, *each.found.drift)]
        same = "drifted" if each.found.versions else "same outputs, but" if drift else "same outputs"
        said = "\n".join(["DIFFERS" if errors else same, *drift, *told])
        yield Kept(each.run, said=said, errors=errors, cells=cells)


def outcomes(project: Project, ran: Rerun, *, strict: bool = False) -> Iterator[Outcome]:
    """What came of each cell that was to be compared; what is wrong with the whole page is told at its first cell."""
    seconds = {each.cell: each.cost.seconds for each in ran.run.cells}
    failures = {each.cell: each for each in ran.failed.failures} if ran.failed else {}
    wrong: dict[str, list[str]] = {}
    for name, error in _differences(project, ran.task, ran.found, strict=strict) if ran.found else ():
        wrong.setdefault(name, []).append(str(error))
    cells = ran.task.running(with_values(ran.task.snippets, ran.task.profile.parameters))
    for cell in (each for each in cells if not ran.task.only or each.name in ran.task.only):
        took = seconds.get(cell.name, 0.0)
        if failure := failures.get(cell.name):
            said = f"{failure}\n{failure.detail}" if failure.detail else str(failure)
            yield Outcome(ran.task.name, cell, Result.FAILED, said)
        elif cell.name not in seconds:
            yield Outcome(ran.task.name, cell, Result.UNKNOWN, f"nothing is known of it: {ran.run.failure}")
        elif said := "\n".join([*wrong.pop("", ()), *wrong.get(cell.name, ())]):
            yield Outcome(ran.task.name, cell, Result.DIFFERS, said, took)
        elif ran.found and (may := [each for each in ran.found.changes if each.cell.name == cell.name]):
            reasons = [f"it may: {each.may}" for each in may if each.may] or ran.found.versions
            said = "\n".join([*(_told(each) for each in may), *reasons])
            yield Outcome(ran.task.name, cell, Result.MAY, said, took)
        else:
            yield Outcome(ran.task.name, cell, Result.SAME, "", took)


def differences(project: Project, task: Task, found: Comparison, *, strict: bool = False) -> Iterator[GalleyError]:
    """An error for each difference that nothing excuses, at the line of its cell."""
    return (error for _, error in _differences(project, task, found, strict=strict))


def _differences(project: Project, task: Task, found: Comparison, *, strict: bool) -> Iterator[tuple[str, GalleyError]]:
    """Each error with the name of its cell, which is empty for what is said of the page as a whole."""
    again = f"galley run {task.name.page} --all" + ("" if task.profile.required else f" --profile {task.name.profile}")
    for each in found.wrong:
        mend = f"{again} records it anew; or say on the cell's line why it may differ: {_reasons(task, each)}"
        what = f"page {task.name} in cell {each.cell.name}: {_told(each, ' when it ran again')}"
        yield each.cell.name, DiffersError(what, each.cell.place, mend)
    place = Place(project.relative(task.snippets.path))
    if not found.versions:
        yield from (("", DiffersError(f"page {task.name}: {said}", place, again)) for said in found.facts)
    elif strict:
        yield "", DiffersError(f"page {task.name}: {STRICT}: {'; '.join(found.versions)}", place, again)


def _told(change: CellChange, when: str = "") -> str:
    """How an output differs, in a sentence and piece by piece."""
    return "\n".join([f"{change}{when}", *(f"        {piece}" for piece in change.difference.pieces)])


def _reasons(task: Task, change: CellChange) -> str:
    measured = "a measurement needs its unit beside it, " if task.alone else ""
    tolerance = 'tolerance="1e-3", ' if change.difference.change in (Change.NUMBERS, Change.WITHIN) else ""
    return f'{measured}{tolerance}by_processor="…" or varies="…"'
