"""A runner that stays up between commands, and how another command finds it and knows that it is current."""

from __future__ import annotations

import json
import os
import socket
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from galley.errors import RunnerError
from galley.pages.code import digest
from galley.project import Project
from galley.run.runner import Runner, runner

GALLEY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Address:
    """Where a checkout's warm runner listens, in a folder that only this user can enter."""

    folder: Path

    @property
    def socket(self) -> Path:
        """The Unix socket."""
        return self.folder / "runner.sock"

    @property
    def card(self) -> Path:
        """What the runner has loaded, and the fingerprint of it."""
        return self.folder / "runner.json"


def address(project: Project) -> Address:
    """The address for a checkout; raises RunnerError where somebody else made the folder."""
    folder = Path(tempfile.gettempdir(), f"galley-{os.getuid()}", digest(str(project.root))[:16])
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.parent.stat().st_uid != os.getuid():
        raise RunnerError(f"{folder.parent} belongs to another user", mend="remove it, or set TMPDIR")
    folder.parent.chmod(0o700)
    return Address(folder)


def fingerprint(project: Project, loaded: Sequence[str]) -> str:
    """A digest of everything that a runner took in when it started.

    galley's own code, the project's modules that it `loaded`, the settings, the interpreter, and the
    installed packages by name and time.
    """
    files = [*sorted(GALLEY.rglob("*.py")), *map(Path, sorted(loaded))]
    contents = [digest(file.read_bytes()) if file.is_file() else "gone" for file in files]
    settings = [list(project.imports), dict(project.environment), dict(project.hooks)]
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    installed = sorted(
        f"{each.name} {each.stat().st_mtime_ns}" for path in paths for each in Path(path).glob("*.dist-info")
    )
    return digest(json.dumps([sys.executable, sys.version, settings, contents, installed]))


def publish(project: Project, running: Runner) -> str:
    """Let other commands find a runner; the answer is its fingerprint."""
    print_ = fingerprint(project, running.loaded)
    address(project).card.write_text(json.dumps({"loaded": running.loaded, "fingerprint": print_}), encoding="utf-8")
    return print_


def warm_runner(project: Project) -> Path | None:
    """The socket of a current warm runner for this checkout, if one is up."""
    try:
        place = address(project)
        card = json.loads(place.card.read_text(encoding="utf-8"))
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.connect(str(place.socket))
        return place.socket if card["fingerprint"] == fingerprint(project, card["loaded"]) else None
    except (OSError, ValueError, KeyError, RunnerError):
        return None


@asynccontextmanager
async def any_runner(project: Project) -> AsyncIterator[Path]:
    """The warm runner where one is up and current, else one of our own for as long as the context lasts."""
    if (path := warm_runner(project)) is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="galley-") as folder:
        async with runner(project, Path(folder)) as running:
            yield running.socket
