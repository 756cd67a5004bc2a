"""Whether a lane still runs: python scripts/lanes/heartbeat.py WORKFLOW DAYS

A schedule stops without a word: the platform switches it off in a repository where nothing happens, a runner goes away,
a file gets another name. So another lane asks. It ends with 1 where no run of the workflow has ended for so many days,
in whichever way: that it failed is told elsewhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta


def last(workflow: str) -> datetime | None:
    """When the last run of a workflow ended; None where there was none."""
    words = ("--workflow", workflow, "--status", "completed", "--limit", "1", "--json", "updatedAt")
    listed = json.loads(subprocess.run(["gh", "run", "list", *words], stdout=subprocess.PIPE, check=True).stdout)
    return datetime.fromisoformat(listed[0]["updatedAt"]) if listed else None


def main(workflow: str, days: float) -> int:
    """Say when the workflow last ran, and whether that is too long ago."""
    ended = last(workflow)
    late = ended is None or datetime.now(UTC) - ended > timedelta(days=days)
    said = f"{workflow} last ended at {ended.isoformat()}" if ended else f"{workflow} has never ended"
    print(f"{said}: {f'not within {days:g} days. See whether its schedule is switched off' if late else 'well'}")
    return int(late)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
