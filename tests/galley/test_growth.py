"""A guide of twice the pages takes twice the work and no more memory: calls are counted, since times differ."""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import galley
from builders import BUILDERS, plain
from galley.errors import Place
from galley.record.store import Store
from galley.run.choose import chosen, look
from galley.run.client import PageRun
from galley.run.failure import Failure
from galley.run.protocol import Job
from galley.run.room import Room
from galley.run.schedule import run_tasks
from guide_folder import GuideFolder

OWN = str(Path(galley.__file__).parent)
MADE = "<string>"  # the file of methods that a dataclass has made for it, such as its comparison
CELLS = "".join(f"# %% cell-{number}\nprint({number})\n" for number in range(5))


def calls(work: Callable[[], object]) -> int:
    """How many functions of galley's own are called."""
    heard = 0

    def hear(frame: FrameType, event: str, argument: object) -> None:
        nonlocal heard
        heard += event == "call" and frame.f_code.co_filename.startswith((OWN, MADE))

    sys.setprofile(hear)
    try:
        work()
    finally:
        sys.setprofile(None)
    return heard


def grown(folder: GuideFolder, pages: int) -> GuideFolder:
    """The guide with so many pages of five cells: the first is run, and its record is copied under every name."""
    first = folder.project.outputs / "page-00" / "laptop"
    if not first.is_dir():
        folder.snippet("page_00", CELLS)
        assert not folder.run("page-00").summary.failures
    for number in range(pages):
        folder.snippet(f"page_{number:02}", CELLS)
        with (folder.root / f"docs/page-{number:02}.md").open("a", encoding="utf-8") as page:
            page.write("\nAs many as 1234567 were counted.\n")  # which is looked for among what the page's cells print
        for file in first.iterdir() if number else ():
            text = file.read_text(encoding="utf-8").replace("page-00", f"page-{number:02}")
            folder.write(f"snippets/outputs/page-{number:02}/laptop/{file.name}", text)
    assert folder.findings() == []
    return folder


def build_calls(folder: GuideFolder) -> int:
    """The calls of a build, after another one that left what is kept for as long as a process lives."""
    BUILDERS["mkdocs"](folder)
    return calls(lambda: BUILDERS["mkdocs"](folder))


def test_each_page_more_takes_as_many_calls_as_the_one_before_in_check_and_build(folder: GuideFolder):
    plain(folder)
    checks, builds = [], []
    for pages in (3, 6, 9):
        grown(folder, pages)
        checks.append(calls(folder.findings))
        builds.append(build_calls(folder))
    assert (
        checks[2] - checks[1] == checks[1] - checks[0] > 3 * 100
    )  # the same for three pages, with few or many beside them
    assert builds[2] - builds[1] == builds[1] - builds[0] > 3 * 100


def test_a_check_reads_each_record_once(folder: GuideFolder):
    grown(folder, 3)
    read: list[str] = []

    def hear(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code is Store.read.__code__:
            read.append(frame.f_locals["page"])

    sys.setprofile(hear)
    try:
        folder.findings()
    finally:
        sys.setprofile(None)
    assert read == ["page-00", "page-01", "page-02"]


def test_each_cell_more_takes_as_many_calls_as_the_one_before_in_check_and_build(folder: GuideFolder):
    plain(folder)
    checks, builds = [], []
    for cells in (6, 12, 18):
        folder.snippet("long", "".join(f"# %% cell-{number:02}\nprint({number})\n" for number in range(cells)))
        assert not folder.run("long").summary.failures
        assert folder.findings() == []
        checks.append(calls(folder.findings))
        builds.append(build_calls(folder))
    assert checks[2] - checks[1] == checks[1] - checks[0] > 6 * 10
    # "Copy runnable" looks at what stands above a cell, which grows with the page; past `galley.site.copies.MOST` cells
    # a page has none, so that a long page costs no more than its length.
    assert 6 * 10 < builds[2] - builds[1] < 1.2 * (builds[1] - builds[0])


class Refuses:
    """A place to run pages where every page fails at once."""

    def room(self, jobs: int) -> Room:
        """Two threads at once."""
        return Room(2)

    async def run(self, job: Job, tell: object, *, alone: bool) -> PageRun:
        """The failure."""
        failure = Failure(job.page, job.profile, "", Place(Path(job.path)), "refused")
        return PageRun(job.page, job.profile, failure=failure)


def test_what_a_page_left_is_kept_no_longer_than_its_record_is_written(folder: GuideFolder):
    for number in range(20):
        folder.snippet(f"page_{number}", CELLS)

    async def most() -> int:
        tasks = chosen(look(folder.guide, (), ()), everything=True)
        ended, kept = [], 0
        async for ran in run_tasks(folder.project, tasks, Refuses(), lambda job, what: None):
            ended.append(weakref.ref(ran))
            del ran
            kept = max(kept, sum(each() is not None for each in ended))
        assert len(ended) == 20
        return kept

    assert asyncio.run(most()) <= 2
