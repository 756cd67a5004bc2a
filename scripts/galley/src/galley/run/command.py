"""What `galley run` and `galley test` do: choose the pages, run them, write or compare the records, say what changed.

In the command. What runs pages is imported once there is something to run: a build with nothing to do waits for none
of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, TextIO

from galley import system
from galley.config import Project
from galley.errors import GalleyError, RefusedError, RunnerError
from galley.record.shard import Note, Part, Progress
from galley.record.status import Status, store_of
from galley.run.choose import Task, chosen, look, narrowed, newer, to_compare, told_drift, told_held
from galley.source.guide import Guide
from galley.system import sandbox

if TYPE_CHECKING:
    from galley.run.backend import Backend
    from galley.run.failure import Failure
    from galley.run.keep import Kept
    from galley.run.outcome import Outcome
    from galley.run.progress import RunProgress


@dataclass
class Summary:
    """How a run ended: pages that failed, what else went wrong, and what came of each cell that was compared.

    `mend` is what to do about the failures, where that can be said of all.
    """

    failures: list[Failure] = field(default_factory=list)
    mend: str = ""
    errors: list[GalleyError] = field(default_factory=list)
    cells: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True)
class How:
    """How pages run, and which of them.

    A page that is run `twice` is recorded only where the second run repeats the first. With `check`, the pages with a
    true record run again, and what differs from it is an error; nothing is written. `strict` counts other versions as a
    difference. Of a page with names of cells in `only`, these alone are compared, and the page runs as far as the last
    of them; with `each_cell`, what came of each cell has a line. With `keep_going`, a page goes on past a cell that
    fails, and tells all of its failures; nothing of such a page is recorded. With `renew`, a record is written where
    nothing changed, too. With `drifted`, those pages alone run whose record has drifted. Held pages are left out unless
    `held`. With `shard`, one of several shares of them runs, and a note of it is written beside the records. With
    `footprint`, the pages with a true record and no footprint run again, and their footprints are kept.
    """

    twice: bool = False
    check: bool = False
    strict: bool = False
    only: Mapping[str, Collection[str]] = field(default_factory=dict)
    each_cell: bool = False
    keep_going: bool = False
    renew: bool = False
    drifted: bool = False
    held: bool = False
    shard: Part | None = None
    footprint: bool = False


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
    how: How = How(),
) -> Summary:
    """Run and record the guide's named pages (all when none is named) as far as they are stale, or everything.

    What happens is told in `file`. Where there is something to run and none of it measures, `meanwhile` is called in a
    thread of its own beside the run; a GalleyError that it raises is among the summary's errors. Without a `backend`
    the pages run here. Raises UsageError for a page or profile that is not there, RefusedError in CI.
    """
    unreadable = [error for error in guide.errors if error.place and error.place.path.suffix == ".py"]
    found = look(guide, pages, profiles)
    tasks, untrue = _wanted(guide.project, found, how, everything, named=bool(pages))
    if (how.check or everything or pages) and not how.held:
        _print(told_held(found), file)
    summary = Summary(errors=[*([] if pages else unreadable), *untrue])
    progress = None
    if how.shard:
        tasks, progress = _of_shard(guide.project, found, tasks, how, everything, file)
    if tasks:
        _run(guide.project, tasks, jobs, file, summary, meanwhile, backend, how, progress)
    else:
        system.sweep()  # of what commands left that were killed; a run does it, too
    if not tasks and not summary.errors and not how.shard:
        print(f"nothing to run: {_why_nothing(guide, found, profiles, how)}", file=file)
    if not (how.check or everything or how.drifted or how.footprint):
        again = "".join(f" {quote(word)}" for word in (*pages, *(f"--profile={name}" for name in profiles)))
        _print(told_drift(found, again), file)
    return summary


def _wanted(
    project: Project, found: Sequence[Status], how: How, everything: bool, *, named: bool
) -> tuple[list[Task], list[GalleyError]]:
    """The tasks among pages, and an error for each page that cannot be run for its record's sake.

    `named` says that the user named the pages. Raises RefusedError where CI would write.
    """
    if how.check or how.footprint:
        tasks, errors = to_compare(found, named=named, drifted=how.drifted, held=how.held)
        tasks = narrowed(tasks, how.only)
    else:
        tasks, errors = chosen(found, everything=everything, drifted=how.drifted, held=how.held), newer(found)
    if how.footprint:
        from galley.run.footprints import to_trace  # which other runs do without

        tasks = to_trace(project, tasks, everything=everything)
    if not how.check:
        _may_write(tasks)
    return [replace(each, twice=how.twice, keep_going=how.keep_going, renew=how.renew) for each in tasks], errors


def _print(lines: Iterable[str], file: TextIO) -> None:
    for line in lines:
        print(line, file=file)


def _may_write(tasks: Sequence[Task]) -> None:
    """Raises RefusedError where CI would write the records of these tasks."""
    if tasks and os.environ.get("CI"):
        what = f"CI writes no records, and these would be run: {', '.join(task.snippets.page for task in tasks)}"
        mend = "run `galley run` where you can review and commit what it writes; `galley test` writes nothing"
        raise RefusedError(what, mend=mend)


def would_run(guide: Guide, pages: Sequence[str], profiles: Sequence[str], *, everything: bool, how: How) -> list[Task]:
    """The tasks that `run_pages` would run; nothing is written."""
    found = look(guide, pages, profiles)
    tasks = chosen(found, everything=everything, drifted=how.drifted, held=how.held)
    return _share(guide.project, found, tasks, how.shard, everything)[0] if how.shard else tasks


def _share(
    project: Project, found: Sequence[Status], tasks: Sequence[Task], part: Part, everything: bool
) -> tuple[list[Task], Note]:
    from galley.run.plan import share  # which a run without shards does without

    return share(project, found, tasks, part, everything=everything)


def _of_shard(
    project: Project, found: Sequence[Status], tasks: Sequence[Task], how: How, everything: bool, file: TextIO
) -> tuple[list[Task], Progress | None]:
    """The tasks of the shard that is asked for, and what notes them as they are done; a comparison notes nothing."""
    assert how.shard is not None
    mine, note = _share(project, found, tasks, how.shard, everything)
    pages, seconds = sum(map(len, note.plan)), sum(task.seconds for task in mine)
    print(f"shard {note.part}: {len(mine)} of {pages} pages, {seconds:.0f} s by their records", file=file)
    if note.done and len(mine) < len(note.own):
        where = project.relative(project.outputs / note.part.file)
        print(f"    {len(note.own) - len(mine)} are done already; without {where} they run again", file=file)
    return mine, None if how.check else Progress(store_of(project), note)


def _why_nothing(guide: Guide, found: Sequence[Status], profiles: Sequence[str], how: How) -> str:
    if how.footprint:
        return "every record asked for has its footprint (--all notes them anew)"
    if how.check:
        return "no page has a record" + (" that has drifted" if how.drifted else "")
    if not guide.snippets:
        return f"no file in {guide.project.relative(guide.project.snippets)} has cells"
    if not found:
        return f"no page's values change under {' or '.join(profiles)}; name a page to run it all the same"
    return (
        "no record asked for has drifted" if how.drifted else "every record asked for is true (--all runs them anyway)"
    )


def _run(
    project: Project,
    tasks: Sequence[Task],
    jobs: int,
    file: TextIO,
    summary: Summary,
    meanwhile: Callable[[], object] | None,
    backend: Backend | None,
    how: How,
    shard: Progress | None = None,
) -> None:
    need_machine(project)
    # Imported here: a command with nothing to run does not wait a tenth of a second for what runs pages.
    import asyncio

    from galley.run.backend import LocalBackend
    from galley.run.footprints import trace_and_keep
    from galley.run.keep import run_and_keep
    from galley.run.prepare import Answers
    from galley.run.progress import progress
    from galley.run.rerun import rerun_and_tell

    compared = partial(rerun_and_tell, strict=how.strict, each_cell=how.each_cell)
    ended = compared if how.check else trace_and_keep if how.footprint else run_and_keep

    async def run_all(where: Backend, rows: RunProgress) -> None:
        answers: Answers = {}
        try:
            async with where:
                summary.errors += await where.prepare((task.profile.name for task in tasks), answers)
                async for kept in ended(project, tasks, where, rows.tell, answers, jobs):
                    if protections := kept.run.protections:
                        rows.once(sandbox.told(protections))  # it is the same for every page, as a rule
                    _told(project, kept, rows, summary)
                    if shard and not kept.failure:
                        shard.done(kept.run.name)
        except RunnerError as error:
            summary.errors.append(error)  # what failed before it is still told
        rows.once(where.told)

    alone = any(task.alone for task in tasks)  # a page that measures has the machine for itself
    with progress(file, len(tasks)) as rows, _beside(None if alone else meanwhile, summary):
        asyncio.run(run_all(backend or LocalBackend(project, footprint=how.footprint), rows))


def need_machine(project: Project) -> None:
    """Raises RunnerError where this machine cannot run pages, RefusedError where it lacks the sandbox they require."""
    system.need_fork()
    if project.sandbox == sandbox.REQUIRED and any((held := sandbox.probe()).values()):
        mend = "run it on Linux 6.12 or newer, where user namespaces and Landlock are allowed; "
        mend += 'or leave out --require-sandbox, and set sandbox = "on" under [tool.galley]'
        raise RefusedError(f"the sandbox is required. {sandbox.told(held)}", project.place("sandbox"), mend)


def _told(project: Project, kept: Kept, rows: RunProgress, summary: Summary) -> None:
    reached = ", with network" if "network" in kept.run.environment.provenance else ""
    summary.cells += kept.cells
    if kept.failure:
        summary.failures += kept.failures
        if any(each.what.startswith(ModuleNotFoundError.__name__) for each in kept.failures):
            summary.mend = project.how_to_install
        rows.ended(kept.run, kept.said)
    else:
        summary.errors += kept.errors
        many = len(kept.run.cells)
        count = f"{many} cell{'s' * (many != 1)}"
        rows.ended(kept.run, f"{kept.said} ({count}, {kept.run.seconds:.1f} s{reached})")


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
