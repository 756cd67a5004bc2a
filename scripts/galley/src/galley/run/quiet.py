"""Lets a page that measures run alone on the machine, whatever command it belongs to.

In the command.

Every page holds a lock while it runs; one that measures holds it alone. Who wants it alone shuts the door first,
so that the pages of another command, which come one after the other, do not keep it waiting for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from galley import system
from galley.errors import RunnerError

AGAIN = 0.02  # seconds between two looks at a lock that another holds
PATIENCE = 1.0  # seconds until somebody is told


@asynccontextmanager
async def machine(*, alone: bool, waits: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    """Hold the machine for one page; the system lets go of it when the process ends.

    `waits` is called once where that takes more than a moment. Raises RunnerError where there can be no lock.
    """
    telling = asyncio.get_running_loop().call_later(PATIENCE, waits)
    try:
        door = await _locked("door", alone)
        try:
            in_use = await _locked("in-use", alone)
        finally:
            door.release()
    finally:
        telling.cancel()
    try:
        yield
    finally:
        in_use.release()


async def _locked(name: str, alone: bool) -> system.Lock:
    """One of this user's locks, held."""
    path = system.private_folder() / f"{name}.lock"
    try:
        lock = system.Lock(path, alone=alone)
    except OSError as error:
        raise RunnerError(f"{path} cannot be opened: {error.strerror}", mend="remove it, or set TMPDIR") from error
    try:
        while not lock.take(wait=False):
            await asyncio.sleep(AGAIN)
    except BaseException:
        lock.release()
        raise
    return lock
