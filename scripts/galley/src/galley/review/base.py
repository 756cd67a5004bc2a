"""The records that the records of today are compared with: those of a commit, or those in a folder.

In the command. Both are read and never changed. What a commit has is asked of git.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from galley.config import Project
from galley.errors import GalleyError, Place, UsageError
from galley.record.held import HELD, Held, parsed
from galley.record.model import Name, Record
from galley.record.move import RECORD, is_own
from galley.record.plain import WHOLE, TooLargeError, most_of
from galley.record.store import IS_LINK, LINK_MEND, plain_bytes
from galley.record.whole import whole
from galley.system.commit import Blob, contents, files_at, full_name, why_none

HEAD = "HEAD"
NAME_ONE = "name a commit, such as main or HEAD~1, or a folder: galley review COMMIT"


class Base(Protocol):
    """An earlier state of the records; `name` is what people call it."""

    @property
    def name(self) -> str:
        """As in: the changes since it."""

    @property
    def records(self) -> frozenset[Name]:
        """The page and the profile of each record."""

    def files(self, name: Name, only: str = "") -> dict[str, bytes]:
        """The files of a record, by name; `only` is one that is asked for alone."""

    def source(self, path: Path) -> str:
        """The text of a file of the project, by its path from the root; empty where it is not known."""

    @property
    def held(self) -> Mapping[Name, Held]:
        """The pages that were held."""


def record_in(base: Base, name: Name) -> Record | None:
    """The record of a page and profile as it was; None where there was none. Raises GalleyError where it was broken."""
    files = base.files(name) if name in base.records else {}
    return whole(*name, files, files.__getitem__, Path(base.name)) if files else None


def base_of(project: Project, said: str) -> Base:
    """The base that a user names: a commit, or a folder of records or of a whole project.

    Raises UsageError where it is neither, GalleyError where it cannot be read.
    """
    if commit := full_name(project.root, said):
        return _commit(project, said, commit)
    folder = Path(said)
    if said not in (HEAD, "") and folder.is_dir() and not folder.is_symlink():
        inside = folder / project.relative(project.outputs)
        return _folder(folder, inside if inside.is_dir() else folder)
    why = f" ({told})" if (told := why_none(project.root)) else ""
    raise UsageError(f"'{said}' is no commit, and no folder of records{why}", mend=NAME_ONE)


def _commit(project: Project, said: str, commit: str) -> CommitBase:
    below = project.relative(project.outputs).as_posix()
    found: dict[Name, dict[str, Blob]] = {}
    held = None
    for path, blob in files_at(project.root, commit, below).items():
        parts = Path(path).relative_to(below).parts
        if len(parts) == 3 and is_own(parts[2]):
            found.setdefault(Name.of_folder(parts[0], parts[1]), {})[parts[2]] = blob
        elif parts == (HELD,):
            held = blob
    title = said if commit.startswith(said) else f"{said} ({commit[:12]})"
    return CommitBase(project.root, commit, title, found, held)


def _folder(folder: Path, outputs: Path) -> FolderBase:
    """The records in a folder. Raises UsageError where it is none of records, or where a link stands among them."""
    found: dict[Name, list[str]] = {}
    for page in _folders(outputs):
        for profile in _folders(page):
            if listed := [name for name in sorted(os.listdir(profile)) if is_own(name)]:  # noqa: PTH208  names do
                found[Name.of_folder(page.name, profile.name)] = listed
    if outputs == folder and not any(RECORD in listed for listed in found.values()):
        raise UsageError("has no records, so that all would be new", Place(folder), NAME_ONE)
    return FolderBase(folder, outputs, found)


def _folders(above: Path) -> list[Path]:
    """The folders in a folder; raises UsageError for a link, which could lead to anything."""
    found = sorted(each for each in above.iterdir() if not each.name.startswith("."))
    if link := next((each for each in found if each.is_symlink()), None):
        raise UsageError(IS_LINK, Place(link), LINK_MEND)
    return [each for each in found if each.is_dir()]


@dataclass(frozen=True)
class CommitBase:
    """The records of a commit; `trees` has the names in git of each record's files."""

    root: Path
    commit: str
    name: str
    trees: Mapping[Name, Mapping[str, Blob]]
    held_file: Blob | None = None

    @property
    def records(self) -> frozenset[Name]:
        """The records that the commit has."""
        return frozenset(self.trees)

    def files(self, name: Name, only: str = "") -> dict[str, bytes]:
        """The files of a record as git has them."""
        tree = {file: each for file, each in self.trees[name].items() if only in ("", file)}
        return self._contents(tree, name.folder, most_of)

    def source(self, path: Path) -> str:
        """The text of a file in the commit."""
        found = files_at(self.root, self.commit, path.as_posix())
        return next(iter(self._contents(found, Path(), most_of).values()), b"").decode("utf-8", "replace")

    @property
    def held(self) -> Mapping[Name, Held]:
        """The pages that the commit holds."""
        if self.held_file is None:
            return {}
        (data,) = self._contents({HELD: self.held_file}, Path(), most_of).values()
        return parsed(data, Path(f"{self.name}:{HELD}"), NAME_ONE)

    def _contents(self, files: Mapping[str, Blob], below: Path, most: Callable[[str], int]) -> dict[str, bytes]:
        """The bytes of files; GalleyError where one of them, or all together, would fill the memory."""
        left = WHOLE
        for file, blob in files.items():
            left -= blob.size
            if blob.size > most(file) or left < 0:
                bound = TooLargeError(most(file) if left >= 0 else WHOLE)
                raise GalleyError(f"is not read: {bound}", Place(Path(f"{self.name}:{below / file}")), NAME_ONE)
        found = contents(self.root, list(files.values()))
        return {file: found[each.name] for file, each in files.items()}


@dataclass(frozen=True)
class FolderBase:
    """The records in a folder: `outputs` is where they stand, below the folder that was named or this one.

    `names` has the names of each record's files.
    """

    folder: Path
    outputs: Path
    names: Mapping[Name, Sequence[str]]

    @property
    def name(self) -> str:
        """The folder as it was named."""
        return self.folder.as_posix()

    @property
    def records(self) -> frozenset[Name]:
        """The records in the folder."""
        return frozenset(self.names)

    def files(self, name: Name, only: str = "") -> dict[str, bytes]:
        """The files of a record; links are not followed."""
        place = self.outputs / name.folder
        return {file: plain_bytes(place, file, place, most_of(file)) for file in self.names[name] if only in ("", file)}

    def source(self, path: Path) -> str:
        """The text of a file of the project that the folder holds; empty where it holds records alone."""
        file = self.folder / path
        if not os.path.lexists(file):
            return ""
        return plain_bytes(file.parent, file.name, file.parent, mend=NAME_ONE).decode("utf-8", "replace")

    @property
    def held(self) -> Mapping[Name, Held]:
        """The pages that the folder's list holds."""
        if not os.path.lexists(self.outputs / HELD):
            return {}
        return parsed(plain_bytes(self.outputs, HELD, self.outputs, mend=NAME_ONE), self.outputs / HELD, NAME_ONE)
