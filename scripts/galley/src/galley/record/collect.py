"""Takes the records of shards into this checkout: each is verified as `galley check` would, and taken as a whole.

In the command. The folders come from other machines, and may hold anything. Before anything is taken, each is looked
through: what is no record refuses its folder, and no link is followed. A record that is not true of this checkout, or
of which two folders have different ones, is refused, and its old one stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote

from galley.config import Project
from galley.errors import GalleyError, NotTrueError, Place, RefusedError, UsageError
from galley.record import shard
from galley.record.beside import FRESH
from galley.record.findings import Knows, not_shown
from galley.record.held import HELD, held_pages
from galley.record.manifest import SIGNATURE, manifests
from galley.record.model import Name
from galley.record.plain import most_of
from galley.record.shard import Note
from galley.record.status import SHOWABLE, State, Status, status, store_of
from galley.record.store import FOOTPRINTS, IS_LINK, LINK_MEND, STAGING, plain_bytes
from galley.record.whole import UPGRADE
from galley.source.guide import Guide

FOREIGN = "is no record, and no file that galley keeps beside records"
FOREIGN_MEND = "name the folder of a shard's records alone, such as a copy of its snippets/outputs"
OF_NOBODY = "is the record of a page or profile that this checkout does not have"
AGAIN = "mend that, and collect again"
SAME_COMMIT = "collect into the commit that the shards ran"

BESIDE = (STAGING, FRESH, HELD, FOOTPRINTS)  # what galley keeps in the folder of the records beside them


@dataclass
class Collected:
    """What came of it: `taken` and `same` are the pages whose records were taken, or were here already.

    `missing` says in a line each what no shard has done, and with which command it is had.
    """

    taken: list[Name] = field(default_factory=list)
    same: list[Name] = field(default_factory=list)
    refused: list[GalleyError] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """The folder of one shard: its path, the project as it is there, its note if it has one, and what is to take."""

    folder: Path
    project: Project
    note: Note | None
    pages: tuple[Name, ...]


def collect(guide: Guide, folders: Sequence[Path], kinds: Knows) -> Collected:
    """Take the records that shards made from their folders.

    Of a folder with the note of a shard, the pages that the shard has done are taken; of any other folder each record
    that is not here. Raises RefusedError or UsageError, with nothing taken, where a folder is not one of records or the
    shards are of different runs.
    """
    if os.environ.get("CI"):
        raise RefusedError("CI writes no records", mend="collect where somebody reviews and commits them")
    sources = [_source(guide, folder) for folder in folders]
    _of_one_run(sources)
    found = Collected()
    for key in sorted({key for source in sources for key in source.pages}):
        try:
            _take(guide, key, [source for source in sources if key in source.pages], kinds, found)
        except GalleyError as error:
            found.refused.append(error)
        except OSError as error:  # what was taken before is told all the same
            at = Place(Path(os.fsdecode(error.filename or store_of(guide.project).shown(*key))))
            found.refused.append(GalleyError(f"the system refuses: {error.strerror or error}", at, AGAIN))
    found.missing = list(_missing(guide, sources))
    return found


def _source(guide: Guide, folder: Path) -> Source:
    """A shard's folder, looked through."""
    if folder.is_symlink() or not folder.is_dir():
        what = IS_LINK if folder.is_symlink() else "is no folder"
        raise UsageError(what, Place(folder), LINK_MEND if folder.is_symlink() else FOREIGN_MEND)
    there = replace(guide.project, outputs=folder.absolute())
    store, names = store_of(there), sorted(path.name for path in folder.iterdir())
    notes = [name for name in names if shard.NAME.fullmatch(name)]
    if len(notes) > 1:
        raise RefusedError(
            f"has the notes of two shards: {', '.join(notes)}", Place(folder), "name one folder for each shard"
        )
    known = {name for each in manifests(there) for name in (each, each + SIGNATURE)} | {*notes, *BESIDE}
    pages = []
    for name in names:
        if name in known and not (folder / name).is_symlink():
            continue
        pages += [Name.of_folder(name, profile) for profile in _inside(folder / name)]
    note = shard.read(store, notes[0]) if notes else None
    return Source(folder, there, note, note.done if note else tuple(pages))


def _inside(page: Path) -> Iterator[str]:
    """The profiles in a page's folder. Raises RefusedError where it is none, or holds anything but folders."""
    for path in (page, *sorted(page.iterdir() if page.is_dir() and not page.is_symlink() else ())):
        if path.is_symlink() or not path.is_dir():
            raise RefusedError(IS_LINK if path.is_symlink() else FOREIGN, Place(path), FOREIGN_MEND)
        if path != page:
            yield path.name


