"""What a page may read, write and reach: lists of paths, and from them what is there on this machine.

In a page's child, and in its runner, which looks up before a fork what every page would look up after it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from glob import glob
from itertools import islice
from pathlib import Path

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"),
    *("/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm", "/var/cache/fontconfig"),
)
# What programs look up there; keys, passwords of users and of services lie beside it.
ETC = """
    OpenCL alternatives ca-certificates ca-certificates.conf crypto-policies debian_version default/locale fonts
    gai.conf group host.conf hostname hosts inputrc ld.so.cache ld.so.conf ld.so.conf.d locale.alias locale.conf
    localtime login.defs magic matplotlibrc mime.types networks nsswitch.conf os-release papersize passwd pki/ca-trust
    pki/tls/certs pki/tls/cert.pem protocols python3 redhat-release services shells ssl/certs ssl/cert.pem
    ssl/openssl.cnf terminfo timezone vulkan
"""
PROC_FOLDER = "/proc"  # where Linux tells programs of themselves and of others
PROC = "cpuinfo meminfo stat version uptime loadavg filesystems mounts net sys"
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
FOR_DEVICES = ("/sys", "/proc/driver", "/proc/devices", "/proc/modules")  # where drivers say what there is
SHARED_MEMORY = "/dev/shm"
CACHE = ".cache"  # in the project's root: pages read it, and what they write there goes with them
MOST_LINKS = 10_000


@dataclass(frozen=True)
class Allowed:
    """What a process may do: files and folders by path, each with all below it.

    Of `listed` folders the names may be read. What is written to `private` ones is seen by the process alone. `system`
    adds what every Python program reads. With `users` root can become another user, and has no user namespace.
    Of `watched` folders it can be told what is opened in them, but for the `apart` ones below them.
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    network: bool = False
    system: bool = True
    users: bool = False


def for_page(
    root: Path,
    scratch: Path,
    snippets: Path,
    *,
    reads: Iterable[str],
    devices: Iterable[str],
    network: bool,
    apart: Iterable[Path] = (),
) -> Allowed:
    """What a page of a project may do; `reads` and `devices` are patterns of absolute paths.

    It is watched what the page opens in the project, but for the folders `apart`.

    Of the project it reads all but what begins with a dot at its root: `.git` and `.env` may hold tokens.
    """
    inside = [str(each) for each in sorted(root.iterdir()) if not each.name.startswith(".") and _inside(each, root)]
    mine = inside if _spares(_home(), str(root)) else [str(snippets)]  # a project in the home folder itself
    listed = (str(root),) if mine is inside else ()
    cache = root / CACHE
    found = [path for pattern in reads for path in glob(str(root / pattern))]
    read = [*mine, *found, *_targets(found)]
    private = (str(cache),) if cache.is_dir() and _inside(cache, root) else ()
    nodes = tuple(path for pattern in devices for path in sorted(glob(pattern)))
    watched = listed or (str(snippets),)
    return Allowed(tuple(read), (str(scratch),), listed, private, watched, tuple(map(str, apart)), nodes, network)


@dataclass(frozen=True)
class Places:
    """Files and folders by their true paths, none in another, and the links by which they are also reached."""

    paths: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def places(paths: Iterable[str]) -> Places:
    """The places that these paths lead to, as far as they are there."""
    there = [path for path in dict.fromkeys(paths) if os.path.isabs(path) and os.path.exists(path)]
    seen: set[str] = set()
    links = dict.fromkeys(link for path in there for link in _links(path, seen))
    return Places(tuple(outermost(map(os.path.realpath, there))), tuple(links))


@cache
def every_program(network: bool, devices: bool) -> Places:
    """What every Python program reads: the system's programs, this Python, names and certificates.

    Looked up once: a runner does so before it forks, since it costs more than the rest.
    """
    etc = [f"/etc/{name}" for name in ETC.split()] + ["/etc/resolv.conf"] * network
    python = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, os.path.dirname(os.__file__)]
    proc = [f"/proc/{name}" for name in PROC.split()]
    home = _home()
    own = [path for path in (*python, *sys.path) if _spares(home, path)]
    return places([*SYSTEM, *etc, *proc, *own, *(FOR_DEVICES if devices else ())])


def _spares(home: str, path: str) -> bool:
    """Whether the user's home folder is outside of a folder."""
    return not home.startswith(f"{os.path.realpath(path).rstrip('/')}/")


def _home() -> str:
    """The user's home folder with a slash at its end; empty where the system does not say it."""
    with contextlib.suppress(KeyError, ImportError):
        import pwd

        return f"{os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir).rstrip('/')}/"
    return ""


def _inside(path: Path, root: Path) -> bool:
    """Whether a path leads nowhere outside: a link that came with a pull request opens no other folder."""
    return f"{os.path.realpath(path)}/".startswith(f"{os.path.realpath(root)}/")


def _targets(found: Iterable[str]) -> Iterator[str]:
    """The files outside of these folders to which links in them lead, as in the cache of downloaded models.

    The links in `/proc` lead to whatever other programs have open.
    """
    folders = [path for path in found if os.path.isdir(path) and not f"{os.path.realpath(path)}/".startswith("/proc/")]
    links = (each for path in folders for each in Path(path).rglob("*") if each.is_symlink())
    for link in islice(links, MOST_LINKS):
        if os.path.isfile(link):  # unlike a method of `Path`, it takes what may not be asked for as no file
            yield os.path.realpath(link)


def _links(path: str, seen: set[str]) -> Iterator[tuple[str, str]]:
    """The links on the way to a path, each with what it says, but for those `seen` on the way to another one."""
    place = ""
    for name in path.split(os.sep):
        if name in ("", "."):
            continue
        above, place = place or os.sep, f"{place}{os.sep}{name}"
        if place in seen:
            continue
        seen.add(place)
        if os.path.islink(place):
            said = os.readlink(place)
            yield place, said
            yield from _links(os.path.join(os.path.realpath(above), said), seen)


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths without those that lie in another of them."""
    outer: list[str] = []
    for path in sorted(set(paths)):
        if not (outer and path.startswith(f"{outer[-1]}/")):
            outer.append(path)
    return outer
