"""The settings under `[tool.galley]`, and what is said of those that cannot be."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from galley.config import Project, find_project
from galley.errors import GalleyError, UsageError
from galley.profile import Profile
from galley.toml import line_of, settings_of
from guide_folder import SETTINGS, GuideFolder

FULL = """
[tool.galley]
docs = "pages"
snippets = "code"
imports = ["json"]
links = ["data"]
packages = ["rich"]
plugins = ["mine.lists:Quotes"]
install = "make run"
environment = { A = "b" }
timeout = 5
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
    folder.write("code/data/a.txt", "linked")
    inner = tmp_path / "inner" / "deeper"
    inner.mkdir(parents=True)
    (tmp_path / "inner" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    project = find_project(inner)
    assert project.root == tmp_path.resolve()
    assert (project.docs, project.snippets) == (folder.root / "pages", folder.root / "code")
    assert project.outputs == folder.root / "code/outputs"
    assert (project.imports, project.links, project.packages) == (("json",), ("data",), ("rich",))
    assert (project.plugins, project.install) == (("mine.lists:Quotes",), "make run")
    assert project.how_to_install == "install what the pages import: make run"
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
    "unknown setting": ("[tool.galley]\ntimeot = 1\n", 2, "[tool.galley] has no setting 'timeot'"),
    "root": ('[tool.galley]\nroot = "x"\n', 2, "[tool.galley] has no setting 'root'"),
    "unknown hook": (
        '[tool.galley.hooks]\nstart = "a:b"\n',
        2,
        "[tool.galley.hooks] has 'start', which is not one of the hooks",
    ),
    "unknown profile setting": (
        "[tool.galley.profiles.laptop]\nrequired = true\ndevice = 'cpu'\n",
        3,
        "[tool.galley.profiles.laptop] has no setting 'device'",
    ),
    "seconds in words": ('[tool.galley]\ntimeout = "abc"\n', 2, "timeout = 'abc' under [tool.galley] is not a number"),
    "no seconds": ("[tool.galley]\npage_timeout = -1\n", 2, "page_timeout = -1 under [tool.galley] is not a number"),
    "endless": ("[tool.galley]\ntimeout = inf\n", 2, "timeout = inf under [tool.galley] is not a number of seconds"),
    "not a number": ("[tool.galley]\ntimeout = nan\n", 2, "timeout = nan under [tool.galley] is not a number of"),
    "true seconds": ("[tool.galley]\ntimeout = true\n", 2, "timeout = True under [tool.galley] is not a number of"),
    "half a byte": ("[tool.galley]\noutput_limit = 0.5\n", 2, "output_limit = 0.5 under [tool.galley] is not a whole"),
    "a text for a list": (
        '[tool.galley]\nimports = "torch"\n',
        2,
        "imports = 'torch' under [tool.galley] is not a list",
    ),
    "a list over lines": (
        '[tool.galley]\nline = ["a"]\nimports = [\n    "a",\n    "b c",\n]\n',
        3,
        "imports = ['a', 'b c'] under [tool.galley] is not a list of texts, each a module's name",
    ),
    "a plug-in without an object": (
        '[tool.galley]\nplugins = ["mine"]\n',
        2,
        "plugins = ['mine'] under [tool.galley] is not a list of texts of the form",
    ),
    "a control character": (
        '[tool.galley]\ninstall = "\\u001b[2J"\n',
        2,
        "install = '\\x1b[2J' under [tool.galley] is",
    ),
    "a control character in a folder": (
        '[tool.galley]\ndocs = "a\\u0000b"\n',
        2,
        "docs = 'a\\x00b' under [tool.galley] is",
    ),
    "a title over lines": (
        '[tool.galley.profiles.laptop]\nrequired = true\ntitle = """a\nb"""\n',
        3,
        "title = 'a\\nb' under [tool.galley.profiles.laptop] is not a text without control characters",
    ),
    "a number for a variable": (
        "[tool.galley.environment]\nA = 1\n",
        2,
        "A = 1 under [tool.galley.environment] is not a text",
    ),
    "no variable": (
        '[tool.galley.environment]\nA = "b"\n"B=C" = "d"\n',
        3,
        "[tool.galley.environment] has 'B=C', which is not the name of a variable",
    ),
    "a variable with NUL": (
        '[tool.galley]\nenvironment = { A = "a\\u0000b" }\n',
        2,
        "A = 'a\\x00b' under [tool.galley.environment] is not a text without the character of code 0",
    ),
    "no table of variables": (
        "[tool.galley]\nenvironment = 1\n",
        2,
        "environment = 1 under [tool.galley] is not a table",
    ),
    "a hook without a function": (
        '[tool.galley.hooks]\nsetup = "loading.page"\n',
        2,
        "setup = 'loading.page' under [tool.galley.hooks] is not a text of the form",
    ),
    "profiles that are no table": (
        "[tool.galley]\nprofiles = 1\n",
        2,
        "profiles = 1 under [tool.galley] is not a table",
    ),
    "a profile that is no table": (
        "[tool.galley.profiles]\nlaptop = 1\n",
        2,
        "laptop = 1 under [tool.galley.profiles]",
    ),
    "perhaps required": (
        '[tool.galley.profiles.laptop]\nrequired = "yes"\n',
        2,
        "required = 'yes' under [tool.galley.profiles.laptop] is not true or false",
    ),
    "a date for a parameter": (
        LAPTOP + "[tool.galley.profiles.laptop.parameters]\na = 1\nday = 2020-01-01\n",
        5,
        "day = datetime.date(2020, 1, 1) under [tool.galley.profiles.laptop.parameters] is not a text, a finite",
    ),
    "a table for a parameter": (
        LAPTOP + "parameters = { a = [{ b = 1 }] }\n",
        3,
        "a = [{'b': 1}] under [tool.galley.profiles.laptop.parameters] is not a text, a finite",
    ),
    "an endless parameter": (
        LAPTOP + "parameters = { a = inf }\n",
        3,
        "a = inf under [tool.galley.profiles.laptop.par",
    ),
    "a parameter that is no name": (
        LAPTOP + 'parameters = { "a b" = 1 }\n',
        3,
        "[tool.galley.profiles.laptop.parameters] has 'a b', which is not a name in Python",
    ),
    "a parameter that is a keyword": (
        LAPTOP + "parameters.class = 1\n",
        3,
        "[tool.galley.profiles.laptop.parameters] has",
    ),
    "nothing required": ("[tool.galley.profiles.laptop]\n", 1, "no profile is required"),
    "no profile": ("\n\n[tool.galley]\n", 3, "no profile is required"),
    "records outside": (
        '[tool.galley]\noutputs = "../../x"\n' + LAPTOP,
        2,
        "outputs = '../../x' under [tool.galley] is no folder",
    ),
    "records far outside": ('[tool.galley]\noutputs = "/tmp/x"\n' + LAPTOP, 2, "outputs = "),
    "records out and in again": ('[tool.galley]\noutputs = "a/../../x"\n' + LAPTOP, 2, "outputs = "),
    "records at the root": (
        '[tool.galley]\noutputs = "."\n' + LAPTOP,
        2,
        "outputs = '.' under [tool.galley] is no folder below",
    ),
    "records among pages": (
        '[tool.galley]\noutputs = "docs"\n' + LAPTOP,
        2,
        "outputs under [tool.galley] is the folder of docs",
    ),
    "records above snippets": (
        '[tool.galley]\nsnippets = "a/b"\noutputs = "a"\n' + LAPTOP,
        3,
        "outputs under [tool.galley] is the folder of snippets, or holds it",
    ),
    "snippets outside": (
        '[tool.galley]\nsnippets = "../x"\n' + LAPTOP,
        2,
        "snippets = '../x' under [tool.galley] is no folder",
    ),
    "pages outside": (
        '[tool.galley]\ndocs = "../x"\n' + LAPTOP,
        2,
        "docs = '../x' under [tool.galley] is no folder below",
    ),
    "a profile above": (
        "[tool.galley.profiles.'../../evil']\nrequired = true\n",
        1,
        "[tool.galley.profiles] has '../../",
    ),
    "a profile in a folder": ("[tool.galley.profiles.'a/b']\nrequired = true\n", 1, "[tool.galley.profiles] has 'a/b'"),
    "a hidden profile": ("[tool.galley.profiles.'.x']\nrequired = true\n", 1, "[tool.galley.profiles] has '.x'"),
    "a link above": (
        '[tool.galley]\nlinks = ["../../../etc"]\n' + LAPTOP,
        2,
        "links under [tool.galley] has '../../../etc'",
    ),
    "a link within": (
        '[tool.galley]\nlinks = ["a/b"]\n' + LAPTOP,
        2,
        "links under [tool.galley] has 'a/b', which is no plain name",
    ),
    "a link to itself": (
        '[tool.galley]\nlinks = ["."]\n' + LAPTOP,
        2,
        "links under [tool.galley] has '.', which is no plain name",
    ),
    "a number of more digits than Python reads": (
        f"{LAPTOP}x = {'9' * 5000}\n",
        3,
        "not readable as TOML: Exceeds the limit",
    ),
    "no TOML": ("\n[tool.galley\n", 2, "not readable as TOML"),
}


