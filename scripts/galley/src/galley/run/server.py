"""The runner: imports what pages need once, then forks one child for each page that it is sent.

In the runner, which the command starts as `python -P -m galley.run.server START`, where START is a `Start` as JSON. It
puts the snippets' folder first on the path, imports the modules and the hooks, and listens on a Unix socket. Its first
message on standard output says that it serves, or why it cannot. It ends when its standard input ends. Each connection
is for one page. The process has one thread, opens no model and does no work of its own, so that a fork is safe and
cheap. Whatever every page would have to find out again, the runner finds out before its first fork: the versions of the
packages, and the files and digests of the modules.

Each page has a lifeline: a pipe whose writing end the command alone holds, and whose reading end this process watches.
The command closes its end at a timeout and at Ctrl-C; where the command is killed, the system closes it. In each case
the reading end becomes readable, and the page is killed with its whole process group. So no page outlives the command.
"""

from __future__ import annotations

import gc
import mmap
import os
import selectors
import signal
import socket
import sys
import tempfile
from collections.abc import Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from galley import system
from galley.errors import GalleyError
from galley.hooks import HookError, find_hooks, import_named
from galley.plugins import load_plugins
from galley.record.dependencies import know_modules, never_counts
from galley.record.facts import environment, installed
from galley.run import entered, sight
from galley.run.child import run_job
from galley.run.execute import Position
from galley.run.loaded import before_any_page
from galley.run.missed import listen
from galley.run.packages import know_packages
from galley.run.protocol import Exited, Failed, NotStarted, Start, Started, encode, receive_header, receive_job
from galley.run.states import remember
from galley.system import sandbox


@dataclass(frozen=True)
class Child:
    """The process of one page: its id, the connection on which its end is told, its lifeline, and its position."""

    pid: int
    connection: socket.socket
    lifeline: int
    position: mmap.mmap


def refuse(connection: socket.socket, length: int, what: str) -> None:
    """Tell why a job's page does not run. The job is read first: the command waits until all of it is."""
    with suppress(OSError, ValueError):
        receive_job(connection, length)
        connection.sendall(encode(Failed(what)) + encode(Exited(os.EX_OSERR, 0)))
    connection.close()


class Server:
    """The loop that forks, kills and buries."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.pages: dict[int, Child] = {}
        self.silent: set[socket.socket] = set()  # connections on which no job has begun to arrive
        self.selector = selectors.DefaultSelector()
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        self.woken, self.waker = woken, waker
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Serve until standard input ends, then kill what still runs."""
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.selector.register(self.woken, selectors.EVENT_READ, self.bury)
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    self.kill_all()
                    return
                key.data()

    def accept(self) -> None:
        """Take a connection, and read from it only once something arrives: a silent one must hold up no other."""
        connection, _ = self.listener.accept()
        self.silent.add(connection)
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.begin(connection))

    def begin(self, connection: socket.socket) -> None:
        """Fork a child for the page that a connection asks for."""
        self.selector.unregister(connection)
        self.silent.remove(connection)
        length, descriptors = receive_header(connection)
        if not length or len(descriptors) != 3:
            for each in descriptors:
                os.close(each)
            connection.close()
            return
        stdout, stderr, lifeline = descriptors
        try:
            position = mmap.mmap(-1, Position.SIZE)
            pid = os.fork()
        except OSError as error:  # too little memory or too many processes: this page fails, the others go on
            for each in descriptors:
                os.close(each)
            refuse(connection, length, f"the machine gives no process to run it in: {error.strerror}")
            return
        if pid == 0:
            try:
                self.leave()
                os.close(lifeline)
                run_job(connection, length, stdout, stderr, Position(position))
            finally:
                os._exit(os.EX_SOFTWARE)  # in any case: the child must never run on as a second server
        os.close(stdout)
        os.close(stderr)
        self.pages[pid] = Child(pid, connection, lifeline, position)
        self.selector.register(lifeline, selectors.EVENT_READ, lambda: self.cut(pid))

    def leave(self) -> None:
        """In a child, close everything that belongs to the server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.selector.close()
        for page in self.pages.values():
            page.connection.close()
            os.close(page.lifeline)
        for each in (self.listener, self.woken, self.waker, *self.silent):
            each.close()

    def cut(self, pid: int) -> None:
        """The command has closed the page's lifeline: kill the page. `bury` then reaps it and reports its end."""
        self.selector.unregister(self.pages[pid].lifeline)
        system.kill_child(pid)

    def bury(self) -> None:
        """Reap each child that has ended, kill the processes that it left, and report its end on its connection.

        The line break before the report ends half a line that the page may have written when it was killed.
        """
        with suppress(BlockingIOError):
            self.woken.recv(4096)
        for pid in list(self.pages):
            if (code := system.bury(pid)) is None:
                continue
            page = self.pages.pop(pid)
            with suppress(KeyError):
                self.selector.unregister(page.lifeline)
            os.close(page.lifeline)
            end = Exited(code, Position(page.position).line)
            with suppress(OSError):
                page.connection.sendall(b"\n" + encode(end))
            page.connection.close()
            page.position.close()
        self.kill_orphans()

    def kill_all(self) -> None:
        """Kill every page, and every process that a page has left."""
        for pid in list(self.pages):
            system.kill_child(pid)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
            del self.pages[pid]
        self.kill_orphans()

    def kill_orphans(self) -> None:
        """Kill the processes that left their page's group, which became children of this process."""
        while orphans := system.children() - self.pages.keys():
            for pid in orphans:
                system.kill_child(pid)
                os.waitpid(pid, 0)


