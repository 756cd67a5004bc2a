"""The folders and names of the machine that records, which stand in a page's texts and are no reader's.

In the command, on the machine where the page ran.
"""

from __future__ import annotations

import getpass
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from galley.system.account import account

EVERYBODYS = {"/", "/usr", "/usr/local", "/opt", "/home", "/root", "/tmp", "/var/tmp"}  # these tell nothing
# Names that many machines share. They are words, too, so to take them out would harm a text that means the word.
SHARED = frozenset(
    (
        *("root", "user", "runner", "nobody", "admin", "ubuntu", "debian", "vagrant", "docker", "localhost", "host"),
        *("vm", "dev", "build", "server", "desktop", "laptop", "computer", "worker", "node", "main", "python", "test"),
    )
)
PYTHON = "<env>/bin/python"


def folders(root: Path, galley: Path) -> tuple[tuple[str, str], ...]:
    """The folders that a text may name, the longest first, each with what stands for it.

    `root` is the project's. Each is there in the forms in which a program may write it: as it was given, without
    links, as part of an address, as bytes, and in ASCII.
    """
    found: dict[str, str] = {}
    for path, instead in _places(root, galley):
        for each in (path, os.path.realpath(path)):
            if each not in EVERYBODYS:
                found |= {form: instead for form in forms(each) if form not in found}
    return tuple(sorted(found.items(), key=lambda each: -len(each[0])))


def names() -> tuple[tuple[str, str], ...]:
    """The name of the user and that of the machine, each with what stands for it."""
    found = [(account()[0], "<user>")]
    with suppress(KeyError, OSError, ImportError):
        found.append((getpass.getuser(), "<user>"))
    found += [(name, "<host>") for name in {platform.node(), platform.node().partition(".")[0]}]
    return tuple(sorted({(name, instead) for name, instead in found if len(name) > 1 and name not in SHARED}))


def _places(root: Path, galley: Path) -> Iterator[tuple[str, str]]:
    yield str(root), "."
    yield str(galley), "<galley>"
    for program in (sys.executable, os.path.realpath(sys.executable)):
        yield program, PYTHON
    for prefix in (os.environ.get("VIRTUAL_ENV", ""), sys.prefix, sys.base_prefix):
        if prefix:
            yield prefix, "<env>"
    with suppress(RuntimeError):
        yield str(Path.home()), "~"
    if home := account()[1]:
        yield home, "~"
    yield tempfile.gettempdir(), "/tmp"


@lru_cache(64)
def forms(path: str) -> frozenset[str]:
    """A path as programs write it: as it is, as part of an address, in ASCII, and as bytes."""
    return frozenset({path, quote(path), ascii(path)[1:-1], repr(os.fsencode(path))[2:-1]})
