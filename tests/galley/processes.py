"""Finds processes by what stands in their environment, so that a test can tell that none is left."""

from __future__ import annotations

import time
from pathlib import Path


def processes_of(marker: str) -> list[str]:
    """Number and command line of every process with the marker in its environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "environ").read_bytes():
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append(f"{folder.name} {command}")
        except OSError:
            continue  # it ended meanwhile, or is somebody else's
    return found


def wait_until_gone(marker: str, seconds: float = 5.0) -> list[str]:
    """What is left of such processes after some time, at best nothing."""
    end = time.monotonic() + seconds
    while (left := processes_of(marker)) and time.monotonic() < end:
        time.sleep(0.02)
    return left
