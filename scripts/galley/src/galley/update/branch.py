"""A copy of a project at its last commit, and a new branch with what was changed in the copy.

In the command. Neither the working tree nor git's index is touched: the copy is written from the commit, and a branch
appears with one update of one name, once its commit is whole. Whoever is killed before leaves nothing that anybody
sees.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import quote

from galley.errors import GalleyError, RefusedError, UsageError
from galley.system.git import GitError, git, line

PATIENCE = 900.0  # seconds in which git writes all files of a commit, or reads them
# The copy has the bytes of the commit, and the branch has those of the copy, whatever a user has set for texts.
EXACT = ("core.autocrlf=false", "core.safecrlf=false", "core.quotePath=false")


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
        top, commit = _place(project)
        folder.mkdir(parents=True, exist_ok=True)
        files, index = folder / "files", folder / "index"
        exact = partial(git, top, variables={"GIT_INDEX_FILE": str(index)}, settings=EXACT, seconds=PATIENCE)
        exact("read-tree", commit)
        exact("checkout-index", "--all", f"--prefix={files}{os.sep}")
        return cls(top, files, index, commit, files / project.resolve().relative_to(top.resolve()))

    @property
    def dirty(self) -> bool:
        """Whether files of the repository differ from the commit: the copy does not have what is in them."""
        return bool(git(self.repository, "status", "--porcelain"))

    def branch(self, name: str, message: str, records: Path) -> None:
        """Make a branch of what the copy holds; of the folder `records` also what a rule of git leaves out.

        Raises RefusedError where git makes no branch of this name; the error names the commit, which stays.
        """
        variables = self.variables
        exact = partial(git, self.folder, variables=variables, settings=EXACT, seconds=PATIENCE)
        exact("add", "--all", ".")
        if records.is_dir():
            exact("add", "--all", "--force", "--", str(records.relative_to(self.folder)))
        tree = line(self.repository, "write-tree", variables=variables)
        made = line(self.repository, "commit-tree", tree, "-p", self.commit, "-m", message)
        try:
            git(self.repository, "update-ref", f"refs/heads/{name}", made, "0" * len(made))
        except GitError as error:
            what = f"the branch {name} cannot be made: {error.what}; all of it is in the commit {made}"
            raise RefusedError(what, mend=f"give it a branch of another name: git branch NAME {made}") from error

    @property
    def variables(self) -> dict[str, str]:
        """The variables with which git takes the copy for the working tree of the repository."""
        return {
            "GIT_INDEX_FILE": str(self.index),
            "GIT_WORK_TREE": str(self.folder),
            "GIT_DIR": line(self.repository, "rev-parse", "--absolute-git-dir"),
        }


def _place(project: Path) -> tuple[Path, str]:
    """The top folder of a project's repository, and its commit; GalleyError with what makes one where there is none."""
    try:
        top = Path(line(project, "rev-parse", "--show-toplevel"))
        commit = line(project, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") if _has_commit(top) else ""
    except GitError as error:
        if "not a git repository" not in error.what:
            raise
        top, commit = project, ""
    if not commit:
        what = "an update becomes a branch, and this is no git repository with a commit"
        raise GalleyError(what, mend="git init && git add --all && git commit")
    return top, commit


def _has_commit(top: Path) -> bool:
    try:
        return bool(line(top, "rev-parse", "--verify", "--quiet", "HEAD"))
    except GitError:
        return False


def can_commit(project: Path) -> None:
    """Raises GalleyError where git does not know in whose name it would commit."""
    try:
        for each in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            git(project, "var", each)
    except GitError as error:
        mend = "git config user.name NAME && git config user.email ADDRESS"
        raise GalleyError(f"git would not commit: {error.what}", mend=mend) from error


def can_branch(project: Path, name: str) -> None:
    """Raises UsageError or RefusedError where a repository can have no branch of this name, or has one."""
    other = "name another: --branch NAME"
    try:
        if name.startswith("-"):
            raise GalleyError("it begins with a dash")
        git(project, "check-ref-format", f"refs/heads/{name}")
    except GalleyError as error:
        raise UsageError(f"'{name}' is no name of a branch", mend=other) from error
    for there in line(project, "for-each-ref", "--format=%(refname)", "refs/heads/").splitlines():
        known = there.removeprefix("refs/heads/")
        if known == name:
            mend = f"{other}; or remove it, with all that it has alone: git branch -D {quote(name)}"
            raise RefusedError(f"there is a branch {name} already", mend=mend)
        if known.startswith(f"{name}/") or name.startswith(f"{known}/"):
            raise RefusedError(f"git has no branch {name} beside the branch {known}", mend=other)
