"""What an export is made of: a record that is true, and a page's lines with the numbers that it takes from cells.

In the command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from galley.errors import GalleyError, NotTrueError, Place
from galley.record.move import RECORD
from galley.record.numbers import bound_text
from galley.record.status import SHOWABLE, Status, status, store_of
from galley.source.bound import with_numbers
from galley.source.cells import SnippetFile
from galley.source.guide import Guide
from galley.source.text import read_text


def true_record(guide: Guide, snippets: SnippetFile, profile: str) -> Status:
    """The state of a page's record; `profile` may be empty for the first required one.

    Raises UsageError for a profile that is not there, NotTrueError where the record is not true: an export says on what
    its outputs ran.
    """
    project = guide.project
    chosen = project.profile(profile) if profile else next(iter(project.required or project.profiles))
    found = status(project, snippets, chosen)
    if found.state not in SHOWABLE:
        reason = found.reasons[0]
        raise NotTrueError(f"the {chosen.name} record is {found.state}: {reason.what}", reason.place, found.mend)
    return found


@contextmanager
def naming(guide: Guide, found: Status) -> Iterator[None]:
    """A context in which an error of a record names the record's file, unless it names another place."""
    try:
        yield
    except GalleyError as error:
        record = store_of(guide.project).relative.joinpath(*found.name, RECORD)
        raise type(error)(error.what, error.place or Place(record), error.mend) from error


def with_page_numbers(guide: Guide, path: Path) -> list[str]:
    """The lines of a page, with the numbers that its prose takes from cells; raises GalleyError for a wrong one."""
    relative = guide.project.relative(path)
    lines, wrong = with_numbers(read_text(path, relative).split("\n"), relative, partial(bound_text, guide))
    if wrong:
        raise wrong[0]
    return lines
