"""Reruns every cell of the guide and compares what it prints with its record."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from galley.config import find_project
from galley.kinds import kinds_of
from galley.record.status import store_of
from galley.run.backend import LocalBackend
from galley.run.choose import Task
from galley.run.recording import changes
from galley.run.schedule import TaskRun, run_tasks
from galley.source.guide import read_guide

PROJECT = find_project(Path(__file__).parent)
GUIDE = read_guide(PROJECT)
CELLS = [
    pytest.param(profile, snippets, cell, id=f"{snippets.page}/{cell.name}")
    for profile in PROJECT.required
    for snippets in GUIDE.snippets.values()
    for cell in snippets.cells
]


@pytest.fixture(scope="module")
def reruns() -> dict[tuple[str, str], TaskRun]:
    """Every page under every required profile, run once, in parallel, on one runner."""

    async def run_all() -> dict[tuple[str, str], TaskRun]:
        tasks = [Task(snippets, profile) for profile in PROJECT.required for snippets in GUIDE.snippets.values()]
        async with LocalBackend(PROJECT) as here:
            running = run_tasks(PROJECT, tasks, here, lambda job, cell: None)
            return {(ran.run.page, ran.run.profile): ran async for ran in running}

    return asyncio.run(run_all())


@pytest.mark.parametrize("snippets", GUIDE.snippets.values(), ids=lambda snippets: snippets.page)
def test_a_page_shows_its_cells_in_the_order_in_which_they_run(snippets):
    page = Path("docs", f"{snippets.page}.md")
    shown = list(dict.fromkeys(f.cell for f in GUIDE.fences if (f.file, f.place.path) == (snippets.stem, page)))
    assert shown
    assert shown == [cell.name for cell in snippets.cells if cell.name in shown]


def others_here() -> list[str]:
    """What this machine has in other versions than the pinned ones. A record has no say in it."""
    lines = (PROJECT.root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    here = {name: version(name).partition("+")[0] for name in PROJECT.packages if name in pins}
    assert {"torch", "transformers", "peft"} <= set(here)
    others = [f"{name} {found}" for name, found in here.items() if found != pins[name]]
    return others if sys.version_info[:2] == (3, 11) else [f"Python {sys.version}", *others]


def test_the_guide_has_cells():
    assert len(CELLS) > 20


@pytest.mark.parametrize(("profile", "snippets", "cell"), CELLS)
def test_cell(profile, snippets, cell, reruns):
    ran = reruns[snippets.page, profile.name]
    if (failure := ran.run.failure) is not None:
        where = "it failed" if failure.cell == cell.name else f"not reached, or not kept: cell {failure.cell} failed"
        pytest.fail(f"{where}\n{failure}\n{failure.detail}", pytrace=False)
    store = store_of(PROJECT)
    record = store.read(snippets.page, profile.name)
    assert record is not None, f"no record: galley run {snippets.page}"
    changed = [each for each in changes(record, ran.fresh, snippets, kinds_of(PROJECT)) if each.cell == cell.name]
    if not changed:
        return
    said = "; ".join(f"{each.file} {each.what}" for each in changed)
    if others := others_here():
        pytest.xfail(f"with {', '.join(others)}: {said}")
    pytest.fail(f"{cell.place}: the versions are the pinned ones and the output is not the recorded one: {said}")
