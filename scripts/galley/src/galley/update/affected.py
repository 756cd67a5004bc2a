"""What a newer release of a package can touch: pages, cells, claims and links, each with the reason.

In the command. Each page's footprint is held against the changes between two releases. A page without a footprint is
touched by any change. What is named is what can change, ordered by how much of the code that it reaches is another.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from galley.config import Profile
from galley.errors import GalleyError
from galley.record.footprint import Entered, Footprint
from galley.record.footprints import true_of
from galley.record.model import Record
from galley.record.status import store_of
from galley.source.cells import SnippetFile
from galley.source.guide import Guide
from galley.update.changes import Cause, Changes, changes
from galley.update.links import MovedLink, moved_links
from galley.update.releases import fetched, has_compiled, installed, newest, versions
from galley.update.units import Mentions, mentions


@dataclass(frozen=True)
class Reason:
    """Why a page can change: what changed, how much, and the cells that reach it, none where all of the page does."""

    what: str
    weight: int
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Touched:
    """A page under a profile that can change, the reason that weighs most first."""

    page: str
    profile: str
    reasons: tuple[Reason, ...]
    claims: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        """How much of the code that it reaches is another, in lines."""
        return sum(each.weight for each in self.reasons)


@dataclass(frozen=True)
class Affected:
    """What the move of one package from one version to another can touch."""

    package: str
    old: str
    new: str
    touched: tuple[Touched, ...] = ()
    untouched: tuple[str, ...] = ()
    links: tuple[MovedLink, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Page:
    root: Path
    snippets: SnippetFile
    profile: Profile
    record: Record
    footprint: Footprint | None
    error: str = ""


def affected(guide: Guide, wanted: Iterable[tuple[str, str]]) -> list[Affected]:
    """What each of these releases can touch; a version "" stands for the newest. Raises GalleyError for none such."""
    pages = list(_pages(guide))
    return [_affected(guide, pages, name, version) for name, version in wanted]


def recorded_packages(guide: Guide) -> dict[str, str]:
    """The packages that records and footprints name, with the newest version that is named."""
    found: dict[str, str] = {}
    for page in _pages(guide):
        named = {name: each.version for name, each in (page.footprint.packages if page.footprint else {}).items()}
        found |= {**page.record.environment.packages, **named}
    return dict(sorted(found.items(), key=lambda each: each[0].lower()))


def _pages(guide: Guide) -> Iterator[_Page]:
    store, root = store_of(guide.project), guide.project.root
    for snippets in guide.snippets.values():
        for profile in guide.project.profiles:
            try:
                record = store.read(snippets.page, profile.name)
            except GalleyError:
                continue  # `check` says it: nothing of it is shown
            if record is None:
                continue
            try:
                yield _Page(root, snippets, profile, record, true_of(guide.project, record))
            except GalleyError as error:
                yield _Page(root, snippets, profile, record, None, str(error))


def _affected(guide: Guide, pages: list[_Page], name: str, version: str) -> Affected:
    """What one release can touch. The packages of a page without a footprint are those that its record names."""
    by_version: dict[str, list[_Page]] = {}
    for page in pages:
        if known := _version(page, name):
            by_version.setdefault(known, []).append(page)
    if not by_version:
        new = version or newest(name)
        if version and version not in versions(name):
            raise GalleyError(f"no such release: {name} {version}", mend=f"the newest is {newest(name)}")
        return Affected(name, "", new, untouched=tuple(_name(page) for page in pages), notes=("no page reaches it",))
    parts = [_moved(guide, each, name, old, version) for old, each in sorted(by_version.items())]
    reached = {_name(page) for each in by_version.values() for page in each}
    touched = sorted((each for part in parts for each in part.touched), key=lambda each: (-each.weight, each.page))
    untouched = [page for part in parts for page in part.untouched] + [
        _name(e) for e in pages if _name(e) not in reached
    ]
    main = parts[-1]
    return Affected(name, main.old, main.new, tuple(touched), tuple(sorted(untouched)), main.links, main.notes)


def _version(page: _Page, name: str) -> str:
    """The version of a package that a page was recorded with; empty where it does not reach the package."""
    if page.footprint and (found := page.footprint.package(name)):
        return found.version
    recorded = {_plain(each): version for each, version in page.record.environment.packages.items()}
    known = recorded.get(_plain(name), "").partition("+")[0]
    return known if page.footprint is None or page.footprint.opaque or known else ""


def _moved(guide: Guide, pages: list[_Page], name: str, old: str, version: str) -> Affected:
    if has_compiled(name) or not any(page.footprint for page in pages):
        return _whole(pages, name, old, version)
    with ExitStack() as stack:
        new = stack.enter_context(fetched(name, version))
        was = installed(name, old) or stack.enter_context(fetched(name, old))
        found = changes(name, was, new, {path for page in pages if page.footprint for path in page.footprint.modules})
        touched = [each for page in pages if (each := _touched(page, found))]
        named = {(each.page, each.profile) for each in touched}
        untouched = [_name(page) for page in pages if (page.snippets.page, page.profile.name) not in named]
        links = tuple(moved_links(guide, was, new))
        return Affected(name, old, new.version, tuple(touched), tuple(untouched), links, found.requirements)


def _whole(pages: list[_Page], name: str, old: str, version: str) -> Affected:
    """All pages are touched by any other version."""
    new = version or newest(name)
    if version and version not in versions(name):
        raise GalleyError(f"no such release: {name} {version}", mend=f"the newest is {newest(name)}")
    if new == old:
        return Affected(name, old, new, untouched=tuple(map(_name, pages)))
    why = f"{name} has compiled files and counts whole ({old} to {new})"
    touched = tuple(_all_of(page, Cause(why if page.footprint else _unnoted(page), 1000)) for page in pages)
    return Affected(name, old, new, touched)


def _unnoted(page: _Page) -> str:
    return (
        page.error
        or f"it has no footprint, so that any change may touch it: galley run --footprint {page.snippets.page}"
    )


def _all_of(page: _Page, cause: Cause) -> Touched:
    claims = tuple(cell.name for cell in page.snippets.cells if "claim" in cell.tags)
    return Touched(page.snippets.page, page.profile.name, (Reason(cause.what, cause.weight),), claims)


def _touched(page: _Page, found: Changes) -> Touched | None:
    """What of a page can change; None where nothing can."""
    if found.old.version == found.new.version:
        return None
    footprint = page.footprint
    if footprint is None:
        return _all_of(page, Cause(_unnoted(page), 1000))
    if found.whole:
        return _all_of(page, found.whole)
    causes = list(_causes(page, footprint, found))
    if all(cause.number for cause, _ in causes) and not _shows(page.record, found.old.version):
        return None
    reasons: dict[str, Reason] = {}
    for cause, cells in causes:
        known = reasons.get(cause.what)
        together = (*known.cells, *cells) if known else cells
        order = [cell.name for cell in page.snippets.cells if cell.name in together]
        reasons[cause.what] = Reason(cause.what, cause.weight, tuple(order))
    ordered = tuple(sorted(reasons.values(), key=lambda each: (-each.weight, each.what)))
    reached = {cell for each in ordered for cell in each.cells}
    first = next((n for n, cell in enumerate(page.snippets.cells) if cell.name in reached), 0)
    if any(not each.cells for each in ordered):
        first = 0
    claims = tuple(cell.name for cell in page.snippets.cells[first:] if "claim" in cell.tags)
    return Touched(page.snippets.page, page.profile.name, ordered, claims)


def _shows(record: Record, number: str) -> bool:
    """Whether an output has a version number somewhere. Where none has, another number can hardly show."""
    return any(number.encode() in data for data in record.contents.values())


def _causes(page: _Page, footprint: Footprint, found: Changes) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    """Each difference that the page reaches, with the cells that do."""
    if footprint.opaque:
        yield Cause(f"{footprint.opaque}, so that any change may touch it", 1), ()
    if top := next((each for each in footprint.programs if each in found.tops), ""):
        yield Cause(f"it runs {top} as a program of its own", 1), ()
    cells = _by_function(footprint)
    for number, function in enumerate(footprint.functions):
        file, _, name = function.partition(":")
        if file in found.old.paths and (cause := _of_function(found, file, name)):
            yield cause, cells.get(number, ())
    for path in sorted(footprint.modules & found.effects.keys()):
        yield found.effects[path], ()
    yield from _of_others(footprint, found)
    yield from _of_files(footprint, found)
    yield from _of_own_code(page, footprint, found)


def _by_function(footprint: Footprint) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for cell, entered in footprint.cells.items():
        for number in entered.functions:
            found.setdefault(number, []).append(cell)
    return {number: tuple(cells) for number, cells in found.items()}


def _of_function(found: Changes, file: str, name: str) -> Cause | None:
    """Why a function that was entered can do something else."""
    key = file, name
    if key not in found.asked_before:
        found.asked_before[key] = _why(found, file, name)
    return found.asked_before[key]


def _why(found: Changes, file: str, name: str) -> Cause | None:
    if cause := found.functions.get(file, {}).get(name):
        return cause
    for header, cause in found.headers.get(file, {}).items():
        if name.startswith(f"{header}."):
            return cause
    code = found.old.code(file)
    for unit in code.functions.get(name, ()) if code else ():
        if cause := found.asked(file, unit.mentions):
            return replace(cause, what=f"{cause.what}, which `{name}` asks for")
    return None


def _of_others(footprint: Footprint, found: Changes) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    """What the code of other packages asks for by a name."""
    for package, each in footprint.packages.items():
        for top in each.modules:
            if top not in found.tops and (cause := found.asked_of_something(footprint.names(top))):
                yield replace(cause, what=f"{cause.what}, a name that {package} asks for"), ()


def _of_files(footprint: Footprint, found: Changes) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    for path in footprint.imports.data:
        if path in found.files:
            yield found.files[path], ()
    parts: list[tuple[tuple[str, ...], Entered]] = [((), footprint.hooks)]
    for cells, entered in [*parts, *(((cell,), each) for cell, each in footprint.cells.items())]:
        yield from ((found.files[path], cells) for path in entered.data if path in found.files)
        if any(_plain(each) == _plain(found.package) for each in entered.versions):
            yield Cause(f"it asks for the version of {found.package}", number=True), cells


def _of_own_code(page: _Page, footprint: Footprint, found: Changes) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    """What the page's cells, and the project's modules that they use, ask for by a name."""
    for cell in page.snippets.cells:
        if cause := found.asked_of_something(_all(mentions(ast.Module(list(cell.statements), [])))):
            yield replace(cause, what=f"{cause.what}, which the cell asks for"), (cell.name,)
    for used in page.record.dependencies:
        if used.kind == "module" and (cause := found.asked_of_something(_asked_by(page.root / used.path))):
            yield replace(cause, what=f"{cause.what}, which {used.path} asks for"), ()


def _asked_by(file: Path) -> frozenset[str]:
    try:
        return _all(mentions(ast.parse(file.read_bytes())))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return frozenset()  # the record is stale, and `check` says so


def _all(found: Mentions) -> frozenset[str]:
    return found.globals | found.attributes | found.texts


def _name(page: _Page) -> str:
    return f"{page.snippets.page} ({page.profile.name})"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
