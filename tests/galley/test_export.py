"""A page as a script and as a notebook: what they hold, and that the script runs."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builders import BUILDERS, article, plain
from galley.export.needs import Needs, needs, parts_needs
from galley.record.facts import facts_line
from galley.record.model import Dependency, Environment, Record
from guide_folder import SETTINGS, GuideFolder, fence

if TYPE_CHECKING:
    import nbformat

SOURCE = '''\
# %% parameters
device = "cpu"
# %% first
"""Shown with `code`."""
print("printed on", device)
40 + 2
# %% helped
from helper import double

print(double(21), open("data/numbers/one.txt").read())
error = "kept"
# %% fails raises="ValueError"
text = """kept
  as it is"""
raise ValueError(text)
# %% kept [measured]
print(error, "x" * 70_000)
# %% claimed [claim]
"Two and two make four."
assert 2 + 2 == 4
# %% drawn alt="nothing"
class Drawing:
    def _repr_svg_(self):
        return '<svg xmlns="http://www.w3.org/2000/svg"/>'

Drawing()
'''
PAGE = f"""---
title: Given elsewhere
---
# A page

The opening, with [a link](other.md#there) and [one outside](https://example.org).

## A section

Prose above the claim.

{fence("one", "claimed")}
Prose above the first.

{fence("one", "first")}
{fence("one", "parameters")}
{fence("one", "helped")}
{fence("one", "fails")}
{fence("one", "kept")}
Code as `model.layers[0](x)` stays, and so does code in a block:

```mermaid
%% begins no cell
[a link](in-code.md)
```

%% is no cell, and [a link
over two lines](other.md) leads nowhere.

From [0, 1) a [third link](other.md).

{fence("one", "first")}
{fence("one", "drawn")}
The end.
"""
TWO_PROFILES = f"""{SETTINGS}
[tool.galley.profiles.other]
title = "Another"
parameters = {{ device = "meta" }}
"""


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with one page, recorded under two profiles."""
    root = tmp_path_factory.mktemp("guide")
    settings = TWO_PROFILES.replace("[tool.galley]\n", '[tool.galley]\nlinks = ["data"]\npackages = ["rich"]\n')
    folder = plain(GuideFolder.make(root, settings))
    folder.write("snippets/helper.py", "import rich\nimport tools\n\ndef double(n):\n    return tools.TWO * n\n")
    folder.write("snippets/tools/__init__.py", "TWO = 2\n")
    folder.write("snippets/data/numbers/one.txt", "one")
    folder.write("docs/one.md", PAGE)
    folder.write("snippets/one.py", SOURCE)
    ended = folder.run(profiles=("laptop", "other"))
    assert not ended.failures
    return folder


@pytest.fixture(scope="module")
def script(guide: GuideFolder) -> str:
    """The page as a script."""
    return guide.galley("export", "one", "-o", "-").stdout


@pytest.fixture(scope="module")
def notebook(guide: GuideFolder) -> nbformat.NotebookNode:
    """The page as a notebook."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat reads the notebook")
    return nbformat.reads(guide.galley("export", "one", "-f", "ipynb", "-o", "-").stdout, as_version=4)


def test_the_head_says_what_the_script_needs(script: str) -> None:
    lines = script.splitlines()
    assert lines[0] == "# Needs, in the folder of this file:"
    assert re.fullmatch(r"#     pip install rich==[\d.]+", lines[1])
    assert lines[2] == (
        "# Needs beside this file, from snippets/ in the guide's repository: data/numbers/, helper.py, tools/"
    )


def test_the_script_runs_beside_what_it_needs_and_nowhere_else(script: str, guide: GuideFolder, tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(script, encoding="utf-8")
    shutil.copytree(guide.root / "snippets/tools", tmp_path / "tools")
    (tmp_path / "helper.py").write_text((guide.root / "snippets/helper.py").read_text("utf-8"), encoding="utf-8")
    run = [sys.executable, "one.py"]
    assert subprocess.run(run, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    (tmp_path / "data/numbers").mkdir(parents=True)
    (tmp_path / "data/numbers/one.txt").write_text("one")
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:4] == ["printed on cpu", "42 one", "ValueError: kept", "  as it is"]
    assert done.stdout.splitlines()[4].startswith("kept xxx")


def test_a_script_whose_cell_raises_nothing_fails(script: str, tmp_path: Path) -> None:
    spoiled = script.replace("raise ValueError(text)", "pass").replace("from helper import double", "")
    spoiled = spoiled.replace('print(double(21), open("data/numbers/one.txt").read())', "")
    (tmp_path / "one.py").write_text(spoiled, encoding="utf-8")
    done = subprocess.run([sys.executable, "one.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "this must raise ValueError" in done.stderr


def test_prose_stands_above_its_cell_and_code_in_running_order(script: str) -> None:
    order = [
        "# # A page", "# The opening", "# %% parameters", "# Prose above the first.", "# Shown with `code`.",
        "# %% first", "# %% fails", "# ## A section", "# **Claim.** Two and two", "# %% claimed", "# The end.",
    ]  # fmt: skip
    places = [script.index(each) for each in order]
    assert places == sorted(places)
    assert "title: Given" not in script
    assert "with a link and [one outside](https://example.org)" in script
    assert "exec=" not in script
    assert "`model.layers[0](x)`" in script
    assert "# [a link](in-code.md)" in script
    assert "# \\%% is no cell, and a link\n# over two lines leads nowhere." in script
    assert "# From [0, 1) a third link." in script
    assert script.count("*Measured: these numbers differ at every run.*") == 1


def test_only_what_lies_in_the_links_is_named_as_a_folder(guide: GuideFolder) -> None:
    used = (Dependency("snippets", "listing", "x"), Dependency("data/outside.csv", "file", "x"))
    record = replace(guide.record("one"), dependencies=used)
    found = needs(guide.project, guide.guide.find("one"), record)
    assert found.beside == ("helper.py", "tools/")


def used(*paths: str, kind: str = "file") -> tuple[Dependency, ...]:
    """What a page used, by the paths from the project's root."""
    return tuple(Dependency(path, kind, "x") for path in paths)


FOLDERS: dict[str, tuple[tuple[Dependency, ...], tuple[str, ...]]] = {
    "a file": (used("snippets/data/a/x.txt"), ("data/a/",)),
    "a folder that was listed": (used("snippets/data/a", kind="listing"), ("data/a/",)),
    "a folder in another": (used("snippets/data/a/x.txt", "snippets/data/a/b/y.txt"), ("data/a/",)),
    "a folder beside another": (used("snippets/data/a/x.txt", "snippets/data/ab/y.txt"), ("data/a/", "data/ab/")),
    "a file beside the links": (used("snippets/other/x.txt", "snippets/x.txt"), ()),
    "a name of a table": (used("snippets/data/a.toml", kind="table"), ()),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_each_folder_that_a_page_used_is_named_once(guide: GuideFolder, case: str) -> None:
    dependencies, folders = FOLDERS[case]
    record = replace(guide.record("one"), dependencies=dependencies)
    assert needs(guide.project, guide.guide.find("one"), record).beside == (*folders, "helper.py", "tools/")


def test_a_part_of_a_page_needs_what_it_imports_and_the_files_that_it_names(guide: GuideFolder, tmp_path: Path) -> None:
    copy = guide.copied(tmp_path)
    copy.write("snippets/reader.py", "import writer\nWHERE = 'data/numbers'\n")
    copy.write("snippets/writer/__init__.py", "import reader\nimport json\n")  # each imports the other
    record = copy.record("one")
    rich = f"rich=={version('rich')}"
    part = parts_needs(copy.project, copy.project.snippets, record)
    assert part(["print(1)", "x = 'numbers'"]) == Needs(source="snippets")
    assert part(["import rich", "import json\nx = 1"]) == Needs((rich,), source="snippets")
    assert part(["x = 'data/numbers/one.txt'"]).beside == part(["'data'"]).beside == ("data/numbers/",)
    assert part(["x = 'data/numbers/one'", "y = 'data/number'"]).beside == ()
    assert part(["import reader"]).beside == ("data/numbers/", "reader.py", "writer/")
    assert part(["import helper"]) == Needs((rich,), beside=("helper.py", "tools/"), source="snippets")


def test_what_the_site_offers_is_asked_for_nowhere_else(guide: GuideFolder, tmp_path: Path) -> None:
    copy = guide.copied(tmp_path)
    settings = (copy.root / "pyproject.toml").read_text(encoding="utf-8")
    files = {
        "numbers.zip": "snippets/data/numbers",
        "helper.py": "snippets/helper.py",
        "given.csv": "given.csv",
        "other.csv": "other.csv",
    }
    listed = "".join(f'"{name}" = "{path}"\n' for name, path in files.items())
    copy.write("pyproject.toml", f"{settings}\n[tool.galley.files]\n{listed}")
    for name in ("given.csv", "other.csv", "more.csv"):
        copy.write(name, "x\n")
    copy.write("snippets/one.py", SOURCE.replace("# %% helped", '# %% helped uses="given.csv more.csv"'))
    found = needs(copy.project, copy.guide.find("one"), guide.record("one"))
    assert [each.name for each in found.offered] == ["numbers.zip", "helper.py", "given.csv"]
    assert (found.beside, found.declared) == (("tools/",), ("more.csv",))
    part = parts_needs(copy.project, copy.project.snippets, guide.record("one"))
    assert [each.name for each in part(["open('data/numbers/one.txt')"]).offered] == ["numbers.zip"]


def test_the_record_says_which_package_and_which_version(guide: GuideFolder) -> None:
    record = guide.record("one")
    packages = {"Rich": "1.0+cpu", "yaml": "9"}
    told = replace(record, environment=replace(record.environment, packages=packages))
    assert parts_needs(guide.project, guide.project.snippets, told)(["import yaml, rich"]).packages == (
        "Rich==1.0",
        "yaml==9",
    )


@pytest.mark.parametrize("name", ["PyYAML", "pyyaml"])
def test_a_package_is_pinned_though_its_module_has_another_name(name: str, tmp_path: Path) -> None:
    settings = SETTINGS.replace("[tool.galley]\n", f'[tool.galley]\npackages = ["{name}"]\n')
    folder = GuideFolder.make(tmp_path, settings)
    folder.snippet("page", "# %% one\nimport yaml\n")
    assert not folder.run().failures
    found = needs(folder.project, folder.guide.find("page"), folder.record("page"))
    assert found == Needs((f"{name}=={version('PyYAML')}",), source="snippets")


def test_an_import_counts_wherever_it_stands(guide: GuideFolder, tmp_path: Path) -> None:
    nested = guide.copied(tmp_path)
    nested.snippet(
        "one",
        """# %% one
import m0
try: import m1
except OSError: import m2
else: import m3
finally: import m4
match 1:
    case 1: import m5
class C:
    def f(self):
        with self: import m6
        while 1: from m7.deep import x
        for y in lambda: 1: from . import m8
        if (y if 1 else 2): pass
        elif 1: import m9
""",
    )
    found = needs(nested.project, nested.guide.find("one"), guide.record("one"))
    assert list(found.packages) == [f"m{n}" for n in range(10) if n != 8]


def test_a_package_called_as_its_module_is_found_without_a_search_and_named_once_as_it_calls_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = GuideFolder.make(tmp_path)
    folder.snippet("page", "# %% one\nimport jinja2\nimport Jinja2\n")
    nothing = Record("page", "laptop", "2026-01-01", Environment(), ())

    def search() -> dict[str, list[str]]:
        raise AssertionError("this reads the list of files of every package")

    monkeypatch.setattr("galley.export.needs.distributions", search)
    assert needs(folder.project, folder.guide.find("page"), nothing).packages == ("Jinja2",)


def test_what_a_page_ran_on_is_one_line_whatever_a_hook_says(guide: GuideFolder) -> None:
    record = guide.record("one")
    told = replace(record, environment=replace(record.environment, provenance={"device": "A100\nMIG 1g"}))
    assert facts_line(told, ["device"]) == f"A100 MIG 1g · {record.date}"


def test_an_export_says_what_it_ran_on(script: str, notebook: nbformat.NotebookNode) -> None:
    said = script.splitlines()[3]
    assert re.fullmatch(r"# The page ran on: [\d-]+ \(profile laptop\)", said), said
    assert said in notebook.cells[0].source.splitlines()


def test_jupytext_reads_the_script_as_the_notebooks_cells(script: str, notebook: nbformat.NotebookNode) -> None:
    jupytext = pytest.importorskip("jupytext", reason="jupytext reads the script")
    read = [cell.source for cell in jupytext.reads(script, fmt="py:percent").cells]
    own = [cell.source for cell in notebook.cells]
    assert len(read) == len(own)
    theirs = [cell.replace("\n\\%%", "\n%%") for cell in read]
    assert [mine for mine, other in zip(own, theirs, strict=True) if mine != other] == [
        own[0], 'text = """kept\n  as it is"""\nraise ValueError(text)'
    ]  # fmt: skip


def test_the_notebook_is_valid_and_has_the_recorded_outputs(notebook: nbformat.NotebookNode) -> None:
    importlib.import_module("nbformat").validate(notebook)
    code = {cell.metadata.name: cell for cell in notebook.cells if cell.cell_type == "code"}
    assert [output.output_type for output in code["first"].outputs] == ["stream", "execute_result"]
    assert code["first"].outputs[0].text == "printed on cpu\n"
    assert code["first"].outputs[1].data["text/plain"].strip() == "42"
    (error,) = code["fails"].outputs
    assert (error.ename, error.evalue) == ("ValueError", "kept\n  as it is")
    assert code["kept"].outputs[0].text.endswith("more bytes were printed and are cut here\n")
    assert code["fails"].metadata.tags == ["raises-exception"]
    assert code["claimed"].metadata.tags == ["claim"]
    assert "<svg" in code["drawn"].outputs[0].data["image/svg+xml"]


def test_two_long_names_have_two_ids(guide: GuideFolder, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat reads the notebook")
    long = guide.copied(tmp_path)
    names = [f"{'a-long-name-' * 6}{end}" for end in ("one", "two")]
    long.write("snippets/one.py", "".join(f"# %% {name}\n1\n" for name in names))
    long.write("docs/one.md", "# A page\n\n" + "".join(fence("one", name) for name in names))
    assert not long.run().failures
    made = nbformat.reads(long.galley("export", "one", "-f", "ipynb", "-o", "-").stdout, as_version=4)
    ids = [cell.id for cell in made.cells]
    assert len(set(ids)) == len(ids)
    nbformat.validate(made)


def test_a_profile_has_its_own_parameters(guide: GuideFolder) -> None:
    assert 'device = "meta"' in guide.galley("export", "one", "--profile", "other", "-o", "-").stdout


def test_a_file_that_is_there_is_not_overwritten(guide: GuideFolder) -> None:
    assert "wrote one.py" in guide.galley("export", "one").stdout
    again = guide.galley("export", "one")
    assert (again.returncode, again.stdout.split("\n")[0]) == (2, "one.py: is there already")
    (guide.root / "one.py").unlink()


def test_the_end_of_a_files_name_says_the_format_unless_one_is_given(guide: GuideFolder, tmp_path: Path) -> None:
    for name, more, begins in (("a.ipynb", [], "{"), ("b.ipynb", ["-f", "py"], "# Needs"), ("c.py", [], "# Needs")):
        assert guide.galley("export", "one", "-o", str(tmp_path / name), *more).returncode == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins), name


def test_a_declared_file_outside_the_links_is_named(tmp_path: Path) -> None:
    folder = plain(
        GuideFolder.make(tmp_path, SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nlinks = ["linked"]\n'))
    )
    folder.write("data/words.txt", "word")
    folder.write("snippets/linked/one.txt", "one")
    folder.page("one", fence("one", "first"))
    folder.snippet("one", '# %% first uses="data/words.txt linked/one.txt"\nprint(1)\n')
    assert not folder.run().failures
    said = folder.galley("export", "one", "-o", "-").stdout
    assert said.splitlines()[:2] == [
        "# Needs beside this file, from snippets/ in the guide's repository: linked/",
        "# Needs from the root of the guide's repository: data/words.txt",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (["two"], 2, "no page with cells is named 'two'"),
        (["one", "-p", "gpu"], 2, "no profile is named 'gpu'"),
        (["one", "-f", "pdf"], 2, "no format is named 'pdf'"),
        (["one", "-o", "no/such/folder.py"], 2, "cannot be written"),
    ],
)
def test_a_wrong_word_is_told(guide: GuideFolder, arguments: list[str], code: int, what: str) -> None:
    said = guide.galley("export", *arguments)
    assert (said.returncode, what in said.stdout) == (code, True), said.stdout


def test_an_untrue_record_is_not_exported(guide: GuideFolder) -> None:
    path = guide.root / "snippets/one.py"
    path.write_text(SOURCE.replace("2 + 2 == 4", "2 + 2 != 5"), encoding="utf-8")
    said = guide.galley("export", "one")
    path.write_text(SOURCE, encoding="utf-8")
    assert said.returncode == 1
    assert "the laptop record is stale" in said.stdout
    assert "galley run one" in said.stdout
    assert not (guide.root / "one.py").exists()


@pytest.mark.parametrize("name", BUILDERS)
def test_a_page_offers_both_files_of_each_profile(
    name: str, guide: GuideFolder, script: str, notebook: nbformat.NotebookNode
) -> None:
    builder: Callable[[GuideFolder], None] = BUILDERS[name]
    builder(guide)
    html = article(guide.root / "site", "one")
    links = re.findall(r'<a href="([^"]+)" download>', html)
    assert links == ["one_laptop.ipynb", "one_laptop.py", "one_other.ipynb", "one_other.py"]
    assert "base64" not in html
    assert html.index("</h1>") < html.index("Run this page") < html.index("The opening")
    files = [(guide.root / "site" / link).read_text(encoding="utf-8") for link in links]
    assert files[1] == script
    assert files[0].count("\n") == 1
    assert json.loads(files[0]) == json.loads(importlib.import_module("nbformat").writes(notebook))
    assert 'device = "meta"' in files[3]


def test_an_export_and_its_links_are_those_of_the_page_that_shows_the_code(tmp_path: Path) -> None:
    folder = plain(GuideFolder.make(tmp_path))
    folder.snippet("code", "# %% one\nprint(1)\n# %% two\nprint(2)\n# %% three\nprint(3)\n", shown=False)
    folder.page("sub/deep", f"Prose of the deep page.\n\n{fence('code', 'one')}\n{fence('code', 'two')}")
    folder.page("teaser", f"Prose of the teaser.\n\n{fence('code', 'three')}")
    assert not folder.run().failures
    for name in ("code", "docs/sub/deep.md"):
        exported = folder.galley("export", name, "--output", "-").stdout
        assert "# Prose of the deep page." in exported
        assert "teaser" not in exported
    assert folder.mkdocs().returncode == 0
    site = folder.root / "site"
    assert '<a href="code.py" download>' in (site / "sub/deep.html").read_text(encoding="utf-8")
    assert (site / "sub/code.py").read_text(encoding="utf-8") == folder.galley("export", "code", "-o", "-").stdout
    assert 'class="galley-run"' not in (site / "teaser.html").read_text(encoding="utf-8")


def test_a_page_of_two_snippet_files_offers_both(tmp_path: Path) -> None:
    folder = plain(GuideFolder.make(tmp_path))
    for stem in ("first", "second"):
        folder.snippet(stem, "# %% one\nprint(1)\n", shown=False)
    folder.page("both", fence("first", "one") + fence("second", "one"))
    assert not folder.run().failures
    assert folder.mkdocs().returncode == 0
    html = (folder.root / "site/both.html").read_text(encoding="utf-8")
    assert re.search(r'first:</span> <a href="first\.ipynb".*second:</span> <a href="second\.ipynb"', html)
