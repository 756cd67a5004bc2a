"""`galley update --apply`: the move of a guide to other releases, as one branch that can be reviewed.

In the command. All work is done in a copy of the project at its last commit, in a scratch environment. What runs
well is recorded there; a page that fails keeps its record and is held. Only at the end a branch appears, with one
commit. Until then nothing of the project has changed, and whoever is killed leaves nothing but temporary files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import split

from galley.config import Project, find_project
from galley.errors import Exit, GalleyError, RefusedError, UsageError
from galley.record.days import today
from galley.record.facts import canonical
from galley.record.held import Held, hold, seen
from galley.record.model import Name
from galley.record.move import RECORD
from galley.record.plain import LIST, bytes_of, is_plain
from galley.record.status import store_of
from galley.run.failure import Failure
from galley.source.guide import read_guide
from galley.source.places import python_files
from galley.system import scratch
from galley.update.affected import Affected, affected
from galley.update.branch import Copy, can_branch, can_commit
from galley.update.environment import Ended, ScratchEnvironment, Tell
from galley.update.links import MovedLink, rewritten
from galley.update.pins import Pin, move, others, pins
from galley.update.texts import put_text, text_of
from galley.words import counted

SHORT = 300  # characters of a reason why a page is held
SINCE = 12  # characters of the name of a commit, by which people call it


@dataclass
class Update:
    """What an update did: the branch, the pages that were recorded anew, and those that are held."""

    branch: str
    moved: dict[str, tuple[str, str]] = field(default_factory=dict)  # the versions, by the package's name
    pages: list[str] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    links: int = 0
    lost: list[MovedLink] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What an update is asked for: releases as names and versions, the branch, which pages run, and where to review."""

    wanted: Sequence[tuple[str, str]]
    branch: str = ""
    everything: bool = False
    footprints: bool = True
    html: str = ""


def apply(project: Project, plan: Plan, tell: Tell) -> Update:
    """Make the branch. Raises RefusedError in CI and where the branch is there, UsageError for a package not pinned."""
    if os.environ.get("CI"):
        raise RefusedError("CI writes no records, and an update records pages", mend="run it where you can review it")
    pinned = pins(project)
    for name, _ in plan.wanted:
        if canonical(name) not in pinned:
            known = ", ".join(sorted(each.name for each in pinned.values())) or "none"
            raise UsageError(f"no file pins {name} to a version", mend=f"packages with a pin: {known}")
    with scratch("galley-update-") as folder:
        copy = Copy.make(project.root, folder)
        can_commit(copy.repository)  # and not after hours, when the pages have run
        if plan.branch:
            can_branch(copy.repository, plan.branch)
        if copy.dirty:
            tell(f"the update starts from commit {copy.commit[:SINCE]}; files that differ from it stay out of it")
        environment = ScratchEnvironment.make(folder / "env")
        tell(f"installing {', '.join(_requirement(each) for each in plan.wanted)} into a scratch environment")
        environment.install([_requirement(each) for each in plan.wanted])
        work = _Work(copy, environment, pinned, plan, tell)
        return work.done()


def _requirement(each: tuple[str, str]) -> str:
    return "==".join(part for part in each if part)


