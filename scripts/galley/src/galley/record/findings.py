"""Everything that can be wrong with a guide's pages, cells and records, found without running them.

In the command.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Protocol

from galley.config import Project
from galley.errors import AskedWronglyError, GalleyError, Place
from galley.profile import Profile
from galley.record.footprints import file_of as footprint_file
from galley.record.footprints import kept as kept_footprints
from galley.record.footprints import true_of as true_footprint
from galley.record.held import HELD, held_pages
from galley.record.model import UNKNOWN_KIND, UNKNOWN_KIND_MEND, Name, Shown
from galley.record.move import RECORD
from galley.record.mutations import unbroken
from galley.record.numbers import repeated, unknown_numbers
from galley.record.status import SHOWABLE, State, States, Status, store_of
from galley.record.store import Store
from galley.source.cells import Cell, page_name
from galley.source.commented import names_not_bound
from galley.source.guide import REMOVED, REMOVED_MEND, Guide
from galley.source.places import path_of
from galley.source.proof import unproved

ORPHAN_MEND = "git rm -r it, or give it back its page"


@dataclass(frozen=True)
class Finding:
    """One thing to know; only a `fatal` one makes the check fail."""

    kind: str
    place: Place
    what: str
    mend: str = ""
    fatal: bool = True

    def __str__(self) -> str:
        kind = self.kind if self.fatal else f"{self.kind} (no failure)"
        return f"{self.place}: {kind}: {self.what}" + (f"\n    {self.mend}" if self.mend else "")


class Knows(Protocol):
    """What knows the kinds of output; `galley.kinds.Kinds` does."""

    def __contains__(self, name: object) -> bool:
        """Whether a kind of this name is known."""

    def fault(self, shown: Shown, cell: Cell) -> str:
        """Why an output that a record has for a cell cannot be one; empty where it can."""

    def miscounted(self, outputs: Sequence[Shown], cell: Cell) -> str:
        """Why a cell cannot have these outputs together; empty where it can."""

    def unlabelled(self, shown: Shown, cell: Cell) -> GalleyError | None:
        """The error at a cell whose picture has no label; None where it has one, and for what is no picture."""


def findings(guide: Guide, kinds: Knows) -> list[Finding]:
    """All findings: unreadable files first, then fences, cells, claims, records, and records that belong to no page.

    `kinds` are the kinds of output that the project knows.
    """
    states = States(guide.project)
    return [
        *_unreadable(guide, states),
        *_unshown(guide),
        *_unbound(guide),
        *_unproved(guide),
        *_unbroken(guide),
        *_records(guide, states, kinds),
        *_repeated(guide, states),
        *_footprints(guide),
        *_orphans(guide),
    ]


def unsigned_records(project: Project) -> Iterator[Finding]:
    """The findings of `galley check --signed`, and who signed what."""
    from galley.record.signed import signatures, unsigned  # which most checks do without

    for fault in unsigned(project):
        yield Finding("unsigned", fault.place, fault.what, fault.mend, fault.fatal)
    for name, signer, said in signatures(project).good:
        place = Place(project.relative(project.outputs) / name)
        yield Finding("signed", place, f"by {signer}: {said.records} records", fatal=False)


def unreadable(guide: Guide) -> list[Finding]:
    """The findings that stop any rendering: files that cannot be read, and cells and numbers that are missing."""
    return _unreadable(guide, States(guide.project))


def _unreadable(guide: Guide, states: States) -> list[Finding]:
    return [*_errors(guide), *_unknown_cells(guide), *_unknown_numbers(guide, states)]


def _errors(guide: Guide) -> Iterator[Finding]:
    for error in guide.errors:
        yield Finding("unreadable", error.place or Place(guide.project.root), error.what, error.mend)


def _unknown_cells(guide: Guide) -> Iterator[Finding]:
    for fence in (each for each in guide.fences if not each.listing):
        snippets = guide.snippets.get(fence.file)
        if snippets is None and fence.file not in guide.unreadable:
            yield Finding("unknown", fence.place, *_no_such(guide, fence.file))
        elif snippets is not None and snippets.cell(fence.cell) is None:
            mend = f"{snippets.stem}.py has: {', '.join(cell.name for cell in snippets.cells)}"
            yield Finding("unknown", fence.place, f"no cell is named '{fence.name}'", mend)
        elif snippets and (cell := snippets.cell(fence.cell)) and "remove-cell" in cell.tags:
            yield Finding("unknown", fence.place, f"{fence.name} {REMOVED}", REMOVED_MEND)


def _no_such(guide: Guide, stem: str) -> tuple[str, str]:
    """What there is to say of a snippet file that is not there, and what mends it."""
    what = f"there is no snippet file '{stem}.py' with cells"
    try:
        path_of(guide.project, stem)
    except GalleyError as error:
        return f"{what}: {error.what}", error.mend
    return what, f"make it, or name one of: {', '.join(sorted(guide.snippets))}"


def _unknown_numbers(guide: Guide, states: States) -> Iterator[Finding]:
    for error in unknown_numbers(guide, states):
        yield Finding("unknown", error.place or guide.project.place(), error.what, error.mend)


def _repeated(guide: Guide, states: States) -> Iterator[Finding]:
    for error in repeated(guide, states):
        yield Finding("repeated", error.place or guide.project.place(), error.what, error.mend, fatal=False)


def _unshown(guide: Guide) -> Iterator[Finding]:
    shown = {fence.name for fence in guide.fences}
    for snippets in guide.snippets.values():
        for cell in snippets.cells:
            if "remove-cell" not in cell.tags and f"{snippets.stem}/{cell.name}" not in shown:
                page = guide.project.relative(guide.page_file(snippets))
                mend = f'show it in {page}: ```python exec="on" cell="{snippets.stem}/{cell.name}"'
                yield Finding("unshown", cell.place, f"no page shows the cell '{cell.name}'", mend)


def _unbound(guide: Guide) -> Iterator[Finding]:
    for snippets in guide.snippets.values():
        for error in names_not_bound(snippets):
            yield Finding("unbound", error.place or Place(snippets.path), error.what, error.mend)


def _unproved(guide: Guide) -> Iterator[Finding]:
    for snippets in guide.snippets.values():
        for error in unproved(snippets):
            yield Finding("unproved", error.place or Place(snippets.path), error.what, error.mend)


def _unbroken(guide: Guide) -> Iterator[Finding]:
    for error, fatal in unbroken(guide):
        place = error.place or Place(guide.project.root)
        yield Finding("unbroken" if fatal else "drifted", place, error.what, error.mend, fatal)


def _records(guide: Guide, states: States, kinds: Knows) -> Iterator[Finding]:
    for snippets in guide.snippets.values():
        for profile in guide.project.profiles:
            found = states.of(snippets, profile)
            yield from _record(found, profile)
            yield from not_shown(guide.project, found, kinds)


def _record(found: Status, profile: Profile) -> Iterator[Finding]:
    fatal = found.state is State.UNFOUNDED or (profile.required and found.state not in SHOWABLE)
    if found.state is State.MISSING and not profile.required:
        return  # the page itself tells its reader; most machines cannot run such a profile
    for reason in found.reasons:
        what = f"{found.name}: {reason.what}"
        yield Finding(str(found.state), reason.place, what, found.mend, fatal)


def not_shown(project: Project, found: Status, kinds: Knows) -> Iterator[Finding]:
    """The outputs in a record that nobody can show, and pictures that say nothing: the site could not be built."""
    if found.record is None or found.state not in SHOWABLE:
        return
    record = found.record
    place = Place(store_of(project).relative / record.name.folder / RECORD)
    again = f"galley run {quote(record.page)} --all{'' if found.profile.required else f' --profile {record.profile}'}"
    unknown: set[str] = set()
    for cell in found.snippets.cells:
        outputs = record.shown(record.cell(cell.name))
        if record.cell(cell.name) and (odd := kinds.miscounted(outputs, cell)):
            yield Finding("tampered", place, f"cell {cell.name} has {odd}, and each has one", again)
        for shown in outputs:
            if shown.kind not in kinds:
                if shown.kind not in unknown:
                    mend = f"{UNKNOWN_KIND_MEND}, or record the page without it: {again}"
                    yield Finding("unknown", place, UNKNOWN_KIND.format(shown.kind), mend)
                unknown.add(shown.kind)
                continue
            try:
                if fault := kinds.fault(shown, cell):
                    what = f"cell {cell.name} has an output of the kind '{shown.kind}' that is none: {fault}"
                    yield Finding("tampered", place, what, again)
                elif error := kinds.unlabelled(shown, cell):
                    yield Finding("unlabelled", error.place or place, error.what, error.mend)
            except AskedWronglyError as error:
                yield Finding("unknown", error.place or cell.place, error.what, error.mend)


def _footprints(guide: Guide) -> Iterator[Finding]:
    """Footprints that are of no page, of an older record, or cannot be read: none is a failure of a page."""
    pages = {snippets.page for snippets in guide.snippets.values()}
    project = guide.project
    for page, profile in kept_footprints(project):
        place = Place(project.relative(footprint_file(project, page, profile)))
        again = f"galley run --footprint {quote(page)} --profile {quote(profile)}"
        try:
            record = store_of(project).read(page, profile) if page in pages else None
            if record is None:
                yield Finding("orphaned", place, "a footprint of no record", f"git rm {quote(str(place))}", False)
            elif true_footprint(project, record) is None:
                yield Finding("footprint", place, "is of an older record, and counts for nothing", again, False)
        except GalleyError as error:
            yield Finding("footprint", error.place or place, error.what, error.mend, False)


def _orphans(guide: Guide) -> Iterator[Finding]:
    store = store_of(guide.project)
    try:
        store.see_staging()
    except GalleyError as error:
        yield Finding("in the way", error.place or Place(store.relative), error.what, error.mend)
    pages = {snippets.page for snippets in guide.snippets.values()}
    unreadable = set(map(page_name, guide.unreadable))
    profiles = {profile.name for profile in guide.project.profiles}
    for page, profile in store.folders():
        if (page not in pages and page not in unreadable) or profile not in profiles:
            yield Finding(
                "orphaned",
                Place(store.relative / Name(page, profile).folder),
                "a record of no page or profile",
                ORPHAN_MEND,
            )
    yield from _held_of_nobody(store, pages | unreadable, profiles)


def _held_of_nobody(store: Store, pages: Collection[str], profiles: Collection[str]) -> Iterator[Finding]:
    """The held pages that the guide does not have, or that have no record to keep."""
    for name in held_pages(store):
        if name.page not in pages or name.profile not in profiles or not store.folder_of(*name).exists():
            what = f"{name} is held, and there is no such record"
            yield Finding("orphaned", Place(store.relative / HELD), what, "take its entry out of the file")
