"""What git knows of a folder: the commit that it stands at, and the files that a commit has. Nothing is changed.

In the command; the builder knows the class alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from galley.errors import GalleyError
from galley.system.git import git

PLAIN = ("100644", "100755")  # the modes of files that are no links


@dataclass(frozen=True)
class Commit:
    """A commit's name, empty where there is none, and whether files differ from it."""

    name: str = ""
    modified: bool = False


@dataclass(frozen=True)
class Blob:
    """A file in git: its name there, and how many bytes it has."""

    name: str
    size: int


def commit_of(folder: Path, without: Sequence[str] = ()) -> Commit:
    """The commit that a folder stands at; files whose paths match a pattern of `without` may differ from it."""
    name = _git(folder, "rev-parse", "--verify", "HEAD")
    if name is None:
        return Commit()
    left_out = [f":(exclude,glob){pattern}" for pattern in without]
    changed = _git(folder, "status", "--porcelain", "--", ".", *left_out)
    return Commit(name.strip(), bool(changed is None or changed.strip()))


def full_name(folder: Path, said: str) -> str | None:
    """The full name of the commit that a user names, by a branch, a tag or a part of it; None where there is none."""
    name = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{said}^{{commit}}")
    return name.strip() if name else None


def why_none(folder: Path) -> str:
    """Why git knows no commit of a folder at all, in git's own words; empty where it knows the repository."""
    try:
        git(folder, "rev-parse", "--git-dir")
    except GalleyError as error:
        return error.what
    return ""


def files_at(folder: Path, commit: str, below: str) -> dict[str, Blob]:
    """The plain files that a commit has below a path from `folder`, by path. Raises GalleyError where git fails."""
    found = {}
    for line in os.fsdecode(git(folder, "ls-tree", "-r", "-l", "-z", commit, "--", below)).split("\0"):
        head, _, path = line.partition("\t")
        mode, _, rest = head.partition(" ")
        if mode in PLAIN:
            _, name, size = rest.split()
            found[path] = Blob(name, int(size) if size.isdigit() else 0)  # git does not know the size of what it lacks
    return found


def contents(folder: Path, blobs: Sequence[Blob]) -> dict[str, bytes]:
    """The bytes of files, by their names in git. Raises GalleyError where git fails, or lacks one of them."""
    asked = dict.fromkeys(each.name for each in blobs)
    said = git(folder, "cat-file", "--batch", told="".join(f"{name}\n" for name in asked).encode()) if asked else b""
    found, at = {}, 0
    while said and (end := said.find(b"\n", at)) >= 0:
        name, *rest = said[at:end].decode().split(" ")
        at = end + 1
        if len(rest) == 2:  # its type and its size; otherwise it is missing
            size = int(rest[1])
            found[name] = said[at : at + size]
            at += size + 1
    if lacks := next((name for name in asked if name not in found), ""):
        raise GalleyError(
            f"git lacks the object {lacks}, which the commit has", mend="fetch it again: git fsck names it"
        )
    return found


def _git(folder: Path, *words: str) -> str | None:
    """What git answers; None where there is no git, no repository, or no commit in it."""
    try:
        return git(folder, *words).decode()
    except (GalleyError, UnicodeDecodeError):
        return None
