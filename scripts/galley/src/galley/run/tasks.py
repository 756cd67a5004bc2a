"""What there is to run: pages under profiles, chosen by the state of their records. Imports nothing that runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from galley.config import Profile
from galley.record.model import Record
from galley.record.status import SHOWABLE, has_place, status
from galley.source.cells import SnippetFile
from galley.source.guide import Guide


@dataclass(frozen=True)
class Task:
    """A page to run under a profile; `before` is its last record, which says how much it is likely to need."""

    snippets: SnippetFile
    profile: Profile
    before: Record | None = None
    environment: Mapping[str, str] = field(default_factory=dict)  # what `prepare` answered

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
    chosen = [guide.find(page) for page in pages] or guide.snippets.values()
    found = [status(guide.project, snippets, profile) for snippets in chosen for profile in profiles]
    found = [each for each in found if pages or has_place(guide.project, each)]
    wanted = [each for each in found if everything or each.state not in SHOWABLE]
    return [Task(each.snippets, each.profile, each.record) for each in wanted]
