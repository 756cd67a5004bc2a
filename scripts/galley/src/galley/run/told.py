"""An error that ended a cell, in words: what it says, its traceback, and the line of the page that it came from.

In a page's child. An exception of the page's own may have mistakes in it: nothing here raises.
"""

from __future__ import annotations

import traceback
from types import TracebackType

from galley.errors import GalleyError
from galley.run.execute import class_name

TOLD = 1 << 16  # characters of an error's message, and of its traceback, that the command is told


def named(error: BaseException) -> str:
    """What happened, in words. An error of galley's own says where it is and what to do."""
    if isinstance(error, GalleyError):
        return str(error)
    name = class_name(error)
    try:
        said = str(error)
    except BaseException:  # the page's own exception class may have a mistake
        said = ""
    return f"{name}: {said[:TOLD]}" if said else name


def _own_frames(error: BaseException, path: str) -> TracebackType | None:
    """The traceback from the first frame of the snippet file on; galley's own frames help nobody."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return None  # it says the line itself, and nothing of the page has run
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != path:
        frame = frame.tb_next
    return frame or error.__traceback__


def trace(error: BaseException, path: str) -> str:
    """The traceback from the guide's own code on; none for an error of galley's own, which says all there is to say."""
    if isinstance(error, GalleyError):
        path = str(error.place.path) if error.place else ""
        return trace(error.__cause__, path) if error.__cause__ and line_in(error.__cause__, path) else ""
    try:
        return "".join(traceback.format_exception(type(error), error, _own_frames(error, path)))[-TOLD:]
    except BaseException:  # an exception of the cell's own whose name or text cannot be had
        return ""


def line_in(error: BaseException, path: str) -> int:
    """The last line of a file that the error passed through; 0 where it did not."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == path]
    return lines[-1] if lines else 0
