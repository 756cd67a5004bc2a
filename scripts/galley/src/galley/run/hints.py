"""What galley has to do with an error of a page, in a sentence that says which setting lets the page go on.

In a page's child. Python says of a file that a page may not see that it is not there, of a network that it cannot find
a name, and of a variable that there is no such key: true words, by which nobody finds the sandbox or the settings.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from galley.run.protocol import Job
from galley.run.told import class_names
from galley.system import sandbox
from galley.system.allowed import PROC_FOLDER

READ_ONLY = "in the sandbox a page writes into its working folder and the temporary folder alone"
UNREAD = 'in the sandbox a page does not see {0}; this under [tool.galley] lets pages read it: reads = ["{0}"]'
UNREACHED = 'in the sandbox a page reaches no network; network="yes" on the line of a cell lets its page do so'
UNKNOWN = (
    f"in the sandbox a program that a page starts cannot look itself up in {PROC_FOLDER}, as psutil does; this under "
    f'[tool.galley] lets pages read it, with the command lines of your other programs: reads = ["{PROC_FOLDER}"]'
)
UNSET = 'a page has no variables of your shell; this under [tool.galley] gives it one: environment = {{ {} = "…" }}'
NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
MOST = 100  # errors that led to one


def hint(error: BaseException, job: Job) -> str:
    """The sentence, or an empty text where galley has nothing to do with it."""
    if isinstance(error, KeyError) and _of_environment(error):
        return UNSET.format(error.args[0])
    if job.sandbox == sandbox.OFF:
        return ""
    return next((said for each in _with_causes(error) if (said := _of(each, job))), "")


def _of_environment(error: KeyError) -> bool:
    """Whether it was the environment that did not have the key."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_code is type(os.environ).__getitem__.__code__


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that it holds or followed from, each once."""
    waiting: list[object] = [error]
    seen: list[BaseException] = []
    for each in waiting:  # grows
        if isinstance(each, BaseException) and all(each is not other for other in seen) and len(seen) < MOST:
            seen.append(each)
            yield each
            arguments = each.args if isinstance(each.args, tuple) else ()
            waiting += [each.__cause__, each.__context__, *arguments, getattr(each, "reason", None)]


def _of(error: BaseException, job: Job) -> str:
    if "psutil" in sys.modules and {"AccessDenied", "BrokenProcessPool"}.intersection(class_names(error)):
        return UNKNOWN
    if isinstance(error, socket.gaierror) and not job.network:
        return UNREACHED
    if not isinstance(error, OSError):
        return ""
    if error.errno == errno.EROFS:
        return READ_ONLY
    if error.errno in NO_WAY and not job.network:
        return UNREACHED
    if isinstance(error, (PermissionError, FileNotFoundError)) and isinstance(error.filename, (str, bytes)):
        return _of_file(os.fsdecode(error.filename), job)
    return ""


def _of_file(path: str, job: Job) -> str:
    """The sentence for a file that was not found, or may not be read."""
    if path.startswith(PROC_FOLDER):
        return UNKNOWN
    root = f"{job.root.rstrip('/')}/"
    if path.startswith(root):
        inside = path.removeprefix(root)
        return UNREAD.format(inside) if inside.startswith(".") else ""
    seen = (job.scratch, sys.prefix, sys.base_prefix, "/usr", "/dev")
    if not Path(path).is_absolute() or path.startswith(tuple(f"{each.rstrip('/')}/" for each in seen)):
        return ""
    return UNREAD.format(path)
