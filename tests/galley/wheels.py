"""Tiny packages for tests: wheels in a folder that pip takes for its index, and guides in an environment with them."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

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

    def galley(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `galley` in the environment."""
        return subprocess.run(
            [str(self.environment.python), "-c", COMMAND, *arguments],
            cwd=self.guide.root,
            env=quiet_environment(**{**index(self.wheels), **variables}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
