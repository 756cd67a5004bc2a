"""The guide: every page with its fences, every snippet file with its cells, and which of them belong together.

In the command and in the builder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError, Place, UsageError
from galley.source.cells import NoCellsError, SnippetFile, cut, page_name, read_snippets
from galley.source.fences import Fence, find_fences
from galley.source.grammar import Grammar, grammar_of
from galley.source.nested import settings_too_deep
from galley.source.parameters import PARAMETERS, left_out, parameters
from galley.source.places import PAGE, pages_in, python_files, stem_of
from galley.source.shadows import in_the_way, refuse_far, refuse_shadows
from galley.source.text import read_text

LONGEST = 240  # bytes of a name: a file of a footprint has some more
REMOVED, REMOVED_MEND = "is tagged [remove-cell], and no page shows it", "take the fence away, or the tag"
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
UNNAMEABLE = set('"`<>')


@dataclass(frozen=True)
class Guide:
    """What the authors wrote, with an error for each file and fence that cannot be read."""

    project: Project
    snippets: dict[str, SnippetFile]  # by name, only the readable ones
    fences: tuple[Fence, ...]
    errors: tuple[GalleyError, ...]
    pages: Mapping[Path, str] = field(default_factory=dict, repr=False)  # the text of each readable page, by its path

    def find(self, name: str) -> SnippetFile:
        """The snippet file that `name` means: its name or path, or that of a page that shows its cells.

        Raises UsageError when there is none or more than one, or the error of the file when it cannot be read.
        """
        way, is_file = _way(name), name.endswith((PAGE, ".py"))
        own = next((way.relative_to(each) for each in self._tops if way.is_relative_to(each)), way)
        looks: list[Callable[[], list[SnippetFile]]] = [lambda: self._called(own), lambda: self._shown_on(way)]
        looks = looks[::-1] if name.endswith(PAGE) else looks
        looks += [lambda: self._called(Path(way.name))] if is_file else []
        for look in looks:
            found = look()
            if len(found) > 1:
                names = ", ".join(each.stem for each in found)
                raise UsageError(f"several snippet files belong to '{name}'", mend=f"name one: {names}")
            if found:
                return found[0]
        known = ", ".join(sorted(each.page for each in self.snippets.values())) or "none"
        raise UsageError(f"no page with cells is named '{name}'", mend=f"pages with cells: {known}")

    def find_cell(self, name: str) -> tuple[SnippetFile, str]:
        """What `PAGE` or `PAGE/CELL` means: a snippet file, and the name of one of its cells, empty for the whole page.

        Raises UsageError where there is no such page or no such cell, and what `find` raises.
        """
        page, _, cell = name.rpartition("/")
        if not page or name.endswith((".py", ".md")):
            return self.find(name), ""
        try:
            found = self.find(page)
        except UsageError:
            return self.find(name), ""  # a page in a folder
        if found.cell(cell):
            return found, cell
        with suppress(GalleyError):
            inside, asked = self.find(name), Path(name).parts
            if inside.page == page_name(name) or self.page_file(inside).with_suffix("").parts[-len(asked) :] == asked:
                return inside, ""
        names = [each.name for each in found.cells]
        near = get_close_matches(cell, names, 1)
        mend = f"is it {near[0]}? " if near else ""
        raise UsageError(f"page {found.page} has no cell '{cell}'", mend=f"{mend}its cells: {', '.join(names)}")

    def _called(self, way: Path) -> list[SnippetFile]:
        """The snippet file of a name, if there is one; raises the error of one that cannot be read."""
        page = page_name(way.as_posix())
        for error in self.errors:
            if error.place and page_name(stem_of(self.project, error.place.path)) == page:
                raise error
        return [each for each in self.snippets.values() if each.page == page]

    def _shown_on(self, way: Path) -> list[SnippetFile]:
        """The snippet files that belong to a page, or else those of which it shows any cell."""
        every = self.snippets.values()
        own = [each for each in every if _ends(self.page_file(each), way)]
        return own or [each for each in every if self._pages_at(each, way)]

    def _pages_at(self, snippets: SnippetFile, way: Path) -> list[Path]:
        return [page for page in self._cells_by_page.get(snippets.stem, ()) if _ends(page, way)]

    def page_asked(self, snippets: SnippetFile, name: str) -> Path:
        """The page of a snippet file that `name` means, where it is that of a page; else the file's own page."""
        found = self._pages_at(snippets, _way(name))
        return found[0] if len(found) == 1 else self.page_file(snippets)

    def page_file(self, snippets: SnippetFile) -> Path:
        """The page that a snippet file belongs to: the one that shows most of its cells.

        Of several that show as many, it is the one with the earliest cell, then the one of the file's own name, and
        then the one with the plainest name: `x.md` before its translation `x.de.md`. A file that no page shows belongs
        to the page of its own name, which need not be there.
        """
        found = self._cells_by_page.get(snippets.stem)
        if not found:
            return self.project.docs / f"{snippets.page}.md"
        order = {cell.name: number for number, cell in enumerate(snippets.cells)}

        mine = self.project.docs / f"{snippets.page}.md"

        def rank(page: Path) -> tuple[int, int, bool, int]:
            earliest = min(order.get(name, len(order)) for name in found[page])
            return len(found[page]), -earliest, page == mine, -page.name.count(".")

        return max(found, key=rank)

    def pages_of(self, snippets: SnippetFile) -> list[Path]:
        """The pages that a snippet file belongs to: its own page, and others that show the same cells of it.

        Those are the same page in other languages, or for other readers.
        """
        own, found = self.page_file(snippets), self._cells_by_page.get(snippets.stem, {})
        return [page for page in found if found[page] == found.get(own)] or [own]

    @cached_property
    def unreadable(self) -> frozenset[str]:
        """The names of the snippet files that cannot be read."""
        found = (stem_of(self.project, error.place.path) for error in self.errors if error.place)
        return frozenset(filter(None, found))

    @property
    def _tops(self) -> tuple[Path, Path]:
        """How a path of a snippet file begins."""
        return self.project.relative(self.project.snippets), self.project.snippets

    def shown_on(self, page: Path) -> Sequence[Fence]:
        """The fences of a page, in order; the page by its path from the project's root."""
        return self._by_page.get(page, ())

    @cached_property
    def _by_page(self) -> dict[Path, list[Fence]]:
        """The fences by their page."""
        found: dict[Path, list[Fence]] = {}
        for fence in self.fences:
            found.setdefault(fence.place.path, []).append(fence)
        return found

    @cached_property
    def _cells_by_page(self) -> dict[str, dict[Path, set[str]]]:
        """The cells of each snippet file that each page shows."""
        shown: dict[str, dict[Path, set[str]]] = {}
        for fence in self.fences:
            if not fence.listing:
                page = self.project.root / fence.place.path
                shown.setdefault(fence.file, {}).setdefault(page, set()).add(fence.cell)
        return shown


