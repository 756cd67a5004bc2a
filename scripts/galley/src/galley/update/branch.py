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
from shlex import quote

from galley.errors import GalleyError, RefusedError, UsageError

SETTINGS = ("autocrlf=false", "safecrlf=false", "quotePath=false", f"hooksPath={os.devnull}", "fsmonitor=false")
OWN = tuple(word for each in SETTINGS for word in ("-c", f"core.{each}"))


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
        variables = {"GIT_INDEX_FILE": str(index)}
        _git(top, "read-tree", commit, variables=variables)
        _git(top, "checkout-index", "--all", f"--prefix={files}{os.sep}", variables=variables)
        return cls(top, files, index, commit, files / project.resolve().relative_to(top.resolve()))

    @property
    def dirty(self) -> list[str]:
        """The files of the repository that differ from the commit: the copy does not have what is in them."""
        return [
            line[3:] for line in _git(self.repository, "status", "--porcelain", plain=True).splitlines() if line.strip()
        ]

    def changed(self) -> list[str]:
        """The files of the copy that differ from the commit."""
        self._take_in()
        return _git(
            self.repository, "diff", "--cached", "--name-only", self.commit, variables=self._variables
        ).splitlines()

    def branch(self, name: str, message: str, records: Path) -> None:
        """Make a branch of what the copy holds; of the folder `records` also what a rule of git leaves out.

        Raises RefusedError where git makes no branch of this name; the error names the commit, which stays.
        """
        self._take_in()
        if records.is_dir():
            _git(
                self.folder,
                "add",
                "--all",
                "--force",
                "--",
                str(records.relative_to(self.folder)),
                variables=self._variables,
            )
        tree = _git(self.repository, "write-tree", variables=self._variables)
        made = _git(self.repository, "commit-tree", tree, "-p", self.commit, "-m", message)
        try:
            _git(self.repository, "update-ref", f"refs/heads/{name}", made, "0" * len(made), plain=True)
        except GalleyError as error:
            what = f"the branch {name} cannot be made: {error.what}; all of it is in the commit {made}"
            raise RefusedError(what, mend=f"give it a branch of another name: git branch NAME {made}") from error

    @property
    def _variables(self) -> dict[str, str]:
        return {
            "GIT_INDEX_FILE": str(self.index),
            "GIT_WORK_TREE": str(self.folder),
            "GIT_DIR": _git_dir(self.repository),
        }

    def _take_in(self) -> None:
        _git(self.folder, "add", "--all", ".", variables=self._variables)


def _place(project: Path) -> tuple[Path, str]:
    """The top folder of a project's repository, and its commit; GalleyError with what makes one where there is none."""
    try:
        top = Path(_git(project, "rev-parse", "--show-toplevel"))
        commit = _git(project, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") if _has_commit(top) else ""
    except GalleyError as error:
        if "not a git repository" not in error.what:
            raise
        top, commit = project, ""
    if not commit:
        what = "an update becomes a branch, and this is no git repository with a commit"
        raise GalleyError(what, mend="git init && git add --all && git commit")
    return top, commit


def _has_commit(top: Path) -> bool:
    try:
        return bool(_git(top, "rev-parse", "--verify", "--quiet", "HEAD"))
    except GalleyError:
        return False


def can_commit(project: Path) -> None:
    """Raises GalleyError where git does not know in whose name it would commit."""
    try:
        for each in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            _git(project, "var", each)
    except GalleyError as error:
        mend = "git config user.name NAME && git config user.email ADDRESS"
        raise GalleyError(f"git would not commit: {error.what}", mend=mend) from error


def can_branch(project: Path, name: str) -> None:
    """Raises UsageError or RefusedError where a repository can have no branch of this name, or has one."""
    other = "name another: --branch NAME"
    try:
        if name.startswith("-"):
            raise GalleyError("it begins with a dash")
        _git(project, "check-ref-format", f"refs/heads/{name}")
    except GalleyError as error:
        raise UsageError(f"'{name}' is no name of a branch", mend=other) from error
    for there in _git(project, "for-each-ref", "--format=%(refname)", "refs/heads/").splitlines():
        known = there.removeprefix("refs/heads/")
        if known == name:
            mend = f"{other}; or remove it, with all that it has alone: git branch -D {quote(name)}"
            raise RefusedError(f"there is a branch {name} already", mend=mend)
        if known.startswith(f"{name}/") or name.startswith(f"{known}/"):
            raise RefusedError(f"git has no branch {name} beside the branch {known}", mend=other)


def _git_dir(repository: Path) -> str:
    return _git(repository, "rev-parse", "--absolute-git-dir")


def _git(folder: Path, *words: str, variables: Mapping[str, str] | None = None, plain: bool = False) -> str:
    """What git answers; raises GalleyError with git's own word on what is wrong.

    Unless it is `plain`, the user's settings of lines and hooks are left out: the copy has the bytes of the commit, and
    the branch has those of the copy.
    """
    environment = {**os.environ, "LC_ALL": "C", **(variables or {})}
    own = ("--no-optional-locks",) if plain else OWN  # status would write the index, and call a hook
    try:
        ran = subprocess.run(
            ["git", *own, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise GalleyError("git is not installed", mend="install git") from error
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if line.strip()] or [f"it ended with {ran.returncode}"]
        said = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[-1])
        raise GalleyError(f"git {words[0]}: {said}", mend="mend what git says, and try again")
    return ran.stdout.strip()
