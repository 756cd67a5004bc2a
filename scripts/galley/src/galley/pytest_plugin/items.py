"""The pages of a guide as files of tests, and their cells as tests.

In pytest's process, with `--galley` alone. A failure is told as `galley test` tells it, without any frame of galley's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from galley.errors import GalleyError, RefusedError
from galley.kinds.ansi import for_terminal
from galley.profile import Profile
from galley.pytest_plugin.session import HeldError, Session
from galley.record.model import Name
from galley.run.outcome import Outcome, Result
from galley.run.prepare import PrepareError
from galley.source.cells import Cell, SnippetFile
from galley.source.parameters import with_values


class Collection:
    """Makes a page of each file in the guide's folder of pages that shows cells."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> PageFile | None:
        """The page, unless the file is none of this guide."""
        if file_path in self.session.pages or (file_path.suffix == ".md" and self.session.unreadable(file_path)):
            return PageFile.from_parent(parent, path=file_path, guide=self.session)
        return None


class PageFile(pytest.File):
    """A page of the guide; its tests are the cells of its snippet file, under each profile that is compared."""

    def __init__(self, *, guide: Session, **given: Any) -> None:
        super().__init__(**given)
        self.guide = guide

    def collect(self) -> Iterator[CellTest]:
        """A test for each cell."""
        if wrong := self.guide.unreadable(self.path):
            raise self.CollectError(for_terminal("\n".join(map(str, wrong))))
        first, *others = self.guide.pages[self.path]
        for profile in self.guide.profiles:
            for snippets in (first, *others):
                if self.guide.is_tested(snippets, profile):
                    before = "" if snippets is first else f"{snippets.stem}/"
                    yield from self._cells(snippets, profile, before)

    def _cells(self, snippets: SnippetFile, profile: Profile, before: str) -> Iterator[CellTest]:
        """The tests of a snippet file; a profile other than the first required one is named."""
        after = "" if profile is self.guide.project.required[0] else f"[{profile.name}]"
        for cell in with_values(snippets, profile.parameters).cells:
            name, page = f"{before}{cell.name}{after}", Name(snippets.page, profile.name)
            yield CellTest.from_parent(self, name=name, guide=self.guide, page=page, cell=cell)


class CellTest(pytest.Item):
    """A cell that runs again and is compared with its record; `-k` finds it by its tags, too."""

    def __init__(self, *, guide: Session, page: Name, cell: Cell, **given: Any) -> None:
        super().__init__(**given)
        self.guide, self.page, self.cell = guide, page, cell
        self.extra_keyword_matches |= {page.page, page.profile, *cell.tags}

    def runtest(self) -> None:
        """Wait for the cell's page, and say what came of the cell."""
        if not self.guide.begun(self.page):
            self.guide.begin(self._selected())
        try:
            found: Outcome | GalleyError = self.guide.outcome(self.page, self.cell.name)
        except GalleyError as error:
            found = error  # raised below, or pytest would show the error twice
        said = for_terminal(str(found) if isinstance(found, GalleyError) else found.said)
        if isinstance(found, HeldError | PrepareError | RefusedError):
            pytest.skip(said)
        if isinstance(found, GalleyError):
            pytest.fail(said, pytrace=False)
        if found.result is Result.MAY:
            pytest.xfail(said)
        if found.result is not Result.SAME:
            pytest.fail(said, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the cell stands in its snippet file."""
        return self.guide.project.root / self.cell.place.path, self.cell.place.line - 1, self.name

    def _selected(self) -> dict[Name, set[str]]:
        """The cells that are tests of this run, by page: all pages' at once, or in a worker of xdist this page's."""
        alone = hasattr(self.config, "workerinput")
        found: dict[Name, set[str]] = {}
        for each in self.session.items:
            if isinstance(each, CellTest) and (each.page == self.page or not alone):
                found.setdefault(each.page, set()).add(each.cell.name)
        return found
