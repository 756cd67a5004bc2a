"""A copy of a project at its last commit, and a new branch with what was changed in the copy.

In the command. Neither the working tree nor git's index is touched: the copy is written from the commit, and a branch
appears with one update of one name, once its commit is whole. Whoever is killed before leaves nothing that anybody
sees.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from galley.errors import GalleyError, RefusedError, UsageError
from galley.system.git import GitError, git, line

PATIENCE = 900.0  # seconds in which git writes all files of a commit, or reads them


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
            top = Path(line(project, "rev-parse", "--show-toplevel"))
            commit = line(project, "rev-parse", "--verify", "HEAD^{commit}")
        except GitError as error:
            mend = "git init && git add --all && git commit"
            raise GalleyError(
                "an update becomes a branch, and this is no git repository with a commit", mend=mend
            ) from error
        folder.mkdir(parents=True, exist_ok=True)
        files, index = folder / "files", folder / "index"
        variables = {"GIT_INDEX_FILE": str(index)}
        git(top, "read-tree", commit, variables=variables)
        git(top, "checkout-index", "--all", f"--prefix={files}{os.sep}", variables=variables, seconds=PATIENCE)
        return cls(top, files, index, commit, files / project.resolve().relative_to(top.resolve()))

    @property
    def dirty(self) -> bool:
        """Whether files of the repository differ from the commit: the copy does not have what is in them."""
        return bool(git(self.repository, "status", "--porcelain"))

    def branch(self, name: str, message: str) -> None:
        """Make a branch of what the copy holds. Raises what `need_new` raises."""
        variables = self.variables
        git(self.folder, "add", "--all", ".", variables=variables, seconds=PATIENCE)
        tree = line(self.repository, "write-tree", variables=variables)
        made = line(self.repository, "commit-tree", tree, "-p", self.commit, "-m", message)
        try:
            git(self.repository, "update-ref", f"refs/heads/{name}", made, "0" * 40)
        except GitError as error:
            need_new(self.repository, name)  # somebody made one meanwhile
            raise GitError(f"the branch {name} cannot be made: {error.what}", mend=error.mend) from error

    @property
    def variables(self) -> dict[str, str]:
        """The variables with which git takes the copy for the working tree of the repository."""
        return {
            "GIT_INDEX_FILE": str(self.index),
            "GIT_WORK_TREE": str(self.folder),
            "GIT_DIR": line(self.repository, "rev-parse", "--absolute-git-dir"),
        }


def need_new(repository: Path, name: str) -> None:
    """Raises RefusedError where the repository has a branch of this name, UsageError where no branch can have it."""
    try:
        git(repository, "check-ref-format", "--branch", name)
    except GitError as error:
        raise UsageError(f"'{name}' cannot be a branch's name", mend="name another one: --branch NAME") from error
    try:
        git(repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}")
    except GitError:
        return
    raise RefusedError(f"there is a branch {name} already", mend=f"git branch -D {quote(name)}")
