"""Lets a page that measures run alone on the machine, whatever command it belongs to.

Every page holds a lock while it runs; one that measures holds it alone. Who wants it alone shuts the door first,
so that the pages of another command, which come one after the other, do not keep it waiting for ever.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

AGAIN = 0.02  # seconds between two looks at a lock that another holds


@asynccontextmanager
async def machine(*, alone: bool) -> AsyncIterator[None]:
    """Hold the machine for one page; the system lets go of it when the process ends."""
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    door = await _locked("door", how)
    try:
        in_use = await _locked("in-use", how)
    finally:
        os.close(door)
    try:
        yield
    finally:
        os.close(in_use)


async def _locked(name: str, how: int) -> int:
    """The descriptor that holds one of this user's locks."""
    path = Path(tempfile.gettempdir(), f"galley-{os.getuid()}-{name}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            except BlockingIOError:
                await asyncio.sleep(AGAIN)
            else:
                return descriptor
    except BaseException:
        os.close(descriptor)
        raise
