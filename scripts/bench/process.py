"""Runs a command and watches its whole process tree: seconds, memory, what it said. Linux only.

/proc gives the memory: RSS counts a shared page once in every process, PSS (proportional set size) counts it once in
all. wait4 gives the CPU time, without that of processes that outlive the command. It also gives the true peak of the
largest single process, unless that is no larger than the bench itself, whose size the child begins with.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.peers import Peer

POLL = 0.2  # seconds between two looks at the tree: a shorter peak is missed
NO_LIMIT = 600.0


@dataclass(frozen=True)
class Run:
    """How one command went; memory in MB of 2^20 bytes, `pss_mb` 0 unless asked for."""

    code: int
    killed: bool  # at the limit, or because `stop_when` said so
    wall_s: float
    cpu_s: float
    rss_mb: float
    pss_mb: float
    largest_mb: float  # the peak of the largest process; 0 where it was no larger than this one
    log: str


def build(peer: Peer, work: Path, tree: Path, *, limit: float = NO_LIMIT, memory: bool = False) -> Run:
    """Build a peer's tree once."""
    return run(peer.build, environment(peer, work, tree), tree, limit=limit, memory=memory)


def environment(peer: Peer, work: Path, tree: Path) -> dict[str, str]:
    """The variables of a build: the same on every machine, and HOME is the tree, so a cache below it is cold too."""
    path = f"{work / 'venvs' / peer.venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    offline = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "NO_MKDOCS_2_WARNING": "1"}
    offline["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"  # a bar says how fast it was, which is never the same
    counted = {"BENCH_RUNS": str(tree / "runs.txt"), "BENCH_DATA": str(tree / "data.txt")}
    return {
        "PATH": path, "HOME": str(tree), "LANG": "C.UTF-8", "MPLBACKEND": "Agg", **offline, **counted, **peer.env
    }  # fmt: skip


def run(
    command: str,
    env: Mapping[str, str],
    tree: Path,
    *,
    limit: float = NO_LIMIT,
    memory: bool = False,
    stop_when: Callable[[], bool] | None = None,
) -> Run:
    """Run a command in `tree`; it is killed after `limit` seconds, or as soon as `stop_when` says so."""
    log = tree.parent / f"{tree.name}.log"
    with log.open("wb") as said:
        start = time.monotonic()
        child = start_command(command, env, tree, said.fileno())
        watcher = _Watcher(child.pid, start + limit, memory, stop_when)
        watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        watcher.end()
    text = log.read_text(encoding="utf-8", errors="replace")[-20000:]
    cpu = usage.ru_utime + usage.ru_stime
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peaks = (watcher.rss / 2**20, watcher.pss / 2**20, usage.ru_maxrss / 2**10 * (usage.ru_maxrss > own))
    return Run(child.returncode, watcher.killed, wall, cpu, *peaks, text)


def start_command(command: str, env: Mapping[str, str], tree: Path, said: int) -> subprocess.Popen[bytes]:
    """Start a command without waiting for it; its program is looked up in `env`'s own PATH."""
    program, *words = shlex.split(command)
    found = shutil.which(program, path=env["PATH"])
    if found is None:
        raise FileNotFoundError(f"no program '{program}': run setup.sh for this peer")
    return subprocess.Popen(
        [found, *words], cwd=tree, env=dict(env), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        start_new_session=True,
    )  # fmt: skip


class _Watcher(threading.Thread):
    """Polls the tree's memory and kills it when its time is over."""

    def __init__(self, pid: int, end: float, memory: bool, stop_when: Callable[[], bool] | None) -> None:
        super().__init__()
        self.pid, self.deadline, self.memory, self.stop_when = pid, end, memory, stop_when
        self.rss = self.pss = 0
        self.killed = False
        self._done = threading.Event()

    def run(self) -> None:
        """Look, until the command ended."""
        while not self._done.wait(POLL):
            tree = tree_of(self.pid)
            self.rss = max(self.rss, sum(tree.values()))
            if self.memory:
                self.pss = max(self.pss, self._all_pss(tree))
            if time.monotonic() > self.deadline or (self.stop_when and self.stop_when()):
                self.killed = True
                kill_tree(self.pid)
                return

    def _all_pss(self, tree: dict[int, int]) -> int:
        """The sum of PSS; 0 when a process came or went meanwhile, since what it shared is then counted twice."""
        found = sum(map(proportional, tree))
        after = tree_of(self.pid)
        return found if after.keys() == tree.keys() and all(after.values()) else 0

    def end(self) -> None:
        """Stop looking."""
        self._done.set()
        self.join()


def tree_of(root: int) -> dict[int, int]:
    """Process id and resident bytes of `root` and its descendants, as /proc has them now."""
    parents, resident = {}, {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  ten times a second: strings are cheaper than paths
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = Path("/proc", entry, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                parents[int(entry)] = int(fields[1])
                resident[int(entry)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    tree, grew = {root}, True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in tree} - tree
        grew = bool(more)
        tree |= more
    return {pid: resident.get(pid, 0) for pid in tree}


def proportional(pid: int) -> int:
    """The PSS of a process in bytes; 0 when it is gone."""
    with contextlib.suppress(OSError):
        for line in Path("/proc", str(pid), "smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def kill_tree(root: int) -> None:
    """Kill a process and its descendants."""
    for pid in sorted(tree_of(root)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
