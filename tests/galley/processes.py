"""Finds processes by what stands in their environment, so that a test can tell that none is left."""

from __future__ import annotations

import time

import psutil


def processes_of(marker: str) -> list[str]:
    """Number and command line of every process with the marker in its environment."""
    found = []
    for each in psutil.process_iter():
        try:
            if any(marker in value for value in each.environ().values()):
                found.append(f"{each.pid} {' '.join(each.cmdline())}")
        except psutil.Error:
            continue  # it ended meanwhile, or is somebody else's
    return found


def wait_until_gone(marker: str, seconds: float = 5.0) -> list[str]:
    """What is left of such processes after some time, at best nothing."""
    end = time.monotonic() + seconds
    while (left := processes_of(marker)) and time.monotonic() < end:
        time.sleep(0.02)
    return left
