"""The guide: every page with its fences, every snippet file with its cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError, Place, UsageError
from galley.source.cells import NoCellsError, SnippetFile, read_snippets
from galley.source.fences import Fence, find_fences
from galley.source.grammar import Grammar, grammar
from galley.source.parameters import PARAMETERS, parameters


@dataclass(frozen=True)
class Guide:
    """What the authors wrote, and what in it cannot be read."""

    project: Project
    snippets: dict[str, SnippetFile]  # by stem, only the readable ones
    fences: tuple[Fence, ...]
    errors: tuple[GalleyError, ...]

    def find(self, name: str) -> SnippetFile:
        """The snippet file that `name` means: a page, a stem, or the path of either.

        Raises UsageError when there is none, or the error of the file when it cannot be read.
        """
        stem = Path(name).name.removesuffix(".md").removesuffix(".py").replace("-", "_")
        if stem in self.snippets:
            return self.snippets[stem]
        for error in self.errors:
            if error.place and error.place.path.stem == stem:
                raise error
        known = ", ".join(sorted(each.page for each in self.snippets.values())) or "none"
        raise UsageError(f"no page with cells is named '{name}'", mend=f"pages with cells: {known}")


def read_guide(project: Project) -> Guide:
    """Read every page and snippet file; what cannot be read is kept as an error, not raised.

    Raises GalleyError where a plug-in cannot be loaded: without its words nothing can be read.
    """
    known = grammar(project)
    pages: dict[str, SnippetFile] = {}
    errors: list[GalleyError] = []
    for path in sorted(project.snippets.glob("[!.]*.py")):
        try:
            if found := _snippets(project, path, pages, known):
                pages[found.page] = found
        except GalleyError as error:
            errors.append(error)
    snippets = {each.stem: each for each in pages.values()}
    errors += _unknown_parameters(project, snippets)
    fences: list[Fence] = []
    for path in sorted(project.docs.rglob("[!.]*.md")):
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            errors.append(GalleyError(f"cannot be read: {error}", Place(project.relative(path))))
            continue
        here, wrong = find_fences(lines, project.relative(path), grammar=known)
        fences += here
        errors += wrong
    return Guide(project, snippets, tuple(fences), tuple(errors))


def _snippets(project: Project, path: Path, pages: dict[str, SnippetFile], known: Grammar) -> SnippetFile | None:
    """The snippet file at `path`; None for a module of the snippets, which has no cells."""
    shown = project.relative(path)
    try:
        if "# %%" not in path.read_text(encoding="utf-8", errors="replace"):
            return None
        found = read_snippets(path, shown, known)
    except NoCellsError:
        return None  # it only speaks of cells, in a string or a comment of its code
    except OSError as error:
        raise GalleyError(f"cannot be read: {error}", Place(shown)) from error
    if not found.cells:
        return None
    parameters(found)
    if twin := pages.get(found.page):
        raise GalleyError(f"{twin.path.name} is the code of page {found.page} too", Place(shown), "rename one of them")
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


def page_file(project: Project, snippets: SnippetFile) -> Path:
    """Where the page of a snippet file stands."""
    return project.docs / f"{snippets.page}.md"
