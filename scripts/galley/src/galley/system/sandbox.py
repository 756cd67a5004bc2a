"""The sandbox: what a page may read, write and reach, and how this process is shut in with that.

In a page's child, between the fork and the guide's own code, and in a program that is started confined (`main`).
What it keeps from whom stands in SECURITY.md. Each protection has its own means, and where the kernel refuses one, the
answer of `enter` says why: nothing is switched off in silence.

files
    Landlock names what may be read and written; a root folder of the page's own holds nothing else.
network
    A network of the page's own, which has a loopback and no way out; where the kernel gives none, no sockets at all.
processes
    Landlock keeps signals, memory and environments of processes that the page did not start out of its reach.

It costs a page 4 ms (median of 200 on two shared cores of an AMD EPYC: `python tests/galley/sandbox_cost.py`). To be
told what is opened in the 39 folders of this guide (`galley.system.opens`) adds about a sixth.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from galley.system.allowed import DEVICES, SHARED_MEMORY, Allowed, Places, every_program, outermost, places

FILES, NETWORK, PROCESSES = PROTECTIONS = ("files", "network", "processes")
ON, OFF, REQUIRED = "on", "off", "required"  # the values of the setting
SWITCHED_OFF = 'the setting sandbox is "off"'
SIGHT = "sight of what other programs open"  # no protection: a page may do the same without it


class MissingError(Exception):
    """A protection is required, and does not hold."""


Protections = Mapping[str, str]  # each protection with an empty text where it holds, or else with the reason why not


def enter(allowed: Allowed) -> Protections:
    """Shut this process, and all that it will start, in with what it is allowed; the answer says what holds.

    The process must have one thread. What cannot be had is left out, and the others still hold.
    """
    if not sys.platform.startswith("linux"):
        return _nothing(allowed, f"galley has no means for it on {sys.platform}")
    try:
        from galley.system import landlock, namespaces
    except ImportError as error:
        return _nothing(allowed, f"this Python cannot ask for it: {error}")
    system = every_program(allowed.network, bool(allowed.devices)) if allowed.system else Places()
    missing: dict[str, str] = {}
    with _noted(missing, "namespace"):
        namespaces.own_namespaces(network=allowed.network, users=allowed.users)
    inside = "namespace" not in missing
    sight = {}
    with _noted(missing, "root"):
        sight[SIGHT] = _own_root(allowed, system, inside)
    with _noted(missing, "loopback"):
        if inside and not allowed.network:
            namespaces.loopback_up()
    if inside:
        with contextlib.suppress(OSError):
            namespaces.drop_capabilities()
    _limit(own_user=inside)
    with _noted(missing, "landlock"):
        landlock.no_new_privileges()
        write = (*allowed.write, *DEVICES, SHARED_MEMORY, f"/proc/{os.getpid()}")
        laid_over = allowed.private if "root" not in missing else ()
        read = (*system.paths, *allowed.read, *allowed.private)
        landlock.allow(read, (*write, *laid_over), allowed.listed, allowed.devices)
    with _noted(missing, "filter"):
        reached = landlock.INTERNET if inside or allowed.network else ()
        landlock.refuse_calls({*reached, *(landlock.UNIX if "root" not in missing else ())})
    held = _held(missing, landlock.version())
    return {**held, SIGHT: sight.get(SIGHT) or missing.get("root", "")} if allowed.watched else held


@contextlib.contextmanager
def _noted(missing: dict[str, str], name: str) -> Iterator[None]:
    """Go on after an OSError, with its reason under a name."""
    try:
        yield
    except (OSError, KeyError) as error:
        missing[name] = str(error)


def require(held: Protections) -> None:
    """Raises MissingError unless every protection holds."""
    if any(held.get(each) for each in PROTECTIONS):
        raise MissingError(f"{told(held)}; the sandbox is required, so nothing ran")


def told(held: Protections) -> str:
    """Which protections hold, and why others do not, in a line."""
    holds = ", ".join(name for name in PROTECTIONS if name in held and not held[name])
    reasons: dict[str, list[str]] = {}
    for name, reason in held.items():
        if reason:
            reasons.setdefault(reason, []).append(name)
    missing = [f"without {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return "; ".join(["sandbox: " + (holds or "none"), *missing])


def probe() -> Protections:
    """Which protections a process that is started now would have."""
    import subprocess

    from galley.system.temporary import scratch

    with scratch("galley-probe-") as folder:
        asked = command(Allowed(write=(os.path.realpath(folder),)))
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    try:
        held: dict[str, str] = json.loads(done.stdout)
    except ValueError:
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return dict.fromkeys(PROTECTIONS, f"a process in the sandbox did not start: {why}")
    return held


def know() -> None:
    """Look up before a fork what every page would look up after it."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(ImportError):
            import resource  # noqa: F401

            from galley.system import landlock, namespaces  # noqa: F401
        every_program(False, False)


