"""The records that the records of today are compared with: those of a commit, or those in a folder.

In the command. Both are read and never changed. What a commit has is asked of git.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from galley.config import Project
from galley.errors import GalleyError, UsageError
from galley.record.held import HELD, Held, parsed
from galley.record.model import Record, is_output
from galley.record.move import RECORD, RUN
from galley.record.plain import most_of
from galley.record.store import plain_bytes
from galley.record.whole import whole
from galley.system.commit import contents, files_at, full_name

HEAD = "HEAD"
Name = tuple[str, str]  # of a record: its page and its profile


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

    Raises UsageError where it is neither.
    """
    if commit := full_name(project.root, said):
        return _commit(project, said, commit)
    folder = Path(said)
    if said not in (HEAD, "") and folder.is_dir() and not folder.is_symlink():
        inside = folder / project.relative(project.outputs)
        return FolderBase(folder, inside if inside.is_dir() else folder)
    what = f"'{said}' is no commit, and no folder of records"
    raise UsageError(what, mend="name a commit, such as main or HEAD~1, or a folder: galley review COMMIT")


def _commit(project: Project, said: str, commit: str) -> CommitBase:
    below = project.relative(project.outputs).as_posix()
    found: dict[Name, dict[str, str]] = {}
    held = ""
    for path, name in files_at(project.root, commit, below).items():
        parts = Path(path).relative_to(below).parts
        if len(parts) == 3 and _is_own(parts[2]):
            found.setdefault((parts[0], parts[1]), {})[parts[2]] = name
        elif parts == (HELD,):
            held = name
    title = said if commit.startswith(said) else f"{said} ({commit[:12]})"
    return CommitBase(project.root, commit, title, {name: each for name, each in found.items() if RECORD in each}, held)


def _is_own(name: str) -> bool:
    return name in (RECORD, RUN) or is_output(name)


@dataclass(frozen=True)
class CommitBase:
    """The records of a commit; `trees` has the names in git of each record's files."""

    root: Path
    commit: str
    name: str
    trees: Mapping[Name, Mapping[str, str]]
    held_file: str = ""

    @property
    def records(self) -> frozenset[Name]:
        """The records that the commit has."""
        return frozenset(self.trees)

    def files(self, name: Name, only: str = "") -> dict[str, bytes]:
        """The files of a record as git has them."""
        tree = {file: each for file, each in self.trees[name].items() if only in ("", file)}
        found = contents(self.root, list(tree.values()))
        return {file: found[each] for file, each in tree.items() if each in found}

    def source(self, path: Path) -> str:
        """The text of a file in the commit."""
        names = list(files_at(self.root, self.commit, path.as_posix()).values())
        return next(iter(contents(self.root, names).values()), b"").decode("utf-8", "replace")

    @property
    def held(self) -> Mapping[Name, Held]:
        """The pages that the commit holds; none where its list cannot be read."""
        return _held(contents(self.root, [self.held_file]).get(self.held_file, b"")) if self.held_file else {}


@dataclass(frozen=True)
class FolderBase:
    """The records in a folder: `outputs` is where they stand, below the folder that was named or this one."""

    folder: Path
    outputs: Path
    _names: dict[Name, list[str]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for file in sorted(self.outputs.glob(f"*/*/{RECORD}")):
            if not any(each.is_symlink() for each in (file, file.parent, file.parent.parent)):
                listed = [each for each in os.listdir(file.parent) if _is_own(each)]  # noqa: PTH208  names are enough
                self._names[(file.parent.parent.name, file.parent.name)] = listed

    @property
    def name(self) -> str:
        """The folder as it was named."""
        return self.folder.as_posix()

    @property
    def records(self) -> frozenset[Name]:
        """The records in the folder."""
        return frozenset(self._names)

    def files(self, name: Name, only: str = "") -> dict[str, bytes]:
        """The files of a record; links are not followed."""
        place = self.outputs.joinpath(*name)
        return {
            file: plain_bytes(place, file, place, most_of(file)) for file in self._names[name] if only in ("", file)
        }

    def source(self, path: Path) -> str:
        """The text of a file of the project that the folder holds; empty where it holds records alone."""
        file = self.folder / path
        return file.read_text(encoding="utf-8", errors="replace") if file.is_file() and not file.is_symlink() else ""

    @property
    def held(self) -> Mapping[Name, Held]:
        """The pages that the folder's list holds."""
        try:
            return _held(plain_bytes(self.outputs, HELD, self.outputs)) if (self.outputs / HELD).exists() else {}
        except GalleyError:
            return {}


def _held(data: bytes) -> Mapping[Name, Held]:
    try:
        return parsed(data, Path(HELD))
    except GalleyError:
        return {}