@pytest.mark.parametrize(("settings", "line", "what"), WRONG.values(), ids=WRONG)
def test_a_setting_that_cannot_be_is_told_with_its_line_and_with_what_can(
    tmp_path: Path, settings: str, line: int, what: str
) -> None:
    GuideFolder.make(tmp_path, settings)
    with pytest.raises(GalleyError) as raised:
        find_project(tmp_path)
    assert raised.value.what.startswith(what)
    assert str(raised.value.place).endswith(f"pyproject.toml:{line}")
    assert raised.value.mend


def test_every_kind_of_parameter_can_be(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, LAPTOP + 'parameters = { a = "x", b = 1, c = 0.5, d = true, e = [[1], "y"] }\n')
    assert folder.project.profile("laptop").parameters == {"a": "x", "b": 1, "c": 0.5, "d": True, "e": [[1], "y"]}


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


@pytest.mark.parametrize(("kind", "other"), [(Project, "root"), (Profile, "name")])
def test_every_setting_says_what_it_must_be_and_what_it_is_for(kind: type[Any], other: str) -> None:
    found = settings_of(kind)
    assert {each.name for each in found} == {each.name for each in fields(kind) if each.init} - {other}
    assert all(each.wanted and each.says.endswith(".") for each in found)


TOML = """\
top = 1
[a."b.c"]  # a remark
one = "x"
text = '''
[a.wrong]
two = 3'''
two.three = { four = 5 }
list = [
    "]", # ]
    7,
]
[[many]]
key = 1
[a]
five = 6
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["top"], 1),
        (["a"], 2),
        (["a", "b.c"], 2),
        (["a", "b.c", "one"], 3),
        (["a", "one"], 2),
        (["a", "b.c", "text"], 4),
        (["a", "b.c", "two", "three", "four"], 7),
        (["a", "b.c", "two", "other"], 7),
        (["a", "b.c", "list"], 8),
        (["a", "b.c", "none"], 2),
        (["many", "key"], 13),
        (["a", "five"], 15),
        (["a", "wrong"], 2),
        (["nowhere"], 0),
    ],
)
def test_a_value_is_found_at_its_line(path: list[str], line: int) -> None:
    assert line_of(TOML, path) == line


def test_a_folder_outside_any_guide_is_told(tmp_path: Path) -> None:
    with pytest.raises(GalleyError, match=r"no pyproject\.toml with a \[tool\.galley\] table") as caught:
        find_project(tmp_path)
    assert "galley new DIR starts a guide, and galley add puts galley into a site" in caught.value.mend


def test_an_unknown_profile_is_told_with_the_known_ones(folder: GuideFolder) -> None:
    with pytest.raises(
        UsageError, match=r"pyproject\.toml:4: no profile is named 'x'\n    the profiles here are: laptop"
    ):
        folder.project.profile("x")


FOLDERS = {
    "docs by a detour": ('outputs = "x/../docs"', "outputs under [tool.galley] is the folder of docs, or holds it"),
    "docs in other letters": ('outputs = "DOCS"', "outputs under [tool.galley] is the folder of docs, or holds it"),
    "docs through a link": ('outputs = "link"', "outputs under [tool.galley] is the folder of docs, or holds it"),
    "git's own": ('outputs = ".git/records"', "is no folder below the project's"),
    "the home folder": ('outputs = "~/records"', "is no folder below the project's"),
    "a blank at the end": ('outputs = "docs "', "is no folder below the project's"),
    "a dot at the end": ('outputs = "records."', "is no folder below the project's"),
    "letters that turn round": ('outputs = "records\\u202e"', "is no folder below the project's"),
    "a drive": ('outputs = "C:/records"', "is no folder below the project's"),
    "a backslash": ('outputs = "a\\\\b"', "is no folder below the project's"),
    "a device": ('outputs = "nul"', "is no folder below the project's"),
    "a name too long": (f'outputs = "{"x" * 300}"', "is no folder below the project's"),
    "a file": ('outputs = "mkdocs.yml"', "outputs = 'mkdocs.yml' under [tool.galley] is there, and is no folder"),
    "snippets that are a file": ('snippets = "mkdocs.yml"', "is there, and is no folder"),
    "a link to itself": ('outputs = "self"', "is no folder below the project's"),
    "a link twice": ('links = ["a", "A"]', "links under [tool.galley] has 'a' twice"),
}


@pytest.mark.parametrize(("setting", "said"), FOLDERS.values(), ids=FOLDERS)
def test_folders_and_links_that_cannot_be_are_told_at_their_line(folder: GuideFolder, setting: str, said: str) -> None:
    (folder.root / "link").symlink_to("docs")
    (folder.root / "self").symlink_to("self")
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", f"[tool.galley]\n{setting}\n", 1))
    with pytest.raises(GalleyError) as raised:
        _ = folder.project
    assert said in raised.value.what
    assert str(raised.value.place) == "pyproject.toml:2"


@pytest.mark.parametrize("name", ["Laptop", "con", "NUL.1"])
def test_a_profile_is_a_folder_of_its_own_on_every_disk(folder: GuideFolder, name: str) -> None:
    folder.write("pyproject.toml", f'{SETTINGS}[tool.galley.profiles."{name}"]\n')
    with pytest.raises(GalleyError, match=r"\[tool\.galley\.profiles\] has ") as raised:
        _ = folder.project
    assert raised.value.place is not None
    assert raised.value.place.line == 6


def test_a_value_over_many_lines_with_brackets_in_it_is_found_at_once() -> None:
    text = "a = [\n" + '"]",\n' * 100_000 + "]\nb = 1\n"
    assert (line_of(text, ("a",)), line_of(text, ("b",))) == (1, 100_003)
    text = 'a = """\n' + '"x" ]\n' * 100_000 + '"""\nb = 1\n'
    assert (line_of(text, ("a",)), line_of(text, ("b",))) == (1, 100_003)


def test_settings_that_are_nested_too_deeply_are_told(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", f"{SETTINGS}deep = {'[' * 5000}{']' * 5000}\n")
    with pytest.raises(GalleyError, match="it is nested too deeply"):
        _ = folder.project


@pytest.mark.parametrize("name", ["lock", "mutations", "signers"])
@pytest.mark.parametrize("path", ["../elsewhere", "/etc/hosts", "docs/../../x", "linked/keys", "."])
def test_a_file_outside_the_project_is_refused(tmp_path: Path, name: str, path: str) -> None:
    (tmp_path / "other").mkdir()
    guide = GuideFolder.make(tmp_path / "other/guide")
    (guide.root / "linked").symlink_to(tmp_path)
    guide.write("pyproject.toml", SETTINGS.replace("timeout", f'{name} = "{path}"\ntimeout'))
    with pytest.raises(GalleyError, match=rf"^pyproject.toml:2: {name} = .* names no file of the project"):
        _ = guide.project


def test_a_file_within_the_project_may_be_missing(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", SETTINGS.replace("timeout", 'signers = "keys/allowed_signers"\ntimeout'))
    assert folder.project.signers == "keys/allowed_signers"
