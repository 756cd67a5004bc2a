"""Each page's script and notebook, fetched from the served site, run in an empty folder with what the site serves.

The script's head says with which commands it gets what it needs; these commands are run. The notebook's first cell
fetches what it needs itself.
"""

from __future__ import annotations

import ast
import math
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Set
from pathlib import Path
from subprocess import PIPE, STDOUT
from urllib.request import urlopen

import nbformat
import pytest

from cell_copies import GUIDE, copies, parts, seconds, slow
from forked import Server
from galley.record.status import SHOWABLE, status
from guide_site import built
from imported import imported
from screenshots import served

PAGES = [each.page for each in GUIDE.snippets.values()]
PIP = ["pip", "install"]
HEAVY = ("torch", "transformers", "peft")  # three seconds of each script's time
# The two forms of a page hold the same code, which the tests compare. So one of them runs, and of the other what
# fetches the files. Some cells train for long, and test_snippets.py runs them too: they and what needs them are left
# out. With `EXPORTS=all` both forms run from the first line to the last, as in `make test-hard`.
ALL = os.environ.get("EXPORTS") == "all"
AS_SCRIPT, AS_NOTEBOOK = (PAGES, PAGES) if ALL else (PAGES[::2], PAGES[1::2])
LONG = math.inf if ALL else 3  # seconds of a cell
CELL = re.compile(r"^(?=# %% )", re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site, which is built with it as `site_url`; it serves what is committed and nothing else."""
    copy = tmp_path_factory.mktemp("guide")
    with served(copy / "site") as address:
        built(copy, SITE_URL=f"{address}/")
        yield address


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with imported(*HEAVY) as started:
        yield started


def fetched(site: str, page: str, ending: str, to: Path) -> Path:
    """A page's file, fetched into an empty folder as a reader does, from where the page links to it."""
    snippets = GUIDE.find(page)
    shown = GUIDE.page_file(snippets).relative_to(GUIDE.project.docs).with_suffix("")
    found = [status(GUIDE.project, snippets, profile) for profile in GUIDE.project.profiles]
    several = len([each for each in found if each.state in SHOWABLE]) > 1  # then a file is named after its profile
    name = f"{snippets.stem}{f'_{GUIDE.project.required[0].name}' * several}.{ending}"
    with urlopen(f"{site}/{shown.as_posix()}/{name}") as answer:
        (to / name).write_bytes(answer.read())
    return to / name


def imports(code: str) -> set[str]:
    """The modules that some code imports by their own names."""
    found = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom))
    return {name for node in found for name in [getattr(node, "module", ""), *(each.name for each in node.names)]}


def without(script: str, cells: Set[str]) -> str:
    """A script without some of its cells."""
    return "".join(part for part in CELL.split(script) if part.partition("\n")[0].removeprefix("# %% ") not in cells)


def run(program: Path, rest: list[str], code: str, server: Server, folder: Path) -> None:
    """Run a program with some code in it, on a fresh Python where the code does not import all of HEAVY.

    Who imports peft imports all: peft itself imports the others.
    """
    variables = {**server.variables, "HOME": str(folder)}
    if "peft" in imports(code) and sys.platform == "linux":
        ended, said = server.run(str(program), rest, variables, folder, seconds=600)
    else:
        how = {"cwd": folder, "env": variables, "timeout": 600, "check": False}
        done = subprocess.run([sys.executable, str(program), *rest], stdout=PIPE, stderr=STDOUT, text=True, **how)
        ended, said = done.returncode, done.stdout
    assert ended == 0, said[-3000:]


def are_there(*packages: str) -> bool:
    """Whether pip says that packages are there; it only says so, since tests reach no network."""
    words = ["-m", "pip", "--disable-pip-version-check", "install", *packages, "--dry-run", "--no-index"]
    return subprocess.run([sys.executable, *words], check=False, stdout=PIPE).returncode == 0


