"""The runner: imports what pages need once, then forks one child for each page that it is sent.

In the runner, which the command starts as `python -P -m galley.run.server START`, where START is a `Start` as JSON. It
puts the snippets' folder first on the path, imports the modules and the hooks, listens on a Unix socket, says on
standard output that it serves, or why not, and serves until its standard input ends. Each connection is one page. The
process has one thread, opens no model and does no work of its own, so that a fork is safe and cheap. What every page
would look up again is looked up before the first fork: the versions of the packages, and the files and the digests of
the modules.

A page lives as long as its lifeline, a pipe whose other end the command holds: when that end is closed (by a timeout,
by Ctrl-C, or since the command was killed), the page's whole process group is killed.
"""

from __future__ import annotations

import gc
import mmap
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from galley import system
from galley.errors import GalleyError
from galley.hooks import HookError, find_hooks, import_named
from galley.plugins import load_plugins
from galley.record.dependencies import know_modules
from galley.record.facts import environment, installed
from galley.run.child import run_job
from galley.run.execute import Position
from galley.run.missed import listen
from galley.run.packages import know_packages
from galley.run.protocol import Exited, Failed, NotStarted, Start, Started, encode, receive_header, receive_job
from galley.run.states import remember
from galley.run.watch import before_any_page
from galley.system import sandbox


@dataclass(frozen=True)
class Child:
    """A child that runs, with the connection to say its end on."""

    pid: int
    connection: socket.socket
    lifeline: int
    position: mmap.mmap


def refuse(connection: socket.socket, length: int, what: str) -> None:
    """Say why the page of a job does not run; the job is read first, since its sender waits until it is."""
    with suppress(OSError, ValueError):
        receive_job(connection, length)
        connection.sendall(encode(Failed(what)) + encode(Exited(os.EX_OSERR, 0)))
    connection.close()


class Server:
    """The loop that forks, kills and buries."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.pages: dict[int, Child] = {}
        self.silent: set[socket.socket] = set()  # connections that have asked for nothing yet
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
        """Hear a new connection when it speaks: one that says nothing must hold up no other."""
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
        except OSError as error:  # no memory or too many processes: this page fails, the others go on
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
                os._exit(70)  # whatever happens, a child never goes on as the server
        os.close(stdout)
        os.close(stderr)
        self.pages[pid] = Child(pid, connection, lifeline, position)
        self.selector.register(lifeline, selectors.EVENT_READ, lambda: self.cut(pid))

    def leave(self) -> None:
        """In a child: let go of everything that is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.selector.close()
        for page in self.pages.values():
            page.connection.close()
            os.close(page.lifeline)
        for each in (self.listener, self.woken, self.waker, *self.silent):
            each.close()

    def cut(self, pid: int) -> None:
        """The other end let the page go: kill it; `bury` does the rest."""
        self.selector.unregister(self.pages[pid].lifeline)
        system.kill_child(pid)

    def bury(self) -> None:
        """Reap each child that ended, kill what it left behind, and say how it ended."""
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
        """Kill every page and what each left behind."""
        for pid in list(self.pages):
            system.kill_child(pid)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
            del self.pages[pid]
        self.kill_orphans()

    def kill_orphans(self) -> None:
        """Kill what left its page's group: it became a child of this process when its page ended."""
        while orphans := system.children() - self.pages.keys():
            for pid in orphans:
                system.kill_child(pid)
                os.waitpid(pid, 0)


def take_in(start: Start) -> NotStarted | None:
    """Import what pages need, and the hooks, in the order of the settings; the answer is what is wrong, if anything."""
    try:
        for module in start.imports:
            import_named(("imports",), module)
        find_hooks(start.hooks)
        load_plugins(start.plugins, Path(start.folder))  # once, for all pages
    except HookError as error:
        return NotStarted(error.setting, error.what, error.missing, error.detail)
    except GalleyError as error:
        return NotStarted(("plugins",), str(error))
    if missing := [name for name in start.packages if not installed(name)]:
        return NotStarted(
            ("packages",), f"no package '{missing[0]}' is installed, so no record could name it", missing[0]
        )
    return None


def main(start: Start) -> None:
    """Import, listen, serve."""
    system.begin_runner()
    sys.path.insert(0, start.folder)  # where plain `python FILE` would have it
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a module that prints while it is imported says nothing to us
    listen(start.folder)
    gc.disable()  # what is imported stays: looking for garbage in it is an eighth of the time
    if wrong := take_in(start):
        channel.write(encode(wrong))
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(start.socket)
        listener.listen(64)
        environment(start.packages)
        own = sorted(file for file in before_any_page().files if Path(file).is_relative_to(start.folder))
        know_modules(map(Path, own))
        remember(own)
        know_packages(own, Path(start.folder))
        sandbox.know()
        channel.write(encode(Started(tuple(own))))
        channel.close()
        gc.freeze()
        gc.enable()
        Server(listener).serve()


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Start))
