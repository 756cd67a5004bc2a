"""Tiny packages for tests: wheels in a folder that pip takes for its index, and guides in an environment with them."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import forked
from galley.update.environment import COMMAND, ScratchEnvironment
from galley.update.releases import Release
from guide_folder import GuideFolder, quiet_environment


def wheel(folder: Path, name: str, version: str, files: Mapping[str, str], requires: Sequence[str] = ()) -> Path:
    """Write the wheel of a release; `files` are its modules, by their path in the folder of packages."""
    about = f"{name}-{version}.dist-info"
    lines = [f"Requires-Dist: {each}" for each in requires]
    said = {
        **{path: dedent(text) for path, text in files.items()},
        f"{about}/METADATA": "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""]),
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in said.items())
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**said, f"{about}/RECORD": f"{record}{about}/RECORD,,\n"}.items():
            archive.writestr(file, text)
    return path


# A builder in the sources: it notes that it ran, and gives the wheel that lies beside it.
BUILDER = """\
import shutil
from pathlib import Path

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    Path({ran!r}).touch()
    (made,) = Path(__file__).parent.glob("*.whl")
    shutil.copy(made, wheel_directory)
    return made.name
"""


def sources(folder: Path, name: str, version: str, files: Mapping[str, str], ran: Path) -> Path:
    """Write the source archive of a release, whose build step makes the file `ran`."""
    built = wheel(folder, name, version, files)
    said = {
        "pyproject.toml": b'[build-system]\nrequires = []\nbuild-backend = "builder"\nbackend-path = ["."]\n',
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        "builder.py": BUILDER.format(ran=str(ran)).encode(),
        built.name: built.read_bytes(),
    }
    built.unlink()
    path = folder / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, data in said.items():
            member = tarfile.TarInfo(f"{name}-{version}/{file}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def index(folder: Path) -> dict[str, str]:
    """The variables with which pip asks a folder of wheels, and nothing else."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null", "PIP_CONSTRAINT": ""}


def release(name: str, version: str, files: Mapping[str, str], requires: Sequence[str] = ()) -> Release:
    """A release in memory."""
    data = {path: dedent(text).encode() for path, text in files.items()}
    return Release(name, version, frozenset(data), tuple(requires), data.__getitem__)


@dataclass(frozen=True)
class Bench:
    """A guide, a folder of wheels, and an environment in which the guide's commands run."""

    guide: GuideFolder
    wheels: Path
    environment: ScratchEnvironment

    @classmethod
    def make(cls, root: Path, settings: str) -> Bench:
        """A guide without pages, in an environment without packages of its own."""
        wheels = root / "wheels"
        wheels.mkdir(parents=True)
        return cls(GuideFolder.make(root / "guide", settings), wheels, ScratchEnvironment.make(root / "env"))

    @property
    def words(self) -> list[str]:
        """How the command line of a `galley` in the environment begins."""
        return [str(self.environment.python), "-c", COMMAND]

    @contextmanager
    def forks(self) -> Iterator[Bench]:
        """The same, whose commands are forks as long as the context lasts."""
        with (
            tempfile.TemporaryDirectory() as place,
            forked.of_environment(Path(place), str(self.environment.python), self.words),
        ):
            yield self

    def galley(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `galley` in the environment."""
        command = [*self.words, *arguments]
        environment = quiet_environment(**{**index(self.wheels), **variables})
        if done := forked.run(command, self.guide.root, environment, seconds=120):
            return subprocess.CompletedProcess(command, *done)
        return subprocess.run(
            command,
            cwd=self.guide.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