def _of_one_run(sources: Iterable[Source]) -> None:
    """Raises RefusedError where two folders are of different runs, or of the same shard."""
    first: Source | None = None
    seen: dict[int, Path] = {}
    for each in sources:
        if each.note is None:
            continue
        first = first or each
        assert first.note is not None
        if (each.note.asked, each.note.plan) != (first.note.asked, first.note.plan):
            what = f"is a shard of another run than {first.folder}: another commit, other options, or another count"
            raise RefusedError(what, Place(each.folder), "name the folders of one run")
        if other := seen.get(each.note.part.number):
            raise RefusedError(
                f"is shard {each.note.part}, and so is {other}", Place(each.folder), "leave one of them out"
            )
        seen[each.note.part.number] = each.folder


def _take(guide: Guide, key: Name, sources: Sequence[Source], kinds: Knows, found: Collected) -> None:
    """Take a page's record from the one of these folders that has it; raises GalleyError where it cannot be."""
    store, (page, profile) = store_of(guide.project), key
    snippets = next((each for each in guide.snippets.values() if each.page == page), None)
    if snippets is None or profile not in {each.name for each in guide.project.profiles}:
        raise RefusedError(OF_NOBODY, Place(sources[0].folder / key.folder), SAME_COMMIT)
    here = status(guide.project, snippets, guide.project.profile(profile))
    states = [(each, status(each.project, snippets, guide.project.profile(profile), holds=False)) for each in sources]
    new = [(each, at) for each, at in states if at.record != here.record or each.note]
    if not new or all(at.record == here.record and at.state in SHOWABLE for _, at in new):
        found.same.append(key)
        return
    source, at = new[0]
    if held := held_pages(store).get(key):
        mend = f"keep it so, or take its entry out of {store.relative / HELD}, and collect again"
        raise RefusedError(f"{page} ({profile}) is {held}", Place(source.folder / key.folder), mend)
    for each, other in new:
        _verify(each, other, kinds)
        if at.record != other.record:
            what = f"differs from the one in {source.folder / key.folder}, and both are true"
            raise RefusedError(what, Place(each.folder / key.folder), "leave one of the two folders out")
    store.put_back(page, profile, _files(source, key))
    found.taken.append(key)


def _files(source: Source, name: Name) -> dict[str, bytes]:
    """The bytes of each file of a record: they are taken as they are, since they may be signed."""
    folder = source.folder / name.folder
    return {path.name: plain_bytes(folder, path.name, folder, most_of(path.name)) for path in folder.iterdir()}


def _verify(source: Source, at: Status, kinds: Knows) -> None:
    """Raises GalleyError where a shard's record is not true of this checkout, or nobody could show it."""
    place = Place(source.folder / at.name.folder)
    mend = f"run the page there again, and take its folder anew: galley run {quote(at.snippets.page)}"
    mend += "" if at.profile.required else f" --profile {quote(at.profile.name)}"
    if at.state is State.NEWER:
        raise NotTrueError("; ".join(each.what for each in at.reasons), place, UPGRADE)
    if at.state not in SHOWABLE:
        said = "; ".join(f"{each.place}: {each.what}" for each in at.reasons)
        raise NotTrueError(f"the record is {at.state} in this checkout: {said}", place, f"{SAME_COMMIT}, or {mend}")
    for fault in not_shown(source.project, at, kinds):
        raise NotTrueError(fault.what, fault.place, mend)


def _missing(guide: Guide, sources: Sequence[Source]) -> Iterator[str]:
    """What no shard has done, a line for each shard; without any note, what has no true record here."""
    notes = {each.note.part.number: each.note for each in sources if each.note}
    if not notes:
        for snippets in guide.snippets.values():
            for profile in guide.project.required:
                found = status(guide.project, snippets, profile)
                if found.state not in SHOWABLE:
                    yield f"{found.name} is {found.state}: {found.mend}"
        return
    one = next(iter(notes.values()))
    for number, pages in enumerate(one.plan, start=1):
        part = shard.Part(number, one.part.of)
        left = [key for key in pages if number not in notes or key not in notes[number].done]
        if left:
            named = ", ".join(map(str, left[:3]))
            more = f" and {len(left) - 3} more" if len(left) > 3 else ""
            whose = "not all done" if number in notes else "not among the folders"
            yield f"shard {part} is {whose}: {named}{more}: galley run --shard {part}, with the options of the run"
