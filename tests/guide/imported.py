"""Scripts that run as forks of a process which has imported what takes seconds to import, and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forked import Server
from guide_folder import quiet_environment

FIXED = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}


@contextmanager
def imported(*modules: str) -> Iterator[Server]:
    """What runs scripts in forks that have the modules, with few variables and a home of their own."""
    with tempfile.TemporaryDirectory() as home:
        kept = {name: value for name, value in quiet_environment().items() if name in ("PATH", "LD_LIBRARY_PATH")}
        with Server.at(Path(home, "socket"), {**kept, "HOME": home, **FIXED}, [], *modules) as started:
            yield started
