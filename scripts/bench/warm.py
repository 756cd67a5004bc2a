"""One edited cell while a runner is warm: the seconds that are spent beside the page's own cells."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import records
from bench.measure import Limits, Site
from bench.process import environment, kill_tree, run, start_command

KEEPER = """import asyncio
from pathlib import Path
from galley.config import find_project
from galley.serve import Keeper

async def main():
    async with Keeper(find_project(Path.cwd())) as keeper:
        print("up", await keeper.socket(), flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""
PATIENCE = 300.0  # seconds that something may take to start
QUIET = 1.0  # seconds without a word from the site's server: it has built what was saved


def joined(site: Site, limits: Limits) -> list[float]:
    """`galley run PAGE` beside a runner that another process keeps up: its whole time less that of the cells."""
    page, beyond = f"page-{site.workload.middle:04}", []
    (site.tree / "keep.py").write_text(KEEPER, encoding="utf-8")
    with background(site, "python -P keep.py") as log:
        wait(partial(said, log, "up "), log)
        for turn in limits.turns():
            site.write(edit=turn)
            done = run(f"galley run {page}", environment(site.peer, site.work, site.tree), site.tree)
            if done.code or "recorded" not in done.log:
                raise RuntimeError(f"galley run {page} recorded nothing:\n{done.log}")
            beyond.append(done.wall_s - records.own_seconds(site.tree, site.workload.middle))
    return beyond


def saved(site: Site, limits: Limits) -> list[float]:
    """`galley serve`: from the save of the snippet file to the new record on disk, less the time of the cells.

    The first edit starts the runner and is not counted.
    """
    record, beyond = records.record_file(site.tree, site.workload.middle), []
    with background(site, f"galley serve --address 127.0.0.1:{free_port()}") as log:
        wait(partial(said, log, "Serving on"), log)
        for turn in (0, *limits.turns()):
            before = record.stat().st_mtime_ns
            quiet(log)
            start = time.monotonic()
            site.write(edit=1000 + turn)
            wait(partial(_newer, record, before), log, step=0.002)
            beyond.append(time.monotonic() - start - records.own_seconds(site.tree, site.workload.middle))
    return beyond[1:]


def _newer(record: Path, before: int) -> bool:
    try:
        return record.stat().st_mtime_ns != before
    except FileNotFoundError:
        return False


def said(log: Path, what: str) -> bool:
    return what in log.read_text(encoding="utf-8", errors="replace")


def quiet(log: Path) -> None:
    """Wait until the site's server has said nothing for a while: it has built what was saved before."""
    size = -1
    while size != log.stat().st_size:
        size = log.stat().st_size
        time.sleep(QUIET)


def wait(until: Callable[[], bool], log: Path, step: float = 0.05) -> None:
    end = time.monotonic() + PATIENCE
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(log.read_text(encoding="utf-8")[-2000:])
        time.sleep(step)


@contextmanager
def background(site: Site, command: str) -> Iterator[Path]:
    """A command that runs as long as the context lasts; the answer is what it says."""
    log = site.tree.parent / f"{site.name}-background.log"
    with log.open("wb") as said:
        process = start_command(command, environment(site.peer, site.work, site.tree), site.tree, said.fileno())
    try:
        yield log
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        kill_tree(process.pid)
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
