"""Chooses what there is to run, by the state of each page's record.

In the command. This module imports nothing that runs pages, so that a build with nothing to run does not wait for
those imports.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from galley.errors import GalleyError, NotTrueError, UsageError
from galley.profile import Profile
from galley.record.model import Name, Record
from galley.record.status import SHOWABLE, State, Status, applies, status
from galley.source.cells import Cell, SnippetFile
from galley.source.guide import Guide
from galley.source.parameters import with_values

NAMED = 3  # pages that a sentence names


@dataclass(frozen=True)
class Task:
    """A page to run under a profile; `before` is its last record, from which time and memory are estimated.

    One to run `twice` fails where the second run does not repeat what the first one did. One to `keep_going` goes on
    past a cell that fails. One to `renew` has its record written where nothing changed, too: measurements, for one, are
    no reason to write one. One that is `traced`, for its footprint, may take several times as long. One with names of
    cells in `only` is compared in these alone, and runs as far as the last of them.
    """

    snippets: SnippetFile
    profile: Profile
    before: Record | None = None
    variables: Mapping[str, str] = field(default_factory=dict)  # what `prepare` answered
    twice: bool = False
    keep_going: bool = False
    renew: bool = False
    traced: bool = False
    only: frozenset[str] = frozenset()

    @property
    def name(self) -> Name:
        """The page and the profile."""
        return Name(self.snippets.page, self.profile.name)

    @property
    def alone(self) -> bool:
        """Whether the page measures: then no other page runs beside it."""
        return any("measured" in cell.tags for cell in self.running(self.snippets))

    @property
    def seconds(self) -> float:
        """The seconds that the page took last time, as far as it runs; 0 where that is not known."""
        cells = self.before.cells if self.before else ()
        if self.only:
            names = {cell.name for cell in self.running(self.snippets)}
            cells = tuple(cell for cell in cells if cell.name in names)
        return sum(cell.seconds for cell in cells)

    @property
    def peak_mb(self) -> float:
        """The largest resident size of the page last time, in MB (10^6 bytes); 0 where that is not known."""
        return max((cell.peak_mb for cell in self.before.cells), default=0.0) if self.before else 0.0

    def running(self, snippets: SnippetFile) -> tuple[Cell, ...]:
        """The cells that run, of the snippet file as it is or with the profile's values."""
        last = (number for number, cell in enumerate(snippets.cells, start=1) if cell.name in self.only)
        return snippets.cells[: max(last, default=len(snippets.cells))]

    def compared(self, cells: Collection[str]) -> SnippetFile:
        """The snippet file with those of its cells alone that are compared with the record, of some that ran."""
        kept = (cell for cell in self.snippets.cells if cell.name in cells)
        return replace(self.snippets, cells=tuple(cell for cell in kept if not self.only or cell.name in self.only))


def look(guide: Guide, pages: Sequence[str], profiles: Sequence[str]) -> list[Status]:
    """The states of the pages of a run, under profiles given by name; under the required ones where none is named.

    Without `pages`, a page is left out under a profile that does not apply to it. Raises UsageError for a page or a
    profile that is not there.
    """
    named = [guide.find(page) for page in pages] or guide.snippets.values()
    under = [guide.project.profile(name) for name in profiles] or guide.project.required
    found = [status(guide.project, snippets, profile) for snippets in named for profile in under]
    return [each for each in found if pages or applies(guide.project, each)]


def chosen(
    found: Iterable[Status], *, everything: bool = False, drifted: bool = False, held: bool = False
) -> list[Task]:
    """The tasks among pages: those whose record may not be shown, those that have `drifted` instead, or everything.

    A record of a newer galley is never replaced. A held page is chosen with `held` alone.
    """
    tasks = []
    for each in found:
        wanted = each.state is State.DRIFTED if drifted else everything or each.state not in SHOWABLE
        if each.state is not State.NEWER and (held if each.state is State.HELD else wanted):
            tasks.append(Task(each.snippets, each.profile, each.record))
    return tasks


def to_compare(
    found: Iterable[Status], *, named: bool, drifted: bool = False, held: bool = False
) -> tuple[list[Task], list[GalleyError]]:
    """The tasks that run pages again beside their true records, and an error for each record that is not true.

    A page that was never recorded under a profile that is not required is left out, unless pages are `named`. With
    `drifted`, those alone that have drifted are compared. A held page is left out unless `held`.
    """
    tasks, errors = [], []
    for each in found:
        if each.state in SHOWABLE:
            if held if each.state is State.HELD else each.state is State.DRIFTED or not drifted:
                tasks.append(Task(each.snippets, each.profile, each.record))
        elif not drifted and (each.profile.required or named or each.state is not State.MISSING):
            what = f"{each.name} has no true record to compare with: "
            errors.append(NotTrueError(what + each.reasons[0].what, each.reasons[0].place, each.mend))
    return tasks, list[GalleyError](errors)


def narrowed(tasks: Iterable[Task], cells: Mapping[str, Collection[str]]) -> list[Task]:
    """The tasks, each with those cells alone that are named for its page; a page without any stays whole.

    Raises UsageError for a cell that a profile leaves out.
    """
    found = []
    for each in tasks:
        run = with_values(each.snippets, each.profile.parameters)
        if lacks := sorted(name for name in cells.get(each.snippets.page, ()) if run.cell(name) is None):
            what = f"the profile {each.profile.name} leaves cell {lacks[0]} of page {each.snippets.page} out"
            raise UsageError(what, mend="its line says about which values it is: name another --profile")
        found.append(replace(each, only=frozenset(cells.get(each.snippets.page, ()))))
    return found


def newer(found: Iterable[Status]) -> list[GalleyError]:
    """An error for each record that a newer galley wrote: this one neither reads nor replaces it."""
    of_newer = [each for each in found if each.state is State.NEWER]
    return [NotTrueError(each.reasons[0].what, each.reasons[0].place, each.mend) for each in of_newer]


def told_held(found: Iterable[Status]) -> list[str]:
    """Which of these pages are held, why, and what to type."""
    held = [each for each in found if each.state is State.HELD]
    return [f"not run: {each.name} is {each.held}\n    {each.mend}" for each in held]


def told_drift(found: Iterable[Status], again: str) -> list[str]:
    """What drifted of these pages, and what to type; no line where nothing did.

    `again` are the words of the command that name its pages and profiles. Where CI writes no records, the comparison is
    named alone.
    """
    drifted = [each for each in found if each.state is State.DRIFTED]
    if not drifted:
        return []
    reasons = dict.fromkeys(reason.what for each in drifted for reason in each.reasons)
    pages = [str(each.name) for each in drifted]
    others = f" and {len(pages) - NAMED} others" if len(pages) > NAMED + 1 else ""
    said = f"drifted: {', '.join(pages[:NAMED] if others else pages)}{others}; their records are true of their own runs"
    mends = [f"galley test --drifted{again} says what differs here"]
    if not os.environ.get("CI"):
        mends.append(f"galley run --drifted{again} records it")
    return [said, *(f"    {each}" for each in (*reasons, *mends))]
