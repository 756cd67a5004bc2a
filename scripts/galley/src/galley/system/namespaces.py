"""Namespaces of a page's own: a network without a way out, and a root folder with what the page may see.

In a page's child, and in a program that is started confined, after the fork and before foreign code runs. All of it is
Linux. A user namespace lets a plain user make the others, and keeps root of the page from being root of the machine.
Raises OSError where the kernel, or a rule of the distribution or of a container, refuses.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from galley.system.kernel import call, libc

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_NETWORK = 0x20000, 0x08000000, 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
MS_REC_PRIVATE = 0x4000 | 0x40000
MS_RDONLY, MNT_DETACH = 1, 2
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR, PIVOT_ROOT = 428, 429, 442, {"x86_64": 155, "aarch64": 41}
CLONE_TREE, CLOEXEC, EMPTY_PATH, RECURSIVE = 1, os.O_CLOEXEC, 0x1000, 0x8000
MOVE_EMPTY_PATH = 4
READ_ONLY, NO_SUID = 1, 2
PR_CAPBSET_DROP = 24
LAST_CAPABILITY = 40
# What root of a page keeps, all of it over the page's own files and processes: CHOWN, DAC_OVERRIDE, FOWNER, FSETID,
# KILL, SETGID, SETUID, SYS_CHROOT.
KEPT = (0, 1, 3, 4, 5, 6, 7, 18)


def own_namespaces(*, network: bool, users: bool) -> None:
    """Make namespaces for mounts and, without `network`, for a network, which has a loopback alone.

    They lie in a user namespace, where the user stays who they are and nobody else has a number. With `users` root
    makes none of it, and can still become another user. Raises OSError, and then nothing has changed.
    """
    uid, gid = os.geteuid(), os.getegid()
    user = 0 if users and uid == 0 else NEW_USER
    if libc().unshare(user | NEW_MOUNTS | NEW_IPC | (0 if network else NEW_NETWORK)):
        raise OSError(ctypes.get_errno(), "the kernel refuses a namespace")
    if user:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")


def loopback_up() -> None:
    """Let 127.0.0.1 and ::1 work in a network of one's own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def own_root(
    read: Iterable[str],
    write: Iterable[str],
    private: Iterable[str],
    watched: Iterable[str],
    links: Iterable[tuple[str, str]],
) -> str:
    """Make a root folder in which nothing is but these files and folders, each at its path, and links by path.

    What is not in `write` is read-only. A change to a `private` folder is seen by this process alone and goes with it.
    Sockets of other programs, which are files, are out of reach. Of the files in a `watched` folder, which `read` has,
    the page sees inodes of its own, so that it can be told who opens them; the answer says why not, and is empty where
    it does. Raises OSError.
    """
    refused = ""
    trees = {path: _taken(path, read_only=False) for path in write}
    trees |= {path: _taken(path, read_only=True) for path in read}
    _mount("none", "/", None, MS_REC_PRIVATE, None)
    _mount("tmpfs", "/tmp", "tmpfs", NO_SUID, "mode=755")
    try:
        os.chdir("/tmp")
        for path in sorted(trees, key=lambda each: each.count("/")):  # a folder before what lies in it
            _put(path, trees[path])
            if path in watched:
                refused = refused or _own_inodes(path)
        for path, target in links:
            _link(path.lstrip("/"), target)
        os.makedirs("dev/shm", exist_ok=True)
        _mount("tmpfs", "dev/shm", "tmpfs", NO_SUID, "mode=1777")
        for path in private:
            _lay_over(path)
        call(PIVOT_ROOT[os.uname().machine], b".", b".")
    except OSError:
        libc().umount2(b"/tmp", MNT_DETACH)
        raise
    finally:
        for tree in trees.values():
            os.close(tree)
    if libc().umount2(b".", MNT_DETACH):
        raise OSError(ctypes.get_errno(), "the old root folder stays")
    os.chdir("/")
    return refused


def drop_capabilities() -> None:
    """Give up every capability; where the user is root, all but those over the page's own files and processes."""
    kept = KEPT if os.geteuid() == 0 else ()
    for capability in set(range(LAST_CAPABILITY + 1)).difference(kept):
        libc().prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    bits = sum(1 << capability for capability in kept)
    header = struct.pack("Ii", 0x20080522, 0)
    if libc().capset(header, struct.pack("6I", bits, bits, 0, 0, 0, 0)):
        raise OSError(ctypes.get_errno(), "capabilities cannot be given up")


def _taken(path: str, *, read_only: bool) -> int:
    """A file or a folder with all that is mounted in it, as a tree that can be put elsewhere."""
    tree = call(OPEN_TREE, -100, path.encode(), CLONE_TREE | CLOEXEC | RECURSIVE)
    attributes = struct.pack("4Q", NO_SUID | (READ_ONLY if read_only else 0), 0, 0, 0)
    try:
        call(MOUNT_SETATTR, tree, b"", EMPTY_PATH | RECURSIVE, attributes, len(attributes))
    except OSError:
        os.close(tree)
        raise
    return tree


def _put(path: str, tree: int) -> None:
    """Put a tree at its path below the folder at hand."""
    target = path.lstrip("/")
    if not os.path.lexists(target):  # else it lies in a folder that is there already
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        if stat.S_ISDIR(os.fstat(tree).st_mode):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
    call(MOVE_MOUNT, tree, b"", -100, target.encode(), MOVE_EMPTY_PATH)


def _link(path: str, target: str) -> None:
    if not os.path.lexists(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        os.symlink(target, path)


def _lay_over(path: str) -> None:
    """Catch in memory what is written to a folder; where that cannot be, the folder stays read-only."""
    target, above = path.lstrip("/"), Path(".galley", path.strip("/").replace("/", "-"))
    for name in ("upper", "work"):
        (above / name).mkdir(parents=True)
    options = f"lowerdir={target},upperdir={above / 'upper'},workdir={above / 'work'},userxattr"
    with suppress(OSError):
        _mount("overlay", target, "overlay", NO_SUID, options)


def _own_inodes(path: str) -> str:
    """Lay an overlay over a folder that adds nothing to it; the answer says why not, and is empty where it lies there.

    The numbers of inodes stay those of the files (`xino=off`): galley compares them with those that its runner saw. An
    overlay without an upper layer is read-only and asks for two layers, so one of them is empty. The kernel refuses one
    over a folder in which something is mounted: in the page's user namespace nothing may uncover what lies below that.
    """
    empty = Path(".galley", "empty").absolute()
    empty.mkdir(parents=True, exist_ok=True)
    above = Path.cwd()
    os.chdir(path.lstrip("/"))
    try:
        _mount("overlay", ".", "overlay", NO_SUID | MS_RDONLY, f"lowerdir=.:{empty},xino=off")
    except OSError as error:
        why = os.strerror(error.errno or 0)
        return f"the kernel lays no overlay over the project ({why}); nothing may be mounted in it"
    finally:
        os.chdir(above)
    return ""


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None) -> None:
    encoded = [None if each is None else each.encode() for each in (source, target, kind, options)]
    if libc().mount(*encoded[:3], ctypes.c_ulong(flags), encoded[3]):
        raise OSError(ctypes.get_errno(), f"the kernel refuses to mount {target}")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