def read_guide(project: Project) -> Guide:
    """Read every page and snippet file; what cannot be read is kept as an error, not raised.

    Raises GalleyError where a plug-in cannot be loaded: without its words nothing can be read.
    """
    known, errors = grammar_of(project), list[GalleyError]()
    snippets = _all_snippets(project, known, errors)
    errors += _unknown_parameters(project, snippets)
    required = [profile.parameters for profile in project.required]
    errors += (error for each in snippets.values() for error in left_out(each, required))
    fences: list[Fence] = []
    texts: dict[Path, str] = {}
    for path in pages_in(project.docs):
        relative = project.relative(path)
        try:
            text = read_text(path, relative)
        except GalleyError as error:
            errors.append(error)
            continue
        lines = text.split("\n")
        here, wrong = find_fences(lines, relative, grammar=known)
        if deep := settings_too_deep(lines):
            what = "the settings at its top are nested too deeply"
            errors.append(GalleyError(what, Place(relative, deep), "write them flatter"))
        if path.suffix == PAGE:
            texts[relative] = text
            fences += here
            errors += wrong
        elif here or wrong:
            mend = f"rename it: {relative.with_suffix(PAGE).name}"
            errors.append(GalleyError("shows cells, and pages with cells end in .md", Place(relative), mend))
    return Guide(project, snippets, tuple(fences), tuple(errors), texts)


