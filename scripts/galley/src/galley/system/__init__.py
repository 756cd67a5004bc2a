"""Everything that galley asks the operating system. In every process, and through no other module.

This package alone imports `fcntl`, `resource`, `ctypes` and the like, and it can be imported on every system. Each
function does all that it says on Linux. Its docstring names what is missing on other systems; where nothing can be
done, it raises RunnerError. On Linux the functions read `/proc` and make system calls themselves, because psutil and
filelock take a tenth of a second to import.
"""

from __future__ import annotations

import atexit
import os
import platform
import signal
import struct
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from galley.errors import RunnerError
from galley.system.guard import Guard
from galley.system.guard import kill_group as kill_group
from galley.system.locks import Lock as Lock
from galley.system.locks import locked as locked
from galley.system.locks import private_folder as private_folder
from galley.system.temporary import scratch as scratch
from galley.system.temporary import sweep as sweep

if TYPE_CHECKING:
    import ctypes

try:
    import fcntl
    import termios
except ImportError:  # Windows
    fcntl = termios = None  # type: ignore[assignment]
try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE = 1, 36, 4
PIPE_BYTES = 1 << 16  # what a pipe holds on Linux and on macOS, unless somebody made it larger


# The machine


def cores() -> int:
    """How many processors this process may use; where the system does not say, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_mb() -> float:
    """Memory that programs can still take, in MB (10^6 bytes); infinite where the system does not say."""
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024 / 1e6
    import psutil

    with suppress(OSError, psutil.Error):
        return float(psutil.virtual_memory().available / 1e6)
    return float("inf")


@cache
def processor() -> str:
    """The processor's own name for itself; its family, such as "arm", where the system knows no more."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


# A process and its memory


def reset_peak() -> None:
    """Make `peak_mb` count from this moment. On Linux alone: elsewhere the peak is that since the process began."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_mb() -> float:
    """The largest resident size of this process, in MB (10^6 bytes); 0 where the system does not say."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    if resource is None:
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, kilobytes on Linux and the BSDs
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def limit_memory(mb: int) -> None:
    """Limit the private memory of this process to `mb` MB (10^6 bytes); an allocation beyond the limit fails.

    macOS accepts the limit and does not enforce it on most allocations. Raises RunnerError where the system has no
    such limit.
    """
    if resource is None:
        what = f"this system sets no limit to a page's memory, and the profile asks for {mb} MB"
        raise RunnerError(what, mend="take memory_mb out of the profile's settings")
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = mb * 10**6 if most == resource.RLIM_INFINITY else min(mb * 10**6, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def flush_c() -> None:
    """Write out what C code has printed and the C library still buffers; does nothing where ctypes is missing."""
    if c := _c():
        c.fflush(None)


def waiting_bytes(descriptor: int) -> int:
    """The number of bytes that wait in a pipe; where the system does not tell, the most that a pipe can hold."""
    if termios is None:
        return PIPE_BYTES
    found: int = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]
    return found


def path_of(descriptor: int) -> str | None:
    """The path of what a descriptor is open on; None where the system does not say it."""
    with suppress(OSError):
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    with suppress(OSError, AttributeError, ValueError):
        told = fcntl.fcntl(descriptor, fcntl.F_GETPATH, b"\0" * 1024)  # type: ignore[attr-defined] # macOS has it
        return os.fsdecode(told.rstrip(b"\0"))
    return None


def nameless_file() -> BinaryIO:
    """A file without a name, which forked processes share.

    On Linux it lies in memory: on a disk, the number of a file that is closed would be given to the next one.
    """
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("galley"), "r+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


@cache
def _c() -> ctypes.CDLL | None:
    """The C library; None where Python cannot reach it."""
    with suppress(ImportError, OSError):
        import ctypes

        return ctypes.CDLL(None)
    return None


# The runner and its pages


def need_fork() -> None:
    """Raises RunnerError where the system cannot fork, which is how a page gets the runner's imports at once."""
    if not hasattr(os, "fork"):
        what = "pages run on a system that can fork, and this one cannot: use Linux, macOS, or WSL on Windows"
        raise RunnerError(what, mend="galley check, galley export and a build from true records work here too")


