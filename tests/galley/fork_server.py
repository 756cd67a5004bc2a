"""A fork server: imports what programs need, then forks a process for each program that it is asked to run.

To start Python and import galley takes a tenth of a second, MkDocs as much again, and the tests start a thousand such
processes. As a program (`python fork_server.py DESCRIPTOR MODULE…`, with a socket that listens) this file imports the
modules once. A new process gets its arguments, variables, working folder and descriptors from the request, and runs the
program from its first line, as Python itself would. `forked.py` asks it, and says which programs get a process of their
own instead.
"""

from __future__ import annotations

import atexit
import gc
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
    gc.collect()
    gc.freeze()  # or the first collection in each fork walks through all of this, and copies it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    running: dict[int, tuple[int, socket.socket]] = {}  # by what becomes readable at its end: a process, who asked
    while True:
        ready = select.select([listener, 0, *running], [], [])[0]
        if 0 in ready:
            sys.exit()
        for each in running.keys() & ready:
            tell_the_end(each, *running.pop(each))
        if listener in ready:
            connection, _ = listener.accept()
            length, descriptors, _, _ = socket.recv_fds(connection, LENGTH, 3)
            if (pid := os.fork()) == 0:
                asked = json.loads(connection.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
                take_descriptors(descriptors)
                return dict(asked)
            for each in descriptors:
                os.close(each)
            with suppress(OSError):  # who asked may be gone
                connection.sendall(pid.to_bytes(4, "big"))
            running[os.pidfd_open(pid)] = pid, connection


def take_descriptors(descriptors: list[int]) -> None:
    """Make these descriptors the standard ones, in a new process, and close all that are the server's."""
    for number, each in enumerate(descriptors):
        os.dup2(each, number)
    os.closerange(3, 1 << 16)


def tell_the_end(descriptor: int, pid: int, connection: socket.socket) -> None:
    """Bury a process, and tell who asked for it how it ended."""
    _, status = os.waitpid(pid, 0)
    os.close(descriptor)
    with suppress(OSError), connection:
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


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
