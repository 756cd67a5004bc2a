"""Finds what changed between a base and the records of today.

In the command. Nothing is run and nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from galley.config import Project
from galley.errors import GalleyError
from galley.kinds import Kinds, kinds_of
from galley.profile import Profile
from galley.record.compare import CellChange, changes
from galley.record.difference import Change, Difference
from galley.record.held import held_pages
from galley.record.model import CellRecord, Name, Record, Shown
from galley.record.move import RECORD
from galley.record.plain import LIST, bytes_of
from galley.record.status import store_of
from galley.review.base import Base, record_in
from galley.review.changed import ORDER, ChangedOutput, Fact, Grave, Item, Page, Review
from galley.review.quotes import quotes
from galley.source.cells import SnippetFile, cut
from galley.source.digest import digest
from galley.source.guide import Guide
from galley.source.parameters import with_values


def review(guide: Guide, base: Base, only: Collection[str] = ()) -> Review:
    """What changed since a base, of all pages or of those that `only` names.

    A page that the guide does not have any more is left out: `galley check` tells of its records.
    """
    kinds, pages, same = kinds_of(guide.project), [], 0
    for snippets in guide.snippets.values():
        if only and snippets.page not in only:
            continue
        for profile in guide.project.profiles:
            if found := _Looked(guide, base, snippets, profile, kinds).page():
                pages.append(found)
            elif Name(snippets.page, profile.name) in base.records:
                same += 1
    before, today = base.held, held_pages(store_of(guide.project))
    held = tuple(each for name, each in today.items() if before.get(name) != each and (not only or name.page in only))
    return Review(base.name, tuple(sorted(pages, key=_gravity)), same, held)


def _gravity(page: Page) -> int:
    return min((ORDER[item.grave] for item in page.items), default=len(ORDER))


def key_of(project: Project, name: Name) -> str:
    """What a user types for a record: the page, and behind an @ the profile where it is not the first required one."""
    return name.page if name.profile == project.required[0].name else f"{name.page}@{name.profile}"


class _Looked:
    """One page under one profile, looked at on both sides."""

    def __init__(self, guide: Guide, base: Base, snippets: SnippetFile, profile: Profile, kinds: Kinds) -> None:
        self.guide, self.base, self.kinds, self.profile = guide, base, kinds, profile
        self.snippets = with_values(snippets, profile.parameters)
        self.name = Name(snippets.page, profile.name)
        self.key = key_of(guide.project, self.name)
        self.path = guide.project.relative(guide.page_file(snippets))

    def page(self) -> Page | None:
        """What changed of it; None where it claims the same."""
        if self._same_claims():
            return None
        was, before = _read(partial(record_in, self.base, self.name))
        now, today = _read(partial(store_of(self.guide.project).read, *self.name))
        if before or today:  # not new and not gone: one of the two is not known
            what = [f"in {self.base.name} {before}"] * bool(before) + [today] * bool(today)
            digests = now.files.values() if now else ()
            return self._made((), [self._item("", Grave.UNREADABLE, "; ".join(what), *digests)], was, now)
        if now is None:
            gone = [self._item("", Grave.GONE, f"{len(was.cells)} cells were recorded")] if was else []
            return self._made((), gone, was) if gone else None
        if was is None:
            return self._made((), [self._new(now)], None, now)
        items = list(self._changed(was, now))
        facts = tuple(_facts(was, now, self.guide.project))
        return self._made(facts, items, was, now) if facts or items else None

    def _same_claims(self) -> bool:
        """Whether both records have the same bytes; the store holds today's outputs against their digests."""
        file = self.guide.project.outputs / self.name.folder / RECORD
        if self.name not in self.base.records or not file.is_file() or file.is_symlink():
            return False
        try:
            return self.base.files(self.name, RECORD).get(RECORD) == bytes_of(file, LIST) and bool(
                store_of(self.guide.project).read(*self.name)
            )
        except (GalleyError, OSError, ValueError):
            return False

    def _made(
        self, facts: tuple[Fact, ...], items: Sequence[Item], was: Record | None = None, now: Record | None = None
    ) -> Page:
        ordered = tuple(sorted(items, key=lambda item: ORDER[item.grave]))
        return Page(self.key, self.profile, self.snippets, self.path, facts, ordered, was, now)

    def _item(self, cell: str, grave: Grave, what: str, *digests: str, **more: Any) -> Item:
        key = f"{self.key}/{cell}" if cell else self.key
        said = digest("\n".join((self.base.name, key, grave, what, *digests)))
        return Item(key, cell, grave, what, said, source=self.snippets.cell(cell), **more)

    def _new(self, now: Record) -> Item:
        new = Difference(Change.STRUCTURE, "is new")
        outputs = [
            ChangedOutput(stored.files[0].file, new, None, shown)
            for cell in now.cells
            for stored, shown in zip(cell.outputs, now.shown(cell), strict=True)
        ]
        what = f"a page that {self.base.name} did not have: {len(now.cells)} cells"
        return self._item("", Grave.NEW, what, *now.files.values(), outputs=tuple(outputs))

    def _changed(self, was: Record, now: Record) -> Iterator[Item]:
        found: dict[str, list[CellChange]] = {}
        for change in changes(was, now, self.snippets, self.kinds, self.guide.project.machine):
            found.setdefault(change.cell.name, []).append(change)
        for name, each in found.items():
            yield self._cell(name, each, was, now)
        for cell in (each for each in was.cells if now.cell(each.name) is None):
            yield self._gone(cell, was)

    def _cell(self, name: str, found: Sequence[CellChange], was: Record, now: Record) -> Item:
        before, after, cell = was.cell(name), now.cell(name), found[0].cell
        outputs = tuple(
            ChangedOutput(
                each.file, each.difference, _shown(was, before, each.file), _shown(now, after, each.file), each.may
            )
            for each in found
        )
        gravest = max((each.difference for each in found), key=lambda each: each.change.gravity)
        digests = [record.files.get(each.file, "") for each in found for record in (was, now)]
        return self._item(
            name,
            Grave(gravest.change.value) if before else Grave.NEW,
            "; ".join(map(str, found)),
            *digests,
            claim="claim" in cell.tags,
            other_code=bool(before and after and before.digest != after.digest),
            outputs=outputs,
            quotes=tuple(quotes(self.guide, self.snippets, name, was, now)),
        )

    def _gone(self, cell: CellRecord, was: Record) -> Item:
        """A cell that the record has no more; whether it was a claim is said by the base's snippet file."""
        relative = self.guide.project.relative(self.snippets.path)
        claim = "claim" in _tags(self.base.source(relative), self.snippets, relative, cell.name)
        gone = Difference(Change.STRUCTURE, "is gone")
        pairs = zip(cell.outputs, was.shown(cell), strict=True)
        outputs = tuple(ChangedOutput(stored.files[0].file, gone, shown) for stored, shown in pairs)
        grave = Grave.CLAIM_GONE if claim else Grave.GONE
        return self._item(cell.name, grave, "the cell is gone", *was.files.values(), claim=claim, outputs=outputs)


