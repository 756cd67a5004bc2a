"""A copy of every plain cell, with what it needs of the cells before it, runs by itself and prints what was recorded.

Each copy runs in a fork of a process that has imported the packages, in a folder with what its first lines name. All of
them would run for minutes, since many train a model first. So of those whose cells took little time when they were
recorded every third runs, and of those that took a little more every eighth. Those that train are left to `COPIES=all`,
which runs them all, as `make test-hard` does.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from math import fsum
from pathlib import Path

import pytest

from cell_copies import GUIDE, PROJECT, copies, parts, recorded, seconds
from forked import Server
from galley.export.offered import offered
from galley.export.runnable import Runnable
from imported import imported

# What the copies import; a fork of a process with these starts at once.
WARM = ("torch", "transformers", "peft", "safetensors.torch", "transformers.models.gpt_bigcode.modeling_gpt_bigcode")
EXCUSES = ("varies", "by_processor", "tolerance")  # the options of cells that may print something else
LIMITS = (-1, 0.2, 3)  # seconds of copies that are quick, and of those that take longer
SIDE = re.compile(r"in its folder files/ \(the site has no address yet\): (.*)")


@cache
def plain() -> dict[str, Runnable]:
    """The copy of each plain cell, by the names of its page and its own. Collecting the tests need not wait for it."""
    return {
        f"{file.page}/{name}": copy
        for file in GUIDE.snippets.values()
        for name, copy in copies(file.page).items()
        if not {"claim", "setup"} & file.cell(name).tags
    }


def taken(name: str) -> float:
    """How long the cells of a copy took when they were recorded."""
    page, _, cell = name.partition("/")
    return fsum(seconds(page, each) for each in parts(page, cell))


@cache
def chosen() -> list[str]:
    """The names of the copies that run."""
    if os.environ.get("COPIES") == "all":
        return list(plain())
    took = {name: taken(name) for name in plain()}
    by_time = sorted(took, key=lambda name: (took[name], name))
    quick, longer = ([name for name in by_time if low < took[name] <= high] for low, high in pairwise(LIMITS))
    return [*quick[::3], *longer[::8]]


def printed(name: str) -> str:
    """What a copy must print, as its cell was recorded; empty where it printed nothing, or may print something else."""
    page, _, cell = name.partition("/")
    snippets = GUIDE.find(page)
    record = recorded(page)
    ran = [snippets.cells[piece.cell] for piece in plain()[name].pieces]
    if any("measured" in each.tags or any(map(each.options.__getitem__, EXCUSES)) for each in ran):
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


def run(name: str, folder: Path, server: Server) -> None:
    """Run a copy in an empty folder, and hold what it does against the record."""
    page, _, cell = name.partition("/")
    text = plain()[name].text
    ast.parse(text)
    folder.mkdir()
    bring(text, folder)
    (folder / "copy.py").write_text(text + "\n", encoding="utf-8")
    code, said = server.run(str(folder / "copy.py"), [], {**server.variables, "HOME": str(folder)}, folder, 300)
    raises = GUIDE.find(page).cell(cell).raises
    assert (code != 0) == bool(raises), f"{name}: {said[-3000:]}"
    assert raises in said, name
    missing = missing_lines(printed(name), said.replace(f"{folder}/", ""))
    assert missing == [], f"{name}: these lines were recorded, and the copy wrote:\n{said[-3000:]}"


@pytest.mark.parametrize("page", [each.page for each in GUIDE.snippets.values()])
def test_the_copies_of_a_page_run_by_themselves(page: str, tmp_path: Path, server: Server) -> None:
    for number, name in enumerate(each for each in chosen() if each.partition("/")[0] == page):
        run(name, tmp_path / str(number), server)


def test_enough_copies_run() -> None:
    assert len(chosen()) > 30


def test_what_copies_print_is_compared() -> None:
    """Nearly all that print anything are among those whose output is held against the record."""
    assert sum(bool(printed(name)) for name in plain()) > 60
