"""`galley new`: its guide works at once, is about a library if asked, and is made as a whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from galley.errors import Exit, RefusedError, UsageError
from galley.start.library import Library, library_of
from galley.start.made import BARE, GUIDE, LIBRARY, make, texts
from guide_folder import PYTEST, GuideFolder, python, quiet_environment

DISTRIBUTION = Path(__file__).parents[2] / "scripts/galley"
PLACE = library_of("galley-docs").place  # of galley as it is installed here; empty where it is from an index
OF_A_PLACE = [
    f"galley is installed from {PLACE}: the Makefile names that place",
    "CI does not have that place: .github/workflows/check.yml says how to name another one",
][: 2 if PLACE.startswith("file:") else bool(PLACE)]
PLACEHOLDER = re.compile(r"the[-_]library")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide about no library, made by the command in a folder of an odd name and run once; a test copies it."""
    above = tmp_path_factory.mktemp("above")
    done = GuideFolder(above).galley("new", "ein Führer 1")
    assert done.returncode == Exit.OK, done.stdout
    guide = GuideFolder(above / "ein Führer 1")
    ran = guide.galley("run")
    assert ran.returncode == Exit.OK, ran.stdout
    return guide


@pytest.fixture
def guide(made: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy of that guide, which the test may spoil."""
    return made.copied(tmp_path / "a copy")


def own_tests(guide: GuideFolder) -> subprocess.CompletedProcess[str]:
    """Run the guide's own tests, as its Makefile does."""
    return guide.call([*PYTEST, "--quiet"])


def plain_theme(guide: GuideFolder) -> GuideFolder:
    """The guide with MkDocs' own theme, which is always there."""
    settings = (guide.root / "mkdocs.yml").read_text(encoding="utf-8")
    before, behind = settings.split("theme:\n")
    rest = behind[behind.index("markdown_extensions:") :]
    guide.write("mkdocs.yml", f"{before}theme: mkdocs\n{rest}")
    return guide


def test_the_command_says_what_it_made_and_what_to_type(tmp_path: Path) -> None:
    done = GuideFolder(tmp_path).galley("new", "a guide")
    files = [path for path in (tmp_path / "a guide").rglob("*") if path.is_file()]
    said = done.stdout.splitlines()
    assert said[0] == f"made a guide in a guide: {len(files)} files"
    assert said[-2:] == ["    cd 'a guide' && make site", "    make test"]
    assert len(said) == 3 + len(OF_A_PLACE)
    assert [path.name for path in tmp_path.iterdir()] == ["a guide"]


def test_every_record_is_true_and_both_builds_are_without_a_warning(guide: GuideFolder) -> None:
    done = guide.galley("check")
    assert done.stdout == "2 pages, 5 cells: every required record is true\n"
    plain_theme(guide)
    assert guide.galley("build").returncode == Exit.OK
    assert guide.mkdocs().returncode == 0
    page = (guide.root / "site/planets/index.html").read_text(encoding="utf-8")
    for shown in (">Neptune<", "<svg ", "galley-claim", "LookupError: data/planets.csv has no planet named Pluto"):
        assert shown in page, shown
    assert "the mean is 2.27." in (guide.root / "site/index.html").read_text(encoding="utf-8")


def test_the_site_in_the_theme_of_the_guide_asks_no_other_host(guide: GuideFolder) -> None:
    pytest.importorskip("material", reason="the theme of a new guide")
    done = guide.mkdocs()
    assert done.returncode == 0, done.stdout
    for page in ("index.html", "planets/index.html"):
        text = (guide.root / "site" / page).read_text(encoding="utf-8")
        assert not re.search(r"""<(?:link|script|img)[^>]*(?:href|src)=["']?(?:https?:)?//""", text)


def test_the_files_that_a_page_uses_count(guide: GuideFolder) -> None:
    for path, old, new in (("data/planets.csv", "0.387", "0.388"), ("orbits.py", 'r="4"', 'r="5"')):
        file = guide.root / "snippets" / path
        before = file.read_text(encoding="utf-8")
        file.write_text(before.replace(old, new), encoding="utf-8")
        assert guide.galley("check").returncode == Exit.NOT_TRUE, path
        file.write_text(before, encoding="utf-8")


def test_the_guides_own_tests_pass_and_fail_with_a_page_that_says_otherwise(guide: GuideFolder) -> None:
    plain_theme(guide)
    done = own_tests(guide)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    output = guide.project.outputs / "index/laptop/mean.stdout.txt"
    output.write_text("2.28\n", encoding="utf-8")
    assert "3 failed" in own_tests(guide).stdout


def test_a_template_with_another_number_breaks_its_claim_and_the_tests(guide: GuideFolder) -> None:
    file = guide.root / "snippets/data/planets.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("1.881", "1.9"), encoding="utf-8")
    ran = guide.galley("run")
    assert ran.returncode == Exit.PAGE_FAILED
    assert "The square of a planet's period is the cube of its distance" in ran.stdout
    done = own_tests(plain_theme(guide))
    assert done.returncode == 1
    assert "test_every_cell_prints_what_its_record_says_and_every_claim_holds" in done.stdout


def test_the_bare_guide_is_the_one_in_the_readme(tmp_path: Path) -> None:
    readme = (DISTRIBUTION / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"^`([\w./]+)`:\n\n(`{3,})\w+\n(.*?\n)\2\n", readme, re.MULTILINE | re.DOTALL)
    done = GuideFolder(tmp_path).galley("new", "circles", "--bare")
    assert done.stdout == "made a guide in circles: 4 files\n    cd circles && galley build\n    galley check\n"
    guide = GuideFolder(tmp_path / "circles")
    there = {path.relative_to(guide.root).as_posix() for path in guide.root.rglob("*") if path.is_file()}
    assert there == {path for path, *_ in files}
    for path, _, text in files:
        assert (guide.root / path).read_text(encoding="utf-8") == text
    assert guide.galley("build").returncode == Exit.OK
    assert "12.566" in (guide.root / "site/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("bare", [False, True])
def test_a_guide_about_a_library_imports_it_and_shows_its_version(tmp_path: Path, bare: bool) -> None:
    done = GuideFolder(tmp_path).galley("new", "yaml-guide", "--library", "pyyaml", *["--bare"] * bare)
    assert done.returncode == Exit.OK, done.stdout
    assert "not installed" not in done.stdout
    guide = GuideFolder(tmp_path / "yaml-guide")
    assert guide.run().failures == {}
    version = metadata.version("PyYAML")
    assert guide.output("index", "version.stdout.txt") == f"{version}\n"
    assert guide.record("index").environment.packages["PyYAML"] == version
    assert "import yaml\n" in (guide.root / "snippets/index.py").read_text(encoding="utf-8")
    if not bare:
        assert f"\nPyYAML=={version}\n" in (guide.root / "requirements.txt").read_text(encoding="utf-8")
        assert guide.project.line == ("PyYAML",)
        assert guide.galley("build").returncode == Exit.OK or not metadata.packages_distributions().get("material")
        assert "site_name: A guide to PyYAML\n" in (guide.root / "mkdocs.yml").read_text(encoding="utf-8")


def test_a_library_that_is_not_installed_is_said_to_be(tmp_path: Path) -> None:
    done = GuideFolder(tmp_path).galley("new", "guide", "--library", "no-such-thing")
    assert [line for line in done.stdout.splitlines()[1:-2] if line not in OF_A_PLACE] == [
        "no-such-thing is not installed here: the first `make site` brings its newest version",
        "the page imports no_such_thing; if the module is called otherwise, change snippets/index.py",
    ]
    assert "\nno-such-thing\n" in (tmp_path / "guide/requirements.txt").read_text(encoding="utf-8")
    assert "import no_such_thing\n" in (tmp_path / "guide/snippets/index.py").read_text(encoding="utf-8")
    bare = GuideFolder(tmp_path).galley("new", "bare", "--library", "no-such-thing", "--bare").stdout
    assert "not installed here: pip install no-such-thing brings its newest version" in bare


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two words", "is no name of a package"),
        ("../elsewhere", "is no name of a package"),
        ("-c", "is no name of a package"),
        ("json", "is a module of Python itself"),
        ("3d-things", "how its module is called cannot be seen"),
        ("class", "how its module is called cannot be seen"),
        ("planets", "the guide has snippets/planets.py, which Python would import in its place"),
        ("data", "the guide has snippets/data/, which Python would import in its place"),
    ],
)
def test_a_name_that_can_be_no_library_is_refused(tmp_path: Path, name: str, said: str) -> None:
    done = GuideFolder(tmp_path).galley("new", "guide", f"--library={name}")
    assert done.returncode == Exit.USAGE
    assert said in done.stdout
    assert list(tmp_path.iterdir()) == []


