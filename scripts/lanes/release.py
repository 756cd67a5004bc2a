"""The release lane: python scripts/lanes/release.py TAG FOLDER

It builds galley's sdist and wheel into a folder, with nothing else in it, so that a workflow can publish the whole
folder. Before that it holds the tag `galley-VERSION` against the version in the sources and against the changelog,
whose first entry must be of that version and have a date.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from galley import __version__

GALLEY = Path(__file__).parents[1] / "galley"
ENTRY = re.compile(r"## (?P<version>\S+) \((?P<date>[^)]*)\)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def amiss(tag: str, changelog: str, version: str = __version__) -> list[str]:
    """What stands against a release under this tag, a sentence each."""
    found = []
    if tag != f"galley-{version}":
        found.append(f"the tag is {tag}, and the sources are of {version}: tag the commit galley-{version}")
    first = next((entry for line in changelog.splitlines() if (entry := ENTRY.fullmatch(line))), None)
    if first is None or first["version"] != version:
        found.append(f"the changelog does not begin with {version}: give its first entry that number")
    elif not DAY.fullmatch(first["date"]):
        found.append(f"the changelog's entry of {version} has no date: write the day in place of '{first['date']}'")
    return found


def main(tag: str, folder: Path, galley: Path = GALLEY) -> int:
    """Build the release, or say what stands against it; the answer is the exit code."""
    wrong = amiss(tag, (galley / "CHANGELOG.md").read_text(encoding="utf-8"))
    if folder.exists() and any(folder.iterdir()):
        wrong.append(f"{folder} is not empty: name another folder")
    if wrong:
        print(*wrong, sep="\n", file=sys.stderr)
        return 1
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder.absolute()), "-t", "sdist", "-t", "wheel"]
    subprocess.run(build, cwd=galley, check=True)
    print(*sorted(each.name for each in folder.iterdir()), sep="\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
