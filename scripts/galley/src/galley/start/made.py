"""Makes a new guide from the templates, as a whole or not at all. In the command.

The templates are files that can be read and checked as they are; the guide in `templates/guide` is about a package
called `the-library`. Where a new guide is about no package, the lines that name one fall away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote

from galley import system
from galley.errors import Place, RefusedError, UsageError
from galley.start.library import Library, library_of

TEMPLATES = Path(__file__).with_name("templates")
GUIDE, BARE, LIBRARY = (TEMPLATES / name for name in ("guide", "bare", "library"))
REQUIREMENT, DISTRIBUTION, MODULE = "the-library==1.0", "the-library", "the_library"
GALLEY = "galley-docs"
OF_GALLEY = f"FROM := {GALLEY}\n"
SUBJECT = f" to {DISTRIBUTION}"  # of a title
PYTHON = 'python-version: "3.11"'
ALLOWED = {".git"}  # what a folder may have already


def make(folder: Path, library: Library | None, *, bare: bool) -> list[str]:
    """Write a new guide into a folder that is empty or not there, and return the names of its files.

    Raises RefusedError where the folder has anything but git's own files, UsageError where the guide cannot be about
    that library, and OSError where a file cannot be written. Nothing is left then of what was written.
    """
    files = texts(library, bare=bare)
    system.sweep()  # what such a command left in the folder that was killed there
    there = _is_there(folder)
    with system.scratch(".galley-new-", folder if there else folder.parent) as scratch:
        made = scratch / "guide"
        for name, text in files.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_bytes(text.encode())
        if there:
            _move_into(folder, made)
        else:
            made.rename(folder)
    return sorted(files)


def texts(library: Library | None, *, bare: bool) -> dict[str, str]:
    """The files of a new guide, by their paths; raises UsageError where one of them hides the library's module."""
    templates = [BARE if bare else GUIDE, *([LIBRARY] if library else [])]
    found = {name: filled(text, library) for each in templates for name, text in _files(each)}
    top = library.module.partition(".")[0] if library else ""
    for hiding in (f"snippets/{top}.py", f"snippets/{top}/"):
        if library and any(name.startswith(hiding) for name in found):
            what = f"--library {library.distribution}: the guide has {hiding}, which Python would import in its place"
            raise UsageError(what, mend="make the guide without --library, rename that, and import the library then")
    return found


def filled(text: str, library: Library | None) -> str:
    """The text of a template for a guide about a library, or about none."""
    version = f'python-version: "{sys.version_info.major}.{sys.version_info.minor}"'
    text = text.replace(PYTHON, version)
    if OF_GALLEY in text and (own := library_of(GALLEY)).place:
        text = text.replace(OF_GALLEY, OF_GALLEY.replace(GALLEY, own.requirement.replace("#", r"\#")))
    if library:
        pinned = text.replace(REQUIREMENT, library.requirement)
        return pinned.replace(DISTRIBUTION, library.distribution).replace(MODULE, library.module)
    lines = text.replace(SUBJECT, "").splitlines(keepends=True)
    return "".join(line for line in lines if DISTRIBUTION not in line and MODULE not in line)


def _files(template: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(template.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(template).as_posix(), path.read_text(encoding="utf-8")


def _is_there(folder: Path) -> bool:
    """Whether the folder is there; raises RefusedError where something is in it, or where it cannot be made."""
    if not os.path.lexists(folder):
        if folder.parent.is_dir():
            return False
        mend = f"make it first: mkdir -p {quote(str(folder.parent))}"
        raise RefusedError("there is no such folder", Place(folder.parent), mend)
    if not folder.is_dir():
        raise RefusedError("it is there, and is no folder", Place(folder), "name another one")
    if held := sorted({each.name for each in folder.iterdir()} - ALLOWED):
        what = f"the folder is not empty: it has {held[0]}"
        mend = "name another one"
        raise RefusedError(what, Place(folder), mend)
    return True


def _move_into(folder: Path, made: Path) -> None:
    """Move what was made into a folder that is there; where that fails, move it all back."""
    moved: list[Path] = []
    try:
        for each in sorted(made.iterdir()):
            each.rename(folder / each.name)
            moved.append(each)
    except OSError:
        for each in moved:
            with suppress(OSError):
                (folder / each.name).rename(each)
        raise


def next_steps(folder: Path, library: Library | None, *, bare: bool) -> list[str]:
    """What to tell the user of a guide that was made, the commands of a shell last."""
    told = []
    if library and not library.version:
        how = f"pip install {quote(library.distribution)}" if bare else "the first `make site`"
        told.append(f"{library.distribution} is not installed here: {how} brings its newest version")
    if library and library.place and not bare:
        told.append(f"{library.distribution} is installed from {library.place}: requirements.txt names that place")
    if not bare and (own := library_of(GALLEY)).place:
        told.append(f"galley is installed from {own.place}: the Makefile names that place")
        if own.place.startswith("file:"):
            told.append("CI does not have that place: .github/workflows/check.yml says how to name another one")
    if library and library.is_guessed:
        told.append(f"the page imports {library.module}; if the module is called otherwise, change snippets/index.py")
    there = [] if folder.resolve() == Path.cwd() else [f"cd {quote(str(folder))}"]
    first, second = ("galley build", "galley check") if bare else ("make site", "make test")
    return [*told, f"    {' && '.join([*there, first])}", f"    {second}"]
