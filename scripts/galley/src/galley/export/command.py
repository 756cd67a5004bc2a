"""`galley export`: one page, one profile, one format, to a file or to standard output.

In the command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from galley.errors import GalleyError, NotTrueError, Place, UsageError
from galley.export.address import NOWHERE, Site
from galley.export.document import Document, document
from galley.export.notebook import notebook
from galley.export.script import script
from galley.record.move import RECORD
from galley.record.numbers import bound_text
from galley.record.status import SHOWABLE, status, store_of
from galley.source.bound import with_numbers
from galley.source.cells import read_text
from galley.source.guide import Guide

FORMATS: Mapping[str, Callable[[Document], str]] = {"py": script, "ipynb": notebook}


def export(guide: Guide, page: str, profile: str, form: str, site: Site = NOWHERE) -> str:
    """The text of the export; `profile` may be empty for the first required one.

    Raises UsageError for a page, profile or format that is not there, NotTrueError where the record is not true (an
    export says on what its outputs ran), and GalleyError for an output of a kind that nobody knows.
    """
    if form not in FORMATS:
        raise UsageError(f"no format is named '{form}'", mend=f"formats: {', '.join(FORMATS)}")
    project, snippets = guide.project, guide.find(page)
    chosen = project.profile(profile) if profile else next(iter(project.required or project.profiles))
    found = status(project, snippets, chosen)
    if found.state not in SHOWABLE:
        reason = found.reasons[0]
        raise NotTrueError(f"the {chosen.name} record is {found.state}: {reason.what}", reason.place, found.mend)
    path = guide.page_asked(snippets, page)
    lines = _with_numbers(guide, path) if path.exists() else []
    try:
        return FORMATS[form](document(project, found, lines, site))
    except GalleyError as error:
        record = store_of(project).shown(snippets.page, chosen.name) / RECORD
        raise type(error)(error.what, error.place or Place(record), error.mend) from error


def _with_numbers(guide: Guide, path: Path) -> list[str]:
    """A page's lines, with the numbers that its prose takes from cells."""
    relative = guide.project.relative(path)
    lines, wrong = with_numbers(read_text(path, relative).split("\n"), relative, partial(bound_text, guide))
    if wrong:
        raise wrong[0]
    return lines


def write_new(path: Path, text: str) -> Path:
    """Write a file that is not there yet, and give its path; raises UsageError where it is, or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError("is there already", Place(path), "remove it, or name another file with --output") from None
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise UsageError(what, Place(path), "name another file with --output") from error
    return path
