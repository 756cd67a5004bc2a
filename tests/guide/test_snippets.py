"""Reruns every cell of the guide and compares what it prints with its record."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path

import pytest

from galley.config import find_project
from galley.record.facts import canonical, other_packages
from galley.record.numbers import repeated
from galley.record.status import status
from galley.run.backend import LocalBackend
from galley.run.choose import Task
from galley.run.rerun import Rerun, differences, rerun
from galley.source.guide import read_guide

PROJECT = find_project(Path(__file__).parent)
GUIDE = read_guide(PROJECT)
CELLS = [
    pytest.param(profile, snippets, cell, id=f"{snippets.page}/{cell.name}")
    for profile in PROJECT.required
    for snippets in GUIDE.snippets.values()
    for cell in snippets.cells
]


RECORDS = [
    pytest.param(status(PROJECT, snippets, profile).record, id=snippets.page)
    for profile in PROJECT.required
    for snippets in GUIDE.snippets.values()
]
PIN = re.compile(r"^([a-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def reruns() -> dict[tuple[str, str], Rerun]:
    """Every page under every required profile, run once, in parallel, on one runner, and compared with its record."""

    async def run_all() -> dict[tuple[str, str], Rerun]:
        pairs = [(snippets, profile) for profile in PROJECT.required for snippets in GUIDE.snippets.values()]
        tasks = [Task(*pair, status(PROJECT, *pair).record) for pair in pairs]
        answers = {profile.name: {} for profile in PROJECT.required}
        async with LocalBackend(PROJECT) as here:
            running = rerun(PROJECT, tasks, here, lambda job, cell: None, answers)
            return {(ran.run.page, ran.run.profile): ran async for ran in running}

    return asyncio.run(run_all())


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_of_the_versions_that_the_lock_names(record):
    """Other versions excuse a difference, so no record may name versions that no gate has."""
    lock = Path("constraints.txt").read_text(encoding="utf-8")
    named = {canonical(name): version for name, version in record.environment.packages.items()}
    pins = {name: version for name, version in PIN.findall(lock) if name in named}
    assert {*named} - {*pins} <= {"pip"}, "pip comes with Python's venv"
    assert list(other_packages({name: named[name] for name in pins}, pins)) == []
    needed = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert record.environment.python.startswith(f"{needed.removeprefix('>=')}."), "with which the lock is compiled"


# By page: the cell that the page begins with, and that runs after all others.
SUMMARIES = {"methods": "compared", "another-architecture": "compared"}


@pytest.mark.parametrize("snippets", GUIDE.snippets.values(), ids=lambda snippets: snippets.page)
def test_a_page_shows_its_cells_in_the_order_in_which_they_run(snippets):
    page = GUIDE.page_file(snippets).relative_to(GUIDE.project.root)
    shown = list(dict.fromkeys(f.cell for f in GUIDE.fences if (f.file, f.place.path) == (snippets.stem, page)))
    assert shown
    if summary := SUMMARIES.get(snippets.page):  # the one cell that stands before what it sums up
        assert shown.pop(0) == summary == snippets.cells[-1].name
        assert "runs last" in (GUIDE.project.root / page).read_text(encoding="utf-8").partition("\n## ")[0], (
            "its reader is told"
        )
    in_order = [cell.name for cell in snippets.cells if cell.name in shown]
    if page.parent.name == "errors":  # such a page begins with what mends the error, as its list says
        assert sorted(shown) == sorted(in_order)
    else:
        assert shown == in_order


def test_the_answer_of_each_exercise_is_in_a_fold_that_says_so():
    asked = [each for each in GUIDE.snippets.values() if any(cell.name == "exercise" for cell in each.cells)]
    answers = [cell for each in asked for cell in each.cells if cell.name in ("answer", "solution")]
    assert len(answers) == len(asked) > 5
    for cell in answers:
        assert cell.options["fold"].startswith("Answer: "), cell.place


def test_no_number_that_a_cell_of_a_page_printed_is_typed_in_its_prose():
    assert list(map(str, repeated(GUIDE))) == []


def test_the_guide_has_cells():
    assert len(CELLS) > 20


@pytest.mark.parametrize(("profile", "snippets", "cell"), CELLS)
def test_cell(profile, snippets, cell, reruns):
    ran = reruns[snippets.page, profile.name]
    if (failure := ran.run.failure) is not None:
        where = "it failed" if failure.cell == cell.name else f"not reached, or not kept: cell {failure.cell} failed"
        pytest.fail(f"{where}\n{failure}\n{failure.detail}", pytrace=False)
    assert ran.found is not None, f"no record: galley run {snippets.page}"
    wrong = [each for each in differences(PROJECT, ran.task, ran.found) if each.place == cell.place]
    if wrong:
        pytest.fail("\n".join(map(str, wrong)), pytrace=False)
    # What may differ, by the cell's own line or with other versions: the cell ran and its assertions held.
    if drift := [each for each in ran.found.changes if each.cell == cell]:
        pytest.xfail(f"drift: {'; '.join(map(str, (*ran.found.versions, *drift)))}")


@pytest.mark.parametrize(("profile", "snippets"), [(p, s) for p in PROJECT.required for s in GUIDE.snippets.values()])
def test_a_page_states_of_its_run_what_another_run_states(profile, snippets, reruns):
    found = reruns[snippets.page, profile.name].found
    assert found is not None
    assert found.versions or not found.facts


def test_no_more_cells_may_differ_than_do():
    """Each reason on a cell's line takes it out of the comparison."""
    excused = [cell.name for _, _, cell in (each.values for each in CELLS) if cell.options["by_processor"]]
    expected = ["tune", "drawn", "generation", "quality", "passes", "merge", "asked-first", "curve", "three-rates"]
    assert excused == expected
    assert not [cell.name for _, _, cell in (each.values for each in CELLS) if cell.options["varies"]]
