"""What a child gives up before it runs an answer. This module is loaded in the sandbox's interpreter only."""

import builtins
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

NOBODY = 65534


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MODULES = _words("""
    bisect calendar cmath collections copy dataclasses datetime decimal enum fractions functools heapq itertools
    json math numbers operator random re statistics string textwrap time typing unicodedata
""")
"""What an answer may import."""

LAZY = ("_strptime", "collections.abc")
"""What those modules import only when they need it."""

BLOCKED = _words("""
    open import os. socket. subprocess. shutil. ctypes. fcntl. mmap. pty. resource. signal. builtins.input
    builtins.breakpoint code.__new__ marshal. pickle. gc. glob. pathlib. tempfile. syslog. sqlite3. urllib. http.
    ftplib. smtplib. webbrowser. sys.addaudithook sys.settrace sys.setprofile
""")
"""Beginnings of the audit events that end a child."""

KEPT = frozenset({"fspath", "getpid", "urandom", "strerror"})
"""The functions that `os` keeps; all others are removed, since not every one of them raises an audit event."""

_DOOMED = [
    (vars(module), name)
    for module in (os, sys.modules["posix"])
    for name, value in vars(module).items()
    if type(value).__name__ == "builtin_function_or_method" and name not in KEPT
]

Report = Callable[..., Any]


def leave_machine(folder: str, report: int, output: int) -> None:
    """Leave the process an empty input, `output` for printed text, descriptor 3 for the report, and an empty folder.

    Root makes that folder its root folder and becomes the user nobody.
    """
    os.setsid()
    report, output, nothing = (os.dup(fd) for fd in (report, output, os.open(os.devnull, os.O_RDONLY)))
    for target, fd in enumerate((nothing, output, output, report)):
        os.dup2(fd, target)
    os.closerange(4, 256)
    os.chdir(folder)
    if os.geteuid() == 0:
        _try(os.chroot, ".")
        _try(os.setgroups, [])
        _try(os.setgid, NOBODY)
        _try(os.setuid, NOBODY)  # refused in a user namespace that has no other user


def limit(cpu_seconds: float, wall_seconds: float, memory_bytes: int) -> None:
    """Limit time and memory, and forbid new file descriptors and new processes.

    The limit on processes does not hold for root, which is why root became nobody before.
    """
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds + 1)
    sizes = {
        resource.RLIMIT_AS: memory_bytes,  # macOS refuses this one
        resource.RLIMIT_CPU: int(cpu_seconds) + 1,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for kind, size in sizes.items():
        _try(resource.setrlimit, kind, (size, size))


def restricted(report: Report) -> dict[str, Any]:
    """Return the builtins of an answer: an import of anything but `MODULES` is reported, which ends the child."""
    real = builtins.__import__

    def import_allowed(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] not in (*MODULES, *LAZY):
            report(blocked=f"import {name}")
        return real(name, *args, **kwargs)

    return {**vars(builtins), "__import__": import_allowed}


def guard(report: Report) -> None:
    """Take the functions of `os` away, and report the first event that is blocked, which ends the child."""
    for name in ("resource", "selectors", "signal", "wire", "confine"):
        sys.modules.pop(name, None)
    for names, name in _DOOMED:
        del names[name]
    vars(sys.modules["time"]).pop("sleep", None)
    sys.stdin = None

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event.startswith(BLOCKED):
            report(blocked=event)

    sys.addaudithook(hook)


def _try(give_up: Callable[..., object], *args: object) -> None:
    with contextlib.suppress(OSError, ValueError):
        give_up(*args)
