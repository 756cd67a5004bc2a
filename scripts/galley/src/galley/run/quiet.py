"""Lets a page that measures run alone on the machine, whatever command it belongs to.

In the command.

All galley commands of a user share two locks. Every page holds the lock `in-use` while it runs: a page that measures
holds it alone, the others share it. That lock by itself would be unfair: while the pages of another command follow each
other, some page always shares the lock, and a page that measures could wait for ever. So every page takes the lock
`door` before it asks for `in-use`, in the same way, and releases it once it has `in-use`. A page that measures holds
`door` alone while it waits: no other page can begin, the running ones end, and then the measuring page has the machine.
Who holds one of them alone writes into its file which page that is for, so that those who wait can say it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from galley import system
from galley.errors import RunnerError

AGAIN = 0.02  # seconds between two attempts to take a lock that another page holds
LONGEST = 300  # characters of a page's name and its guide's folder
PATIENCE = 1.0  # seconds of waiting until `waits` is called


@asynccontextmanager
async def machine(
    *, alone: bool, name: str = "", waits: Callable[[str], None] = lambda holder: None
) -> AsyncIterator[None]:
    """Hold the machine for one page for the length of the block; the system releases it when the process ends.

    `name` says to others which page that is. `waits` is called once if it takes longer than PATIENCE, with the name of
    the page that has the machine alone; the name is empty where none has, or where that is not known. Raises
    RunnerError where the locks cannot be had.
    """
    folder = system.private_folder()
    door, in_use = folder / "door.lock", folder / "in-use.lock"
    waited = door
    telling = asyncio.get_running_loop().call_later(PATIENCE, lambda: waits("" if alone else _holder(waited)))
    async with AsyncExitStack() as stack:
        try:
            async with _locked(door, alone, name):
                waited = in_use
                await stack.enter_async_context(_locked(in_use, alone, name))
        finally:
            telling.cancel()
        yield


@asynccontextmanager
async def _locked(path: Path, alone: bool, name: str) -> AsyncIterator[None]:
    """Hold one of this user's locks for the block, without blocking the event loop while waiting for it."""
    try:
        lock = system.Lock(path, alone=alone)
    except OSError as error:
        raise RunnerError(f"{path} cannot be opened: {error.strerror}", mend="remove it, or set TMPDIR") from error
    try:
        while not lock.take(wait=False):
            await asyncio.sleep(AGAIN)
        if alone:
            _say(path, name)
        try:
            yield
        finally:
            if alone:
                _say(path, "")
    finally:
        lock.release()


def _say(path: Path, name: str) -> None:
    """Write into a lock's file who holds it alone; that is for people, and no reason to fail."""
    with suppress(OSError):
        path.write_text(name, encoding="utf-8")


def _holder(path: Path) -> str:
    """Who holds a lock alone, as its file says. Only who waits for such a holder may ask: one that was killed stays."""
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")[:LONGEST]
    return ""
