"""Runs tasks, shows how far they are, and writes the records of those that went well."""

from __future__ import annotations

from collections.abc import Sequence

from galley.config import Project
from galley.errors import GalleyError, Place, RunnerError
from galley.record.store import Store
from galley.run.prepare import prepare
from galley.run.progress import RunProgress
from galley.run.recording import changes
from galley.run.result import Failure, Summary
from galley.run.session import Ran, run_tasks
from galley.run.tasks import Task


async def run_and_keep(
    project: Project, tasks: Sequence[Task], jobs: int, store: Store, progress: RunProgress, summary: Summary
) -> None:
    """Prepare the tasks, run them, keep what went well; what did not goes into `summary`."""
    ready, errors = await prepare(project, tasks)
    summary.errors += errors
    try:
        async for ran in run_tasks(project, ready, progress.tell, jobs):
            if ran.run.failure:
                summary.failures.append(ran.run.failure)
                progress.ended(ran, "FAILED")
                continue
            try:
                said = keep(ran, store)
            except (GalleyError, OSError) as error:
                summary.failures.append(not_kept(ran, store, error))
                progress.ended(ran, "FAILED")
            else:
                progress.ended(ran, f"{said} ({len(ran.run.cells)} cells, {ran.run.seconds:.1f} s)")
    except RunnerError as error:
        summary.errors.append(error)  # what failed before it is still told


def not_kept(ran: Ran, store: Store, error: GalleyError | OSError) -> Failure:
    """The failure of a page that ran well and whose record could not be written."""
    place, what = Place(store.shown / ran.run.page / ran.run.profile), str(error)
    if isinstance(error, GalleyError):
        place, what = error.place or place, f"{error.what}\n    {error.mend}" if error.mend else error.what
    return Failure(ran.run.page, ran.run.profile, "", place, f"ran, and cannot be recorded: {what}")


def keep(ran: Ran, store: Store) -> str:
    """Write the record of a page that ran, where it says something new; the answer says what."""
    assert ran.fresh is not None
    try:
        old = store.read(ran.run.page, ran.run.profile)
    except GalleyError:
        old = None  # torn or tampered with: there is nothing to compare with
    if old is None:
        store.write(ran.fresh.record, ran.fresh.files)
        return "recorded"
    changed = changes(old, ran.fresh, ran.task.snippets)
    if not changed and old.same_conditions(ran.fresh.record):
        return "unchanged"
    store.write(ran.fresh.record, ran.fresh.files)
    return "\n".join(
        [
            "recorded, same outputs" if not changed else "recorded",
            *(f"    {each.file} {each.what}" for each in changed),
        ]
    )
