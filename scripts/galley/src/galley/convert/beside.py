"""The files in a notebook's own folder that come along with it.

In the command. A notebook may be a stranger's, and a guide is published: what a program keeps to itself stays where it
is, and so does what a reader's browser would run.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePath

from galley.kinds.svg import is_harmless

# The endings of what a browser runs, and of what becomes a page.
PROGRAMS = (".html", ".htm", ".xhtml", ".xht", ".shtml", ".xml", ".js", ".mjs", ".svgz", ".md")
LARGEST = 64_000_000  # bytes of a file that comes along


def is_hidden(path: PurePath) -> bool:
    """Whether a path has a part that begins with a dot, as `.env` and `.ssh/id_rsa` in a home folder do."""
    return any(each.startswith(".") and each.strip(".") for each in path.parts)


def bytes_beside(folder: Path, name: str) -> bytes | None:
    """The bytes of a file in a folder or below; a notebook is given no other file, and none that is hidden."""
    folder = folder.resolve()
    with suppress(OSError, ValueError):
        file = (folder / name).resolve()
        if not file.is_relative_to(folder) or is_hidden(file.relative_to(folder)):
            return None
        return file.read_bytes() if file.is_file() and file.stat().st_size <= LARGEST else None
    return None


def why_left(name: str, data: bytes | None) -> str:
    """Why a file does not come along, and what to do; empty where it does. A site offers what a page has beside it."""
    if data is None:
        if is_hidden(PurePath(name)):
            return "begins with a dot, as programs' own files do: put it beside the page if everybody may read it"
        return "is not beside the notebook: put it beside the page"
    if name.lower().endswith(PROGRAMS) or (name.lower().endswith(".svg") and not is_harmless(data)):
        return "can run in a browser: put it beside the page if you trust it"
    return ""
