"""The guide: every page with its fences, every snippet file with its cells, and which of them belong together.

In the command and in the builder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError, Place, UsageError
from galley.source.cells import NoCellsError, SnippetFile, cut, read_snippets, read_text
from galley.source.fences import Fence, find_fences
from galley.source.grammar import Grammar, grammar_of
from galley.source.parameters import PARAMETERS, left_out, parameters
from galley.source.shadows import in_the_way, refuse_shadows

ACCESS = "give yourself access to it: chmod u+rwX"
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
UNNAMEABLE = set('"`<>')


@dataclass(frozen=True)
class Guide:
    """What the authors wrote, with an error for each file and fence that cannot be read."""

    project: Project
    snippets: dict[str, SnippetFile]  # by stem, only the readable ones
    fences: tuple[Fence, ...]
    errors: tuple[GalleyError, ...]
    pages: Mapping[Path, str] = field(default_factory=dict, repr=False)  # the text of each readable page, by its path

    def find(self, name: str) -> SnippetFile:
        """The snippet file that `name` means: its name or path, or that of its page.

        Raises UsageError when there is none or more than one, or the error of the file when it cannot be read.
        """
        stem = Path(name).name.removesuffix(".md").removesuffix(".py").replace("-", "_")
        if stem in self.snippets:
            return self.snippets[stem]
        for error in self.errors:
            if error.place and error.place.path.stem == stem:
                raise error
        asked = Path(name).with_suffix("")
        pages = {each.stem: self.page_file(each).with_suffix("") for each in self.snippets.values()}
        shown = [each for each in pages if pages[each].parts[-len(asked.parts) :] == asked.parts]
        if len(shown) == 1:
            return self.snippets[shown[0]]
        if shown:
            raise UsageError(f"several snippet files belong to '{name}'", mend=f"name one: {', '.join(shown)}")
        known = ", ".join(sorted(each.page for each in self.snippets.values())) or "none"
        raise UsageError(f"no page with cells is named '{name}'", mend=f"pages with cells: {known}")

    def page_file(self, snippets: SnippetFile) -> Path:
        """The page that a snippet file belongs to: the one that shows most of its cells.

        Of several that show as many, it is the one with the earliest cell. A file that no page shows belongs to the
        page of its own name, which need not be there.
        """
        found = self._cells_by_page.get(snippets.stem)
        if not found:
            return self.project.docs / f"{snippets.page}.md"
        order = {cell.name: number for number, cell in enumerate(snippets.cells)}
        return max(
            found, key=lambda page: (len(found[page]), -min(order.get(name, len(order)) for name in found[page]))
        )

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
    for path in sorted(project.docs.rglob("[!.]*.md")):
        relative = project.relative(path)
        try:
            texts[relative] = read_text(path, relative)
        except GalleyError as error:
            errors.append(error)
            continue
        here, wrong = find_fences(texts[relative].split("\n"), relative, grammar=known)
        fences += here
        errors += wrong
    return Guide(project, snippets, tuple(fences), tuple(errors), texts)


def _all_snippets(project: Project, known: Grammar, errors: list[GalleyError]) -> dict[str, SnippetFile]:
    """The snippet files by their stems; an error for each that cannot be read is added to `errors`."""
    pages: dict[str, SnippetFile] = {}  # by their names, in which the case of letters makes no difference
    hiding = in_the_way(project.snippets)
    for path in _found(project, project.snippets, errors):
        relative = project.relative(path)
        try:
            text = read_text(path, relative, errors="replace")
            refuse_shadows(text, path, relative, hiding)
            if found := _snippets(text, path, relative, known):
                if twin := pages.get(found.page.casefold()):
                    what = f"{twin.path.name} is the code of page {found.page} too"
                    raise GalleyError(what, Place(relative), "rename one of them")
                pages[found.page.casefold()] = found
        except GalleyError as error:
            errors.append(error)
    return {each.stem: each for each in pages.values()}


def _found(project: Project, folder: Path, errors: list[GalleyError]) -> list[Path]:
    """The Python files of a folder; where it cannot be listed, the error is among the others."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  a path's own search passes over a folder that it may not read
    except FileNotFoundError:
        return []
    except OSError as error:
        errors.append(GalleyError(f"cannot be read: {error.strerror}", Place(project.relative(folder)), ACCESS))
        return []
    return sorted(folder / name for name in names if name.endswith(".py") and not name.startswith("."))


def _snippets(text: str, path: Path, relative: Path, known: Grammar) -> SnippetFile | None:
    """The snippet file with a text; None for a module that lies among the snippet files and has no cells."""
    if "# %%" not in text:
        return None
    try:
        # A text with bytes that are no UTF-8 is read once more, for the error that says where they are.
        found = read_snippets(path, relative, known) if UNREADABLE in text else cut(text, path, relative, known)
    except NoCellsError:
        return None  # "# %%" stands in a string or a comment of its code alone
    if not found.cells:
        return None
    parameters(found)
    if not found.stem.isprintable() or found.stem.startswith("-") or set(found.stem) & UNNAMEABLE:
        what = f"{found.stem!r} cannot be named in a fence or on a command line"
        raise GalleyError(what, Place(relative), "rename the file: letters, digits and _ will do")
    return found


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
