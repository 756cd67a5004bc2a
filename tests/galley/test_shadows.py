"""Files of the snippets that hide a module which the code means, and linked folders that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.errors import Exit, GalleyError
from guide_folder import SETTINGS, GuideFolder


@pytest.mark.parametrize("name", ["random", "numpy"])
def test_a_page_that_would_import_itself_is_refused_by_check_and_run(folder: GuideFolder, name: str) -> None:
    folder.snippet(name, f"# %% one\nimport math\n# %% two\nimport {name}\nprint({name})\n")
    folder.snippet("other", "# %% one\nprint(1)\n")
    told = (
        f"snippets/{name}.py:4: {{}}imports '{name}' and would get snippets/{name}.py, not the module of that name\n"
        f"    rename snippets/{name}.py"
    )
    done = folder.galley("check")
    assert told.format("unreadable: ") in done.stdout
    assert done.returncode == Exit.NOT_TRUE
    ended = folder.run()
    assert [str(error) for error in ended.summary.errors] == [told.format("")]
    assert folder.record("other"), "the other page is recorded"
    with pytest.raises(GalleyError, match="would get"):
        folder.run(name)


@pytest.mark.parametrize(
    ("code", "line"), [("import statistics", 2), ("x = 1\nfrom statistics import mean", 3), ("import statistics.x", 2)]
)
@pytest.mark.parametrize("hides", ["statistics.py", "statistics/__init__.py"])
def test_a_file_beside_a_page_that_hides_a_module_of_python_is_refused(
    folder: GuideFolder, code: str, line: int, hides: str
) -> None:
    folder.write(f"snippets/{hides}", "x = 1\n")
    folder.snippet("page", f"# %% one\n{code}\n")
    hidden = Path("snippets", hides.partition("/")[0])
    assert [str(error) for error in folder.guide.errors] == [
        f"snippets/page.py:{line}: imports 'statistics' and would get {hidden}, not the module of that name\n"
        f"    rename {hidden}"
    ]


def test_a_module_of_the_project_that_would_import_itself_is_refused(folder: GuideFolder) -> None:
    folder.write("snippets/numpy.py", "from numpy import array\n")
    folder.snippet("page", "# %% one\nimport numpy\n")
    assert [str(error.place) for error in folder.guide.errors] == ["snippets/numpy.py:1"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("statistics.py", "# %% one\nprint('no import of that name')\n"),
        ("page.py", "# %% one\nimport helper, json\n'import page'\n"),
        ("sys.py", "# %% one\nimport sys\n"),  # built in: no file hides it
        ("page.py", "# %% one\nimport broken(\n"),
    ],
)
def test_what_hides_nothing_is_not_refused(folder: GuideFolder, file: str, text: str) -> None:
    folder.write("snippets/helper.py", "x = 1\n")
    folder.write(f"snippets/{file}", text)
    assert not [error for error in folder.guide.errors if "would get" in str(error)]


def test_the_command_that_is_named_mends_it(folder: GuideFolder) -> None:
    folder.write("snippets/statistics.py", "x = 1\n")
    folder.snippet("page", "# %% one\nimport statistics\nprint(statistics.mean([1, 3]))\n")
    assert folder.guide.errors
    (folder.root / "snippets/statistics.py").rename(folder.root / "snippets/my_statistics.py")
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt") == "2\n"


def test_a_linked_folder_that_is_not_there_is_an_error_with_its_mend(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, SETTINGS.replace("timeout", 'links = ["models"]\ntimeout'))
    folder.snippet("page", "# %% one\nprint(1)\n")
    for command in ("check", "run"):
        done = folder.galley(command)
        assert (
            "pyproject.toml:2: links under [tool.galley] has 'models', and there is no snippets/models\n" in done.stdout
        )
        assert "make snippets/models, or take 'models' away" in done.stdout
        assert "Traceback" not in done.stdout
        assert done.returncode != 0
    (folder.root / "snippets/models").mkdir()
    assert not folder.run().failures
