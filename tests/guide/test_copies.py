"""A copy of every plain cell, with what it needs of the cells before it, runs by itself and prints what was recorded.

Each copy runs in a fork of a process that has imported the packages, in a folder with what its first lines name. All of
them would run for minutes, since many train a model first. So of those whose cells took little time when they were
recorded every third runs, and of the others every twenty-fourth. `COPIES=all` runs them all, as `make test-hard` does.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
from collections.abc import Iterator
from math import fsum
from pathlib import Path

import pytest

from forked import Server
from galley.config import find_project
from galley.export.address import NOWHERE
from galley.export.offered import offered
from galley.export.runnable import Runnable, runnables
from galley.record.model import Record
from galley.record.status import status
from galley.source.cells import SnippetFile
from galley.source.guide import read_guide
from galley.source.parameters import with_values
from imported import imported

ROOT = Path(__file__).parents[2]
GUIDE = read_guide(find_project(ROOT))
PROJECT = GUIDE.project
LAPTOP = PROJECT.required[0]
# What the copies import; a fork of a process with these starts at once.
WARM = ("torch", "transformers", "peft", "safetensors.torch", "transformers.models.gpt_bigcode.modeling_gpt_bigcode")
QUICK = 0.2  # seconds
SIDE = re.compile(r"in its folder files/ \(the site has no address yet\): (.*)")


def recorded(snippets: SnippetFile) -> Record:
    """The record of a page, which must be there and whole."""
    record = status(PROJECT, snippets, LAPTOP).record
    assert record is not None
    return record


RECORDS = {file.page: recorded(file) for file in GUIDE.snippets.values()}  # each process of the tests reads them once


def copies(snippets: SnippetFile) -> dict[str, Runnable]:
    """The copy of each plain cell of a page, by the cell's name."""
    run_as = with_values(snippets, LAPTOP.parameters)
    copy_of = runnables(PROJECT, run_as, RECORDS[snippets.page], NOWHERE)
    plain = [cell.name for cell in run_as.cells if not {"claim", "setup"} & cell.tags]
    return {name: copy for name in plain if (copy := copy_of(name))}


def seconds(name: str) -> float:
    """How long the cells of a copy took when they were recorded."""
    snippets = GUIDE.find(name.partition("/")[0])
    record = RECORDS[snippets.page]
    cells = {snippets.cells[piece.cell].name for piece in COPIES[name].pieces}
    return fsum(cell.seconds for each in cells if (cell := record.cell(each)))


COPIES = {f"{file.page}/{name}": copy for file in GUIDE.snippets.values() for name, copy in copies(file).items()}

BY_TIME = sorted(COPIES, key=lambda name: (seconds(name), name))
SLOW = [name for name in BY_TIME if seconds(name) > QUICK]
SAMPLE = {*BY_TIME[: -len(SLOW)][::3], *SLOW[::24]}
CHOSEN = [name for name in COPIES if os.environ.get("COPIES") == "all" or name in SAMPLE]


def printed(name: str) -> str:
    """What a copy must print, as its cell was recorded; empty where it printed nothing, or measured, or varies."""
    page, _, cell = name.partition("/")
    snippets = GUIDE.find(page)
    record = RECORDS[page]
    ran = [snippets.cells[piece.cell] for piece in COPIES[name].pieces]
    if any("measured" in each.tags or each.options["varies"] or each.options["by_processor"] for each in ran):
        return ""
    forms = [shown.forms[0] for shown in record.shown(record.cell(cell)) if shown.kind == "stdout"]
    return "".join(form.text for form in forms if not form.cut)


def missing_lines(recorded: str, said: str) -> list[str]:
    """The lines from the first on that is not there in its turn; what libraries write to standard error is between."""
    lines, wanted = iter(said.splitlines()), recorded.splitlines()
    for at, line in enumerate(wanted):
        if line not in lines:
            return wanted[at:]
    return []


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with imported(*WARM) as started:
        yield started


def bring(text: str, folder: Path) -> None:
    """Put what the first lines of a copy name into its folder."""
    named = SIDE.search(text.partition("\n\n")[0])
    for each in offered(PROJECT):
        if named and each.name in named[1].split(", "):
            source, target = PROJECT.snippets / each.place, folder / each.place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)


@pytest.mark.parametrize("name", CHOSEN)
def test_a_copy_runs_by_itself(name: str, tmp_path: Path, server: Server) -> None:
    page, _, cell = name.partition("/")
    text = COPIES[name].text
    ast.parse(text)
    bring(text, tmp_path)
    (tmp_path / "copy.py").write_text(text + "\n", encoding="utf-8")
    code, said = server.run(str(tmp_path / "copy.py"), [], {**server.variables, "HOME": str(tmp_path)}, tmp_path, 300)
    raises = GUIDE.find(page).cell(cell).raises
    assert (code != 0) == bool(raises), said[-3000:]
    assert raises in said
    missing = missing_lines(printed(name), said.replace(f"{tmp_path}/", ""))
    assert missing == [], f"these lines were recorded, and the copy wrote:\n{said[-3000:]}"


def test_what_copies_print_is_compared() -> None:
    """Nearly all that print anything are among those whose output is held against the record."""
    assert sum(bool(printed(name)) for name in COPIES) > 60
