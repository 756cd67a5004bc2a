"""The distribution: what its wheel and sdist hold, and that galley's README works with the installed wheel alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

import pytest

from galley import __version__
from guide_folder import quiet_environment

DISTRIBUTION = Path(__file__).parents[2] / "scripts" / "galley"
PACKAGE = DISTRIBUTION / "src" / "galley"
README = (DISTRIBUTION / "README.md").read_text(encoding="utf-8")
FILES = re.findall(r"^`([\w./]+)`:\n\n(`{3,})\w+\n(.*?\n)\2\n", README, re.MULTILINE | re.DOTALL)
SESSIONS = re.findall(r"^```console\n(.*?)```\n", README, re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Installed:
    """An environment of its own, in which the wheel is installed; its other packages are those of this one."""

    root: Path

    def call(self, line: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a line of the shell with the environment's commands; standard output and error come back as one."""
        line = re.sub(r"^mkdocs ", "python -m mkdocs ", line)  # its command stands in this environment alone
        path = f"{self.root / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["/bin/sh", "-c", line], cwd=folder, env=quiet_environment(PATH=path), text=True, timeout=60, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


def hatchling(folder: Path, *arguments: str) -> None:
    """Build in this environment, so that no network is needed."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel of this checkout."""
    pytest.importorskip("hatchling", reason="hatchling builds the distribution")
    folder = tmp_path_factory.mktemp("built")
    hatchling(DISTRIBUTION, "-d", str(folder), "-t", "sdist", "-t", "wheel")
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """The wheel."""
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    """The sdist."""
    (found,) = built.glob("*.tar.gz")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A fresh environment with the wheel."""
    root = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(root, symlinks=True)
    (packages,) = root.glob("lib/python*/site-packages")
    others = [place for place in sys.path if Path(place).name in ("site-packages", "dist-packages")]
    (packages / "others.pth").write_text("\n".join(others), encoding="utf-8")
    python = str(root / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run([*install, str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Installed(root)


def sources() -> dict[str, bytes]:
    """The package's files in the checkout, by their path in a wheel."""
    found = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {f"galley/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes() for path in found}


def contents(wheel: Path) -> dict[str, bytes]:
    """Every file of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_package_and_what_describes_it(wheel: Path) -> None:
    about = f"galley_docs-{__version__}.dist-info"
    described = {f"{about}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")}
    found = contents(wheel)
    assert set(found) == {*sources(), *described}
    assert {name: found[name] for name in sources()} == sources()
    assert "galley/py.typed" in found
    assert [name for name in found if name.endswith(".css")] != []
    entries = ConfigParser()
    entries.read_string(found[f"{about}/entry_points.txt"].decode())
    assert entries["console_scripts"]["galley"] == "galley.cli:main"
    assert entries["markdown.extensions"]["galley"].startswith("galley.site.")
    assert found[f"{about}/licenses/LICENSE"] == (DISTRIBUTION / "LICENSE").read_bytes()


def test_the_metadata_speak_of_galley_and_not_of_a_guide(wheel: Path) -> None:
    metadata = contents(wheel)[f"galley_docs-{__version__}.dist-info/METADATA"].decode()
    assert f"\nName: galley-docs\nVersion: {__version__}\n" in metadata
    assert README.strip() in metadata
    for subject in ("torch", "Transformers", "PEFT", "Astraios"):
        assert subject.lower() not in metadata.lower()


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    hatchling(unpacked, "-d", str(tmp_path / "again"), "-t", "wheel")
    assert contents(tmp_path / "again" / wheel.name) == contents(wheel)


def test_the_sdist_holds_the_documentation_whole_and_no_tests(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {str(Path(*Path(name).parts[1:])) for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO"} <= names
    assert "mkdocs.yml" in names
    for folder in ("docs", "snippets"):  # its pages, their code and their records
        parts = (each for each in (DISTRIBUTION / folder).rglob("*") if each.is_file())
        paths = {each.relative_to(DISTRIBUTION).as_posix() for each in parts}
        assert len(paths) > 10
        assert {each for each in paths if not re.search(r"/[._]|ruff", each)} <= names
    own = {name for name in names if not name.startswith("src/galley/start/templates/")}
    assert not [name for name in own if Path(name).name.startswith(("test_", "tests"))]


def test_the_version_has_one_source(installed: Installed, tmp_path: Path) -> None:
    assert installed.call("galley --version", tmp_path).stdout == f"galley {__version__}\n"
    asked = "from importlib.metadata import version; import galley; print(version('galley-docs'), galley.__file__)"
    number, file = installed.call(f'python -c "{asked}"', tmp_path).stdout.split()
    assert number == __version__
    assert Path(file).is_relative_to(installed.root)


def said(text: str) -> str:
    """What a command printed, without the time that it took, and as where the system has a whole sandbox."""
    text = re.sub(r"^sandbox: .*", "sandbox: files, network, processes", text, flags=re.MULTILINE)
    return re.sub(r"\d+\.\d s\b", "0.0 s", text)


def test_the_guide_in_the_readme_works_and_prints_what_it_says(installed: Installed, tmp_path: Path) -> None:
    assert sorted(path for path, *_ in FILES) == ["docs/index.md", "mkdocs.yml", "pyproject.toml", "snippets/index.py"]
    for path, _, text in FILES:
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    install, first, changed = SESSIONS
    assert install == "$ pip install galley-docs\n"
    transcript(installed, tmp_path, first)
    assert "12.566" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    snippets = tmp_path / "snippets" / "index.py"
    snippets.write_text(snippets.read_text(encoding="utf-8").replace("2**2", "3**2"), encoding="utf-8")
    transcript(installed, tmp_path, changed)


def transcript(installed: Installed, folder: Path, session: str) -> None:
    """Run each command of a session as the README shows it, and compare what it prints."""
    for line, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE):
        assert said(installed.call(line, folder).stdout) == said(expected), line
