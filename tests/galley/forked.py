"""Runs programs as forks of a fork server: each behaves as a process of its own would, and starts at once.

A runner is forked from a server that has imported what a runner imports, and so is the runner of a forked command.
`galley …`, `mkdocs …` and `python -m mkdocs …` are forked from a server that has imported what those do. `python -m
pytest …` is forked from one that has imported pytest and no plug-in, since pytest rewrites what it imports itself. In
`/proc` a fork has its server's command line and variables, its stack begins with the server's lines, and a module that
the server has imported is not looked for again. So a program whose variables count before its first line, or by which a
test looks for it, gets a process of its own, and so does every program in a module with the fixture `true_processes`.
`test_forked.py` compares forks with processes of their own.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fork_server

RUNNER = [sys.executable, "-P", "-m", fork_server.RUNNER]
MODULES = ("mkdocs", "pytest")  # are run as modules of Python
COMMAND = (
    "forked", "galley.cli", "galley.run.command", "galley.run.backend", "galley.run.keep", "galley.run.progress",
    "galley.export.command", "galley.site.extension", "mkdocs.__main__", "mkdocs.commands.build", "mkdocs.theme",
    "mkdocs.config.defaults", "markdown.extensions.tables", "markdown.extensions.codehilite", "encodings.utf_8_sig",
    "markdown.extensions.fenced_code", "markdown.extensions.admonition", "pymdownx.highlight", "pygments.lexers.python",
    "pygments.formatters.html", "pygments.styles.default", "galley.run.rerun", "galley.site.build", "ctypes", "pwd",
    "encodings.ascii", "warmed",
)  # fmt: skip
OF_UPDATES = (
    "forked", "galley.cli", "galley.run.command", "galley.run.backend", "galley.run.keep", "galley.run.progress",
    "galley.update.apply", "galley.update.bisect", "galley.update.table", "ctypes", "pwd", "encodings.ascii",
)  # fmt: skip
OF_PYTEST = ("forked", "pytest", "_pytest.terminal", "_pytest.junitxml", "ctypes", "pwd")
OF_A_RUNNER = (fork_server.RUNNER, "ctypes", "encodings.ascii", "encodings.utf_8_sig", "pwd")  # no more than it imports
OF_EACH_GUIDE = {"HOME", "TMPDIR", "XDG_CACHE_HOME"}  # a runner's variables that differ and are asked for when needed
EARLY = ("PYTHON", "LD_", "LC_", "LANG", "GALLEY_")  # how variables begin that can count before a program's first line
TOLD = "GALLEY_TEST_FORKS"  # tells the server of commands where runners are forked

_true_exec = asyncio.create_subprocess_exec


@dataclass
class Server:
    """A fork server that listens at `path`; it starts when it is asked for something."""

    path: str
    variables: Mapping[str, str]  # with which it starts
    options: Sequence[str]  # of Python
    modules: Sequence[str]
    python: str = sys.executable
    listener: socket.socket | None = None  # None where another process has started the server
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def at(
        cls, path: Path, variables: Mapping[str, str], options: Sequence[str], *modules: str,
        python: str = sys.executable,
    ) -> Iterator[Server]:  # fmt: skip
        """A server that ends with the context; `python` may be that of another environment."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(64)
            server = cls(str(path), variables, options, modules, python, listener)
            yield server
            with server.process or nullcontext():
                pass  # it ends with its standard input

    def start(self) -> None:
        """Start the process, unless it runs; whoever connects meanwhile waits until it is ready."""
        if self.listener and not self.process:
            number = self.listener.fileno()
            asked = [self.python, *self.options, fork_server.__file__, str(number), *self.modules]
            self.process = subprocess.Popen(asked, env=self.variables, stdin=subprocess.PIPE, pass_fds=[number])
            self.listener.close()  # so that who waits for a server that died hears of it

    def fork(
        self, program: str, rest: Sequence[str], variables: Mapping[str, str], folder: Path, files: Sequence[int],
        *, session: bool = False,
    ) -> tuple[socket.socket, int]:  # fmt: skip
        """A new process that runs the program: the connection on which its end is told, and its number."""
        self.start()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)  # waits in line until the server is ready
        asked = {"program": program, "arguments": list(rest), "variables": dict(variables), "folder": str(folder)}
        data = json.dumps(asked | {"session": session}).encode()
        socket.send_fds(connection, [len(data).to_bytes(fork_server.LENGTH, "big")], list(files))
        connection.sendall(data)
        try:
            number = connection.recv(4, socket.MSG_WAITALL)
        except ConnectionError:
            number = b""
        if not number:
            connection.close()
            raise RuntimeError(f"the fork server with {', '.join(self.modules)} ended; what it wrote says why")
        return connection, int.from_bytes(number, "big")

    def run(
        self, program: str, rest: Sequence[str], variables: Mapping[str, str], folder: Path, seconds: float
    ) -> tuple[int, str]:
        """Run a program, a file or a module by its name; return its exit code and what it wrote."""
        reading, writing = os.pipe()
        with Path(os.devnull).open("rb") as nothing, io.FileIO(reading) as said:
            try:
                connection, pid = self.fork(program, rest, variables, folder, [nothing.fileno(), writing, writing])
            finally:
                os.close(writing)
            with connection:
                parts, end = [], time.monotonic() + seconds
                for file in (said, connection):
                    while select.select([file], [], [], max(0.0, end - time.monotonic()))[0]:
                        if file is connection:
                            text = io.TextIOWrapper(io.BytesIO(b"".join(parts))).read()
                            return _code(connection.recv(16)), text
                        if not (part := said.read(1 << 16)):
                            break
                        parts.append(part)
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired([program, *rest], seconds, b"".join(parts))


