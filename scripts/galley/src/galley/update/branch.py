"""A copy of a project at its last commit, and a new branch with what was changed in the copy.

In the command. Neither the working tree nor git's index is touched: the copy is written from the commit, and a branch
appears with one update of one name, once its commit is whole. Whoever is killed before leaves nothing that anybody
sees.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from galley.errors import GalleyError, RefusedError


@dataclass(frozen=True)
class Copy:
    """A copy of the repository that holds a project, at the commit `commit`; `root` is the project's folder in it."""

    repository: Path
    folder: Path
    index: Path
    commit: str
    root: Path

    @classmethod
    def make(cls, project: Path, folder: Path) -> Copy:
        """Write the copy into a folder. Raises GalleyError where the project is in no repository with a commit."""
        try:
            top = Path(_git(project, "rev-parse", "--show-toplevel"))
            commit = _git(project, "rev-parse", "--verify", "HEAD^{commit}")
        except GalleyError as error:
            mend = "git init && git add --all && git commit"
            raise GalleyError(
                "an update becomes a branch, and this is no git repository with a commit", mend=mend
            ) from error
        folder.mkdir(parents=True, exist_ok=True)
        files, index = folder / "files", folder / "index"
        variables = {"GIT_INDEX_FILE": str(index)}
        _git(top, "read-tree", commit, **variables)
        _git(top, "checkout-index", "--all", f"--prefix={files}{os.sep}", **variables)
        return cls(top, files, index, commit, files / project.resolve().relative_to(top.resolve()))

    @property
    def dirty(self) -> list[str]:
        """The files of the repository that differ from the commit: the copy does not have what is in them."""
        return [line[3:] for line in _git(self.repository, "status", "--porcelain").splitlines() if line.strip()]

    def changed(self) -> list[str]:
        """The files of the copy that differ from the commit."""
        self._take_in()
        return _git(self.repository, "diff", "--cached", "--name-only", self.commit, **self._variables).splitlines()

    def branch(self, name: str, message: str) -> None:
        """Make a branch of what the copy holds. Raises RefusedError where there is one of this name."""
        self._take_in()
        tree = _git(self.repository, "write-tree", **self._variables)
        made = _git(self.repository, "commit-tree", tree, "-p", self.commit, "-m", message)
        try:
            _git(self.repository, "update-ref", f"refs/heads/{name}", made, "0" * 40)
        except GalleyError as error:
            raise RefusedError(f"there is a branch {name} already", mend=f"git branch -D {name}") from error

    @property
    def _variables(self) -> dict[str, str]:
        return {
            "GIT_INDEX_FILE": str(self.index),
            "GIT_WORK_TREE": str(self.folder),
            "GIT_DIR": _git_dir(self.repository),
        }

    def _take_in(self) -> None:
        _git(self.folder, "add", "--all", ".", **self._variables)


def has_branch(project: Path, name: str) -> bool:
    """Whether the repository of a project has a branch."""
    try:
        return bool(_git(project, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}"))
    except GalleyError:
        return False


def _git_dir(repository: Path) -> str:
    return _git(repository, "rev-parse", "--absolute-git-dir")


def _git(folder: Path, *words: str, **variables: str) -> str:
    """What git answers; raises GalleyError with git's own last word."""
    environment: Mapping[str, str] = {**os.environ, **variables}
    try:
        ran = subprocess.run(
            ["git", *words], cwd=folder, env=environment, capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError as error:
        raise GalleyError("git is not installed", mend="install git") from error
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or [f"it ended with {ran.returncode}"])[-1]
        raise GalleyError(f"git {words[0]}: {last}", mend="mend what git says, and try again")
    return ran.stdout.strip()
