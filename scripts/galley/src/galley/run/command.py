"""What `galley run` does: choose the pages, run them, write the records, say what changed.

In the command. What runs pages is imported once there is something to run: a build with nothing to do waits for none
of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TextIO

from galley import system
from galley.config import Project
from galley.errors import GalleyError, Place, RefusedError, RunnerError
from galley.record.status import store_of
from galley.record.store import NewerRecordError, Store
from galley.run.schedule import Ran, Task, newer, tasks_of
from galley.source.guide import Guide

if TYPE_CHECKING:
    from galley.kinds import Kinds
    from galley.run.backend import Backend
    from galley.run.client import Failure
    from galley.run.progress import RunProgress


@dataclass
class Summary:
    """How a run ended: pages that failed, and what else went wrong."""

    failures: list[Failure] = field(default_factory=list)
    errors: list[GalleyError] = field(default_factory=list)


def run_pages(
    guide: Guide,
    pages: Sequence[str],
    profiles: Sequence[str],
    *,
    everything: bool,
    jobs: int,
    file: TextIO,
    meanwhile: Callable[[], object] | None = None,
    backend: Backend | None = None,
    twice: bool = False,
) -> Summary:
    """Run and record the guide's named pages (all when none is named) as far as they are stale, or everything.

    A page that is run `twice` is recorded only where the second run repeats the first.
    What happens is told in `file`. `meanwhile` is called in a thread of its own beside the run, where there is
    something to run and none of it measures. Without a `backend` the pages run on this machine.
    Raises UsageError for a page or profile that is not there, RefusedError in CI.
    """
    tasks = [replace(each, twice=twice) for each in tasks_of(guide, pages, profiles, everything=everything)]
    unreadable = [error for error in guide.errors if error.place and error.place.path.suffix == ".py"]
    summary = Summary(errors=[*([] if pages else unreadable), *newer(guide, pages, profiles)])
    if tasks:
        _run(guide.project, tasks, jobs, file, summary, meanwhile, backend)
    elif not summary.errors:
        print(f"nothing to run: {_why_nothing(guide, pages, profiles)}", file=file)
    return summary


def _why_nothing(guide: Guide, pages: Sequence[str], profiles: Sequence[str]) -> str:
    if guide.snippets and profiles and not tasks_of(guide, pages, profiles, everything=True):
        return f"no page's values change under {' or '.join(profiles)}; name a page to run it all the same"
    return "every record asked for is true (--all runs them anyway)"


def _run(
    project: Project,
    tasks: Sequence[Task],
    jobs: int,
    file: TextIO,
    summary: Summary,
    meanwhile: Callable[[], object] | None,
    backend: Backend | None,
) -> None:
    if os.environ.get("CI"):
        what = f"CI writes no records, and these would be run: {', '.join(task.snippets.page for task in tasks)}"
        raise RefusedError(what, mend="run `galley run` where you can review and commit what it writes")
    system.need_fork()
    import asyncio

    from galley.run.backend import LocalBackend
    from galley.run.progress import progress

    alone = any(task.alone for task in tasks)  # what measures has the machine for itself
    where = LocalBackend(project) if backend is None else backend
    with progress(file, len(tasks)) as shown, _beside(None if alone else meanwhile):
        asyncio.run(run_and_keep(project, tasks, jobs, where, shown, summary))


async def run_and_keep(
    project: Project, tasks: Sequence[Task], jobs: int, backend: Backend, progress: RunProgress, summary: Summary
) -> None:
    """Prepare the tasks, run them, keep what went well; what did not goes into `summary`."""
    from galley.kinds import kinds_of
    from galley.run.prepare import Answers, prepare
    from galley.run.schedule import run_tasks

    answers: Answers = {}
    summary.errors += await prepare(project, (task.profile.name for task in tasks), answers)
    ready = [replace(task, environment=answers[task.profile.name]) for task in tasks if task.profile.name in answers]
    store, kinds = store_of(project), kinds_of(project)
    try:
        async with backend:
            async for ran in run_tasks(project, ready, backend, progress.tell, jobs):
                failure, said = kept(ran, store, kinds)
                if failure:
                    summary.failures.append(failure)
                    progress.ended(ran, "FAILED")
                else:
                    progress.ended(ran, f"{said} ({len(ran.run.cells)} cells, {ran.run.seconds:.1f} s)")
    except RunnerError as error:
        summary.errors.append(error)  # what failed before it is still told


def kept(ran: Ran, store: Store, kinds: Kinds) -> tuple[Failure | None, str]:
    """Keep what went well: the failure of the page or of writing its record, or else a word on what was written."""
    from galley.run.client import Failure

    if ran.run.failure:
        return ran.run.failure, ""
    try:
        return None, keep(ran, store, kinds)
    except (GalleyError, OSError) as error:
        place, what = Place(store.shown / ran.run.page / ran.run.profile), str(error)
        if isinstance(error, GalleyError):
            place, what = error.place or place, f"{error.what}\n    {error.mend}" if error.mend else error.what
        return Failure(ran.run.page, ran.run.profile, "", place, f"ran, and cannot be recorded: {what}"), ""


def keep(ran: Ran, store: Store, kinds: Kinds) -> str:
    """Write the record of a page that ran, where it says something new; the answer says what."""
    from galley.run.recording import changes

    assert ran.fresh is not None
    try:
        old = store.read(ran.run.page, ran.run.profile)
    except NewerRecordError:
        raise
    except GalleyError:
        old = None  # torn or tampered with: there is nothing to compare with
    if old is None:
        store.write(ran.fresh)
        return "recorded"
    changed = changes(old, ran.fresh, ran.task.snippets, kinds)
    if not changed and old.same_conditions(ran.fresh):
        return "unchanged"
    store.write(ran.fresh)
    told = [f"    {each.file} {each.what}" for each in changed]
    return "\n".join(["recorded, same outputs" if not changed else "recorded", *told])


@contextmanager
def _beside(work: Callable[[], object] | None) -> Iterator[None]:
    """Do something in a thread for as long as the context lasts; whether it went well is not looked at."""
    if work is None:
        yield
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work)
        yield