class _Work:
    """An update in its copy."""

    def __init__(
        self, copy: Copy, environment: ScratchEnvironment, pinned: dict[str, Pin], plan: Plan, tell: Tell
    ) -> None:
        self.copy, self.environment, self.pinned, self.plan, self.tell = copy, environment, pinned, plan, tell
        self.project = find_project(copy.root)
        self.store = store_of(self.project)
        self.before = copy.folder.parent / "before"
        if self.project.outputs.is_dir():
            shutil.copytree(self.project.outputs, self.before, symlinks=True)

    def done(self) -> Update:
        """Do all of it, and make the branch."""
        moved = self._versions()
        if not moved:
            raise UsageError("nothing moves: these versions are the pinned ones already", mend="galley update")
        named = "-".join(f"{name}-{new}" for name, (_, new) in list(moved.items())[:1])
        update = Update(self.plan.branch or f"update/{named}", moved)
        can_branch(self.copy.repository, update.branch)
        found = affected(read_guide(self.project), [(name, new) for name, (_, new) in moved.items()])
        for line in move(self.project, {canonical(name): new for name, (_, new) in moved.items()}):
            self.tell(line)
        self._relock(update)
        self._links(found, update)
        self._run(found, update)
        update.todo += [f"{file} still names an old version" for file in others(self.project, moved)]
        if self.plan.html:
            self._review()
        self.copy.branch(update.branch, _message(update), self.project.outputs)
        return update

    def _versions(self) -> dict[str, tuple[str, str]]:
        """The pinned packages that are of another version there, with both versions; what was asked for first."""
        here = self.environment.versions([pin.name for pin in self.pinned.values()])
        order = [canonical(name) for name, _ in self.plan.wanted]
        names = sorted(here, key=lambda name: (canonical(name) not in order, canonical(name)))
        return {
            name: (self.pinned[canonical(name)].version, here[name])
            for name in names
            if here[name] != self.pinned[canonical(name)].version and (canonical(name) in order or self._moved(name))
        }

    def _moved(self, name: str) -> bool:
        """Whether a package stands in the scratch environment itself: what stands behind it is not the update's."""
        there = (path.name.partition("-")[0] for path in self.environment.packages.glob("*.dist-info"))
        return canonical(name) in {canonical(each) for each in there}

    def _relock(self, update: Update) -> None:
        """Let the guide's own command make its locks anew; where it fails, somebody has to run it on the branch."""
        if not self.project.relock:
            return
        self.tell(f"making the locks anew: {self.project.relock}")
        try:
            ended = self.environment.command(split(self.project.relock), self.copy.root)
        except ValueError as error:  # a quotation mark without its partner
            ended = Ended(Exit.BAD_INPUT, str(error))
        if ended.code:
            last = (ended.said.strip().splitlines() or ["it said nothing"])[-1]
            update.todo.append(f"{self.project.relock}: ended with {ended.code}: {last[:SHORT]}; run it on the branch")

    def _links(self, found: Sequence[Affected], update: Update) -> None:
        """Let the links into the packages' sources lead to the new version and line."""
        for each in found:
            for link in each.links:
                if not link.new_url:
                    update.lost.append(link)
                    continue
                update.links += 1
        urls = {link.url: link.new_url for each in found for link in each.links if link.new_url}
        files = [*self.project.docs.rglob("*.md"), *python_files(self.project, [])]
        for file in files:
            text = text_of(self.copy.root, file)
            if text is not None and (new := rewritten(text, urls)) != text:
                put_text(file, new)

    def _run(self, found: Sequence[Affected], update: Update) -> None:
        """Run the pages that can change, under each profile that they are recorded under; hold those that fail."""
        chosen: dict[str, list[str]] = {}
        for each in found:
            for page in each.touched:
                chosen.setdefault(page.profile, []).append(page.page)
        if self.plan.everything:
            chosen = {}
            for page_name, profile in self.store.folders():
                chosen.setdefault(profile, []).append(page_name)
        for profile, names in chosen.items():
            pages = list(dict.fromkeys(names))
            self.tell(f"running {counted(len(pages), 'page')} ({profile})")
            ended = self.environment.galley(["run", "--all", "--profile", profile, *pages], self.copy.root, self.tell)
            self._sort_out(pages, profile, ended, update)
            good = [page for page in pages if f"{page} ({profile})" in update.pages]
            if self.plan.footprints and good:
                self.tell(f"noting {counted(len(good), 'footprint')} ({profile})")
                self.environment.galley(["run", "--footprint", "--profile", profile, *good], self.copy.root, self.tell)

    def _sort_out(self, pages: Sequence[str], profile: str, ended: Ended, update: Update) -> None:
        """Tell the pages that were recorded from those that failed, and hold the latter."""
        versions = {name: new for name, (_, new) in update.moved.items()}
        fresh = []
        for page in pages:
            why = Failure.read(ended.said, page, profile)[1][:SHORT]
            if self._is_new(page, profile) or (not why and self._is_of(page, profile, update)):
                update.pages.append(f"{page} ({profile})")
                continue
            reason = seen(why) or seen(f"it did not run under {profile} here{ended.error}")[:SHORT]
            fresh.append(Held(page=page, profile=profile, since=today(), reason=reason, versions=versions))
        if fresh:
            hold(self.store, fresh)
            update.held += fresh

    def _is_new(self, page: str, profile: str) -> bool:
        """Whether a record is another than before: a page is recorded only if it ran well, whatever others print."""
        now, before = (each / Name(page, profile).folder / RECORD for each in (self.store.folder, self.before))
        try:
            return self.store.read(page, profile) is not None and not (
                is_plain(before) and bytes_of(before, LIST) == bytes_of(now, LIST)
            )
        except (GalleyError, OSError, ValueError):
            return False

    def _is_of(self, page: str, profile: str, update: Update) -> bool:
        """Whether the record of a page is of the new versions."""
        try:
            record = self.store.read(page, profile)
        except GalleyError:
            return False
        known = {canonical(name): version for name, version in record.environment.packages.items()} if record else {}
        return bool(record) and all(
            known.get(canonical(name), new).partition("+")[0] == new for name, (_, new) in update.moved.items()
        )

    def _review(self) -> None:
        """Write the review of the new records since the commit; on the new branch, each of its commands holds."""
        where, since = str(Path(self.plan.html).resolve()), self.copy.commit[:SINCE]
        self.environment.galley(["review", since, "--html", where], self.copy.root, self.tell, **self.copy.variables)


def _message(update: Update) -> str:
    """The message of the commit."""
    moves = [f"{name} {old} to {new}" for name, (old, new) in update.moved.items()]
    lines = [f"Update {moves[0]}", ""]
    lines += [f"Moved: {each}" for each in moves]
    lines += [f"Recorded anew: {', '.join(update.pages)}"] if update.pages else []
    lines += [f"Held: {each.page} ({each.profile}): {each.reason}" for each in update.held]
    lines += [f"Links into the source moved: {update.links}"] if update.links else []
    lines += [f"Leads nowhere in the new release: {each.place}: {each.url}" for each in update.lost]
    return "\n".join(lines) + "\n"
