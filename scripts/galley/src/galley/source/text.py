"""Reads the text of a page or a snippet file, with an error that says what is wrong with the file.

In the command, in the builder, and in a page's child.
"""

from __future__ import annotations

import stat
from pathlib import Path

from galley.errors import GalleyError, Place

LARGEST = 16_000_000  # bytes of a page or a snippet file


def read_text(path: Path, relative: Path, errors: str = "strict") -> str:
    """The text of a page or a snippet file, without a byte order mark.

    Raises GalleyError where it cannot be read, for anything but a plain file, since a pipe would never end, and for one
    that would fill the memory.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise GalleyError("is no plain file", Place(relative), "move it away, or give it another ending")
        if found.st_size > LARGEST:
            what = f"has {found.st_size / 1e6:,.1f} MB, and a text may have {LARGEST / 1e6:.0f} MB"
            raise GalleyError(what, Place(relative), "keep data in a file of its own, which a cell opens")
        text = path.read_bytes().decode("utf-8-sig", errors)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text  # as Python reads a text
    except OSError as error:
        raise GalleyError(f"cannot be read: {error.strerror}", Place(relative)) from error
    except UnicodeDecodeError as error:
        raise GalleyError(f"cannot be read: {error}", Place(relative), "save it as UTF-8") from error
