"""In the builder: the page that is being rendered, its fences, and the records of the cells that they name."""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from galley.config import Project, find_project
from galley.errors import GalleyError, Place
from galley.export.address import NOWHERE, Site
from galley.kinds import Kinds, kinds_of
from galley.profile import Profile
from galley.record.model import CellRecord, Record, Shown
from galley.record.numbers import in_words, written
from galley.record.status import SHOWABLE, State, Status, statuses
from galley.site.builders import Converted
from galley.site.origin import Origin, folder_of, origin, project_of
from galley.site.preview import preview_file, read_failures
from galley.source.bound import Bound, with_numbers
from galley.source.cells import Cell, SnippetFile, read_snippets
from galley.source.fences import Fence, find_fences, left_over
from galley.source.grammar import BUILT_IN, Grammar, grammar_of
from galley.source.guide import REMOVED, REMOVED_MEND
from galley.source.parameters import with_values
from galley.source.places import path_of


@dataclass(frozen=True)
class View:
    """A cell as one profile ran it; `record` is None where it did not run."""

    profile: Profile
    cell: Cell
    record: Record | None
    marks: tuple[str, ...] = ()  # in the live preview, why the output may be wrong
    first_picture: int = 1  # the number that its first picture has on the page

    @property
    def recorded(self) -> CellRecord | None:
        """The cell's own part of the record; none of a cell that is not run, whatever a record says."""
        return self.record.cell(self.cell.name) if self.record and self.cell.runs else None

    @cached_property
    def shown(self) -> tuple[Shown, ...]:
        """The cell's outputs; none without a record."""
        return self.record.shown(self.recorded) if self.record else ()


