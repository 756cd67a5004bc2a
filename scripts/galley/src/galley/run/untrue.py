"""Why the outputs of a page that ran to its end are recorded nowhere.

In a page's child.
"""

from __future__ import annotations


class UntrueError(Exception):
    """The page ran, and nobody could say of what its outputs are."""


class ChangedError(UntrueError):
    """A file that the page used changed while it ran, and the page is not known to have done it."""


class UnseenError(UntrueError):
    """The page opened files of the project of which nobody told."""


class WroteError(UntrueError):
    """The page itself changed a file of the project; `path` is from the root, `line` is of the snippet file, or 0."""

    def __init__(self, path: str, line: int, *, gone: bool) -> None:
        how = "removed" if gone else "wrote"
        super().__init__(
            f"the page itself {how} {path}: {'use a copy in' if gone else 'write into'} the working folder instead"
        )
        self.path, self.line = path, line
