"""Lets the stack of a page end where the page's own code begins, as in plain Python.

In a page's child. A page's cells run on top of galley's code, and no reader has that. What `traceback` and `inspect`
list of a stack, and how deep `sys._getframe` reaches, ends above the first frame of galley. Dumps that are written
elsewhere (`faulthandler`, warnings) lose these frames when the text is recorded (`galley.record.frames`). A page that
goes from frame to frame by `f_back` still finds them: Python lets nobody change that.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from types import FrameType
from typing import Any

GALLEY = f"{Path(__file__).parents[1]}{os.sep}"
GETS_FRAME = "sys._getframe"


def end_at(page: str) -> None:
    """From now on, let stacks of this process end above galley's frames; `page` is the path of the snippet file."""
    traceback.walk_stack = _walked(traceback.walk_stack)
    inspect.getouterframes = _outer(inspect.getouterframes)
    sys.addaudithook(_Depth(page).hear)


def _is_galleys(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(GALLEY)


def _walked(told: Callable[..., Iterator[tuple[FrameType, int]]]) -> Callable[..., Iterator[tuple[FrameType, int]]]:
    @functools.wraps(told)
    def walk_stack(f: FrameType | None) -> Iterator[tuple[FrameType, int]]:
        if f is None:  # whoever asked `traceback` for it
            f = sys._getframe(1)
            while f.f_back and f.f_globals.get("__name__") == traceback.__name__:
                f = f.f_back
        yield from takewhile(lambda each: not _is_galleys(each[0]), told(f))

    return walk_stack


def _outer(told: Callable[..., list[inspect.FrameInfo]]) -> Callable[..., list[inspect.FrameInfo]]:
    @functools.wraps(told)
    def getouterframes(*arguments: Any, **named: Any) -> list[inspect.FrameInfo]:
        return list(takewhile(lambda each: not _is_galleys(each.frame), told(*arguments, **named)))

    return getouterframes


class _Depth:
    """Refuses a frame of galley to whom the page's code stands above it; galley itself still has its frames."""

    def __init__(self, page: str) -> None:
        self.page, self.looks = page, False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != GETS_FRAME or self.looks or not _is_galleys(arguments[0]):
            return
        self.looks = True  # the next line is heard as well
        frame: FrameType | None = sys._getframe(1)
        self.looks = False
        while frame is not None and frame is not arguments[0]:
            if frame.f_code.co_filename == self.page:
                raise ValueError("call stack is not deep enough")
            frame = frame.f_back
