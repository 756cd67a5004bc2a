"""What holds of all pages and their records. That each cell prints what its record says is `pytest --galley`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from galley.config import find_project
from galley.record.facts import canonical, other_packages
from galley.record.numbers import repeated
from galley.record.status import States, status
from galley.source.guide import read_guide

PROJECT = find_project(Path(__file__).parent)
GUIDE = read_guide(PROJECT)
CELLS = [cell for snippets in GUIDE.snippets.values() for cell in snippets.cells]
RECORDS = [
    pytest.param(status(PROJECT, snippets, profile).record, id=snippets.page)
    for profile in PROJECT.required
    for snippets in GUIDE.snippets.values()
]
PIN = re.compile(r"^([a-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


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
        assert "ran last" in (GUIDE.project.root / page).read_text(encoding="utf-8").partition("\n## ")[0], (
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
    assert list(map(str, repeated(GUIDE, States(PROJECT)))) == []


def test_the_guide_has_cells():
    assert len(CELLS) > 20


def test_no_more_cells_may_differ_than_do():
    """Each reason on a cell's line takes it out of the comparison."""
    excused = [cell.name for cell in CELLS if cell.options["by_processor"]]
    expected = [
        *("learn", "fill", "tune", "drawn", "generation", "products"),
        *("quality", "passes", "merge", "asked-first", "packed-answers", "curve", "three-rates"),
    ]
    assert excused == expected
    assert not [cell.name for cell in CELLS if cell.options["varies"]]