def _read(read: Callable[[], Record | None]) -> tuple[Record | None, str]:
    """A record, and why it cannot be read, with the place."""
    try:
        return read(), ""
    except GalleyError as error:
        return None, f"{error.place or ''}: {error.what}"


def _shown(record: Record, cell: CellRecord | None, file: str) -> Shown | None:
    """The output that a file belongs to."""
    pairs = zip(cell.outputs, record.shown(cell), strict=True) if cell else ()
    return next((shown for stored, shown in pairs if any(each.file == file for each in stored.files)), None)


def _tags(source: str, snippets: SnippetFile, relative: Path, cell: str) -> frozenset[str]:
    """The tags that a cell had in an earlier text of its file; none where that cannot be read."""
    try:
        found = cut(source, snippets.path, relative, snippets.grammar).cell(cell)
    except GalleyError:
        return frozenset()
    return frozenset(found.tags) if found else frozenset()


def _facts(was: Record, now: Record, project: Project) -> Iterator[Fact]:
    """What the records say of their runs otherwise: versions, the hook's facts, settings, and files that were used."""
    then, today = was.environment, now.environment
    if then.python.split(".")[:2] != today.python.split(".")[:2]:
        yield Fact("Python", then.python, today.python)
    yield from _pairs(then.packages, today.packages)
    machine = project.machine
    yield from (each for each in _pairs(then.provenance, today.provenance) if each.name not in machine)
    settings = _pairs(was.settings, now.settings) if was.settings else ()  # older records note none
    yield from (Fact(f"the setting {each.name}", each.was, each.now) for each in settings)
    used = [{(each.path, each.part): each.sha256[:12] for each in record.dependencies} for record in (was, now)]
    for path, part in sorted(used[0].keys() | used[1].keys()):
        before, after = (each.get((path, part), "") for each in used)
        if before != after:
            yield Fact(f"{part} in {path}" if part else path, before, after)
    codes = [each for each in chain(now.cells) if (old := was.cell(each.name)) and old.digest != each.digest]
    if codes:
        yield Fact("the code of cells", "", ", ".join(each.name for each in codes))


def _pairs(was: Any, now: Any) -> Iterator[Fact]:
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            yield Fact(name, *(_text(each[name]) if name in each else "" for each in (was, now)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
