"""Records on disk: `outputs/<page>/<profile>/` written so that an interrupted write is seen.

In the command and in the builder.

The new record is first written in full into the folder `.staging`, and then moved into the record's own folder in an
order that shows every interruption (`record.move`). A folder with outputs and without a `record.json` is torn: a move
was interrupted. Who reads it next, or writes any record, ends the move with what still lies in `.staging`. And where
the outputs differ from what `record.json` says of them, something else than galley changed them.

galley removes only files that a record names. After an interruption `replacing.json` tells the next writer which files
those are. Nothing is read or written through a symbolic link, since it could lead to the user's own files.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from galley import system
from galley.errors import GalleyError, Place, RefusedError
from galley.record.model import FORMAT, JOINT, Name, Record
from galley.record.move import OWN, RECORD, REPLACING, RUN, beside, content, interrupted, is_own, move, named
from galley.record.plain import LIST, NotPlainError, TooLargeError, bytes_of, fits, is_plain, most_of
from galley.record.whole import UPGRADE, NewerRecordError, TamperedError, TornError, move_out, whole
from galley.record.written import to_json, to_run

STAGING = ".staging"
FOOTPRINTS = ".footprints"  # the folder of what `galley.record.footprints` keeps
NOT_PLAIN = "is no plain file, and records have none but such"
NO_FOLDER = "is no folder, and records are kept in folders"
IS_LINK = "is a link, and galley follows none to its records"
LINK_MEND = "remove the link; records are plain folders and files"
SHORTEN = "print or show less in the page, or set a lower output_limit under [tool.galley]"
PLAIN_MEND = "move it away; records are plain folders and files"


@dataclass(frozen=True)
class Store:
    """The folder that holds every record; `relative` is its path in messages."""

    folder: Path
    relative: Path

    def folder_of(self, page: str, profile: str) -> Path:
        """The folder of the record of a page under a profile."""
        return self.folder / Name(page, profile).folder

    def shown(self, page: str, profile: str) -> Path:
        """The path of this folder in messages."""
        return self.relative / Name(page, profile).folder

    def read(self, page: str, profile: str) -> Record | None:
        """The record, None where there is none.

        Raises TornError, TamperedError or NewerRecordError where it cannot be shown.
        """
        try:
            with self._locked(alone=False):
                return self._read(page, profile)
        except TornError:
            if not self._end_move():
                raise
        with self._locked(alone=False):
            return self._read(page, profile)

    def _end_move(self) -> bool:
        """End the move that a writer began and did not live to end; return whether there was one.

        In CI, or where this user may not write, the record stays torn.
        """
        staged = self.folder / STAGING
        if os.environ.get("CI") or not (staged / RECORD).exists():
            return False
        try:
            with self._locked(alone=True):
                self.see_staging()
                return self._moved()
        except (GalleyError, OSError):
            return False

    def _moved(self) -> bool:
        """As `_end_move`, for who holds the lock alone; raises TamperedError where something stands in the way."""
        staged = self.folder / STAGING
        if not (found := interrupted(staged, self.folder)):
            return False
        move(staged, self.folder_of(found.page, found.profile), found, self._removable(found))
        staged.rmdir()
        return True

    def _read(self, page: str, profile: str) -> Record | None:
        folder = self.folder_of(page, profile)
        relative = self.shown(page, profile)
        self.see_way(page, profile)
        try:
            present = set(os.listdir(folder))  # noqa: PTH208  names are all it takes, and a guide has many records
        except FileNotFoundError:
            return None
        if REPLACING in present:
            _plain(folder, REPLACING, relative)
            present.remove(REPLACING)
        if not present:
            return None
        return whole(
            page, profile, present, lambda name: plain_bytes(folder, name, relative, most_of(name)), self.relative
        )

    def write(self, record: Record) -> None:
        """Replace the record and its files, all or nothing, and remove what an interrupted write left in `.staging`.

        Raises RefusedError where the variable `CI` is set: CI compares records and writes none. Raises TamperedError
        where the folder holds a file that no record names, and NewerRecordError where the old record is of a newer
        galley; in both cases nothing is changed.
        """
        fresh = replace(record, format=FORMAT)
        texts = {RUN: to_run(fresh).encode(), RECORD: to_json(fresh).encode()}
        self._replace(fresh, {**fresh.contents, **texts})

    def put_back(self, page: str, profile: str, files: Mapping[str, bytes]) -> None:
        """Replace a record by the one that these files make up, byte for byte, all or nothing.

        Raises what `write` raises, and what `whole` raises where the files are no record of this page and profile.
        """
        self._replace(whole(page, profile, files, files.__getitem__, self.relative), files)

    def remove(self, page: str, profile: str) -> None:
        """Remove a record that can be read, and nothing else; what remains of one half removed is torn."""
        if os.environ.get("CI"):
            raise RefusedError("CI removes no records", Place(self.relative))
        with self._locked(alone=True):
            record = self._read(page, profile)
            folder = self.folder_of(page, profile)
            if record:
                for name in (RECORD, *beside(record)):
                    (folder / name).unlink()
                folder.rmdir()

    def _replace(self, record: Record, files: Mapping[str, bytes]) -> None:
        if os.environ.get("CI"):
            raise RefusedError("CI writes no records", Place(self.relative))
        if wrong := fits(files):
            raise GalleyError(f"is not recorded: {wrong}", Place(self.shown(*record.name)), SHORTEN)
        with self._locked(alone=True):
            self.see_staging()
            with suppress(GalleyError, OSError):  # it is another page's, perhaps, and this one is written all the same
                self._moved()
            folder, old = self.folder_of(record.page, record.profile), self._removable(record)
            staged = self.folder / STAGING
            if staged.exists():  # not a search for such names: that would read a folder of all pages for each page
                shutil.rmtree(staged)
            staged.mkdir()
            names = json.dumps({"files": sorted({*old, *record.files} - {RUN})}).encode()
            for file, data in {**files, REPLACING: names}.items():
                (staged / file).write_bytes(data)
            move(staged, folder, record, old)
            staged.rmdir()

    def see_staging(self) -> None:
        """Raises TamperedError where records cannot be staged: something stands there that galley did not make."""
        staged, relative = self.folder / STAGING, self.relative / STAGING
        if staged.is_symlink() or (staged.exists() and not staged.is_dir()):
            mend = LINK_MEND if staged.is_symlink() else PLAIN_MEND
            raise TamperedError("is no folder, and galley stages records there", Place(relative), mend)
        for folder, folders, names in os.walk(staged):
            here = Path(folder)
            links = [name for name in folders if (here / name).is_symlink()]
            others = [name for name in names if not is_own(name) or not is_plain(here / name)]
            if name := next(iter([*links, *others]), None):
                at = relative / (here / name).relative_to(staged)
                raise TamperedError(
                    "is in the folder where galley stages records", Place(at), f"move {quote(str(at))} away"
                )

    def _removable(self, record: Record) -> set[str]:
        """The files in the record's folder that belong to the old record, and that the new one may replace or remove.

        Raises TamperedError where the folder holds any other file that the new record does not replace.
        """
        folder, relative = self.folder_of(*record.name), self.shown(*record.name)
        self.see_way(record.page, record.profile)
        if not folder.is_dir():
            return set()
        if _is_newer(folder / RECORD):
            raise NewerRecordError("a newer galley wrote this record", Place(relative / RECORD), UPGRADE)
        listed = named(folder / RECORD) | named(folder / REPLACING)
        present = {path.name for path in folder.iterdir()}
        for name in sorted(present):
            _plain(folder, name, relative)
        for name in sorted(present):
            if name not in {*listed, *record.files, *OWN}:
                raise TamperedError("is in the folder, and no record names it", Place(relative / name), move_out(name))
        return (listed | {RUN}) & present

    def see_way(self, page: str, profile: str) -> None:
        """Raises TamperedError where a part of the way to a record is a link, or no folder."""
        top = page.replace("/", JOINT)
        for part in ("", f"/{top}", f"/{top}/{profile}"):
            try:
                mode = os.lstat(f"{self.folder}{part}").st_mode  # a path object costs more than the look
            except OSError:
                return  # and nothing below it can be there
            if stat.S_ISLNK(mode):
                raise TamperedError(IS_LINK, Place(Path(f"{self.relative}{part}")), LINK_MEND)
            if not stat.S_ISDIR(mode):
                raise TamperedError(NO_FOLDER, Place(Path(f"{self.relative}{part}")), PLAIN_MEND)

    def folders(self) -> Iterator[Name]:
        """Page and profile of every folder that may hold a record; links are not followed."""
        if self.folder.is_dir() and not self.folder.is_symlink():
            for page in _entries(self.folder):
                if page.is_dir(follow_symlinks=False) and not page.name.startswith((STAGING, FOOTPRINTS)):
                    yield from (Name.of_folder(page.name, each.name) for each in _entries(page.path) if each.is_dir())

    def _mode(self) -> int:
        """What kind of file stands where the records do; 0 where nothing does."""
        try:
            return os.lstat(self.folder).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return 0

    @contextmanager
    def _locked(self, *, alone: bool) -> Iterator[None]:
        """Hold the folder's lock: many may read, one may write; a write takes milliseconds."""
        try:
            mode = self._mode()
            if stat.S_ISLNK(mode):
                raise TamperedError(IS_LINK, Place(self.relative), LINK_MEND)
            if mode and not stat.S_ISDIR(mode):
                raise TamperedError(NO_FOLDER, Place(self.relative), PLAIN_MEND)
            if alone:
                self.folder.mkdir(parents=True, exist_ok=True)
            elif not mode:
                yield
                return
            with system.locked(self.folder, alone=alone):
                yield
        except PermissionError as error:
            at = Path(os.fsdecode(error.filename or self.folder))
            place = self.relative / at.relative_to(self.folder) if at.is_relative_to(self.folder) else self.relative
            mend = f"give yourself access: chmod -R u+rwX {quote(str(self.relative))}"
            raise TamperedError("cannot be read or written by this user", Place(place), mend) from error


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """What a folder holds, in order; an entry knows what it is, where a path would have to ask again."""
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def plain_bytes(folder: Path, name: str, relative: Path, most: int = LIST, mend: str = "") -> bytes:
    """A file of a record; raises TamperedError where it is a link, no plain file, or has more than `most` bytes.

    `mend` is what to do about a file that is too large, where to record the page anew does not replace it.
    """
    path = f"{folder}/{name}"  # a text: making a path object takes longer than reading the file
    try:
        return bytes_of(path, most)
    except TooLargeError as error:
        raise TamperedError(f"is not read: {error}", Place(relative / name), mend) from error
    except NotPlainError:
        pass
    except OSError as error:
        if not os.path.islink(path) and not os.path.isdir(path):  # noqa: PTH112, PTH114
            raise TamperedError(f"cannot be read: {error.strerror}", Place(relative / name)) from error
    _plain(folder, name, relative)
    raise TamperedError("was another kind of file a moment ago", Place(relative / name))


def _plain(folder: Path, name: str, relative: Path) -> None:
    """Raises TamperedError where a name of a record's folder is that of anything else than a plain file."""
    if not is_plain(folder / name):
        mend = LINK_MEND if (folder / name).is_symlink() else PLAIN_MEND
        raise TamperedError(NOT_PLAIN, Place(relative / name), mend)


def _is_newer(file: Path) -> bool:
    """Whether a newer galley wrote a record."""
    found = content(file).get("format")
    return isinstance(found, int) and found > FORMAT
