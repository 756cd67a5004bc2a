"""Kills the pages of a runner that died. In the runner, in a page's child, and in the guard.

The guard is a small process. The runner forks it before it imports what pages need; every page's child reports to it.
Linux can end a child with its parent (`prctl`), but not the processes that the child has started; macOS can do neither.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress


class Guard:
    """A process that outlives its runner by a moment, and kills the process groups of the pages that still run.

    A runner that is killed (by SIGKILL, or for want of memory) can tell nobody. But every system tells the reader of a
    pipe when the last writing end is closed, and it closes those of a process that ends. So the guard reads from a
    pipe whose writing end the runner keeps open as long as it lives. A page's child inherits a copy of that end: it
    writes `+` with its process id and closes the copy. The runner writes `-` with the id of each page that it has
    reaped. When the guard reads the end of the pipe, the runner has ended; the guard then kills the groups of the pages
    that were not reaped. A process that left its page's group escapes the guard.
    """

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()  # a signal to the runner's group does not reach the guard
                os.dup2(reading, 0)
                os.closerange(1, self._writing + 1)
                _kill_at_the_end(0)
            finally:
                os._exit(0)
        os.close(reading)

    def tell(self, what: str, pid: int) -> None:
        """Report to the guard that a page began (`+`) or was reaped (`-`)."""
        with suppress(OSError):  # the guard was killed
            os.write(self._writing, f"{what}{pid}\n".encode())

    def leave(self) -> None:
        """Close this process's writing end of the pipe."""
        with suppress(OSError):
            os.close(self._writing)

    def end(self, runner: int) -> None:
        """At the runner's own exit: have the guard end, and wait for it, so that no process is left."""
        if os.getpid() == runner:
            self.leave()
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


def _kill_at_the_end(pipe: int) -> None:
    pages: set[int] = set()
    rest = b""
    while data := os.read(pipe, 4096):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            (pages.add if line.startswith(b"+") else pages.discard)(int(line[1:]))
    for pid in pages:
        kill_group(pid)


def kill_group(pid: int) -> None:
    """Kill every process of the group with that number, if there is one that this user may kill."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
