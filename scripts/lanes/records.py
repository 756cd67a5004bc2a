"""The GPU lane: python scripts/lanes/records.py run PROFILE [PAGE …] | propose FOLDER BRANCH

`run` runs the pages of a profile on this machine. Every record that was made is kept, also where other pages fail: the
exit code tells, and the lane uploads what there is. Where all is well it writes the profile's manifest, too. `propose`
takes the records of such a machine into this checkout, each verified, and makes a pull request of them, with a review
of what changed. Nothing to propose is no failure.

A workflow has the variable CI set, with which galley writes no record. Here somebody reviews the records before they
count, so that galley runs without it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from told import told

from galley.config import find_project
from galley.record.manifest import name_of

AUTHOR = ("-c", "user.name=records", "-c", "user.email=records@users.noreply.github.com")
TITLE = "Records of another machine"
MOST = 60_000  # characters of a pull request's text: the platform takes some more
NOT_COMPLETE = 1  # galley's exit code where something is refused or missing


def galley(*words: str) -> tuple[int, str]:
    """The exit code of a galley command that may write records, and what it said; both its outputs are shown."""
    variables = {name: value for name, value in os.environ.items() if name != "CI"}
    return told([str(Path(sys.executable).with_name("galley")), *words], variables)


def git(*words: str) -> str:
    """What a git command says; one that fails ends the lane."""
    done = subprocess.run(["git", *words], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def run(profile: str, pages: Sequence[str]) -> int:
    """Run the pages whose record of this profile is not true, or named ones, and make the profile's manifest."""
    code, _ = galley("run", "--profile", profile, "--keep-going", *pages)
    return code or galley("manifest", "--profile", profile)[0]


def propose(folder: Path, branch: str) -> int:
    """Make a pull request of the records in a folder."""
    project = find_project(Path.cwd())
    code, collected = galley("collect", str(folder))
    if code not in (0, NOT_COMPLETE):
        return code
    records = project.relative(project.outputs)
    for profile in project.profiles:
        if (signed := folder / name_of(profile)).is_file() and not signed.is_symlink():
            (project.outputs / signed.name).write_bytes(signed.read_bytes())
    git("add", "--", str(records))
    if not git("diff", "--cached", "--name-only"):
        print("no record has changed: nothing to propose")
        return 0
    _, review = galley("review", "HEAD", "--markdown")
    git("switch", "--quiet", "--create", branch)
    git(*AUTHOR, "commit", "--quiet", "--message", TITLE)
    git("push", "--quiet", "origin", branch)
    with tempfile.TemporaryDirectory() as place:
        body = Path(place, "body.md")
        body.write_text(f"{review[:MOST]}\n\n```\n{collected[-2000:].strip()}\n```\n", encoding="utf-8")
        words = ("--head", branch, "--title", TITLE, "--body-file", str(body))
        subprocess.run(["gh", "pr", "create", *words], check=True)
    return 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", str(profile), *pages]:
            sys.exit(run(profile, pages))
        case ["propose", str(folder), str(branch)]:
            sys.exit(propose(Path(folder), branch))
    sys.exit(__doc__)
