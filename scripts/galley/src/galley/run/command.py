"""What `galley run` does: choose the pages, run them, write the records, say what changed.

What runs pages is imported once there is something to run: a build with nothing to do waits for none of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from galley import system
from galley.config import Project
from galley.errors import RefusedError
from galley.record.status import store_of
from galley.run.result import Summary
from galley.run.tasks import Task, tasks_of
from galley.source.guide import Guide

if TYPE_CHECKING:
    from galley.run.progress import RunProgress


def run_pages(
    guide: Guide,
    pages: Sequence[str],
    profiles: Sequence[str],
    *,
    everything: bool,
    jobs: int,
    file: TextIO,
    meanwhile: Callable[[], object] | None = None,
) -> Summary:
    """Run and record the guide's named pages (all when none is named) as far as they are stale, or everything.

    What happens is told in `file`. `meanwhile` is called in a thread of its own beside the run, where there is
    something to run and none of it measures.
    Raises UsageError for a page or profile that is not there, RefusedError in CI.
    """
    tasks = tasks_of(guide, pages, profiles, everything=everything)
    unreadable = [error for error in guide.errors if error.place and error.place.path.suffix == ".py"]
    summary = Summary(errors=[] if pages else unreadable)
    if tasks:
        _run(guide.project, tasks, jobs, file, summary, meanwhile)
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
) -> None:
    if os.environ.get("CI"):
        what = f"CI writes no records, and these would be run: {', '.join(task.snippets.page for task in tasks)}"
        raise RefusedError(what, mend="run `galley run` where you can review and commit what it writes")
    system.need_fork()
    import asyncio

    from galley.run.keep import run_and_keep

    alone = any(task.alone for task in tasks)  # what measures has the machine for itself
    with _progress(file, len(tasks)) as progress, _beside(None if alone else meanwhile):
        asyncio.run(run_and_keep(project, tasks, jobs, store_of(project), progress, summary))


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


def _progress(file: TextIO, total: int) -> RunProgress:
    if file.isatty():
        from galley.run.live import LiveProgress

        return LiveProgress(file, total)
    from galley.run.progress import RunProgress

    return RunProgress(file, total)
