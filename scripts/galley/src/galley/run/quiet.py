"""Lets a page that measures run alone on the machine, whatever command it belongs to.

Every page holds a lock while it runs; one that measures holds it alone. Who wants it alone shuts the door first,
so that the pages of another command, which come one after the other, do not keep it waiting for ever.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from galley.errors import RunnerError
from galley.run.places import ours

AGAIN = 0.02  # seconds between two looks at a lock that another holds
PATIENCE = 1.0  # seconds until somebody is told


@asynccontextmanager
async def machine(*, alone: bool, waits: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    """Hold the machine for one page; the system lets go of it when the process ends.

    `waits` is called once where that takes more than a moment. Raises RunnerError where there can be no lock.
    """
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    telling = asyncio.get_running_loop().call_later(PATIENCE, waits)
    try:
        door = await _locked("door", how)
        try:
            in_use = await _locked("in-use", how)
        finally:
            os.close(door)
    finally:
        telling.cancel()
    try:
        yield
    finally:
        os.close(in_use)


async def _locked(name: str, how: int) -> int:
    """The descriptor that holds one of this user's locks."""
    path = ours() / f"{name}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise RunnerError(f"{path} cannot be opened: {error.strerror}", mend="remove it, or set TMPDIR") from error
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
