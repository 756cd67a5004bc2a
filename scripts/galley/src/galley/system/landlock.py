"""What the kernel refuses a process and all that it starts, for good: Landlock for files, a filter for calls.

In a page's child, and in a program that is started confined. Landlock names what may be read and written, and refuses
the rest, also to root; the filter refuses whole system calls. Sources: https://docs.kernel.org/userspace-api/landlock.html
and https://docs.kernel.org/userspace-api/seccomp_filter.html. Raises OSError where the kernel has neither.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import stat
import struct
from collections.abc import Collection, Iterable, Mapping

from galley.system.kernel import call, libc

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION, PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
FIRST_RIGHTS = (1 << 13) - 1
READ = EXECUTE | READ_FILE | READ_DIR
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # the others are of folders alone
SIGNALS_AND_ABSTRACT_SOCKETS = 3
PR_SET_NO_NEW_PRIVS = 38

ERRNO, ALLOW = 0x00050000, 0x7FFF0000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where they stand in what a filter is shown
LOAD, EQUAL, AT_LEAST, ANSWER = 0x20, 0x15, 0x35, 0x06
SET_FILTER, SPECULATION_AS_BEFORE = 1, 4  # without the second, old kernels slow the page down
IO_URING_SETUP = 425  # it opens sockets and files without a call that a filter sees
FOREIGN = 0x40000000  # numbers from here on are calls of another kind, on x86_64
# Of each architecture: its name to filters, `seccomp`, `socket`, `prlimit64`, and the calls that reach the user's keys.
CALLS = {
    "x86_64": (0xC000003E, 317, 41, 302, (248, 249, 250)),
    "aarch64": (0xC00000B7, 277, 198, 261, (217, 218, 219)),
}


def version() -> int:
    """The version of the kernel's Landlock (its ABI); 0 where there is none."""
    try:
        return call(CREATE_RULESET, None, 0, VERSION)
    except OSError:
        return 0


def no_new_privileges() -> None:
    """No program that this process starts becomes another user; Landlock and filters ask for it."""
    if libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "privileges cannot be given up")


def allow(read: Iterable[str], write: Iterable[str], listed: Iterable[str], devices: Iterable[str]) -> None:
    """Refuse every file but these, and signals and abstract sockets to processes that do not descend from this one.

    A folder stands for all below it. Of what is `listed` the names may be read, not the contents. A path that is not
    there allows nothing. Raises OSError without Landlock.
    """
    abi = version()
    if not abi:
        raise OSError(errno.ENOSYS, "the kernel has no Landlock")
    late = ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV))
    handled = FIRST_RIGHTS | sum(right for since, right in late if abi >= since)
    scoped = SIGNALS_AND_ABSTRACT_SOCKETS if abi >= 6 else 0
    attributes = struct.pack("3Q", handled, 0, scoped)
    rules = call(CREATE_RULESET, attributes, len(attributes), 0)
    try:
        everything = handled & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)
        for paths, rights in ((read, READ), (write, everything), (listed, READ_DIR), (devices, OF_FILES)):
            for path in paths:
                _add(rules, path, rights & handled)
        call(RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _add(rules: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= OF_FILES
        if rights:
            call(ADD_RULE, rules, PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def refuse_calls(families: Collection[int]) -> None:
    """Refuse sockets of other families than these, the user's keys, other processes' limits, and what no filter sees.

    Raises OSError where the kernel takes no filter, or on a processor that CALLS does not know.
    """
    machine = os.uname().machine
    if machine not in CALLS:
        raise OSError(errno.ENOSYS, f"galley knows no filter for {machine}")
    architecture, seccomp, opens_socket, limits, keys = CALLS[machine]
    first = {opens_socket: sorted(families), limits: [0]}  # the process 0 is the caller
    lines = _filter(architecture, (*keys, IO_URING_SETUP), first)
    code = b"".join(struct.pack("HBBI", *line) for line in lines)
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(kept))
    call(seccomp, SET_FILTER, SPECULATION_AS_BEFORE, program)


Instruction = tuple[int, int, int, int]  # what it does, how far it jumps if so and if not, and a value


def _filter(architecture: int, refused: Collection[int], first: Mapping[int, Collection[int]]) -> list[Instruction]:
    """The filter's program: calls that are refused, and calls whose first argument must be one of some values."""
    no, yes = (ANSWER, 0, 0, ERRNO | errno.EACCES), (ANSWER, 0, 0, ALLOW)
    lines = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), no, (LOAD, 0, 0, NUMBER)]
    lines += [(AT_LEAST, 0, 1, FOREIGN), no]
    for number in refused:
        lines += [(EQUAL, 0, 1, number), no]
    for number, values in first.items():
        checks = [line for value in values for line in ((EQUAL, 0, 1, value), yes)]
        lines += [(EQUAL, 0, len(checks) + 2, number), (LOAD, 0, 0, FIRST_ARGUMENT), *checks, no]
    return [*lines, yes]


UNIX = (int(socket.AF_UNIX),) if hasattr(socket, "AF_UNIX") else ()
INTERNET = (int(socket.AF_INET), int(socket.AF_INET6), int(getattr(socket, "AF_NETLINK", socket.AF_INET)))
