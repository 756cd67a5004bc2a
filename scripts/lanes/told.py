"""Runs a command for a lane: what it says is shown in the log of the job as it is, and kept for a report."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence


def told(words: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code of a command, and what it said on both its outputs."""
    done = subprocess.run(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout, end="", flush=True)
    return done.returncode, done.stdout
