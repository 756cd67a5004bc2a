"""Which packages a record names without any setting, and what is said of one that is not there."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from galley.export.needs import needs
from galley.record.facts import canonical
from galley.record.status import State
from galley.run.packages import merged, packages_of
from guide_folder import SETTINGS, GuideFolder

LAPTOP = "[tool.galley.profiles.laptop]\nrequired = true\n"


def packages(folder: GuideFolder, page: str = "page") -> dict[str, str]:
    """The packages of a record, by name."""
    return dict(folder.record(page).environment.packages)


def test_the_packages_that_a_page_imported_stand_in_its_record_and_are_pinned_in_its_export(
    folder: GuideFolder,
) -> None:
    folder.snippet("page", "# %% one\nimport json, markdown, yaml\nprint(markdown.markdown('x'))\n")
    folder.snippet("plain", "# %% one\nimport json\nprint(1)\n")
    assert not folder.run().failures
    wanted = {"Markdown": metadata.version("Markdown"), "PyYAML": metadata.version("PyYAML")}
    assert packages(folder) == wanted
    assert packages(folder, "plain") == {}
    found = needs(folder.project, folder.guide.snippets["page"], folder.record("page"))
    assert found.packages == tuple(f"{name}=={version}" for name, version in wanted.items())


def test_another_version_of_a_package_that_no_setting_names_is_drift(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nimport markdown\nprint(markdown.markdown('x'))\n")
    assert not folder.run().failures
    path = folder.project.outputs / "page/laptop/record.json"
    version = metadata.version("Markdown")
    path.write_text(path.read_text(encoding="utf-8").replace(f'"Markdown": "{version}"', '"Markdown": "1.29.0"'))
    found = folder.status("page")
    assert (found.state, [each.what for each in found.reasons]) == (
        State.DRIFTED,
        [f"Markdown was 1.29.0, is {version}"],
    )


def test_packages_that_a_module_of_the_project_or_another_package_imports_count(folder: GuideFolder) -> None:
    folder.write("snippets/helper.py", "import pymdownx.superfences\n")
    folder.snippet("page", "# %% one\nimport helper\n")
    assert not folder.run().failures
    assert {"pymdown-extensions", "Markdown"} <= packages(folder).keys()


def test_of_what_the_runner_loaded_that_counts_which_the_page_imports(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, f'[tool.galley]\nimports = ["markdown", "yaml"]\n{LAPTOP}')
    folder.write("snippets/helper.py", "import yaml\n")
    folder.snippet("direct", "# %% one\nimport markdown, msgspec\n")
    folder.snippet("helped", "# %% one\nimport helper\n")
    folder.snippet("never", "# %% one\ndef f():\n    import rich_text_that_is_nowhere\n1\n")
    assert not folder.run().failures
    assert [packages(folder, page).keys() for page in ("direct", "helped", "never")] == [
        {"Markdown", "msgspec"},  # galley needs msgspec too
        {"PyYAML"},
        set(),
    ]


def test_packages_of_the_settings_come_first_and_as_they_are_written_there(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, f'[tool.galley]\npackages = ["rich", "pyyaml"]\n{LAPTOP}')
    folder.snippet("page", "# %% one\nimport markdown, yaml\n")
    assert not folder.run().failures
    assert list(packages(folder)) == ["rich", "pyyaml", "Markdown"]
    assert merged(["ruamel.yaml"], ["ruamel-yaml", "other"]) == ("ruamel.yaml", "other")


def test_a_package_of_the_settings_that_is_not_installed_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, SETTINGS.replace("timeout", 'packages = ["markdwon"]\ntimeout'))
    folder.snippet("page", "# %% one\nprint(1)\n")
    (error,) = folder.run().summary.errors
    assert str(error).split("\n") == [
        "pyproject.toml:2: packages under [tool.galley]: no package 'markdwon' is installed, "
        "so no record could name it",
        f"    install what the pages import into the environment that runs galley: {sys.prefix}; "
        "'markdwon' is missing. Or correct packages under [tool.galley]",
    ]
    assert folder.status("page").state is State.MISSING


def test_a_page_that_takes_modules_away_still_has_its_packages(folder: GuideFolder) -> None:
    folder.snippet(
        "page", "# %% one\nimport sys, markdown\nfor name in ('csv', 'rich'):\n    sys.modules.pop(name, None)\n"
    )
    assert not folder.run().failures
    assert packages(folder) == {"Markdown": metadata.version("Markdown")}


@pytest.mark.parametrize("module", ["galley", "json", "__main__", "nowhere_to_be_found"])
def test_what_is_no_package_of_a_page_is_left_out(module: str, tmp_path: Path) -> None:
    assert packages_of([module], [module], [], tmp_path) == ()


@pytest.mark.parametrize(
    "name", ["Jinja2", "huggingface_hub", "zope.interface", "a-_.B", "ruamel.yaml.clib", "x__Y..z"]
)
def test_a_name_is_compared_as_the_index_compares_it(name: str) -> None:
    assert canonical(name) == canonicalize_name(name)