_runners: Server | None = None
_commands: Server | None = None
_pytests: Server | None = None
_elsewhere: dict[tuple[str, ...], Server] = {}  # by the first words of a command line


@contextmanager
def fork_servers(folder: Path, of_a_command: Mapping[str, str], of_a_runner: Mapping[str, str]) -> Iterator[None]:
    """Fork what can be forked as long as the context lasts; `folder` is for sockets, the others are variables."""
    global _runners, _commands, _pytests
    common = {name: value for name, value in of_a_runner.items() if name not in OF_EACH_GUIDE}
    told = {TOLD: json.dumps([str(folder / "runners"), common])}
    with (
        Server.at(folder / "runners", common, ["-P"], *OF_A_RUNNER) as _runners,
        Server.at(folder / "commands", {**of_a_command, **told}, [], *COMMAND) as _commands,
        Server.at(folder / "pytests", {**of_a_command, **told}, [], *OF_PYTEST) as _pytests,
    ):
        asyncio.create_subprocess_exec = _exec
        try:
            yield
        finally:
            asyncio.create_subprocess_exec = _true_exec
            _runners = _commands = _pytests = None


@contextmanager
def of_environment(folder: Path, python: str, galley: Sequence[str]) -> Iterator[None]:
    """Fork also the `galley` of another environment, as long as the context lasts: its Python, and its first words."""
    if _commands is None or _runners is None:
        yield
        return
    told = {TOLD: json.dumps([str(folder / "runners"), _runners.variables])}
    with (
        Server.at(folder / "runners", _runners.variables, ["-P"], *OF_A_RUNNER, python=python) as runners,
        Server.at(folder / "commands", {**_commands.variables, **told}, [], *OF_UPDATES, python=python) as commands,
    ):
        runners.start()
        _elsewhere[tuple(galley)] = commands
        try:
            yield
        finally:
            del _elsewhere[tuple(galley)]


@contextmanager
def true_processes() -> Iterator[None]:
    """Fork nothing as long as the context lasts."""
    global _runners, _commands, _pytests
    kept = _runners, _commands, _pytests
    _runners = _commands = _pytests = None
    try:
        yield
    finally:
        _runners, _commands, _pytests = kept


def run(arguments: Sequence[str], folder: Path, variables: dict[str, str], seconds: float) -> tuple[int, str] | None:
    """Run a command and return its exit code and what it wrote; None where it needs a process of its own."""
    if (split := _program(list(arguments))) is None or _commands is None or _pytests is None or _runners is None:
        return None
    if _early(variables) != {name: value for name, value in _early(_commands.variables).items() if name != TOLD}:
        return None
    _runners.start()  # for the pages of the command
    server = _pytests if split[0] == "pytest" else _elsewhere.get(tuple(arguments[:3]), _commands)
    return server.run(*split, variables, folder, seconds)


def _early(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(EARLY)}


def _program(arguments: list[str]) -> tuple[str, list[str]] | None:
    """A command line's program, a file or a module, and its arguments; None where no server has it ready."""
    if tuple(arguments[:3]) in _elsewhere:
        return str(Path(sys.executable).with_name("galley")), arguments[3:]
    if arguments[:2] == [sys.executable, "-m"] and arguments[2] in MODULES:
        return arguments[2], arguments[3:]
    if Path(arguments[0]).parent == Path(sys.executable).parent and Path(arguments[0]).name in ("galley", "mkdocs"):
        return arguments[0], arguments[1:]
    return None


def _code(line: bytes) -> int:
    return int(line) if line else -signal.SIGKILL


class Fork:
    """A forked runner, as galley uses the `Process` of asyncio."""

    def __init__(self, pid: int, stdin: Any, stdout: asyncio.StreamReader, ended: asyncio.Task[int]) -> None:
        self.pid, self.stdin, self.stdout, self._ended = pid, stdin, stdout, ended

    async def wait(self) -> int:
        """Wait for the end; the answer is the exit code."""
        return await asyncio.shield(self._ended)

    def terminate(self) -> None:
        """Send SIGTERM; raises ProcessLookupError where the process has ended."""
        if self._ended.done():
            raise ProcessLookupError
        os.kill(self.pid, signal.SIGTERM)

    @property
    def returncode(self) -> int | None:
        """The exit code; None while the process runs."""
        return self._ended.result() if self._ended.done() else None


async def _exec(*arguments: Any, **how: Any) -> Process | Fork:
    """What asyncio.create_subprocess_exec does; a runner that can be forked is a fork."""
    variables = how.get("env") or {}
    common = {name: value for name, value in variables.items() if name not in OF_EACH_GUIDE}
    if _runners is None or list(arguments[:4]) != RUNNER or common != _runners.variables:
        return await _true_exec(*arguments, **how)
    assert how["stdin"] == how["stdout"] == PIPE
    theirs, stdin = os.pipe()
    stdout, own = os.pipe()
    files = [theirs, own, how["stderr"].fileno()]
    session = how["start_new_session"]
    try:
        connection, pid = _runners.fork(
            fork_server.RUNNER, arguments[4:], variables, Path.cwd(), files, session=session
        )
    finally:
        os.close(theirs)
        os.close(own)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(stdout, "rb", 0))
    told, writer = await asyncio.open_unix_connection(sock=connection)

    async def ended() -> int:
        try:
            return _code(await told.readline())
        finally:
            writer.close()

    return Fork(pid, os.fdopen(stdin, "wb", 0), reader, asyncio.create_task(ended()))


if told := os.environ.get(TOLD):
    place, begun_with = json.loads(told)
    _runners = Server(place, begun_with, [], [])
    asyncio.create_subprocess_exec = _exec
