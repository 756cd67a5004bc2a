"""In the builder: the project of a page that is converted, its file, and where its lines stand there.

The project is the one of the builder's folder of pages or of its settings. The file that a builder gives is no guide to
it: a plug-in may have made the page in a temporary folder or in memory, and a link may lead anywhere.

A plug-in of the builder may have written the page, or changed its Markdown, before galley sees it. A message then names
a line of the file where the file has that line once, and no line otherwise: a wrong one would send its reader astray.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from galley.config import FILE, Project, find_project
from galley.errors import GalleyError
from galley.source.text import read_text

TAB = 4  # Python-Markdown makes tabs blanks up to the next multiple of this


@dataclass(frozen=True)
class Origin:
    """A page's file and the lines that are converted; `above` are the lines of front matter in the file.

    `own` says that they are the file's own lines.
    """

    path: Path  # from the project's root
    lines: Sequence[str]
    file: Sequence[str]  # the lines of the file; none where there is no such file

    @property
    def above(self) -> int:
        """How many lines of the file stand above those that are converted; 0 where these are other lines."""
        return len(self.file) - len(self.lines) if self.own else 0

    @cached_property
    def own(self) -> bool:
        """Whether the lines are the file's own, down to its end."""
        return list(self.file[len(self.file) - len(self.lines) :]) == list(self.lines)

    def placed(self, errors: Sequence[Exception]) -> list[Exception]:
        """The errors, each with the line of the file."""
        return list(errors) if self.own else [self._placed(error) for error in errors]

    def _placed(self, error: Exception) -> Exception:
        place = error.place if isinstance(error, GalleyError) else None
        if not isinstance(error, GalleyError) or place is None or place.path != self.path or not place.line:
            return error
        return type(error)(error.what, replace(place, line=self._line(place.line)), error.mend)

    def _line(self, line: int) -> int:
        """The line of the file with the text of a line that is converted; 0 where not exactly one line has it."""
        text = self.lines[line - 1]
        return self._alone.get(text, 0) if self.lines.count(text) == 1 else 0

    @cached_property
    def _alone(self) -> dict[str, int]:
        """The line of each text that stands in the file once."""
        times = Counter(self.file)
        return {text: line for line, text in enumerate(self.file, start=1) if times[text] == 1}


def origin(root: Path, path: Path, lines: Sequence[str]) -> Origin:
    """The origin of a page's lines, by its path from the project's root; raises GalleyError for an unreadable file."""
    if not (root / path).is_file():
        return Origin(path, lines, ())
    text = read_text(root / path, path).rstrip()
    return Origin(path, lines, [each.expandtabs(TAB) if each.strip() else "" for each in text.split("\n")])


def project_of(docs: str, settings: str | None) -> Project:
    """The project of a builder's folder of pages, or else of the builder's settings file.

    Raises GalleyError where there is none, or where its own settings cannot be read.
    """
    starts = [folder_of(docs).parent, *([Path(settings).parent] if settings else [])]
    found = next((start for start in starts if _modified(start)), starts[0])
    return _project(found, _modified(found))


@lru_cache(maxsize=64)
def folder_of(docs: str) -> Path:
    """The builder's folder of pages, reached through no link; only its last part may be one.

    So pages belong to the project also where the folder itself is a link to a place outside of it.
    """
    return Path(os.path.realpath(Path(docs).parent), Path(docs).name)


@lru_cache(maxsize=64)
def _project(start: Path, modified: float) -> Project:
    return find_project(start)


def _modified(start: Path) -> float:
    """When the nearest settings file of a project at a folder or above it was changed; 0 where there is none."""
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return (folder / FILE).stat().st_mtime
    return 0.0
