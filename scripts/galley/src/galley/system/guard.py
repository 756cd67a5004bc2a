"""Kills the pages of a runner that died. In the runner, in a page's child, and in the guard.

The guard is a small process. The runner forks it before it imports what pages need; each page tells it of itself.
Linux could kill a page with its runner (`prctl`), but not what the page had started; macOS can do neither.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress


class Guard:
    """A process that outlives its runner by a moment, and kills the process groups of the pages still running then.

    A runner may be killed itself, and then tells nobody. What every system tells is that a pipe has no writer left.
    So the guard reads from a pipe to which the runner keeps the one writing end. Each page writes its number there
    and closes the end that it inherited; the runner writes which pages it has buried. At the pipe's end the guard
    kills the rest. A process that left its page's group is out of the guard's reach.
    """

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()  # who kills the runner's group leaves the guard
                os.dup2(reading, 0)
                os.closerange(1, self._writing + 1)
                _kill_at_the_end(0)
            finally:
                os._exit(0)
        os.close(reading)

    def tell(self, what: str, pid: int) -> None:
        """Say that a page lives (`+`) or was buried (`-`)."""
        with suppress(OSError):  # somebody killed the guard
            os.write(self._writing, f"{what}{pid}\n".encode())

    def leave(self) -> None:
        """Close this process's writing end."""
        with suppress(OSError):
            os.close(self._writing)

    def end(self, runner: int) -> None:
        """When the runner ends by itself: see the guard off, so that no process is left."""
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
