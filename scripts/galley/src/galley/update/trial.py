"""What a release really changes: the pages that it can touch run with it, and are held against their records.

In the command. The release is installed into a scratch environment, in front of the packages of this one, and the pages
run there in a copy of the project. Nothing of the project changes: records are written in the copy alone.

A page can differ from its record for this machine's sake. So one that does runs once more without the release, and only
what differs between these two runs is the release's.
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
from galley.record.facts import canonical, installed, other_versions
from galley.record.held import seen
from galley.record.model import Name, Record
from galley.record.status import SHOWABLE, Status, status, store_of
from galley.record.store import Store
from galley.run.failure import Failure
from galley.source.guide import Guide
from galley.system import scratch
from galley.update.affected import Affected
from galley.update.copied import copied
from galley.update.environment import Ended, ScratchEnvironment, Tell
from galley.words import counted

SLOW = "took longer than "  # what is said of a page, or of a cell, that ran out of time


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
            done |= {each.name: each for each in _Trial(guide.project, found, folder, tell).run(ready)}
    return tuple(done[each.name] for each in pages)


def _status(guide: Guide, name: Name) -> Status:
    return status(guide.project, guide.find(name.page), guide.project.profile(name.profile))


def _unknown(name: Name, why: str) -> Tried:
    return Tried(*name, Outcome.UNKNOWN, (Difference("", why),))


class _Trial:
    """One release in its scratch environment, and the copy of the project that runs with it and without it."""

    def __init__(self, project: Project, release: Affected, folder: Path, tell: Tell) -> None:
        self.project, self.release, self.folder, self.tell = project, release, folder, tell
        self.copy = folder / "project"
        self._environments: dict[str, ScratchEnvironment] = {}

    def run(self, pages: list[Status]) -> Iterator[Tried]:
        """What became of each page."""
        copied(self.project, self.copy)
        release = self._environment(self.release.new)
        for profile in self.project.profiles:
            under = [each for each in pages if each.profile.name == profile.name]
            runs = self._runs(release, under, "in a copy of the project") if under else {}
            with_it = {page.name: self._compared(page, page.record, runs[page.name]) for page in under}
            yield from self._held_against(under, runs, with_it)

    def _held_against(
        self, pages: list[Status], runs: dict[Name, Record | Tried], with_it: dict[Name, Tried]
    ) -> Iterator[Tried]:
        """What became of pages, where those that differ from their record run without the release too."""
        again = [each for each in pages if with_it[each.name].outcome in (Outcome.CHANGES, Outcome.FAILS)]
        old = self.release.old
        without = self._runs(self._environment(old), again, f"with {old} again") if again else {}
        for page in pages:
            control = without.get(page.name)
            if isinstance(control, Record):
                yield self._compared(page, control, runs[page.name])
            elif control and control.outcome is Outcome.FAILS:
                yield _unknown(page.name, f"it fails without the release too: {control.differences[0].what}")
            else:
                yield with_it[page.name]

    def _environment(self, version: str) -> ScratchEnvironment:
        """The environment with a version of the package; what is installed here need not be fetched."""
        if version not in self._environments:
            made = self._environments[version] = ScratchEnvironment.make(self.folder / f"env-{version}")
            if (installed(self.release.name) or "").partition("+")[0] != version:
                named = f"{self.release.name}=={version}"
                self.tell(f"installing {named} into a scratch environment")
                made.install([named])
        return self._environments[version]

    def _runs(self, environment: ScratchEnvironment, pages: list[Status], how: str) -> dict[Name, Record | Tried]:
        """The new record of each page, or why there is none; the pages are all of one profile."""
        profile = pages[0].profile.name
        self.tell(f"running {counted(len(pages), 'page')} ({profile}) {how}")
        store = store_of(find_project(self.copy))
        for each in pages:  # a record that is there afterwards is of this run
            shutil.rmtree(store.folder / each.name.folder, ignore_errors=True)
        command = ["run", "--all", "--held", "--profile", profile, "--", *(each.name.page for each in pages)]
        ended = environment.galley(command, self.copy, self.tell, CI="")
        return {each.name: _read(store, each.name) or _failed(each.name, ended) for each in pages}

    def _compared(self, page: Status, old: Record | None, fresh: Record | Tried) -> Tried:
        """What differs between an old record of a page and its run with the release."""
        if isinstance(fresh, Tried):
            return fresh
        assert old is not None, "a record that can be shown is there"
        found = changes(old, fresh, page.snippets, kinds_of(self.project), self.project.machine)
        wrong = tuple(Difference(each.cell.name, str(each)) for each in found if not each.may)
        others = other_versions(old.environment, fresh.environment)
        own = canonical(self.release.name)
        also = tuple(each for each in others if canonical(each.partition(" ")[0]) != own)
        return Tried(*page.name, Outcome.CHANGES if wrong else Outcome.SAME, wrong, also)


def _read(store: Store, name: Name) -> Record | None:
    try:
        return store.read(*name)
    except GalleyError:
        return None


def _failed(name: Name, ended: Ended) -> Tried:
    """What is said of a page without a new record; one that ran out of time tells nothing of the release."""
    _, why = Failure.read(ended.said, *name)
    if not why or SLOW in why:
        return _unknown(name, why or seen(f"it did not run here{ended.error}"))
    cell, _, rest = why.removeprefix("cell ").partition(": ") if why.startswith("cell ") else ("", "", why)
    return Tried(*name, Outcome.FAILS, (Difference(cell, rest),))
