"""The settings under `[tool.galley]`, and what is said of those that cannot be."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from galley.config import Profile, Project, find_project
from galley.errors import GalleyError, UsageError
from galley.settings import FORMS, PROFILE_FORMS
from guide_folder import SETTINGS, GuideFolder

FULL = """
[tool.galley]
docs = "pages"
snippets = "code"
imports = ["json"]
links = ["data"]
packages = ["rich"]
environment = { A = "b" }
timeout = 5.0
output_limit = 100

[tool.galley.hooks]
setup = "helper:setup"

[tool.galley.profiles.laptop]
required = true
title = "A laptop"

[tool.galley.profiles.gpu.parameters]
device = "cuda"
"""


def test_settings_are_read_from_the_nearest_project_above(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, FULL)
    inner = tmp_path / "inner" / "deeper"
    inner.mkdir(parents=True)
    (tmp_path / "inner" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    project = find_project(inner)
    assert project.root == tmp_path.resolve()
    assert (project.docs, project.snippets) == (folder.root / "pages", folder.root / "code")
    assert project.outputs == folder.root / "code/outputs"
    assert (project.imports, project.links, project.packages) == (("json",), ("data",), ("rich",))
    assert (project.timeout, project.output_limit, project.environment) == (5.0, 100, {"A": "b"})
    assert [(each.name, each.title, each.required) for each in project.profiles] == [
        ("laptop", "A laptop", True),
        ("gpu", "gpu", False),
    ]
    assert [each.name for each in project.required] == ["laptop"]
    assert project.profile("gpu").parameters == {"device": "cuda"}


def test_paths_are_shown_from_the_root_where_they_lie_below_it(folder: GuideFolder) -> None:
    assert folder.project.relative(folder.project.docs) == Path("docs")
    assert folder.project.relative(Path("/elsewhere")) == Path("/elsewhere")
    assert folder.project.relative(folder.project.root) == Path()


def test_output_is_cut_at_64_kb_and_a_cell_at_60_s_unless_set(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, SETTINGS.replace("timeout = 20.0\n", ""))
    assert (folder.project.output_limit, folder.project.timeout) == (65536, 60.0)


LAPTOP = "[tool.galley.profiles.laptop]\nrequired = true\n"
WRONG = {
    "unknown setting": ("[tool.galley]\ntimeot = 1\n", "[tool.galley] has no setting 'timeot'"),
    "root": ('[tool.galley]\nroot = "x"\n', "[tool.galley] has no setting 'root'"),
    "unknown hook": ('[tool.galley.hooks]\nstart = "a:b"\n', "[tool.galley.hooks] has no hook 'start'"),
    "unknown profile setting": (
        "[tool.galley.profiles.laptop]\nrequired = true\ndevice = 'cpu'\n",
        "[tool.galley.profiles.laptop] has no setting 'device'",
    ),
    "seconds in words": ('[tool.galley]\ntimeout = "abc"\n', "timeout = 'abc' under [tool.galley] is not a number"),
    "no seconds": ("[tool.galley]\npage_timeout = -1\n", "page_timeout = -1 under [tool.galley] is not a number"),
    "half a byte": ("[tool.galley]\noutput_limit = 0.5\n", "output_limit = 0.5 under [tool.galley] is not a whole"),
    "a text for a list": ('[tool.galley]\nimports = "torch"\n', "imports = 'torch' under [tool.galley] is not a list"),
    "a number for a variable": (
        "[tool.galley.environment]\nA = 1\n",
        "environment = {'A': 1} under [tool.galley] is not a table of texts",
    ),
    "a hook without a function": (
        '[tool.galley.hooks]\nsetup = "loading.page"\n',
        "hooks = {'setup': 'loading.page'} under [tool.galley] is not a table of texts of the form",
    ),
    "a profile that is no table": ("[tool.galley.profiles]\nlaptop = 1\n", "profiles = {'laptop': 1} under"),
    "perhaps required": (
        '[tool.galley.profiles.laptop]\nrequired = "yes"\n',
        "required = 'yes' under [tool.galley.profiles.laptop] is not true or false",
    ),
    "nothing required": ("[tool.galley.profiles.laptop]\n", "no profile is required"),
    "no profile": ("[tool.galley]\n", "no profile is required"),
    "records outside": (
        '[tool.galley]\noutputs = "../../x"\n' + LAPTOP,
        "outputs = '../../x' under [tool.galley] is no folder",
    ),
    "records far outside": ('[tool.galley]\noutputs = "/tmp/x"\n' + LAPTOP, "outputs = "),
    "records out and in again": ('[tool.galley]\noutputs = "a/../../x"\n' + LAPTOP, "outputs = "),
    "records at the root": (
        '[tool.galley]\noutputs = "."\n' + LAPTOP,
        "outputs = '.' under [tool.galley] is no folder below",
    ),
    "records among pages": (
        '[tool.galley]\noutputs = "docs"\n' + LAPTOP,
        "outputs under [tool.galley] is the folder of docs",
    ),
    "records above snippets": (
        '[tool.galley]\nsnippets = "a/b"\noutputs = "a"\n' + LAPTOP,
        "outputs under [tool.galley] is the folder of snippets, or holds it",
    ),
    "snippets outside": (
        '[tool.galley]\nsnippets = "../x"\n' + LAPTOP,
        "snippets = '../x' under [tool.galley] is no folder",
    ),
    "pages outside": (
        '[tool.galley]\ndocs = "../x"\n' + LAPTOP,
        "docs = '../x' under [tool.galley] is no folder below",
    ),
    "a profile above": ("[tool.galley.profiles.'../../evil']\nrequired = true\n", "[tool.galley.profiles] has '../../"),
    "a profile in a folder": ("[tool.galley.profiles.'a/b']\nrequired = true\n", "[tool.galley.profiles] has 'a/b'"),
    "a hidden profile": ("[tool.galley.profiles.'.x']\nrequired = true\n", "[tool.galley.profiles] has '.x'"),
    "a link above": (
        '[tool.galley]\nlinks = ["../../../etc"]\n' + LAPTOP,
        "links under [tool.galley] has '../../../etc'",
    ),
    "a link within": (
        '[tool.galley]\nlinks = ["a/b"]\n' + LAPTOP,
        "links under [tool.galley] has 'a/b', which is no plain name",
    ),
    "a link to itself": (
        '[tool.galley]\nlinks = ["."]\n' + LAPTOP,
        "links under [tool.galley] has '.', which is no plain name",
    ),
    "no TOML": ("[tool.galley\n", "not readable as TOML"),
}


@pytest.mark.parametrize(("settings", "what"), WRONG.values(), ids=WRONG)
def test_a_setting_that_cannot_be_is_told_with_what_can(tmp_path: Path, settings: str, what: str) -> None:
    GuideFolder.make(tmp_path, settings)
    with pytest.raises(GalleyError) as raised:
        find_project(tmp_path)
    assert raised.value.what.startswith(what)
    assert str(raised.value.place).endswith("pyproject.toml")


@pytest.mark.parametrize("name", ["outputs", "snippets"])
def test_a_folder_that_a_link_puts_outside_is_refused(
    folder: GuideFolder, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (folder.root / "away").symlink_to(outside)
    folder.write("pyproject.toml", SETTINGS.replace("timeout", f'{name} = "away/x"\ntimeout'))
    with pytest.raises(GalleyError, match=f"{name} = 'away/x' under .* is no folder below the project's"):
        _ = folder.project


def test_a_link_that_leads_outside_is_refused(folder: GuideFolder, tmp_path_factory: pytest.TempPathFactory) -> None:
    (folder.root / "snippets/data").symlink_to(tmp_path_factory.mktemp("outside"))
    folder.write("pyproject.toml", SETTINGS.replace("timeout", 'links = ["data"]\ntimeout'))
    with pytest.raises(GalleyError, match=r"links under .* has 'data', which leads outside the project"):
        _ = folder.project


def test_every_setting_has_a_form() -> None:
    assert set(FORMS) == {each.name for each in fields(Project)} - {"root"}
    assert set(PROFILE_FORMS) == {each.name for each in fields(Profile)} - {"name"}


def test_a_folder_outside_any_guide_is_told(tmp_path: Path) -> None:
    with pytest.raises(GalleyError, match=r"no pyproject\.toml with a \[tool\.galley\] table"):
        find_project(tmp_path)


def test_an_unknown_profile_is_told_with_the_known_ones(folder: GuideFolder) -> None:
    with pytest.raises(UsageError, match=r"no profile is named 'x'\n    the profiles here are: laptop"):
        folder.project.profile("x")
