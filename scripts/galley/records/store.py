"""Records on disk: `outputs/<page>/<profile>/`, written so that an interrupted write is seen.

A new record is staged in full beside the old ones. Then `record.json` goes, the outputs move in, and the
new `record.json` comes last. So a folder with outputs and no `record.json` was torn by an interruption,
and one whose outputs differ from its `record.json` was changed by hand.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from galley.errors import GalleyError, Place, RefusedError
from galley.pages.code import digest
from galley.records.record import Record, from_json, to_json

RECORD = "record.json"
STAGING = ".staging"


class TornError(GalleyError):
    """The record was being written when its writer was interrupted."""


class TamperedError(GalleyError):
    """An output, or the record itself, is not what was recorded."""


@dataclass(frozen=True)
class Store:
    """The folder that holds every record; `shown` is its path in messages."""

    folder: Path
    shown: Path

    def place(self, page: str, profile: str) -> Path:
        """Where the record of a page under a profile stands."""
        return self.folder / page / profile

    def read(self, page: str, profile: str) -> Record | None:
        """The record, None where there is none; raises TornError or TamperedError where it cannot be trusted."""
        with self._locked(fcntl.LOCK_SH):
            return self._read(page, profile)

    def _read(self, page: str, profile: str) -> Record | None:
        folder = self.place(page, profile)
        shown = self.shown / page / profile
        try:
            present = set(os.listdir(folder))  # noqa: PTH208  names are all it takes, and a guide has many records
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not present:
            return None
        if not (folder / RECORD).is_file():
            raise TornError("torn: outputs without a record.json, its writer was interrupted", Place(shown))
        try:
            record = from_json((folder / RECORD).read_text(encoding="utf-8"))
        except ValueError as error:
            raise TamperedError(f"cannot be read: {error}", Place(shown / RECORD)) from error
        if (record.page, record.profile) != (page, profile):
            raise TamperedError(f"is the record of {record.page} under {record.profile}", Place(shown / RECORD))
        outputs, files = {}, record.files
        for file, expected in files.items():
            try:
                with open(f"{folder}/{file}", "rb") as output:  # noqa: PTH123  a path object costs more than the reading
                    outputs[file] = output.read()
            except (FileNotFoundError, IsADirectoryError) as error:
                raise TamperedError("is in the record and not in the folder", Place(shown / file)) from error
            if digest(outputs[file]) != expected:
                raise TamperedError("is not what was recorded: its bytes changed", Place(shown / file))
        for name in sorted(present - files.keys() - {RECORD}):
            raise TamperedError("is in the folder and not in the record", Place(shown / name))
        return replace(record, outputs=outputs)

    def write(self, record: Record, outputs: Mapping[str, bytes]) -> None:
        """Replace the record and its outputs, all or nothing; what an interrupted writer left staged goes too.

        Raises RefusedError where `CI` is set: CI compares records and writes none.
        """
        if os.environ.get("CI"):
            raise RefusedError("CI writes no records", Place(self.shown))
        with self._locked(fcntl.LOCK_EX):
            staged = self.folder / STAGING
            if staged.exists():  # not a search for such names: that would read a folder of all pages for each page
                shutil.rmtree(staged)
            staged.mkdir()
            for file, data in {**outputs, RECORD: to_json(record).encode()}.items():
                (staged / file).write_bytes(data)
            self._move(staged, self.place(record.page, record.profile), outputs)
            staged.rmdir()

    def _move(self, staged: Path, folder: Path, outputs: Mapping[str, bytes]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECORD).unlink(missing_ok=True)
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)  # nothing of ours
            elif path.name not in outputs:
                path.unlink()
        for file in [*outputs, RECORD]:
            (staged / file).replace(folder / file)

    def folders(self) -> Iterator[tuple[str, str]]:
        """Page and profile of every folder that looks like a record."""
        if self.folder.is_dir():
            for page in sorted(self.folder.iterdir()):
                if page.is_dir() and not page.name.startswith(STAGING):
                    yield from ((page.name, profile.name) for profile in sorted(page.iterdir()) if profile.is_dir())

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Hold the folder's lock: many may read, one may write; a write takes milliseconds."""
        if how == fcntl.LOCK_EX:
            self.folder.mkdir(parents=True, exist_ok=True)
        elif not self.folder.is_dir():
            yield
            return
        lock = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, how)
            yield
        finally:
            os.close(lock)
