"""Runs tasks and keeps the record of each page that ran well: written where it says something new.

In the command: `galley run` and `galley serve` both keep records here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.kinds import Kinds, kinds_of
from galley.record.compare import changes
from galley.record.days import date_fault
from galley.record.held import release
from galley.record.model import Record
from galley.record.status import store_of
from galley.record.store import Store
from galley.record.whole import NewerRecordError
from galley.run.backend import Backend
from galley.run.choose import Task
from galley.run.client import PageRun, Tell
from galley.run.failure import Failure
from galley.run.outcome import Outcome
from galley.run.prepare import Answers
from galley.run.schedule import TaskRun, run_tasks


@dataclass(frozen=True)
class Kept:
    """What came of a page: a `failure`, of its code or of writing its record, or else a word on what was written.

    A page that was compared, and not kept, may have `errors`: what differs from its record. `cells` says what came of
    each of its cells. Of a page that went on past failures, `said` has what differs in its other cells.
    """

    run: PageRun
    failure: Failure | None = None
    said: str = ""
    errors: tuple[GalleyError, ...] = ()
    cells: tuple[Outcome, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every failure of the page: more than one where it went on."""
        return (self.failure, *self.run.also) if self.failure else ()


async def run_and_keep(
    project: Project, tasks: Sequence[Task], backend: Backend, tell: Tell, answers: Answers, jobs: int = 0
) -> AsyncIterator[Kept]:
    """Run the tasks whose profile the hook `prepare` answered for, and keep each record as its page ends.

    `answers` is what `prepare` said, by profile; the tasks of any other profile are left out. `jobs` is how many
    threads run at once, 0 for as many as there are cores. Raises RunnerError where no page can run, and GalleyError
    where two kinds of output have one name.
    """
    ready = [replace(task, variables=answers[task.profile.name]) for task in tasks if task.profile.name in answers]
    store, kinds = store_of(project), kinds_of(project)
    async for ran in run_tasks(project, ready, backend, tell, jobs):
        yield _kept(ran, store, kinds, project.machine)


def _kept(ran: TaskRun, store: Store, kinds: Kinds, machine: Collection[str]) -> Kept:
    if ran.run.failure:
        return failed(ran, kinds)
    try:
        return Kept(ran.run, said=_keep(ran, store, kinds, machine))
    except (GalleyError, OSError) as error:
        place, what = Place(store.shown(*ran.run.name)), str(error)
        if isinstance(error, GalleyError):
            place, what = error.place or place, f"{error.what}\n    {error.mend}" if error.mend else error.what
        failure = Failure(ran.run.page, ran.run.profile, "", place, f"ran, and cannot be recorded: {what}")
        return Kept(ran.run, failure, "FAILED")


def failed(ran: TaskRun, kinds: Kinds) -> Kept:
    """What came of a page that failed, with what differs from its record in the cells that ended well."""
    run, old = ran.run, ran.task.before
    if ran.partial is None:
        return Kept(run, run.failure, "FAILED")
    ended = ran.task.compared({each.cell for each in run.cells})
    told = [f"    {each}" for each in changes(old, ran.partial, ended, kinds)] if old else []
    count = f"FAILED in {1 + len(run.also)} of {len(ran.task.running(ran.task.snippets))} cells"
    return Kept(run, run.failure, "\n".join([f"{count}; of the others differ" if told else count, *told]))


def _keep(ran: TaskRun, store: Store, kinds: Kinds, machine: Collection[str]) -> str:
    """Write the record of a page that ran well, unless the old record claims the same; the answer tells what was done.

    What differs at every run, or on another machine, is no reason to write a record, nor is a difference that a cell's
    line excuses. So a run that finds the same claims changes no file, unless it was asked to renew the record.
    """
    assert ran.fresh is not None
    try:
        old = store.read(*ran.run.name)
    except NewerRecordError:
        raise
    except GalleyError:
        old = None  # torn or tampered with: there is nothing to compare with
    if old is None:
        return _recorded(store, ran.fresh, "recorded")
    changed = [each for each in changes(old, ran.fresh, ran.task.snippets, kinds, machine) if not each.may]
    if not changed and old.same_conditions(ran.fresh, machine) and not date_fault(old.date) and not ran.task.renew:
        return "unchanged"
    said = _recorded(store, ran.fresh, "recorded, same outputs" if not changed else "recorded")
    return "\n".join([said, *(f"    {each}" for each in changed)])


def _recorded(store: Store, fresh: Record, said: str) -> str:
    """Write a record, which ends the hold of its page; returns what was done, in words."""
    store.write(fresh)
    return f"{said}, no longer held" if release(store, fresh.page, fresh.profile) else said
