"""How galley calls git: one way for all that it asks.

In the command. git asks nobody for a password, runs none of the repository's hooks, and is waited for within a limit.
All else is as the user's own settings of git have it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from galley.errors import GalleyError

SECONDS = 60.0  # how long an answer may take
# No hook, since a repository brings its own; nor the program that may watch its files in the place of git.
OPTIONS = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")
# No question at the terminal, no index renewed, and messages in the language in which they are read here.
VARIABLES = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
NONE: Mapping[str, str] = MappingProxyType({})


class GitError(GalleyError):
    """git is not installed, did not answer in time, or could not do what it was asked for."""


def git(
    folder: Path,
    *words: str,
    told: bytes = b"",
    variables: Mapping[str, str] = NONE,
    settings: Sequence[str] = (),
    seconds: float = SECONDS,
) -> bytes:
    """What git answers in a folder; `told` is its standard input, `variables` are added to its environment.

    `settings` (NAME=VALUE) stand in the place of the user's. Raises GitError, with git's own word on what is wrong.
    """
    environment = {**os.environ, **VARIABLES, **variables}
    command = ["git", *OPTIONS, *(word for each in settings for word in ("-c", each)), *words]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, input=told, capture_output=True, timeout=seconds, check=False
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed", mend="install git") from error
    except OSError as error:
        raise GitError(f"git cannot be started: {error.strerror}", mend="mend that, and try again") from error
    except subprocess.TimeoutExpired as error:
        what = f"git {words[0]} did not answer within {seconds:g} s"
        raise GitError(what, mend=f"try by hand what keeps it, in {folder}: git status") from error
    if done.returncode:
        lines = [each for each in done.stderr.decode("utf-8", "replace").splitlines() if each.strip()]
        lines = lines or [f"it ended with {done.returncode}"]
        said = next((each for each in lines if each.startswith(("fatal: ", "error: "))), lines[-1])
        raise GitError(f"git {words[0]}: {said}", mend="mend what git says, and try again")
    return done.stdout


def line(folder: Path, *words: str, variables: Mapping[str, str] = NONE) -> str:
    """git's answer of one line, such as a commit's name or a folder, without the line's end."""
    return os.fsdecode(git(folder, *words, variables=variables)).strip()


def own_files(folder: Path) -> list[str] | None:
    """The files below a folder that git knows or would take, by their paths from it; None in no repository."""
    try:
        listed = git(folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    except GitError:
        return None
    return [name for name in os.fsdecode(listed).split("\0") if name]
