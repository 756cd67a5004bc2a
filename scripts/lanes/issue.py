"""One issue for each thing that is wrong: python scripts/lanes/issue.py TITLE RESULT [REPORT …]

RESULT is what the platform says of the job: success, failure, cancelled or skipped. Where it is no success, an issue of
this title is opened, with the reports in it, or gets a comment where it is open already. On success an open one is
closed. A report that is not there, or has nothing in it, is told as such: a job that died before it could say anything
is the one that must be heard. `gh` does the rest, with the token of the workflow.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MOST = 50_000  # characters of an issue's text: the platform takes some more
LABEL = "lane"


def gh(*words: str) -> str:
    """What a command of `gh` says; one that fails ends the lane."""
    return subprocess.run(["gh", *words], stdout=subprocess.PIPE, text=True, check=True).stdout


def number(title: str) -> int | None:
    """The number of the open issue of this title."""
    listed = gh("issue", "list", "--state", "open", "--label", LABEL, "--limit", "100", "--json", "number,title")
    return next((each["number"] for each in json.loads(listed) if each["title"] == title), None)


def text(result: str, reports: Sequence[Path], run: str) -> str:
    """What the issue says: the ends of the reports, which have the failures, and where the whole is."""
    parts = [f"The job ended with `{result}`: {run}"]
    for report in reports:
        said = report.read_text(encoding="utf-8", errors="replace").strip() if report.is_file() else ""
        shown = said[-MOST // len(reports) :].replace("```", "'''")
        parts.append(
            f"`{report.name}`:\n\n```\n{shown}\n```" if said else f"`{report.name}` is empty or was not written."
        )
    return "\n\n".join(parts) + "\n"


def tell(title: str, result: str, reports: Sequence[Path], run: str) -> None:
    """Open, comment or close the issue of this title."""
    known = number(title)
    if result == "success":
        if known:
            gh("issue", "close", str(known), "--comment", f"It works again: {run}")
        return
    with tempfile.TemporaryDirectory() as place:
        body = Path(place, "body.md")
        body.write_text(text(result, reports, run), encoding="utf-8")
        if known:
            gh("issue", "comment", str(known), "--body-file", str(body))
        else:
            gh("label", "create", LABEL, "--force", "--description", "Opened by a workflow")
            gh("issue", "create", "--title", title, "--label", LABEL, "--body-file", str(body))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    host, repository, run = (os.environ[f"GITHUB_{name}"] for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    where = f"{host}/{repository}/actions/runs/{run}"
    tell(sys.argv[1], sys.argv[2], [Path(each) for each in sys.argv[3:]], where)
