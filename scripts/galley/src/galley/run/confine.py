"""Shuts a page in, and lets its watch be told what compiled code and other programs open.

In a page's child, between the page's own folder and the guide's code.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from galley.record.dependencies import never_counts
from galley.run.protocol import Job
from galley.run.sight import watched
from galley.run.watch import Watch
from galley.system import sandbox
from galley.system.allowed import CACHE, for_page

CACHE_HOME = "XDG_CACHE_HOME"


def shut_in(job: Job, watch: Watch) -> sandbox.Protections:
    """Enter the sandbox; the answer says what holds, and what is seen. Raises MissingError where it is required."""
    if job.sandbox == sandbox.OFF:
        return dict.fromkeys((*sandbox.PROTECTIONS, sandbox.SIGHT), sandbox.SWITCHED_OFF)
    root, given = Path(job.root), (Path(job.root), Path(job.scratch), Path(job.snippets))
    below = [path for path in never_counts(root.resolve()) if path.is_relative_to(root.resolve())]
    apart = [path for path in below if path.name != ".git"]  # which is closed to a page anyway
    allowed = for_page(*given, reads=job.reads, devices=job.devices, network=job.network, apart=apart)
    held = sandbox.enter(allowed)
    _find_a_cache(root / CACHE, Path(job.scratch))
    if job.sandbox == sandbox.REQUIRED:
        sandbox.require(held)
    return held if held[sandbox.SIGHT] else {**held, sandbox.SIGHT: _look(allowed.watched, job, watch)}


def _find_a_cache(cache: Path, scratch: Path) -> None:
    """Let libraries keep what they work out in the page's own folder, where they cannot in the project's `.cache`.

    matplotlib says so otherwise on standard error, with the name of a folder that is another one at each run. The
    project has no `.cache` before the first site is built, and without namespaces a page has no copy of it.
    """
    if os.environ.get(CACHE_HOME) != str(cache):
        return  # the guide's settings name another
    trial = cache / f".galley-{os.getpid()}"
    try:
        trial.mkdir()
        trial.rmdir()
    except OSError:
        os.environ[CACHE_HOME] = str(scratch / CACHE)


def _look(within: Sequence[str], job: Job, watch: Watch) -> str:
    """Begin to be told; the answer says why not, or not of all, and is empty where nothing is missing."""
    from galley.system.opens import Opens  # which only Linux has

    found, why = watched(within, job.uses)
    try:
        watch.opens = Opens(found)
    except OSError as error:
        return error.strerror or str(error)
    return why
