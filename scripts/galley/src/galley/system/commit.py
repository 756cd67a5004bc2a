"""The commit that a checkout stands at, as git says it.

In the command; the builder knows the class alone.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


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


def _git(folder: Path, *words: str) -> str | None:
    """What git answers; None where there is no git, no repository, or no commit in it."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, UnicodeDecodeError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
