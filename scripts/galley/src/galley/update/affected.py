"""What a newer release of a package can touch: pages, cells, claims and links, each with the reason.

In the command. Each page's footprint is held against the changes between two releases. A page without a footprint is
touched by any change. What is named is what can change, ordered by how much of the code that it reaches is another.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

from galley.config import Project
from galley.errors import GalleyError, UsageError
from galley.record.facts import canonical
from galley.record.footprints import true_of
from galley.record.founded import tables_of
from galley.record.model import Name, Record
from galley.record.status import store_of
from galley.source.guide import Guide
from galley.update.changes import Changes, changes
from galley.update.links import MovedLink, moved_links
from galley.update.reach import RecordedPage
from galley.update.reach import causes as causes_of
from galley.update.releases import NoWheelError, Release, fetched, has_compiled, installed, versions
from galley.update.taint import Cause

WHOLE = 1000  # what weighs a change that nobody can look into, in lines
UNUSED = "no page reaches it"


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
    """What the move of one package, or model, from one version to another can touch."""

    name: str
    old: str
    new: str
    touched: tuple[Touched, ...] = ()
    untouched: tuple[str, ...] = ()
    links: tuple[MovedLink, ...] = ()
    notes: tuple[str, ...] = ()


def affected(guide: Guide, wanted: Iterable[tuple[str, str]]) -> list[Affected]:
    """What each of these releases can touch; a version "" stands for the newest. Raises GalleyError for none such."""
    with _without_collector():
        pages = list(_pages(guide))
        return [_affected(guide, pages, name, version) for name, version in wanted]


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's garbage collector waits meanwhile.

    It looks for circles, and there are none in the syntax trees of a package. It would walk over all trees again and
    again as they become more, which takes as long as all else.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def between(guide: Guide, old: Release, new: Release) -> Affected:
    """What the move from one release to another can touch, of the pages that were recorded with the old one."""
    pages = list(_pages(guide))
    reached = [page for page in pages if _version(page, old.name) == old.version]
    return _sorted_out(_between(guide, reached, old, new), pages)


def _between(guide: Guide, pages: Iterable[RecordedPage], old: Release, new: Release) -> Affected:
    """What the move can touch of pages that were all recorded with the old release."""
    found = changes(old.name, old, new, {path for each in pages if each.footprint for path in each.footprint.modules})
    touched = tuple(each for page in pages if (each := _touched(page, found)))
    links = tuple(moved_links(guide, old, new))
    return Affected(old.name, old.version, new.version, touched, links=links, notes=found.requirements)


def _sorted_out(found: Affected, pages: Iterable[RecordedPage]) -> Affected:
    """A report with its touched pages in the order of their weight, and with the names of all other `pages`."""
    touched = sorted(found.touched, key=lambda each: (-each.weight, each.page))
    named = {Name(each.page, each.profile) for each in touched}
    others = sorted(str(page.name) for page in pages if page.name not in named)
    return replace(found, touched=tuple(touched), untouched=tuple(others))


def of_model(guide: Guide, wanted: str) -> Affected:
    """What another revision of a model can touch: every page whose record depends on the table that pins the model.

    `wanted` is `NAME@REVISION`. Raises UsageError for a model that no table pins.
    """
    name, _, revision = wanted.rpartition("@")
    if not name or not revision:
        raise UsageError(f"'{wanted}' names no revision of a model", mend="name one as NAME@REVISION")
    tables = models_of(guide.project)
    if name not in tables:
        mend = (
            f"models with a table: {', '.join(sorted(tables))}" if tables else "the setting `pins` names their tables"
        )
        raise UsageError(f"no table pins the model '{name}'", mend=mend)
    file, table = tables[name]
    old = revision_of(table)
    pages = list(_pages(guide))
    uses = [page for page in pages if any((used.path, used.part) == (file, name) for used in page.record.dependencies)]
    cause = Cause(f"the revision of {name} is another", 1)
    touched = tuple(_all_of(page, cause) for page in uses) if old != revision else ()
    return _sorted_out(Affected(name, old, revision, touched), pages)


def models_of(project: Project) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The models that the files of the setting `pins` list, by name: the file and the model's table."""
    files = sorted({file for profile in project.profiles for file in profile.pins.values()})
    return {name: (file, each) for file in files for name, each in tables_of(project.root / file).items()}


def revision_of(table: Mapping[str, Any]) -> str:
    """The revision that a model's table pins; empty where it has none."""
    found = table.get("revision", "")
    return found if isinstance(found, str) else ""


def recorded_packages(guide: Guide) -> dict[str, str]:
    """The packages that records and footprints name, with the newest version that is named."""
    found: dict[str, str] = {}
    for page in _pages(guide):
        named = {name: each.version for name, each in (page.footprint.packages if page.footprint else {}).items()}
        found |= {**page.record.environment.packages, **named}
    return dict(sorted(found.items(), key=lambda each: each[0].lower()))


