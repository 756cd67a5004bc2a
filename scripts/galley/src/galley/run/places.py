"""The folder in which this user's galley commands find each other."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from galley.errors import RunnerError


def ours() -> Path:
    """The folder, which only this user can enter; raises RunnerError where something else has its name."""
    folder = Path(tempfile.gettempdir(), f"galley-{os.getuid()}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()  # not where a link leads: somebody else may have laid it
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise RunnerError(f"{folder} is not a folder of yours alone", mend="remove it, or set TMPDIR")
    return folder
