"""Modules that a page, or a module of the project, looked for in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.record.status import State
from guide_folder import GuideFolder

LAPTOP = "[tool.galley.profiles.laptop]\nrequired = true\n"
OPTIONAL = """\
try:
    import fastlib
except ImportError:
    fastlib = None
print("fast" if fastlib else "slow")
"""


def absent(folder: GuideFolder, page: str = "page") -> set[str]:
    """The paths that a page looked for and did not find."""
    return {each.path for each in folder.record(page).dependencies if each.kind == "absent"}


@pytest.mark.parametrize("appears", ["snippets/fastlib.py", "snippets/fastlib/__init__.py"])
def test_a_module_that_was_looked_for_in_vain_makes_the_record_stale_when_it_appears(
    folder: GuideFolder, appears: str
) -> None:
    folder.snippet("page", f"# %% one\n{OPTIONAL}")
    assert not folder.run().failures
    assert absent(folder) == {"snippets/fastlib.py", "snippets/fastlib"}
    assert folder.status("page").state is State.FRESH
    file = folder.write(appears, "")
    missing = file if file.name == "fastlib.py" else file.parent
    assert [each.what for each in folder.status("page").reasons] == [
        f"{missing.relative_to(folder.root)} was not there when the page looked for it"
    ]
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt") == "fast\n"
    assert (folder.status("page").state, absent(folder)) == (State.FRESH, set())


@pytest.mark.parametrize(
    ("code", "looked_for"),
    [
        ("import importlib.util\nprint(importlib.util.find_spec('fastlib'))", {"fastlib"}),
        ("import importlib\ntry:\n    importlib.import_module('fastlib.core')\nexcept ImportError: pass", {"fastlib"}),
        ("try:\n    from own import fast\nexcept ImportError: pass", {"own/fast"}),
        ("try:\n    import own.fast\nexcept ImportError: pass", {"own/fast"}),
        ("import helper", {"fastlib"}),
    ],
)
def test_each_way_to_look_for_a_module_counts(folder: GuideFolder, code: str, looked_for: set[str]) -> None:
    folder.write("snippets/own/__init__.py", "")
    folder.write("snippets/helper.py", OPTIONAL)
    folder.snippet("page", f"# %% one\n{code}\n")
    assert not folder.run().failures
    assert absent(folder) == {f"snippets/{each}{ending}" for each in looked_for for ending in (".py", "")}


def test_what_the_runner_looked_for_before_a_page_counts_for_the_page(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, f'[tool.galley]\nimports = ["helper"]\n{LAPTOP}')
    folder.write("snippets/helper.py", OPTIONAL)
    folder.snippet("page", "# %% one\nimport helper\nprint(helper.fastlib)\n")
    assert not folder.run().failures
    assert absent(folder) == {"snippets/fastlib.py", "snippets/fastlib"}


def test_what_installed_packages_look_for_does_not_count(folder: GuideFolder) -> None:
    folder.without_sandbox()  # the page imports from beside the guide
    installed = folder.root.parent / "elsewhere"
    installed.mkdir()
    (installed / "library.py").write_text(OPTIONAL)
    source = f"import sys\nsys.path.append({str(installed)!r})\nimport library, json, unittest.mock\n"
    folder.snippet("page", f"# %% one\n{source}")
    assert not folder.run().failures
    assert absent(folder) == set()


def test_what_is_found_is_not_missed(folder: GuideFolder) -> None:
    folder.write("snippets/helper.py", "x = 1\n")
    folder.snippet("page", "# %% one\nimport helper, json, rich, colorsys\nfrom email import message\nhelper.x\n")
    assert not folder.run().failures
    assert absent(folder) == set()