def _pages(guide: Guide) -> Iterator[RecordedPage]:
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
                yield RecordedPage(root, snippets, profile, record, true_of(guide.project, record))
            except GalleyError as error:
                yield RecordedPage(root, snippets, profile, record, None, str(error))


def _affected(guide: Guide, pages: list[RecordedPage], name: str, version: str) -> Affected:
    """What one release can touch. The packages of a page without a footprint are those that its record names."""
    by_version: dict[str, list[RecordedPage]] = {}
    for page in pages:
        if known := _version(page, name):
            by_version.setdefault(known, []).append(page)
    if not by_version:
        return Affected(
            name, "", _known(name, version), untouched=tuple(str(page.name) for page in pages), notes=(UNUSED,)
        )
    parts = [_moved(guide, each, name, old, version) for old, each in sorted(by_version.items())]
    return _sorted_out(replace(parts[-1], touched=tuple(each for part in parts for each in part.touched)), pages)


def _known(name: str, version: str) -> str:
    """The version that the index has, or the newest one. Raises UsageError where it does not have it."""
    have = versions(name)
    if not have or (version and version not in have):
        what = f"no such release: {name} {version}".rstrip()
        raise UsageError(what, mend=f"the index has: {', '.join(reversed(have[:5]))}" if have else "mind its spelling")
    return version or have[0]


def _version(page: RecordedPage, name: str) -> str:
    """The version of a package that a page was recorded with; empty where it does not reach the package."""
    if page.footprint and (found := page.footprint.package(name)):
        return found.version
    recorded = {canonical(each): version for each, version in page.record.environment.packages.items()}
    known = recorded.get(canonical(name), "").partition("+")[0]
    return known if page.footprint is None or page.footprint.opaque or known else ""


def _moved(guide: Guide, pages: list[RecordedPage], name: str, old: str, version: str) -> Affected:
    """What the release can touch of pages that were all recorded with one version of the package."""
    if has_compiled(name) or not any(page.footprint for page in pages):
        return _whole(pages, name, old, _known(name, version), f"{name} has compiled files")
    try:
        with ExitStack() as stack:
            new = stack.enter_context(fetched(name, version))
            was = installed(name, old) or stack.enter_context(fetched(name, old))
            return _between(guide, pages, was, new)
    except NoWheelError as error:
        return _whole(pages, name, old, _known(name, version), f"{error.what} ({error.mend})")


def _whole(pages: list[RecordedPage], name: str, old: str, new: str, because: str) -> Affected:
    """All pages are touched by any other version."""
    if new == old:
        return Affected(name, old, new)
    why = f"{because} and counts whole ({old} to {new})"
    touched = tuple(_all_of(page, Cause(why if page.footprint else _unnoted(page), WHOLE)) for page in pages)
    return Affected(name, old, new, touched)


def _unnoted(page: RecordedPage) -> str:
    profile = "" if page.profile.required else f" --profile {page.profile.name}"
    command = f"galley run --footprint {quote(page.snippets.page)}{profile}"
    return page.error or f"it has no footprint, so that any change may touch it: {command}"


def _all_of(page: RecordedPage, cause: Cause) -> Touched:
    claims = tuple(cell.name for cell in page.snippets.cells if "claim" in cell.tags)
    return Touched(*page.name, (Reason(cause.what, cause.weight),), claims)


def _touched(page: RecordedPage, found: Changes) -> Touched | None:
    """What of a page can change; None where nothing can."""
    if found.old.version == found.new.version:
        return None
    footprint = page.footprint
    if footprint is None:
        return _all_of(page, Cause(_unnoted(page), WHOLE))
    if found.whole:
        return _all_of(page, found.whole)
    causes = list(causes_of(page, footprint, found))
    first = _first(page, causes)
    number = all(cause.number for cause, _ in causes)
    if not causes or (number and not _shows(page.record, first, found.old.version)):
        return None
    reasons: dict[str, Reason] = {}
    for cause, cells in causes:
        known = reasons.get(cause.what)
        together = (*known.cells, *cells) if known else cells
        order = [cell.name for cell in page.snippets.cells if cell.name in together]
        reasons[cause.what] = Reason(cause.what, cause.weight, tuple(order))
    ordered = tuple(sorted(reasons.values(), key=lambda each: (-each.weight, each.what)))
    claims = tuple(cell.name for cell in page.snippets.cells[first:] if "claim" in cell.tags)
    return Touched(*page.name, ordered, claims)


def _first(page: RecordedPage, causes: Iterable[tuple[Cause, tuple[str, ...]]]) -> int:
    """The number of the first cell that something reaches; what names no cell reaches all of them."""
    if any(not cells for _, cells in causes):
        return 0
    reached = {cell for _, cells in causes for cell in cells}
    return next((number for number, cell in enumerate(page.snippets.cells) if cell.name in reached), 0)


def _shows(record: Record, first: int, number: str) -> bool:
    """Whether an output of the cells from this one on has a version number. Where none has, another can hardly show."""
    files = (file.file for cell in record.cells[first:] for output in cell.outputs for file in output.files)
    return any(number.encode() in record.contents.get(file, b"") for file in files)
