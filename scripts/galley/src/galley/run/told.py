"""An error that ended a cell, in words: what it says, its traceback, and the line of the page that it came from.

In a page's child. An exception of the page's own may have mistakes in it: nothing here raises.
"""

from __future__ import annotations

import traceback

from galley.errors import GalleyError

TOLD = 1 << 16  # characters of an error's message, and of its traceback, that the command is told


def class_names(error: BaseException) -> list[str]:
    """The names of an exception's class, which may have a `__name__` of its own, and of the classes above it."""
    return [str(type.__dict__["__name__"].__get__(each)) for each in type.__dict__["__mro__"].__get__(type(error))]


def named(error: BaseException) -> str:
    """What happened, in words. An error of galley's own says where it is and what to do."""
    if isinstance(error, GalleyError):
        return str(error)
    name = class_names(error)[0]
    try:
        said = str(error)
    except BaseException:  # the page's own exception class may have a mistake
        said = ""
    return f"{name}: {said[:TOLD]}" if said else name


def as_python(error: BaseException, path: str) -> str:
    """What Python prints for an error where a snippet file is the program: its causes, notes and members as well."""
    told = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
    _from_the_page_on(told, path)
    return "".join(told.format())


def _from_the_page_on(told: traceback.TracebackException, path: str) -> None:
    """Take away the frames below the first one of the snippet file; galley's own frames help nobody."""
    first = next((at for at, frame in enumerate(told.stack) if frame.filename == path), None)
    if first is not None:
        del told.stack[:first]
    elif told.exc_type is not None and issubclass(told.exc_type, SyntaxError):
        told.stack = None  # type: ignore[assignment]  # it says the line itself, and nothing of the page has run
    for inner in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if inner is not None:
            _from_the_page_on(inner, path)


def trace(error: BaseException, path: str) -> str:
    """The traceback from the guide's own code on; none for an error of galley's own, which says all there is to say."""
    if isinstance(error, GalleyError):
        path = str(error.place.path) if error.place else ""
        return trace(error.__cause__, path) if error.__cause__ and line_in(error.__cause__, path) else ""
    try:
        return as_python(error, path)[-TOLD:]
    except BaseException:  # an exception of the cell's own whose name or text cannot be had
        return ""


def line_in(error: BaseException, path: str) -> int:
    """The last line of a file that the error passed through; 0 where it did not."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == path]
    return lines[-1] if lines else 0
