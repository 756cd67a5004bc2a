"""Each page's script runs in a process of its own, in an empty folder with what its first line says it needs."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, STDOUT

import nbformat
import pytest

from forked import Server
from galley.config import find_project
from galley.export.command import export
from galley.source.guide import read_guide
from guide_folder import quiet_environment

ROOT = Path(__file__).parents[2]
GUIDE = read_guide(find_project(ROOT))
PAGES = [each.page for each in GUIDE.snippets.values()]
HEAVY = ("torch", "transformers", "peft")  # three seconds of each script's time


def beside(script: str) -> list[str]:
    """What the first line of a script says must lie beside it."""
    named = re.search(r"beside this file, from snippets/ in the guide's repository: (.*)$", script.splitlines()[0])
    return named[1].split(", ") if named else []


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Runs scripts as forks of a process that has imported what takes seconds to import, and nothing else."""
    with tempfile.TemporaryDirectory() as home:
        kept = {name: value for name, value in quiet_environment().items() if name in ("PATH", "LD_LIBRARY_PATH")}
        fixed = {"HOME": home, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        with Server.at(Path(home, "socket"), {**kept, **fixed}, [], *HEAVY) as started:
            yield started


def imported(script: str) -> set[str]:
    """The modules that a script imports by their own names."""
    imports = (node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Import | ast.ImportFrom))
    return {name for node in imports for name in [getattr(node, "module", ""), *(each.name for each in node.names)]}


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_script_runs(page: str, tmp_path: Path, server: Server) -> None:
    """The first page's script runs on a fresh Python, and so does one that does not itself import all of HEAVY."""
    script = export(GUIDE, page, "", "py")
    file = tmp_path / "page.py"
    file.write_text(script, encoding="utf-8")
    for name in beside(script):
        target = tmp_path / name.rstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        source = ROOT / "snippets" / name.rstrip("/")  # a copy: a link would lead on to what lies beside it
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    variables = {**server.variables, "HOME": str(tmp_path)}
    if page == PAGES[0] or not imported(script).issuperset(HEAVY) or sys.platform != "linux":
        run = {"cwd": tmp_path, "env": variables, "timeout": 600, "check": False}
        done = subprocess.run([sys.executable, "page.py"], stdout=PIPE, stderr=STDOUT, text=True, **run)
        code, said = done.returncode, done.stdout
    else:
        code, said = server.run(str(file), [], variables, tmp_path, seconds=600)
    assert code == 0, said[-3000:]


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_notebook_is_valid_and_holds_its_code(page: str) -> None:
    notebook = nbformat.reads(export(GUIDE, page, "", "ipynb"), as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code == [cell.source for cell in GUIDE.find(page).cells if cell.source]
