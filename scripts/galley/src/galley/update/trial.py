"""What a release really changes: the pages that it can touch run with it, and are held against their records.

In the command. The release is installed into a scratch environment, in front of the packages of this one, and the pages
run there in a copy of the project. Nothing of the project changes: records are written in the copy alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from galley.config import Project, find_project
from galley.errors import GalleyError
from galley.kinds import kinds_of
from galley.record.compare import changes
from galley.record.facts import canonical, other_versions
from galley.record.held import seen
from galley.record.model import Name, Record
from galley.record.status import SHOWABLE, Status, status, store_of
from galley.run.failure import Failure
from galley.source.guide import Guide
from galley.system import scratch
from galley.update.affected import Affected
from galley.update.copied import copied
from galley.update.environment import Ended, ScratchEnvironment, Tell
from galley.words import counted


class Outcome(StrEnum):
    """What became of a page with another release."""

    SAME = "same"
    CHANGES = "changes"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Difference:
    """What differs, and in which cell; of a page that failed, why. The cell is empty where none is known."""

    cell: str
    what: str


@dataclass(frozen=True)
class Tried:
    """A page that was to run with the release; `also` are other versions than the record's that it ran with."""

    page: str
    profile: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def name(self) -> Name:
        """The page and the profile."""
        return Name(self.page, self.profile)


def tried(guide: Guide, found: Affected, tell: Tell) -> tuple[Tried, ...]:
    """Run each page that the release can touch, and compare; pages whose record is not true are not run."""
    pages = [_status(guide, Name(each.page, each.profile)) for each in found.touched]
    ready = [each for each in pages if each.state in SHOWABLE]
    done = {each.name: _unknown(each.name, f"its record is {each.state}: {each.mend}") for each in pages}
    if ready:
        with scratch("galley-trial-") as folder:
            trial = _Trial(guide.project, found, folder, tell)
            done |= {each.name: each for each in trial.run(ready)}
    return tuple(done[each.name] for each in pages)


def _status(guide: Guide, name: Name) -> Status:
    return status(guide.project, guide.find(name.page), guide.project.profile(name.profile))


def _unknown(name: Name, why: str) -> Tried:
    return Tried(*name, Outcome.UNKNOWN, (Difference("", why),))


class _Trial:
    """One release in its scratch environment, and the copy of the project that runs with it."""

    def __init__(self, project: Project, release: Affected, folder: Path, tell: Tell) -> None:
        self.project, self.release, self.tell = project, release, tell
        self.environment = ScratchEnvironment.make(folder / "env")
        self.copy = folder / "project"

    def run(self, pages: list[Status]) -> Iterator[Tried]:
        """What became of each page."""
        named = f"{self.release.name}=={self.release.new}"
        self.tell(f"installing {named} into a scratch environment")
        self.environment.install([named])
        copied(self.project, self.copy)
        for profile in self.project.profiles:
            if under := [each for each in pages if each.profile.name == profile.name]:
                yield from self._under(profile.name, under)

    def _under(self, profile: str, pages: list[Status]) -> Iterator[Tried]:
        self.tell(f"running {counted(len(pages), 'page')} ({profile}) in a copy of the project")
        store = store_of(find_project(self.copy))
        for each in pages:  # a record that is there afterwards is of this run
            shutil.rmtree(store.folder / each.name.folder, ignore_errors=True)
        names = [each.name.page for each in pages]
        command = ["run", "--all", "--held", "--profile", profile, "--", *names]
        ended = self.environment.galley(command, self.copy, self.tell, CI="")
        for each in pages:
            try:
                fresh = store.read(*each.name)
            except GalleyError:
                fresh = None
            yield self._compared(each, fresh) if fresh else _failed(each.name, ended)

    def _compared(self, page: Status, fresh: Record) -> Tried:
        old = page.record
        assert old is not None, "a record that can be shown is there"
        found = changes(old, fresh, page.snippets, kinds_of(self.project), self.project.machine)
        wrong = tuple(Difference(each.cell.name, str(each)) for each in found if not each.may)
        others = other_versions(old.environment, fresh.environment)
        own = canonical(self.release.name)
        also = tuple(each for each in others if canonical(each.partition(" ")[0]) != own)
        return Tried(*page.name, Outcome.CHANGES if wrong else Outcome.SAME, wrong, also)


def _failed(name: Name, ended: Ended) -> Tried:
    """What is said of a page without a new record."""
    _, why = Failure.read(ended.said, *name)
    if not why:
        return _unknown(name, seen(f"it did not run here{ended.error}"))
    cell, _, rest = why.removeprefix("cell ").partition(": ") if why.startswith("cell ") else ("", "", why)
    return Tried(*name, Outcome.FAILS, (Difference(cell, rest),))
