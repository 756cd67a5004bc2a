"""What `galley run` does: choose the pages, run them, write or compare the records, say what changed.

In the command. What runs pages is imported once there is something to run: a build with nothing to do waits for none
of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TextIO

from galley import system
from galley.config import Project
from galley.errors import GalleyError, RefusedError, RunnerError
from galley.run.choose import Task, held_back, newer, tasks_of, to_compare
from galley.source.guide import Guide
from galley.system import sandbox

if TYPE_CHECKING:
    from galley.run.backend import Backend
    from galley.run.client import Failure
    from galley.run.keep import Kept
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
    check: bool = False,
    strict: bool = False,
    held: bool = False,
    footprint: bool = False,
) -> Summary:
    """Run and record the guide's named pages (all when none is named) as far as they are stale, or everything.

    A page that is run `twice` is recorded only where the second run repeats the first. What happens is told in `file`.
    Where there is something to run and none of it measures, `meanwhile` is called in a thread of its own beside
    the run; a GalleyError that it raises is among the summary's errors. Without a `backend` the pages run here.
    With `check`, the pages with a true record run again, and what differs from it is among the errors; nothing is
    written. `strict` counts other versions as a difference. Held pages are left out unless `held`. With `footprint`,
    the pages with a true record and no footprint run again, and their footprints are kept.
    Raises UsageError for a page or profile that is not there, RefusedError in CI.
    """
    unreadable = [error for error in guide.errors if error.place and error.place.path.suffix == ".py"]
    summary = Summary(errors=[] if pages else unreadable)
    if check or footprint:
        tasks, untrue = _again(guide, pages, profiles, held=held, footprint=footprint, everything=everything)
    else:
        chosen = tasks_of(guide, pages, profiles, everything=everything, held=held)
        tasks, untrue = [replace(each, twice=twice) for each in chosen], newer(guide, pages, profiles)
    summary.errors += untrue
    _may_write([] if check else tasks)
    if (check or everything or pages) and not held:
        _tell_held(guide, pages, profiles, file)
    if tasks:
        how = {"check": check, "strict": strict, "footprint": footprint}
        _run(guide.project, tasks, jobs, file, summary, meanwhile, backend, **how)
    else:
        system.sweep()  # of what commands left that were killed; a run does it, too
    if not tasks and not summary.errors:
        why = "no page has a record" if check else _why_nothing(guide, pages, profiles, footprint=footprint)
        print(f"nothing to run: {why}", file=file)
    return summary


def _tell_held(guide: Guide, pages: Sequence[str], profiles: Sequence[str], file: TextIO) -> None:
    for each in held_back(guide, pages, profiles):
        print(f"not run: {each.snippets.page} ({each.profile.name}) is {each.held}\n    {each.mend}", file=file)


def _again(
    guide: Guide, pages: Sequence[str], profiles: Sequence[str], *, held: bool, footprint: bool, everything: bool
) -> tuple[list[Task], list[GalleyError]]:
    """The tasks that run pages again beside their true records, and an error for each record that is not true."""
    tasks, untrue = to_compare(guide, pages, profiles, held=held)
    if not footprint:
        return tasks, untrue
    from galley.run.footprints import to_trace

    return to_trace(guide.project, tasks, everything=everything), untrue


def _may_write(tasks: Sequence[Task]) -> None:
    """Raises RefusedError where CI would write the records of these tasks."""
    if tasks and os.environ.get("CI"):
        what = f"CI writes no records, and these would be run: {', '.join(task.snippets.page for task in tasks)}"
        mend = "run `galley run` where you can review and commit what it writes; `galley run --check` writes nothing"
        raise RefusedError(what, mend=mend)


def _why_nothing(guide: Guide, pages: Sequence[str], profiles: Sequence[str], *, footprint: bool) -> str:
    if footprint:
        return "every record asked for has its footprint (--all notes them anew)"
    if guide.snippets and profiles and not tasks_of(guide, pages, profiles, everything=True):
        return f"no page's values change under {' or '.join(profiles)}; name a page to run it all the same"
    if not guide.snippets:
        return f"no file in {guide.project.relative(guide.project.snippets)} has cells"
    return "every record asked for is true (--all runs them anyway)"


def _run(
    project: Project,
    tasks: Sequence[Task],
    jobs: int,
    file: TextIO,
    summary: Summary,
    meanwhile: Callable[[], object] | None,
    backend: Backend | None,
    *,
    check: bool,
    strict: bool,
    footprint: bool,
) -> None:
    system.need_fork()
    _need_sandbox(project)
    # Imported here: a command with nothing to run does not wait a tenth of a second for what runs pages.
    import asyncio

    from galley.run.backend import LocalBackend
    from galley.run.footprints import trace_and_keep
    from galley.run.keep import run_and_keep
    from galley.run.prepare import Answers, prepare
    from galley.run.progress import progress
    from galley.run.rerun import rerun_and_tell

    ended = partial(rerun_and_tell, strict=strict) if check else trace_and_keep if footprint else run_and_keep

    async def run_all(where: Backend, rows: RunProgress) -> None:
        answers: Answers = {}
        told: set[str] = set()  # of the sandbox
        summary.errors += await prepare(project, (task.profile.name for task in tasks), answers)
        try:
            async with where:
                async for kept in ended(project, tasks, where, rows.tell, answers, jobs):
                    if (held := kept.run.protections) and (line := sandbox.told(held)) not in told:
                        rows.say(line)  # once, as long as it is the same for every page
                        told.add(line)
                    _told(kept, rows, summary)
        except RunnerError as error:
            summary.errors.append(error)  # what failed before it is still told

    alone = any(task.alone for task in tasks)  # a page that measures has the machine for itself
    with progress(file, len(tasks)) as rows, _beside(None if alone else meanwhile, summary):
        asyncio.run(run_all(backend or LocalBackend(project, footprint=footprint), rows))


def _need_sandbox(project: Project) -> None:
    """Raises RefusedError where the sandbox is required and a protection does not hold on this machine."""
    if project.sandbox == sandbox.REQUIRED and any((held := sandbox.probe()).values()):
        mend = "run it on Linux 6.12 or newer, where user namespaces and Landlock are allowed; "
        mend += 'or leave out --require-sandbox, and set sandbox = "on" under [tool.galley]'
        raise RefusedError(f"the sandbox is required. {sandbox.told(held)}", project.place("sandbox"), mend)


def _told(kept: Kept, rows: RunProgress, summary: Summary) -> None:
    reached = ", with network" if "network" in kept.run.environment.provenance else ""
    if kept.failure:
        summary.failures.append(kept.failure)
        rows.ended(kept.run, "FAILED")
    else:
        summary.errors += kept.errors
        rows.ended(kept.run, f"{kept.said} ({len(kept.run.cells)} cells, {kept.run.seconds:.1f} s{reached})")


@contextmanager
def _beside(work: Callable[[], object] | None, summary: Summary) -> Iterator[None]:
    """Do something in a thread for as long as the context lasts; a GalleyError of the thread goes into `summary`."""
    if work is None:
        yield
        return
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        yield
    try:
        done.result()
    except GalleyError as error:
        summary.errors.append(error)
