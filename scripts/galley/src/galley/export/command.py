"""`galley export PAGE`: one page, one profile, one format, to a file or to standard output.

In the command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from galley.errors import Place, UsageError
from galley.export.address import NOWHERE, Site
from galley.export.document import Document, document
from galley.export.notebook import notebook
from galley.export.of_mkdocs import not_shown
from galley.export.script import script
from galley.export.true import naming, true_record, with_page_numbers
from galley.source.guide import Guide

FORMATS: Mapping[str, Callable[[Document], str]] = {"py": script, "ipynb": notebook}


def export(guide: Guide, page: str, profile: str, form: str, site: Site = NOWHERE) -> str:
    """The text of the export; `profile` may be empty for the first required one.

    Raises UsageError for a page, profile or format that is not there, NotTrueError where the record is not true (an
    export says on what its outputs ran), and GalleyError for an output of a kind that nobody knows.
    """
    know(form)
    project, snippets = guide.project, guide.find(page)
    found = true_record(guide, snippets, profile)
    path = guide.page_asked(snippets, page)
    lines = with_page_numbers(guide, path) if path.exists() else []
    with naming(guide, found):
        return FORMATS[form](document(project, found, lines, site))


def lost(guide: Guide, page: str) -> list[str]:
    """What of a page its exports do not show, in sentences; raises UsageError for a page that is not there."""
    path = guide.project.relative(guide.page_asked(guide.find(page), page))
    return list(not_shown(path, guide.pages[path].split("\n"))) if path in guide.pages else []


def know(form: str) -> None:
    """Raises UsageError for a format that is not there."""
    if form not in FORMATS:
        raise UsageError(f"no format is named '{form}'", mend=f"formats: {', '.join(FORMATS)}")


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
