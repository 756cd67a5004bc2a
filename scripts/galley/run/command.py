"""What `galley run` does: choose the pages, run them, write the records, say what changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console

from galley.errors import GalleyError, RefusedError, RunnerError
from galley.pages.guide import Guide, read_guide
from galley.project import Profile, Project
from galley.records.status import SHOWABLE, status, store_of
from galley.records.store import Store
from galley.run.prepare import prepare
from galley.run.progress import RunProgress
from galley.run.recording import changes
from galley.run.result import Failure
from galley.run.session import Ran, Task, run_tasks


@dataclass
class Summary:
    """How a run ended: pages that failed, and files that could not be read."""

    failures: list[Failure] = field(default_factory=list)
    errors: list[GalleyError] = field(default_factory=list)


def run_pages(
    project: Project,
    pages: Sequence[str],
    profiles: Sequence[str],
    *,
    everything: bool,
    jobs: int,
    console: Console,
) -> Summary:
    """Run and record the named pages (all when none is named) as far as they are stale, or everything.

    Raises UsageError for a page or profile that is not there, RefusedError in CI.
    """
    guide = read_guide(project)
    tasks = tasks_of(guide, pages, profiles, everything=everything)
    unreadable = [error for error in guide.errors if error.place and error.place.path.suffix == ".py"]
    summary = Summary(errors=[] if pages else unreadable)
    if not tasks:
        if not summary.errors:
            console.print("nothing to run: every record asked for is true (--all runs them anyway)")
        return summary
    if os.environ.get("CI"):
        what = f"CI writes no records, and these would be run: {', '.join(task.snippets.page for task in tasks)}"
        raise RefusedError(what, mend="run `galley run` where you can review and commit what it writes")
    store = store_of(project)
    with RunProgress(console, len(tasks)) as progress:
        asyncio.run(_run(project, tasks, jobs, store, progress, summary))
    return summary


def tasks_of(guide: Guide, pages: Sequence[str], profiles: Sequence[str], *, everything: bool) -> list[Task]:
    """What a run of these pages under these profiles, by name, would do; the required profiles where none is named."""
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    return choose(guide, pages, under, everything=everything)


def choose(guide: Guide, pages: Sequence[str], profiles: Sequence[Profile], *, everything: bool) -> list[Task]:
    """The tasks that a run has: those without a record that may be shown, or all."""
    chosen = [guide.find(page) for page in pages] or list(guide.snippets.values())
    found = [status(guide.project, snippets, profile) for snippets in chosen for profile in profiles]
    wanted = [each for each in found if everything or each.state not in SHOWABLE]
    return [Task(each.snippets, each.profile, each.record) for each in wanted]


async def _run(
    project: Project, tasks: Sequence[Task], jobs: int, store: Store, progress: RunProgress, summary: Summary
) -> None:
    ready, errors = await prepare(project, tasks)
    summary.errors += errors
    try:
        async for ran in run_tasks(project, ready, progress.tell, jobs):
            if ran.run.failure:
                summary.failures.append(ran.run.failure)
                progress.ended(ran, "FAILED")
            else:
                progress.ended(ran, f"{keep(ran, store)} ({len(ran.run.cells)} cells, {ran.run.seconds:.1f} s)")
    except RunnerError as error:
        summary.errors.append(error)  # what failed before it is still told


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