def _all_snippets(project: Project, known: Grammar, errors: list[GalleyError]) -> dict[str, SnippetFile]:
    """The snippet files by their names; an error for each that cannot be read is added to `errors`."""
    pages: dict[str, SnippetFile] = {}  # by their names, in which the case of letters makes no difference
    hiding: dict[Path, dict[str, Path]] = {}
    for path in python_files(project, errors):
        relative, folder = project.relative(path), path.parent
        if folder not in hiding:
            hiding[folder] = in_the_way(folder)
        try:
            text = read_text(path, relative, errors="replace")
            if folder == project.snippets:
                refuse_shadows(text, path, relative, hiding[folder])
            if found := _snippets(text, path, relative, known, stem_of(project, path)):
                if folder != project.snippets:  # its modules are imported by their packages' names
                    refuse_shadows(text, path, relative, hiding[folder])
                    refuse_far(project, found)
                _refuse_twins(found, pages)
                pages[found.page.casefold()] = found
        except GalleyError as error:
            errors.append(error)
    return {each.stem: each for each in pages.values()}


def _refuse_twins(found: SnippetFile, pages: Mapping[str, SnippetFile]) -> None:
    """Raises GalleyError where another snippet file, or a cell of another, has a name that means this one too."""
    place = found.cells[0].place.path
    if twin := pages.get(found.page.casefold()):
        raise GalleyError(f"{twin.path.name} is the code of page {found.page} too", Place(place), "rename one of them")
    folder, _, name = found.page.rpartition("/")
    holder = pages.get(folder.casefold())
    mine = (cell for cell in found.cells if f"{found.page}/{cell.name}".casefold() in pages)
    if cell := (holder.cell(name) if holder else None) or next(mine, None):
        what = f"the cell '{cell.name}' has the name of a page, so that a command could mean either"
        raise GalleyError(what, cell.place, "rename the cell, or that page's snippet file")


def _snippets(text: str, path: Path, relative: Path, known: Grammar, stem: str) -> SnippetFile | None:
    """The snippet file with a text; None for a module that lies among the snippet files and has no cells."""
    if "# %%" not in text:
        return None
    try:
        # A text with bytes that are no UTF-8 is read once more, for the error that says where they are.
        read = read_snippets(path, relative, known, stem) if UNREADABLE in text else None
        found = read or cut(text, path, relative, known, stem)
    except NoCellsError:
        return None  # "# %%" stands in a string or a comment of its code alone
    if not found.cells:
        return None
    parameters(found)
    if not found.stem.isprintable() or found.stem.startswith("-") or set(found.stem) & UNNAMEABLE:
        what = f"{found.stem!r} cannot be named in a fence or on a command line"
        raise GalleyError(what, Place(relative), "rename the file: letters, digits and _ will do")
    if len(os.fsencode(stem)) > LONGEST:
        what = f"its name has more than {LONGEST} bytes with its folders, and a folder of its records is named after it"
        raise GalleyError(what, Place(relative), "shorten the names")
    return found


def _way(name: str) -> Path:
    """A name as a path without an ending; `x.de` has none."""
    return Path(os.path.normpath(name.removesuffix(PAGE).removesuffix(".py")))


def _ends(page: Path, way: Path) -> bool:
    """Whether a way is that of a page, or its last part."""
    return page.with_suffix("").parts[-len(way.parts) :] == way.parts


def _unknown_parameters(project: Project, snippets: dict[str, SnippetFile]) -> list[GalleyError]:
    """A profile's parameters that no page has; a typo would otherwise replace nothing, silently."""
    known = {name for each in snippets.values() for name in parameters(each)}
    return [
        GalleyError(
            f"no page has the parameter '{name}' of profile {profile.name}",
            project.place("profiles", profile.name, "parameters", name),
            f"take it away, or give it to a page's cell `{PARAMETERS}`",
        )
        for profile in project.profiles
        for name in profile.parameters
        if known and name not in known
    ]
