"""A runner that stays up between commands, and how another command finds it and knows that it is current."""

from __future__ import annotations

import json
import socket
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from galley.config import Project
from galley.errors import RunnerError
from galley.run.runner import Runner, runner
from galley.source.digest import digest
from galley.system import private_folder

GALLEY = Path(__file__).parents[1]
CARD = "runner.json"  # where a runner listens, what it has loaded, and the fingerprint of that


def place(project: Project) -> Path:
    """The folder of a checkout's warm runner, there or not; raises RunnerError as `private_folder` does."""
    return private_folder() / digest(str(project.root))[:16]


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
    card = {"socket": str(running.socket), "loaded": running.loaded, "fingerprint": print_}
    fresh = running.socket.with_name("card.json")
    fresh.write_text(json.dumps(card), encoding="utf-8")
    folder = place(project)
    folder.mkdir(exist_ok=True, mode=0o700)
    fresh.replace(folder / CARD)
    return print_


def withdraw(project: Project, running: Runner) -> None:
    """Take the runner's card away, unless another runner has put its own there since."""
    card = place(project) / CARD
    with suppress(OSError, ValueError):
        if json.loads(card.read_text(encoding="utf-8"))["socket"] == str(running.socket):
            card.unlink()


def warm_runner(project: Project) -> Path | None:
    """The socket of a current warm runner for this checkout, if one is up."""
    try:
        card = json.loads((place(project) / CARD).read_text(encoding="utf-8"))
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.connect(card["socket"])
        return Path(card["socket"]) if card["fingerprint"] == fingerprint(project, card["loaded"]) else None
    except (OSError, ValueError, KeyError, RunnerError):
        return None


@asynccontextmanager
async def own_runner(project: Project) -> AsyncIterator[Path]:
    """A runner of our own, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="galley-") as folder:
        async with runner(project, Path(folder)) as running:
            yield running.socket