def commands(script: str) -> list[list[str]]:
    """The words of each command in a script's head."""
    lines = script.partition("\n\n")[0].splitlines()
    return [shlex.split(line.removeprefix("#     ")) for line in lines if line.startswith("#     ")]


@pytest.fixture(scope="module")
def all_are_there(site: str, tmp_path_factory: pytest.TempPathFactory) -> bool:
    """What pip says of all packages that the scripts name, since it takes a second to say it of one script's alone."""
    folder = tmp_path_factory.mktemp("heads")
    heads = [fetched(site, page, "py", folder).read_text(encoding="utf-8") for page in PAGES]
    named = {word for head in heads for words in commands(head) if words[:2] == PIP for word in words[2:]}
    assert len(named) >= len(HEAVY)
    return are_there(*sorted(named))


def call(words: list[str], folder: Path, all_are_there: bool) -> None:
    """Run a command of a script's head; of packages, pip only says whether they are there."""
    if words[:2] == PIP:
        assert all_are_there or are_there(*words[2:]), words
        return
    if words[0] == "python":
        words[0] = sys.executable
    subprocess.run(words, cwd=folder, check=True, stdout=PIPE)


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_script_runs_after_the_commands_in_its_head(
    page: str, site: str, tmp_path: Path, server: Server, all_are_there: bool
) -> None:
    file = fetched(site, page, "py", tmp_path)
    script = file.read_text(encoding="utf-8")
    assert "in the guide's repository" not in script.partition("\n\n")[0], "the site offers all that it needs"
    for words in commands(script):
        call(words, tmp_path, all_are_there)
    assert all(cell.source in script for cell in GUIDE.find(page).cells if not cell.raises)
    if page in AS_SCRIPT:
        left_out = slow(page, LONG)
        cut = without(script, left_out)
        assert {name for name in copies(page) if f"# %% {name}\n" in cut} == copies(page).keys() - left_out
        file.write_text(cut, encoding="utf-8")
        run(file, [], script, server, tmp_path)
    else:
        ast.parse(script)


CELLS = """\
import json, linecache, sys

sys.path[0] = ""
space = {"__name__": "__main__"}
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        lines = [f"{line}\\n" for line in "".join(cell["source"]).split("\\n")]
        linecache.cache[cell["id"]] = (0, None, lines, cell["id"])
        raises = "raises-exception" in cell["metadata"].get("tags", ())
        try:
            exec(compile("".join(lines), cell["id"], "exec"), space)
        except BaseException:
            if not raises:
                raise
        else:
            assert not raises, f"{cell['id']} raised nothing"
"""


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_notebook_runs_by_itself(page: str, site: str, tmp_path: Path, server: Server) -> None:
    """Cell after cell, as a kernel runs them: in one namespace, and on after a cell that must raise."""
    clean = tmp_path / "clean"
    clean.mkdir()
    file = fetched(site, page, "ipynb", clean)
    kernel = tmp_path / "kernel.py"
    kernel.write_text(CELLS, encoding="utf-8")
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    cells = {cell.name: cell.source for cell in GUIDE.find(page).cells if cell.source}
    assert code[1:] == [*cells.values()]
    left_out = slow(page, LONG) if page in AS_NOTEBOOK else {*cells}
    kept = [code[0], *(source for name, source in cells.items() if name not in left_out)]
    notebook.cells = [cell for cell in notebook.cells if cell.source in kept]
    nbformat.write(notebook, file)
    run(kernel, [file.name], "\n".join(code), server, clean)
    fetched_too = {each.name for each in clean.iterdir()} - {file.name}
    assert bool(fetched_too) == ('"files/' in code[0])


def test_two_of_three_cells_run_and_of_those_none_needs_what_is_left_out() -> None:
    left_out = {page: slow(page, LONG) for page in PAGES}
    assert 3 * sum(map(len, left_out.values())) < sum(len(copies(page)) for page in PAGES)
    for page, dear in left_out.items():
        for name in copies(page).keys() - dear:
            assert seconds(page, name) <= LONG
            assert not dear & parts(page, name)
