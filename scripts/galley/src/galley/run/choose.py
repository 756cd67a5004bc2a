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
    """A page to run under a profile; `before` is its last record, which says how much it is likely to need.

    One to run `twice` fails where the second run does not repeat what the first one did.
    """

    snippets: SnippetFile
    profile: Profile
    before: Record | None = None
    variables: Mapping[str, str] = field(default_factory=dict)  # what `prepare` answered
    twice: bool = False

    @property
    def alone(self) -> bool:
        """A page that measures runs with no other beside it."""
        return any("measured" in cell.tags for cell in self.snippets.cells)

    @property
    def seconds(self) -> float:
        """What the page took last time."""
        return sum(cell.seconds for cell in self.before.cells) if self.before else 0.0

    @property
    def peak_mb(self) -> float:
        """What the page needed last time."""
        return max((cell.peak_mb for cell in self.before.cells), default=0.0) if self.before else 0.0


def tasks_of(guide: Guide, pages: Sequence[str], profiles: Sequence[str], *, everything: bool) -> list[Task]:
    """What a run of these pages under these profiles, by name, would do; the required profiles where none is named."""
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    return choose(guide, pages, under, everything=everything)


def choose(guide: Guide, pages: Sequence[str], profiles: Sequence[Profile], *, everything: bool) -> list[Task]:
    """The tasks that a run has: those without a record that may be shown, or all.

    A page that is not named has none under a profile that has no place on it.
    """
    return [
        Task(each.snippets, each.profile, each.record)
        for each in _looked_at(guide, pages, profiles)
        if each.state is not State.NEWER and (everything or each.state not in SHOWABLE)
    ]


def newer(guide: Guide, pages: Sequence[str], profiles: Sequence[str]) -> list[GalleyError]:
    """An error for each record that a newer galley wrote: this one neither reads nor replaces it."""
    under = [guide.project.profile(name) for name in profiles] or list(guide.project.required)
    found = [each for each in _looked_at(guide, pages, under) if each.state is State.NEWER]
    return [NotTrueError(each.reasons[0].what, each.reasons[0].place, each.mend) for each in found]


def _looked_at(guide: Guide, pages: Sequence[str], profiles: Sequence[Profile]) -> list[Status]:
    chosen = [guide.find(page) for page in pages] or guide.snippets.values()
    found = [status(guide.project, snippets, profile) for snippets in chosen for profile in profiles]
    return [each for each in found if pages or applies(guide.project, each)]
