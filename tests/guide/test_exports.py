"""Each page's script runs in a clean process, in an empty folder with what its first line says it needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from galley.config import find_project
from galley.export.command import export
from galley.source.guide import read_guide
from guide_folder import quiet_environment

ROOT = Path(__file__).parents[2]
GUIDE = read_guide(find_project(ROOT))
PAGES = [each.page for each in GUIDE.snippets.values()]


def beside(script: str) -> list[str]:
    """What the first line of a script says must lie beside it."""
    named = re.search(r"beside this file, from snippets/ in the guide's repository: (.*)$", script.splitlines()[0])
    return named[1].split(", ") if named else []


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_script_runs(page: str, tmp_path: Path) -> None:
    script = export(GUIDE, page, "", "py")
    (tmp_path / "page.py").write_text(script, encoding="utf-8")
    for name in beside(script):
        target = tmp_path / name.rstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        source = ROOT / "snippets" / name.rstrip("/")  # a copy: a link would lead on to what lies beside it
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    kept = {name: value for name, value in quiet_environment().items() if name in ("PATH", "LD_LIBRARY_PATH")}
    environment = {**kept, "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_notebook_is_valid_and_holds_its_code(page: str) -> None:
    notebook = nbformat.reads(export(GUIDE, page, "", "ipynb"), as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code == [cell.source for cell in GUIDE.find(page).cells if cell.source]
