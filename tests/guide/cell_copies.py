"""The copy of each cell with what it needs of the cells before it, and what cells took when they were recorded."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from galley.config import find_project
from galley.export.address import NOWHERE
from galley.export.runnable import Runnable, runnables
from galley.record.model import Record
from galley.record.status import status
from galley.source.guide import read_guide
from galley.source.parameters import with_values

ROOT = Path(__file__).parents[2]
GUIDE = read_guide(find_project(ROOT))
PROJECT = GUIDE.project
LAPTOP = PROJECT.required[0]


@cache
def recorded(page: str) -> Record:
    """The record of a page, which must be there and whole."""
    record = status(PROJECT, GUIDE.find(page), LAPTOP).record
    assert record is not None
    return record


@cache
def copies(page: str) -> dict[str, Runnable]:
    """The copy of each cell of a page that has code, by the cell's name."""
    run_as = with_values(GUIDE.find(page), LAPTOP.parameters)
    copy_of = runnables(PROJECT, run_as, recorded(page), NOWHERE)
    return {cell.name: copy for cell in run_as.cells if (copy := copy_of(cell.name))}


def parts(page: str, name: str) -> set[str]:
    """The cells that have lines in the copy of a cell: the cell itself, and those that it needs."""
    cells = GUIDE.find(page).cells
    return {cells[piece.cell].name for piece in copies(page)[name].pieces}


def seconds(page: str, cell: str) -> float:
    """How long a cell took when it was recorded."""
    found = recorded(page).cell(cell)
    return found.seconds if found else 0.0


def slow(page: str, limit: float) -> set[str]:
    """The cells of a page that took more seconds than the limit, and those that need such a cell."""
    found = set[str]()
    for name in copies(page):
        if seconds(page, name) > limit or found & parts(page, name):
            found.add(name)
    return found