def take_in(start: Start) -> NotStarted | None:
    """Import what pages need, and the hooks, in a fixed order; return what is wrong, None where nothing is."""
    given = frozenset(os.environ)
    try:
        for module in start.imports:
            import_named(("imports",), module)
        find_hooks(start.hooks)
        load_plugins(start.plugins, Path(start.folder))  # here, so that each page's child has them loaded
    except HookError as error:
        return NotStarted(error.setting, error.what, error.missing, error.detail)
    except GalleyError as error:
        return NotStarted(("plugins",), str(error))
    _forget_temporary(given)
    if tracer := entered.tracer():
        tracer.imports_end()
    if missing := [name for name in start.packages if not installed(name)]:
        return NotStarted(
            ("packages",), f"no package '{missing[0]}' is installed, so no record could name it", missing[0]
        )
    return None


def _forget_temporary(given: Set[str]) -> None:
    """Unset each variable that an import set to a path in the temporary folder: a page has such a folder of its own.

    A library may keep there where it writes, and ask `tempfile` again where the variable is not set.
    """
    for name in os.environ.keys() - given:
        if Path(os.environ[name]).is_relative_to(tempfile.gettempdir()):
            del os.environ[name]


def main(start: Start) -> None:
    """Import, listen, serve."""
    system.keep_runner()
    system.begin_runner()
    sys.path.insert(0, start.folder)  # where plain `python FILE` would have it
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a module prints while it is imported goes to the log
    listen(start.folder)
    if start.footprint:
        entered.begin()
    gc.disable()  # imported modules are no garbage: collections would take an eighth of the time
    if wrong := take_in(start):
        channel.write(encode(wrong))
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(start.socket)
        listener.listen(64)
        environment(start.packages)
        own = sorted(file for file in before_any_page().files if file.startswith(f"{start.folder}{os.sep}"))
        know_modules(map(Path, own))
        remember(own)
        know_packages(own, Path(start.folder))
        sandbox.know()
        sight.know(start.root, start.folder, (start.outputs, *map(str, never_counts(Path(start.root).resolve()))))
        channel.write(encode(Started(tuple(own))))
        channel.close()
        gc.freeze()
        gc.enable()
        Server(listener).serve()


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Start))