def fake(folder: Path, name: str, modules: list[str], place: dict[str, object] | None = None) -> None:
    """An installed distribution, as far as its metadata tell."""
    about = folder / f"{name.replace('-', '_')}-2.5.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.5\n")
    (about / "RECORD").write_text("".join(f"{module}/__init__.py,,\n" for module in modules))
    if place:
        (about / "direct_url.json").write_text(json.dumps(place))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose distributions count as installed."""
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    return tmp_path / "packages"


def test_the_module_of_a_library_is_the_one_that_it_brings(installed: Path) -> None:
    fake(installed, "learn-things", ["_internal", "zlearn", "alearn"])
    fake(installed, "Two-Names", ["also", "two_names"])
    assert library_of("learn-things") == Library("learn-things", "alearn", False, "2.5")
    assert library_of("two-names") == Library("Two-Names", "two_names", False, "2.5")
    assert library_of("zlearn") == Library("learn-things", "zlearn", False, "2.5")
    assert library_of("zlearn").requirement == "learn-things==2.5"
    assert library_of("a.b") == Library("a.b", "a.b", True)


def test_a_library_that_is_no_release_is_required_from_its_own_place(installed: Path) -> None:
    fake(installed, "mine", [], {"url": "file:///home/me/mine", "dir_info": {"editable": True}})
    fake(installed, "theirs", ["theirs"], {"url": "https://a.b/c.git", "vcs_info": {"vcs": "git", "commit_id": "d"}})
    of_git = {"url": "https://a.b/c.git", "subdirectory": "e/f", "vcs_info": {"vcs": "git", "commit_id": "d"}}
    fake(installed, "below", ["below"], of_git)
    assert library_of("mine") == Library("mine", "mine", True, "2.5", "file:///home/me/mine")
    assert library_of("mine").requirement == "mine @ file:///home/me/mine"
    assert library_of("below").requirement == "below @ git+https://a.b/c.git@d#subdirectory=e/f"
    assert library_of("theirs").requirement == "theirs @ git+https://a.b/c.git@d"


def test_git_is_told_of_footprints_what_the_documentation_says() -> None:
    told = texts(None, bare=False)[".gitattributes"].splitlines()
    updates = (DISTRIBUTION / "docs/updates.md").read_text(encoding="utf-8")
    (asked,) = [line for line in updates.splitlines() if line.endswith("linguist-generated")]
    assert f"/{asked}" in told


def test_no_template_shows_its_placeholder() -> None:
    library = Library("My-Lib", "my_lib", False, "1.2")
    assert any(PLACEHOLDER.search(path.read_text(encoding="utf-8")) for path in GUIDE.rglob("*.*") if path.is_file())
    for bare in (False, True):
        for about in (library, None):
            for name, text in texts(about, bare=bare).items():
                assert not PLACEHOLDER.search(text), name
                assert ("My-Lib" in text) == (about is not None and "My-Lib" in text)
    assert {path.relative_to(LIBRARY) for path in LIBRARY.rglob("*.*")} <= {
        path.relative_to(each) for each in (BARE, GUIDE) for path in each.rglob("*.*")
    }


def test_the_settings_can_be_read_without_a_library_too() -> None:
    for about in (None, Library("My-Lib", "my_lib", False, "1.2")):
        settings = tomllib.loads(texts(about, bare=False)["pyproject.toml"])["tool"]["galley"]
        assert settings.get("line") == (["My-Lib"] if about else None)
        assert yaml.safe_load(texts(about, bare=False)["mkdocs.yml"])["site_name"].startswith("A guide")


def test_the_workflow_has_the_pins_of_this_repository_and_no_right_but_to_read() -> None:
    text = texts(None, bare=False)[".github/workflows/check.yml"]
    own = (DISTRIBUTION.parents[1] / ".github/workflows/check.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert len(used) == 2
    assert set(used) <= set(re.findall(r"uses: (.*)", own))
    said = yaml.safe_load(text)
    assert said["permissions"] == {}
    assert {job["permissions"]["contents"] for job in said["jobs"].values()} == {"read"}
    assert all(len(job["permissions"]) == 1 and job["timeout-minutes"] for job in said["jobs"].values())
    assert "secrets" not in text
    steps = said["jobs"]["test"]["steps"]
    assert steps[1]["with"]["python-version"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert steps[-1]["run"] == "make test"


def test_what_the_makefile_and_the_readme_name_is_there() -> None:
    files = texts(None, bare=False)
    for path in re.findall(r"`((?:docs|snippets|tests)[\w./]*|[\w]+\.(?:toml|yml|txt))`", files["README.md"]):
        there = any(name == path or name.startswith(f"{path}/") for name in files)
        assert there or path in {"constraints.txt", "snippets/outputs", "snippets/outputs/planets"}, path
    targets = set(re.findall(r"^([a-z]+):", files["Makefile"], re.MULTILINE))
    assert {"site", "serve", "test"} == targets


@pytest.mark.parametrize("there", [False, True], ids=["a new folder", "an empty folder"])
def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    target = tmp_path / "guide"
    if there:
        target.mkdir()
    for number in range(14):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", full_after(number))
            with pytest.raises(OSError, match="No space left"):
                make(target, None, bare=False)
        assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["guide"] * there
    assert len(make(target, None, bare=False)) == 15


def full_after(number: int) -> object:
    """What writes that many files, and finds the disk full then."""
    write, left = Path.write_bytes, iter([*[True] * number, False])

    def write_bytes(path: Path, data: bytes) -> int:
        if ".made" in path.name or next(left):
            return write(path, data)
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    return write_bytes


def test_what_cannot_be_moved_into_an_empty_folder_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "guide"
    target.mkdir()
    rename = Path.rename

    def refuse(path: Path, to: Path) -> Path:
        if path.name == "snippets":
            raise OSError(errno.EIO, "Input/output error", str(to))
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="Input/output"):
        make(target, None, bare=False)
    assert list(target.iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = GuideFolder(tmp_path).galley("new", "guide")
    tmp_path.chmod(0o700)
    assert done.returncode == Exit.BAD_INPUT
    assert "the system refuses: Permission denied" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="a folder in which nobody can make one")
def test_a_folder_in_which_nothing_can_be_made_is_a_sentence(tmp_path: Path) -> None:
    done = GuideFolder(tmp_path).galley("new", "/proc/guide")
    assert done.returncode == Exit.BAD_INPUT
    assert "the system refuses: " in done.stdout
    assert "Traceback" not in done.stdout


def refusals(root: Path) -> Iterator[tuple[Path, str, str]]:
    """What stands in the way of a guide, with what is said of it and what to do."""
    (root / "file").touch()
    (root / "full").mkdir()
    (root / "full" / "notes.txt").touch()
    (root / "link").symlink_to(root / "nowhere")
    yield root / "file", "it is there, and is no folder", "name another one"
    yield root / "full", "the folder is not empty: it has notes.txt", "name another one"
    yield root / "link", "it is there, and is no folder", "name another one"
    yield root / "a b" / "guide", "there is no such folder", f"make it first: mkdir -p '{root / 'a b'}'"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    for folder, what, mend in refusals(tmp_path):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(RefusedError) as caught:
            make(folder, None, bare=False)
        assert what in str(caught.value)
        assert mend in str(caught.value)
        assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_with_a_fresh_repository_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    done = GuideFolder(tmp_path).galley("new", ".")
    assert done.stdout.splitlines()[-2:] == ["    make site", "    make test"]
    assert (tmp_path / "docs/index.md").exists()


def test_a_library_that_a_file_would_hide_is_an_error_of_the_command_and_not_of_the_page() -> None:
    with pytest.raises(UsageError, match=r"snippets/orbits\.py"):
        texts(Library("Orbits", "orbits.more", True), bare=False)
    assert texts(Library("Orbits", "orbits.more", True), bare=True)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_installs_galley_from_where_it_is_told(guide: GuideFolder) -> None:
    def dry(*words: str) -> str:
        """What make would do."""
        command = ["make", "--dry-run", *words]
        done = subprocess.run(
            command, cwd=guide.root, env=quiet_environment(), capture_output=True, text=True, check=True
        )
        return done.stdout

    said = dry("site", "GALLEY=/a place/galley", "PYTHON=python3.13")
    assert 'install --quiet --disable-pip-version-check --no-compile "/a place/galley"' in said
    assert "python3.13 -m venv .venv" in said
    assert "--constraint" not in said
    guide.write("constraints.txt", "click==8.3.0\n")
    again = dry("test")
    assert "--constraint constraints.txt" in again
    assert f'"galley-docs{PLACE and f" @ {PLACE}"}"' in again


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_guide_made_by_a_galley_of_git_takes_galley_from_there(
    guide: GuideFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Library("galley-docs", "galley", False, "1.0", "git+https://a.b/c.git@d#subdirectory=e/f")
    monkeypatch.setattr("galley.start.made.library_of", lambda name: own)
    guide.write("Makefile", texts(None, bare=False)["Makefile"])
    for given, wanted in (("", own.requirement), ("galley-docs==2", "galley-docs==2")):  # CI gives an empty variable
        command = ["make", "--dry-run", "site"]
        done = subprocess.run(
            command, cwd=guide.root, env=quiet_environment(GALLEY=given), capture_output=True, text=True, check=True
        )
        assert f'--no-compile "{wanted}"' in done.stdout
    monkeypatch.setattr("galley.start.made.library_of", lambda name: Library("galley-docs", "galley", False, "1.0"))
    assert "FROM := galley-docs\n" in texts(None, bare=False)["Makefile"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_says_how_to_name_galley_where_pip_does_not_find_it(guide: GuideFolder) -> None:
    guide.write(".venv/bin/python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n').chmod(0o755)
    command = ["make", "site", "PYTHON=true", "GALLEY=galley-docs==0.0.0.1"]
    variables = quiet_environment(PIP_NO_INDEX="1")
    done = subprocess.run(command, cwd=guide.root, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "No matching distribution found for galley-docs" in done.stderr
    assert "say where it is: make site GALLEY=PATH" in done.stderr
    assert not (guide.root / ".venv/done").exists()


def test_what_a_killed_command_left_in_the_folder_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = tmp_path / "guide"
    folder.mkdir()
    killed = """
        import os, signal, sys
        from pathlib import Path
        from galley import system
        with system.scratch(".galley-new-", Path(sys.argv[1])) as scratch:
            (scratch / "half").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        """
    done = subprocess.run([*python(killed), str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(folder.iterdir())) == 1
    made = make(folder, None, bare=True)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == made
