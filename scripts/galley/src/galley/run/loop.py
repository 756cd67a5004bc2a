"""The event loop of a page: one for all its cells that await outside of functions, as in IPython.

In a page's child. The loop is made for the first of these cells and kept until the page ends, so that what one of them
starts goes on while a later one awaits. Between them it stands still, so that `asyncio.run` works in any other cell.
At the page's end it is closed as `asyncio.run` closes its own: the tasks that are left are cancelled.
"""

from __future__ import annotations

from collections.abc import Coroutine
from contextvars import copy_context
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

Answer = TypeVar("Answer")


class Loop:
    """The loop of one page; nothing is made before a cell needs it."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, coroutine: Coroutine[Any, Any, Answer]) -> Answer:
        """Run a coroutine to its end, in a copy of the page's context, as IPython does."""
        import asyncio  # which most pages do without

        self._runner = self._runner or asyncio.Runner()
        return self._runner.run(coroutine, context=copy_context())

    def close(self) -> None:
        """Cancel what still runs, wait for its end, and close the loop."""
        if self._runner:
            self._runner.close()

    def left(self) -> list[tuple[str, FrameType | None]]:
        """The tasks that still run, each by its name and where it waits."""
        if not self._runner:
            return []
        import asyncio

        tasks = sorted(asyncio.all_tasks(self._runner.get_loop()), key=asyncio.Task.get_name)
        return [(each.get_name(), next(iter(each.get_stack()), None)) for each in tasks]
