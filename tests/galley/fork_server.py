"""A fork server: imports what programs need, then forks a process for each program that it is asked to run.

To start Python and import galley takes a tenth of a second, MkDocs as much again, and the tests start a thousand such
processes. As a program (`python fork_server.py DESCRIPTOR MODULE…`, with a socket that listens) this file imports the
modules once. A new process gets its arguments, variables, working folder and descriptors from the request, and runs the
program from its first line, as Python itself would. `forked.py` asks it, and says which programs get a process of their
own instead.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

LENGTH = 8  # bytes of a request's length, which carry its descriptors along
RUNNER = "galley.run.server"

ends_with: dict[int, int] = {}  # the exit code by the process that has it: a fork may fork in its turn


def serve(listener: socket.socket, modules: list[str]) -> dict[str, Any]:
    """Fork for each request, until standard input ends; return the request in each new process."""
    for module in modules:
        __import__(module)
    for program in (RUNNER, "mkdocs.__main__"):  # it is run as `__main__`, and must not look as if it had been imported
        sys.modules.pop(program, None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while listener in select.select([listener, 0], [], [])[0]:
        connection, _ = listener.accept()
        length, descriptors, _, _ = socket.recv_fds(connection, LENGTH, 3)
        if os.fork() == 0:
            listener.close()
            asked = json.loads(connection.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
            wait_for_the_other_of_a_fork(connection)
            for number, each in enumerate(descriptors):
                os.dup2(each, number)
            os.closerange(3, 1 << 16)
            return dict(asked)
        connection.close()
        for each in descriptors:
            os.close(each)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    sys.exit()


def wait_for_the_other_of_a_fork(connection: socket.socket) -> None:
    """Return in a new process; the old one tells that process's number and how it ended, and ends."""
    if pid := os.fork():
        os.closerange(3, connection.fileno())
        os.closerange(connection.fileno() + 1, 1 << 16)
        with suppress(OSError):  # who asked may be gone
            connection.sendall(pid.to_bytes(4, "big"))
            _, status = os.waitpid(pid, 0)
            connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    connection.close()


def open_standard_files() -> None:
    """Open standard input, output and error as Python does when it starts: what they are open on is new."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        old = getattr(sys, name)
        raw: Any = io.FileIO(number, mode, closefd=False)
        raw.name = f"<{name}>"
        through = old.write_through
        buffer = io.BufferedReader(raw) if mode == "r" else raw if through else io.BufferedWriter(raw)
        lines = not through and (name == "stderr" or raw.isatty())
        newline = None if mode == "r" else "\n"
        new = io.TextIOWrapper(buffer, old.encoding, old.errors, newline, lines, through)
        new.mode = mode
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def become(program: str, arguments: list[str], variables: dict[str, str], folder: str, session: bool) -> None:
    """Make this process what was asked for, and run its program: a file, or a module by its name."""
    if session:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    open_standard_files()
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv = [program, *arguments]
    file = os.sep in program
    if not sys.flags.safe_path:
        sys.path[0] = str(Path(program).parent) if file else str(Path.cwd())
    try:
        if file:
            runpy.run_path(program, run_name="__main__")
        else:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        code: Any = 0
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    ends_with[os.getpid()] = (code or 0) & 0xFF


def end_at_once() -> None:
    """The last exit handler of a fork: end without taking all modules apart, which copies the server's whole memory."""
    if (code := ends_with.get(os.getpid())) is not None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


if __name__ == "__main__":
    atexit.register(end_at_once)  # the first to be registered is called last
    become(**serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:]))
