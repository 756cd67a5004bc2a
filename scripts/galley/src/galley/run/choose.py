"""Chooses what there is to run, by the state of each page's record.

In the command. This module imports nothing that runs pages, so that a build with nothing to run does not wait for
those imports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from galley.config import Profile
from galley.errors import GalleyError, NotTrueError
from galley.record.model import Record
from galley.record.status import SHOWABLE, State, Status, applies, status
from galley.source.cells import SnippetFile
from galley.source.guide import Guide


@dataclass(frozen=True)
class Task:
    """A page to run under a profile; `before` is its last record, from which time and memory are estimated.

    One to run `twice` fails where the second run does not repeat what the first one did. One that is `traced`, for its
    footprint, may take several times as long.
    """

    snippets: SnippetFile
    profile: Profile
    before: Record | None = None
    variables: Mapping[str, str] = field(default_factory=dict)  # what `prepare` answered
    twice: bool = False
    traced: bool = False

    @property
    def alone(self) -> bool:
        """Whether the page measures: then no other page runs beside it."""
        return any("measured" in cell.tags for cell in self.snippets.cells)

    @property
    def seconds(self) -> float:
        """The seconds that the page took last time; 0 where that is not known."""
        return sum(cell.seconds for cell in self.before.cells) if self.before else 0.0

    @property
    def peak_mb(self) -> float:
        """The largest resident size of the page last time, in MB (10^6 bytes); 0 where that is not known."""
        return max((cell.peak_mb for cell in self.before.cells), default=0.0) if self.before else 0.0


def tasks_of(
    guide: Guide, pages: Sequence[str], profiles: Sequence[str], *, everything: bool, held: bool = False
) -> list[Task]:
    """The tasks of a run of these pages under profiles given by name; under the required ones where none is named."""
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    return choose(guide, pages, under, everything=everything, held=held)


def choose(
    guide: Guide, pages: Sequence[str], profiles: Sequence[Profile], *, everything: bool, held: bool = False
) -> list[Task]:
    """The tasks of a run: a page is chosen where its record may not be shown, or with `everything`.

    Without `pages`, a page is left out under a profile that does not apply to it. A record of a newer galley is never
    replaced. A held page is chosen with `held` alone.
    """
    return [
        Task(each.snippets, each.profile, each.record)
        for each in _looked_at(guide, pages, profiles)
        if each.state is not State.NEWER
        and (held if each.state is State.HELD else everything or each.state not in SHOWABLE)
    ]


def held_back(guide: Guide, pages: Sequence[str], profiles: Sequence[str]) -> list[Status]:
    """The held pages among those that were asked for."""
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    return [each for each in _looked_at(guide, pages, under) if each.state is State.HELD]


def to_compare(
    guide: Guide, pages: Sequence[str], profiles: Sequence[str], *, held: bool = False
) -> tuple[list[Task], list[GalleyError]]:
    """The tasks that run pages again beside their true records, and an error for each record that is not true.

    A page that was never recorded under a profile that is not required is left out, unless it is named. A held page is
    left out unless `held`.
    """
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    tasks, errors = [], []
    for each in _looked_at(guide, pages, under):
        if each.state is State.HELD and not held:
            continue
        if each.state in SHOWABLE:
            tasks.append(Task(each.snippets, each.profile, each.record))
        elif each.profile.required or pages or each.state is not State.MISSING:
            what = f"{each.snippets.page} ({each.profile.name}) has no true record to compare with: "
            errors.append(NotTrueError(what + each.reasons[0].what, each.reasons[0].place, each.mend))
    return tasks, list[GalleyError](errors)


def newer(guide: Guide, pages: Sequence[str], profiles: Sequence[str]) -> list[GalleyError]:
    """An error for each record that a newer galley wrote: this one neither reads nor replaces it."""
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    found = [each for each in _looked_at(guide, pages, under) if each.state is State.NEWER]
    return [NotTrueError(each.reasons[0].what, each.reasons[0].place, each.mend) for each in found]


def _looked_at(guide: Guide, pages: Sequence[str], profiles: Sequence[Profile]) -> list[Status]:
    chosen = [guide.find(page) for page in pages] or guide.snippets.values()
    found = [status(guide.project, snippets, profile) for snippets in chosen for profile in profiles]
    return [each for each in found if pages or applies(guide.project, each)]