@dataclass
class Page:
    """One rendering of one page; `galley.site.builders` finds out which one, as Python-Markdown does not tell."""

    project: Project
    path: Path  # from the project's root
    grammar: Grammar = BUILT_IN  # of the project
    url: str = ""  # its address in the site, from the site's root
    folder: Path | None = None  # where the builder puts the site
    site: Site = NOWHERE  # where readers find it
    extensions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the Markdown extensions, with settings
    address_of: Callable[[str], str] = lambda path: ""  # of a page in the docs folder; empty where none is known
    present: set[str] = field(default_factory=set)  # the names of the kinds of output and the lists on the page
    fences: list[Fence] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    rendered: set[Fence] = field(default_factory=set)
    tree_done: bool = False  # the page's tree is finished
    pictures: int = 0  # how many it has so far
    figures: set[str] = field(default_factory=set)  # the ids of these
    common: Mapping[str, str] | None = None  # what all its outputs ran on, once that is known
    _waiting: dict[str, deque[Fence]] = field(default_factory=dict)  # the fences that are still to be rendered, by name
    _numbers: dict[Fence, int] = field(default_factory=dict)
    _lines: Sequence[str] = ()  # the page's Markdown, without front matter
    _origin: Origin | None = None  # of these lines
    _untrue: set[tuple[str, str]] = field(default_factory=set)  # snippet files and profiles reported already
    preview: Path | None = field(default_factory=preview_file)
    _snippets: dict[str, SnippetFile] = field(default_factory=dict)  # those that it shows cells of
    _seen: dict[str, SnippetFile] = field(default_factory=dict)  # these, and those that its prose names
    _statuses: dict[str, list[Status]] = field(default_factory=dict)
    _run_as: dict[tuple[str, str], SnippetFile] = field(default_factory=dict)

    def scan(self, lines: Sequence[str]) -> list[Exception]:
        """Find the fences in the page's lines, write its bound numbers, and return the errors."""
        self._origin = origin(self.project.root, self.path, lines)
        above = self._origin.above
        self._lines, unknown = with_numbers(lines, self.path, self._number, above)
        self.fences, wrong = find_fences(self._lines, self.path, above, self.grammar)
        for fence in self.fences:
            alike = self._waiting.setdefault(fence.name, deque())
            alike.append(fence)
            self._numbers[fence] = len(alike)
        found = self.placed(wrong + unknown)
        if self._origin.file and not self._origin.own:  # the check reads these other lines, and both must say the same
            _, in_file = find_fences(self._origin.file, self.path, grammar=self.grammar)
            told = set(map(str, found))
            found += (error for error in in_file if str(error) not in told)
        return found

    def beside(self, name: str) -> str:
        """The address in the site of a file of this name beside the page: in the page's folder, where it has one.

        A page whose file is called after a language, as `x.de.html`, has a folder for its files: those of `x.html` have
        the same names.
        """
        folder, page = posixpath.split(self.url.removesuffix(".html"))
        language = page.rpartition(".")[2] if "." in page else ""
        return posixpath.normpath(posixpath.join(folder, page if language[:2].isalpha() else "", name))

    def number(self, fence: Fence) -> int:
        """The number of a fence among the page's fences for the same cell, from 1."""
        return self._numbers[fence]

    @property
    def source(self) -> Sequence[str]:
        """The page's Markdown lines, without front matter."""
        return self._lines

    def left_over(self, lines: Sequence[str]) -> list[GalleyError]:
        """The errors for fences that superfences left in the page as text."""
        return left_over(lines, self._lines, self.path, self._origin.above if self._origin else 0)

    def placed(self, errors: Sequence[Exception]) -> list[Exception]:
        """Errors at lines that are converted, as errors at those of the page's file."""
        return self._origin.placed(errors) if self._origin else list(errors)

    def next_fence(self, name: str) -> Fence:
        """The next fence of this name, which is rendered now; raises GalleyError where the scan found no such fence."""
        if waiting := self._waiting.get(name):
            fence = waiting.popleft()
            self.rendered.add(fence)
            return fence
        raise GalleyError(f"a fence for '{name}' that the scan of the page did not see", Place(self.path))

    def views(self, fence: Fence) -> list[View]:
        """The cell under each profile, in the project's order.

        Raises GalleyError where there is no such cell, where a required record of it may not be shown, and where any
        record of it lacks what it must rest on.
        """
        return self.views_in(self._file(fence.file, fence.place), fence)

    def views_in(self, snippets: SnippetFile, fence: Fence) -> list[View]:
        """The cell that a fence names in a snippet file, under each profile; the page itself need not show it.

        Raises what `views` raises.
        """
        cell = snippets.cell(fence.cell)
        if cell is None:
            known = ", ".join(each.name for each in snippets.cells)
            raise GalleyError(f"no cell is named '{fence.name}'", fence.place, f"{snippets.stem}.py has: {known}")
        if "remove-cell" in cell.tags:
            raise GalleyError(f"{fence.name} {REMOVED}", fence.place, REMOVED_MEND)
        return [self._view(fence, cell, found) for found in self.statuses(snippets)]

    def _view(self, fence: Fence, cell: Cell, found: Status) -> View:
        as_run = self._as_run(found).cell(cell.name) or cell
        if found.state in SHOWABLE:
            return View(found.profile, as_run, found.record, self._failed(found, cell.name))
        if self.preview and (found.profile.required or found.record):
            return View(found.profile, as_run, found.record, (*self._failed(found, cell.name), _untrue(found)))
        stops = found.profile.required or found.state is State.UNFOUNDED
        if stops and (found.snippets.stem, found.profile.name) not in self._untrue:
            self._untrue.add((found.snippets.stem, found.profile.name))
            raise GalleyError(f"{fence.name}: {_untrue(found)}", fence.place, found.mend)
        return View(found.profile, as_run, None)

    def _as_run(self, found: Status) -> SnippetFile:
        """The snippet file with the values of a profile; made once for the page."""
        key = (found.snippets.stem, found.profile.name)
        if key not in self._run_as:
            self._run_as[key] = with_values(found.snippets, found.profile.parameters)
        return self._run_as[key]

    def _failed(self, found: Status, cell: str) -> tuple[str, ...]:
        """In the live preview, the failures of the page's last run at this cell."""
        failures = read_failures(self.preview) if self.preview else []
        here = (found.snippets.page, found.profile.name, cell)
        return tuple(f"{each.what}\n{each.detail}" for each in failures if (each.page, each.profile, each.cell) == here)

    @property
    def failures(self) -> list[str]:
        """In the live preview, the failures that no shown cell had: before the first cell, or in a removed one."""
        found = read_failures(self.preview) if self.preview else []
        hidden = {(file.page, each.name) for file in self.files for each in file.cells if "remove-cell" in each.tags}
        hidden |= {(file.page, "") for file in self.files}
        return [f"{each.what}\n{each.detail}" for each in found if (each.page, each.cell) in hidden]

    def statuses(self, snippets: SnippetFile) -> list[Status]:
        """The state of a snippet file under each profile that applies to it; found out once for the page."""
        if snippets.stem not in self._statuses:
            self._statuses[snippets.stem] = statuses(self.project, snippets)
        return self._statuses[snippets.stem]

    @cached_property
    def kinds(self) -> Kinds:
        """The kinds of output that the project knows."""
        return kinds_of(self.project)

    @property
    def files(self) -> list[SnippetFile]:
        """The snippet files shown so far."""
        return list(self._snippets.values())

    @property
    def named(self) -> list[SnippetFile]:
        """The snippet files that the page's fences name, as far as they can be read."""
        with suppress(GalleyError):
            for fence in self.fences:
                if not fence.listing:
                    self._file(fence.file, fence.place)
        return self.files

    @property
    def uses(self) -> frozenset[str]:
        """The snippet files that its fences name, and those that its numbers are of; there may be none such."""
        return frozenset({fence.file for fence in self.fences if not fence.listing} | self._seen.keys())

    def _file(self, stem: str, place: Place) -> SnippetFile:
        """A snippet file that the page shows a cell of."""
        return self._snippets.setdefault(stem, self._read(stem, place))

    def _read(self, stem: str, place: Place) -> SnippetFile:
        if stem not in self._seen:
            try:
                path = path_of(self.project, stem)
            except GalleyError as error:
                raise GalleyError(error.what, place, error.mend) from error
            if not path.is_file():
                raise GalleyError(f"there is no snippet file '{stem}.py'", place, f"make {self.project.relative(path)}")
            self._seen[stem] = read_snippets(path, self.project.relative(path), self.grammar, stem)
        return self._seen[stem]

    def _number(self, asked: Bound) -> str:
        """The text of a number that the page's prose takes from a cell; in the live preview perhaps an old one."""
        snippets = self._read(asked.file, asked.place)
        found = next(each for each in self.statuses(snippets) if each.profile.required)
        if self.preview and found.record and snippets.cell(asked.cell):
            return in_words(asked, found.record)
        return written(asked, snippets, found)


def _untrue(found: Status) -> str:
    reason = found.reasons[0]
    return f"the {found.profile.name} record is {found.state}: {reason.place}: {reason.what}"


def page_of(converted: Converted | None) -> Page:
    """The page that a builder converts; without a builder, a page of the project in the working folder."""
    if converted is None:
        project = find_project(Path.cwd())
        return Page(project, Path("a page"), grammar_of(project))
    project = project_of(converted.docs, converted.settings)
    path, grammar = project.relative(folder_of(converted.docs) / converted.source), grammar_of(project)
    known = converted.url, converted.folder, converted.site, converted.extensions, converted.address_of
    return Page(project, path, grammar, *known)
