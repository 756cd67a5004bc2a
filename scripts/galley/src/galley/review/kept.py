"""What a review keeps below `.cache`: what was accepted, and the records that something was put back over.

In the command. What was accepted stands in one file. A review changes only its own decisions in it: those that were
made against another base, or on pages that it did not look at, stay. A record that is put back over is kept in a folder
of records of its own. No link is followed to either.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from shlex import quote

import msgspec

from galley import system
from galley.config import Project
from galley.errors import GalleyError, Place, RefusedError
from galley.record.beside import put
from galley.record.model import Name, Record
from galley.record.move import RECORD, RUN, is_own
from galley.record.plain import most_of
from galley.record.status import store_of
from galley.record.store import Store, plain_bytes
from galley.record.whole import move_out
from galley.record.written import to_json, to_run
from galley.site.build import work_folder

FILE = "review.json"
FORMAT = 1
REJECTED = "rejected"  # records that were put back over
DAMAGED = "damaged"  # the files of such that nobody could read as a record
MOST = 10_000  # decisions that are kept, the last ones
State = tuple[str, str]  # the key of an item, and what it was and is


class _Accepted(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    state: str
    decision: str = "accept"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    items: list[_Accepted]
    format: int = FORMAT


def accepted(project: Project) -> list[State]:
    """What was accepted so far, by this review and by others. Raises GalleyError where that cannot be read."""
    folder = work_folder(project)
    if not os.path.lexists(folder / FILE):
        return []
    relative = project.relative(folder)
    data = plain_bytes(folder, FILE, relative, mend=_mend(relative))
    try:
        found = msgspec.json.decode(data, type=_File)
        if found.format != FORMAT or any(each.decision != "accept" for each in found.items):
            raise ValueError(
                'each item has a "key", a "state", and the "decision" accept; others go to --decisions FILE'
            )
    except ValueError as error:
        what = f"is no list of what was accepted: {error}"
        raise GalleyError(what, Place(relative / FILE), _mend(relative)) from error
    return [(each.key, each.state) for each in found.items]


def keep(project: Project, fresh: Iterable[State], gone: Iterable[State] = ()) -> None:
    """Keep what is accepted now beside what was accepted before, by whatever review, and forget what is not any more.

    The file is written whole or not at all.
    """
    folder, out = work_folder(project), set(gone)
    with system.locked(folder, alone=True):
        known = accepted(project)
        now = [each for each in dict.fromkeys((*known, *fresh)) if each not in out][-MOST:]
        if now != known:
            items = [{"key": key, "decision": "accept", "state": state} for key, state in now]
            text = json.dumps({"format": FORMAT, "items": items}, indent=1) + "\n"
            put(folder, project.relative(folder), FILE, text.encode())


def set_aside(project: Project, name: tuple[str, str], record: Record | None) -> list[str]:
    """Keep the record of a page and profile that is put back over; returns how it is had again.

    Where it cannot be read as a record, what it was, `record` is None, and its files are kept as they are.
    """
    page, profile = name
    if record is None:
        return _damaged(project, page, profile)
    store = _store(project, REJECTED)
    store.put_back(page, profile, {**record.contents, RECORD: to_json(record).encode(), RUN: to_run(record).encode()})
    folder = quote(store.relative.as_posix())
    return [
        f"    the new one is kept; to have it again: galley review {folder} --only {quote(page)} --reject {quote(page)}"
    ]


def _damaged(project: Project, page: str, profile: str) -> list[str]:
    """Keep the plain files of a record that is none, in a folder that is new."""
    there = store_of(project)
    folder, relative = there.folder_of(page, profile), there.shown(page, profile)
    there.see_way(page, profile)
    present = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208  names are all it takes
    names = [name for name in sorted(present) if is_own(name)]
    if not names:
        return []
    files = {name: plain_bytes(folder, name, relative, most_of(name), move_out(name)) for name in names}
    above = work_folder(project) / DAMAGED
    if above.is_symlink():
        shown = Place(project.relative(above))
        raise RefusedError("is a link, and galley follows none to what it writes", shown, "remove the link")
    above.mkdir(exist_ok=True)
    place = above / f"{'-'.join(Name(page, profile).folder.parts)}-{os.urandom(4).hex()}"
    place.mkdir()
    for name, data in files.items():
        (place / name).write_bytes(data)
    return [f"    the files that could not be read are kept in {project.relative(place).as_posix()}"]


def _store(project: Project, name: str) -> Store:
    folder = work_folder(project) / name
    return Store(folder, project.relative(folder))


def _mend(relative: Path) -> str:
    return f"mend it, or move it away, and accept again: {quote((relative / FILE).as_posix())}"