def need_short(path: Path) -> None:
    """Raises RunnerError where a socket's path is too long: macOS takes 103 bytes, Linux 107. Most of it is TMPDIR."""
    import socket

    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(str(path))
        except OSError as error:
            if error.errno is None:  # Python's own refusal, before the system is asked
                what = f"TMPDIR is too long: this system takes no socket at {path}"
                raise RunnerError(what, mend="set a shorter one, for example: export TMPDIR=/tmp") from error


_guard: Guard | None = None  # in the runner, its guard; in a page's child, the guard of the runner that forked it


def keep_runner() -> None:
    """On Linux: go on as a child of this process, which stays behind to kill whatever outlives that child.

    It hears of every process below, also of one that left its page's group while the runner was killed: such a process
    becomes its child. A SIGTERM ends the runner first. Elsewhere nothing happens, and such a process lives on.
    """
    c = _c()
    if c is None or not hasattr(c, "prctl"):
        return
    keeper = os.getpid()
    if runner := os.fork():
        code = os.EX_SOFTWARE
        try:
            code = _kept(runner)
        finally:
            os._exit(code)
    c.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:
        os._exit(os.EX_SOFTWARE)  # it was killed before this could be asked


def _kept(runner: int) -> int:
    """Wait for the runner, kill what it leaves, and end as it did."""
    _keep_orphans()
    signal.signal(signal.SIGTERM, lambda *_: kill_child(runner))
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    _, status = os.waitpid(runner, 0)
    while left := children():
        for pid in left:
            kill_child(pid)
            os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        if code != -signal.SIGKILL:  # for which no process can have a handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def begin_runner() -> None:
    """Make this process a runner, whose end no page outlives.

    Call this function first, while the process is small and has few open files: it forks the guard (see
    `galley.system.guard`). On Linux the process also becomes a subreaper: a process below it whose own parent has ended
    becomes its child. So the runner finds a process that left its page's group among its `children`, and kills it.
    On other systems such a process lives on.
    """
    global _guard
    _guard = Guard()
    atexit.register(_guard.end, os.getpid())
    _keep_orphans()


def begin_page() -> None:
    """Make this process a page's child: it leads a process group, which is killed with the page and with the runner."""
    os.setsid()
    _as_a_new_program()
    if _guard:
        _guard.tell("+", os.getpid())
        _guard.leave()
    _keep_orphans()


def _as_a_new_program() -> None:
    """Undo what the shell of the command made different: its mask for new files, signals that it ignores or holds back.

    A shell in the background ignores Ctrl-C, `nohup` the end of the terminal, and processes inherit that.
    """
    os.umask(0o022)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for each in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:  # which Python ignores
        if signal.getsignal(each) is signal.SIG_IGN:
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)


def hide_process() -> None:
    """Keep this process's memory and variables from other programs of its user; on Linux alone, and not from root.

    The command holds the user's tokens. Where a page is in the sandbox it could not read them anyway.
    """
    if (c := _c()) and hasattr(c, "prctl"):
        c.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _keep_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends; on Linux alone."""
    if (c := _c()) and hasattr(c, "prctl"):
        c.prctl(PR_SET_CHILD_SUBREAPER, 1)


def children() -> set[int]:
    """The process ids of this process's children, without its guard; empty where the system does not list them."""
    guard = {_guard.pid} if _guard else set()
    with suppress(OSError):
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
        return set(map(int, listed.split())) - guard
    import psutil

    with suppress(OSError, psutil.Error):
        return {each.pid for each in psutil.Process().children()} - guard
    return set()


def kill_child(pid: int) -> None:
    """Kill a child that was not reaped yet, and every process of the group that it leads."""
    kill_group(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)  # a child that was just forked may not lead a group yet


def bury(pid: int) -> int | None:
    """Reap a child that has ended, kill the rest of its group, and return its exit code; None while the child runs.

    There is a race: once a child is reaped, the system may give its process id to another process, and a signal to
    the group of that number would reach a stranger. So the group is killed while the ended child still holds its id:
    `waitid` with WNOWAIT sees that the child has ended and does not reap it. macOS has `waitid` from Python 3.13 on.
    Without it the child is reaped first and the group is killed right after. That is safe as long as the group has a
    member, because a group's number is not given away before its last member ends.
    """
    if hasattr(os, "waitid"):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        kill_child(pid)
        _, status = os.waitpid(pid, 0)
    else:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if not ended:
            return None
        kill_group(pid)
    if _guard:
        _guard.tell("-", pid)
    return os.waitstatus_to_exitcode(status)
