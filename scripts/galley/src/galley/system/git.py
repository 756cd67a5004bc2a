"""What galley asks of git, and the one way in which it asks.

In the command; the builder knows the class `Commit` alone. git never asks for a password, runs none of the
repository's hooks, and is waited for within a limit. It answers in the name of the user, who may have set anything in
the repository's own configuration.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from galley.errors import GalleyError

PLAIN = ("100644", "100755")  # the modes of files that are no links
SECONDS = 60.0  # how long an answer may take
# No hook, since a repository brings its own; nor the program that may watch its files in the place of git.
OPTIONS = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")
VARIABLES = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}  # no question at the terminal, no index renewed
NONE: Mapping[str, str] = MappingProxyType({})


class GitError(GalleyError):
    """git is not installed, did not answer in time, or could not do what it was asked for."""


def git(
    folder: Path,
    *words: str,
    told: bytes = b"",
    variables: Mapping[str, str] = NONE,
    seconds: float = SECONDS,
) -> bytes:
    """What git answers in a folder; `told` is its standard input, `variables` are added to its environment.

    Raises GitError, with git's own last word where it has one.
    """
    environment = {**os.environ, **VARIABLES, **variables}
    try:
        done = subprocess.run(
            ["git", *OPTIONS, *words], cwd=folder, env=environment, input=told, capture_output=True, timeout=seconds,
            check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise GitError("git is not installed", mend="install git") from error
    except OSError as error:
        raise GitError(f"git cannot be started: {error.strerror}", mend="mend that, and try again") from error
    except subprocess.TimeoutExpired as error:
        what = f"git {words[0]} did not answer within {seconds:g} s"
        raise GitError(what, mend=f"try by hand what keeps it, in {folder}: git status") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        last = said[-1] if said else f"it ended with {done.returncode}"
        raise GitError(f"git {words[0]}: {last}", mend="mend what git says, and try again")
    return done.stdout


def line(folder: Path, *words: str, variables: Mapping[str, str] = NONE) -> str:
    """git's answer of one line, such as a commit's name or a folder, without the line's end."""
    return os.fsdecode(git(folder, *words, variables=variables)).strip()


@dataclass(frozen=True)
class Commit:
    """A commit's name, empty where there is none, and whether files differ from it."""

    name: str = ""
    modified: bool = False


def commit_of(folder: Path, without: Sequence[str] = ()) -> Commit:
    """The commit that a folder stands at; files whose paths match a pattern of `without` may differ from it."""
    try:
        name = line(folder, "rev-parse", "--verify", "HEAD")
    except GitError:
        return Commit()
    try:
        left_out = [f":(exclude,glob){pattern}" for pattern in without]
        return Commit(name, bool(line(folder, "status", "--porcelain", "--", ".", *left_out)))
    except GitError:
        return Commit(name, modified=True)


def full_name(folder: Path, said: str) -> str | None:
    """The full name of the commit that a user names, by a branch, a tag or a part of it; None where there is none."""
    try:
        return line(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{said}^{{commit}}") or None
    except GitError:
        return None


def files_at(folder: Path, commit: str, below: str) -> dict[str, str]:
    """The plain files that a commit has below a path from `folder`: the name of each in git, by its path."""
    try:
        listed = git(folder, "ls-tree", "-r", "-z", commit, "--", below)
    except GitError:
        return {}
    found = {}
    for each in os.fsdecode(listed).split("\0"):
        head, _, path = each.partition("\t")
        mode, _, rest = head.partition(" ")
        if mode in PLAIN:
            found[path] = rest.partition(" ")[2]
    return found


def contents(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The bytes of files, by their names in git; what git does not have is left out."""
    asked = "".join(f"{name}\n" for name in dict.fromkeys(names)).encode()
    try:
        said = git(folder, "cat-file", "--batch", told=asked) if asked else b""
    except GitError:
        return {}
    found, at = {}, 0
    while said and (end := said.find(b"\n", at)) >= 0:
        name, *rest = said[at:end].decode().split(" ")
        at = end + 1
        if len(rest) == 2:  # its type and its size; otherwise it is missing
            size = int(rest[1])
            found[name] = said[at : at + size]
            at += size + 1
    return found


def own_files(folder: Path) -> list[str] | None:
    """The files below a folder that git knows or would take, by their paths from it; None in no repository."""
    try:
        listed = git(folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    except GitError:
        return None
    return [name for name in os.fsdecode(listed).split("\0") if name]
