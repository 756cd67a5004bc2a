"""Lets a page that measures run alone on the machine, whatever command it belongs to.

In the command.

All galley commands of a user share two locks. Every page holds the lock `in-use` while it runs: a page that measures
holds it alone, the others share it. That lock by itself would be unfair: while the pages of another command follow each
other, some page always shares the lock, and a page that measures could wait for ever. So every page takes the lock
`door` before it asks for `in-use`, in the same way, and releases it once it has `in-use`. A page that measures holds
`door` alone while it waits: no other page can begin, the running ones end, and then the measuring page has the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from galley import system
from galley.errors import RunnerError

AGAIN = 0.02  # seconds between two attempts to take a lock that another page holds
PATIENCE = 1.0  # seconds of waiting until `waits` is called


@asynccontextmanager
async def machine(*, alone: bool, waits: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    """Hold the machine for one page for the length of the block; the system releases it when the process ends.

    `waits` is called once if that takes longer than PATIENCE. Raises RunnerError where the locks cannot be had.
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
    """Take one of this user's locks, without blocking the event loop, and return it."""
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
