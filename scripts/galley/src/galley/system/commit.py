"""What git knows of a folder: the commit that it stands at, and the files that a commit has. Nothing is changed.

In the command; the builder knows the class alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from galley.system.git import GitError, git

PLAIN = ("100644", "100755")  # the modes of files that are no links


@dataclass(frozen=True)
class Commit:
    """A commit's name, empty where there is none, and whether files differ from it."""

    name: str = ""
    modified: bool = False


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


def files_at(folder: Path, commit: str, below: str) -> dict[str, str]:
    """The plain files that a commit has below a path from `folder`: the name of each in git, by its path."""
    listed = _git(folder, "ls-tree", "-r", "-z", commit, "--", below)
    found = {}
    for line in (listed or "").split("\0"):
        head, _, path = line.partition("\t")
        mode, _, rest = head.partition(" ")
        if mode in PLAIN:
            found[path] = rest.partition(" ")[2]
    return found


def contents(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The bytes of files, by their names in git; what git does not have is left out."""
    asked = dict.fromkeys(names)
    said = _answer(folder, ["cat-file", "--batch"], "".join(f"{name}\n" for name in asked).encode()) if asked else b""
    found, at = {}, 0
    while said and (end := said.find(b"\n", at)) >= 0:
        name, *rest = said[at:end].decode().split(" ")
        at = end + 1
        if len(rest) == 2:  # its type and its size; otherwise it is missing
            size = int(rest[1])
            found[name] = said[at : at + size]
            at += size + 1
    return found


def _git(folder: Path, *words: str) -> str | None:
    """What git answers; None where there is no git, no repository, or no commit in it."""
    said = _answer(folder, words)
    try:
        return None if said is None else said.decode()
    except UnicodeDecodeError:
        return None


def _answer(folder: Path, words: Sequence[str], told: bytes = b"") -> bytes | None:
    try:
        return git(folder, *words, told=told)
    except GitError:
        return None
