"""The runner processes of this machine: how a runner starts and ends, and how commands find a warm one.

In the command. `galley run` starts a runner for itself and ends it. `galley serve` keeps a runner warm and publishes
its card: a file that says where the runner listens, and the fingerprint of everything that the runner took in. Another
command uses that runner as long as the project still has this fingerprint.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import sysconfig
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from galley import system
from galley.config import Project
from galley.errors import RunnerError
from galley.hooks import APART
from galley.plugins import plugins_of
from galley.record.dependencies import GALLEY
from galley.run.protocol import EventError, NotStarted, Start, runner_event
from galley.source.digest import digest
from galley.system.whole_file import write_whole

CARD = "runner.json"  # the name of a warm runner's card
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
GRACE = 5.0  # seconds for the runner to end when it is told to
HANDED_ON = ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SSL_CERT_FILE", "TMPDIR", "CUDA_VISIBLE_DEVICES")


class Card(msgspec.Struct, frozen=True):
    """What a warm runner's card says: the socket, the project's files that the runner loaded, and the fingerprint."""

    socket: str
    loaded: list[str]
    fingerprint: str


@dataclass(frozen=True)
class Runner:
    """A runner process that serves: its socket, and the project's files that it loaded."""

    socket: Path
    loaded: list[str]
    process: Process


@asynccontextmanager
async def runner(project: Project, folder: Path, *, footprint: bool = False) -> AsyncIterator[Runner]:
    """A runner process that listens in `folder`; raises RunnerError where it cannot start."""
    path, log = folder / "runner.sock", folder / "runner.log"
    system.need_fork()
    system.need_short(path)
    path.unlink(missing_ok=True)
    hooks = {name: named for name, named in project.hooks.items() if name not in APART}
    taken_in = project.imports, hooks, project.packages, plugins_of(project).names
    start = Start(str(path), str(project.snippets), *taken_in, str(project.root), str(project.outputs), footprint)
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "galley.run.server", msgspec.json.encode(start).decode(),
            stdin=PIPE, stdout=PIPE, stderr=said, start_new_session=True, env=clean_environment(project, folder),
        )  # fmt: skip
    try:
        yield Runner(path, await _ready(project, process, log), process)
    finally:
        await _stop(process)


def clean_environment(project: Project, home: Path) -> dict[str, str]:
    """The environment variables of a page: the same on every machine, and no token among them."""
    kept = {name: value for name, value in os.environ.items() if name in HANDED_ON}
    fixed = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(project.root / ".cache"),  # fonts and the like are worked out once a checkout
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "COLUMNS": "80",
        "MPLBACKEND": "agg",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**kept, **ONE_THREAD, **fixed, **project.environment}


async def _ready(project: Project, process: Process, log: Path) -> list[str]:
    """Wait until the runner serves, and return the files that it has loaded; raises RunnerError where it cannot."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    try:
        said = runner_event(line)
    except EventError:
        code = await process.wait()
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        ended = f"was killed by signal {-code}" if code < 0 else f"exited with status {code}"
        what = "\n    ".join([f"the runner process {ended} before it could run a page", *lines[-4:]])
        named = [*project.imports, *project.hooks.values(), *project.plugins]
        mend = f"one of the modules that it imports may end it: {', '.join(named)}" if named else ""
        raise RunnerError(what, mend=mend) from None
    if isinstance(said, NotStarted):
        raise _not_started(project, said)
    return list(said.loaded)


def _not_started(project: Project, said: NotStarted) -> RunnerError:
    """The error for a setting that names what the runner cannot import, with what to do about it."""
    *tables, name = said.setting
    setting = f"{name} under [{'.'.join(['tool.galley', *tables])}]"
    what = "\n    ".join([f"{setting}: {said.what}", *said.detail.strip().splitlines()[-4:]])
    mend = f"correct {setting}"
    if said.missing:
        mend = f"{project.how_to_install}; '{said.missing}' is missing. Or {mend}"
    return RunnerError(what, project.place(*said.setting), mend)


async def _stop(process: Process) -> None:
    """End a runner: it ends with its standard input, and is killed with its group where it has not after 5 s."""
    assert process.stdin is not None
    process.stdin.close()
    for last in (process.terminate, lambda: system.kill_group(process.pid)):
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await process.wait()
        with suppress(ProcessLookupError):
            last()
    await process.wait()


def card_folder(project: Project) -> Path:
    """The folder of the card of a checkout's warm runner, which need not exist; raises what `private_folder` raises."""
    return system.private_folder() / digest(str(project.root))[:16]


def fingerprint(project: Project, loaded: Sequence[str]) -> str:
    """A digest of everything that a runner took in when it started.

    That is galley's own code, the project's modules that the runner has `loaded`, the plug-ins, the settings, the
    interpreter, and the installed packages by name and time.
    """
    files = [*sorted(GALLEY.rglob("*.py")), *map(Path, sorted(loaded))]
    contents = [digest(file.read_bytes()) if file.is_file() else "gone" for file in files]
    settings = [list(project.imports), dict(project.environment), dict(project.hooks), list(project.packages)]
    contents += [digest(file.read_bytes()) for file in plugins_of(project).files if file.is_file()]
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    installed = sorted(
        f"{each.name} {each.stat().st_mtime_ns}" for path in paths for each in Path(path).glob("*.dist-info")
    )
    return digest(json.dumps([sys.executable, sys.version, settings, contents, installed]))


def publish(project: Project, running: Runner) -> str:
    """Publish a runner's card, and return its fingerprint."""
    current = fingerprint(project, running.loaded)
    card = Card(str(running.socket), running.loaded, current)
    folder = card_folder(project)
    folder.mkdir(exist_ok=True, mode=0o700)
    write_whole(folder / CARD, msgspec.json.encode(card))
    return current


def withdraw(project: Project, running: Runner) -> None:
    """Take the runner's card away, unless another runner has put its own there since."""
    card = card_folder(project) / CARD
    with suppress(OSError, ValueError):
        if _card(card).socket == str(running.socket):
            card.unlink()


def warm_runner(project: Project) -> Path | None:
    """The socket of this checkout's warm runner; None where there is none, or where what it took in has changed."""
    try:
        card = _card(card_folder(project) / CARD)
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.connect(card.socket)
        return Path(card.socket) if card.fingerprint == fingerprint(project, card.loaded) else None
    except (OSError, ValueError, RunnerError):
        return None


def _card(file: Path) -> Card:
    """A card as it is read; raises OSError or ValueError where it is none."""
    return msgspec.json.decode(file.read_bytes(), type=Card)