def _own_root(allowed: Allowed, system: Places, inside: bool) -> str:
    """Make the root folder, and say why what is opened in watched folders cannot be told; empty where it can."""
    from galley.system import namespaces

    if not inside:
        raise OSError("there is no namespace to make it in")
    above = tuple(f"{folder}/" for folder in allowed.listed)
    own = [each for each in (*allowed.read, *allowed.private) if not each.startswith(above)]
    asked = places([*allowed.listed, *own, *allowed.write, *allowed.devices])
    write = [os.path.realpath(path) for path in (*allowed.write, f"/proc/{os.getpid()}")]
    coarse = [path for path in system.paths if not path.startswith(("/etc/", "/sys/", "/proc/"))]
    shared = ("/etc", "/sys", "/proc", *DEVICES)  # a device can be written to on a read-only mount, not its permissions
    read = set(outermost([*coarse, *asked.paths, *shared])).difference(write)
    private = [os.path.realpath(path) for path in allowed.private]
    watched = {os.path.realpath(path) for path in allowed.watched}
    apart = [path for path in map(os.path.realpath, (*allowed.apart, *private)) if os.path.exists(path)]
    read |= watched.union(path for path in apart for folder in watched if path.startswith(f"{folder}/"))
    refused = namespaces.own_root(read.difference(write), write, private, watched, [*system.links, *asked.links])
    os.chdir(next(iter(allowed.write), "/"))
    return refused


def _nothing(allowed: Allowed, reason: str) -> Protections:
    return dict.fromkeys((*PROTECTIONS, SIGHT) if allowed.watched else PROTECTIONS, reason)


def _held(missing: Mapping[str, str], abi: int) -> Protections:
    """What of each protection is missing, from the means that failed."""
    held = dict.fromkeys(PROTECTIONS, "")
    if reason := missing.get("landlock"):
        held[FILES] = held[PROCESSES] = reason
    elif abi < 6:
        held[PROCESSES] = f"signals reach your other processes (the kernel's Landlock is version {abi}, not 6)"
    if not held[FILES] and (reason := missing.get("root")):
        held[FILES] = f"what files hold is protected, their permissions and times are not ({reason})"
    if reason := missing.get("filter"):
        held[NETWORK] = reason
    return held


def _limit(*, own_user: bool) -> None:
    """No core dumps, which hold what memory held; and in a namespace of its own no more processes than a page needs."""
    try:
        import resource
    except ImportError:
        return
    limits = {resource.RLIMIT_CORE: 0, **({resource.RLIMIT_NPROC: 4096} if own_user else {})}
    for kind, most in limits.items():
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(kind)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))


def main() -> None:
    """Run a program in the sandbox: python -P -m galley.system.sandbox ALLOWED PROGRAM [ARGUMENT …].

    ALLOWED is an `Allowed` as JSON. Without a program the answer, what holds, is printed as JSON.
    """
    given: dict[str, Any] = json.loads(sys.argv[1])
    held = enter(Allowed(**given))
    if len(sys.argv) > 2:
        os.execv(sys.argv[2], sys.argv[2:])
    json.dump(held, sys.stdout)


def command(allowed: Allowed) -> list[str]:
    """The beginning of a command line that runs a program in the sandbox."""
    return [sys.executable, "-P", "-m", "galley.system.sandbox", json.dumps(asdict(allowed))]


if __name__ == "__main__":
    main()
