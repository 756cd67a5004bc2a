"""Cold, no-op and one-edit builds of one peer, each turn beside a cold build of another."""

from __future__ import annotations

import glob
import re
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.pages import Workload, mark
from bench.peers import Peer, write_tree
from bench.process import Run, build, environment, run

KINDS = ("cold", "noop", "edit")
MARK = re.compile(r"\b[0-9a-f]{16}\b")  # found in one pass, page by page: a large site is read for minutes otherwise


@dataclass(frozen=True)
class Limits:
    """How often to measure, and for how long."""

    runs: int = 3
    budget: float = 150.0  # seconds after which no further turn begins
    limit: float = 600.0  # seconds after which a build is killed: a lower bound

    def turns(self) -> Iterator[int]:
        """The turns' numbers from 1, until `runs` or the budget is used up; the first always comes."""
        begun = time.monotonic()
        for turn in range(1, self.runs + 1):
            if turn > 1 and time.monotonic() - begun > self.budget:
                return
            yield turn


@dataclass(frozen=True)
class Site:
    """One peer's tree of one workload."""

    peer: Peer
    workload: Workload
    work: Path
    name: str

    @property
    def tree(self) -> Path:
        """Where it stands."""
        return self.work / "trees" / self.name

    def write(self, edit: int = 0, *, fresh: bool = False) -> None:
        """Write the tree, from nothing if it is to be `fresh`."""
        if fresh:
            shutil.rmtree(self.tree, ignore_errors=True)
        write_tree(self.peer, self.workload.make(edit), self.tree)

    def prepare(self) -> None:
        """Run what the peer's build needs before it."""
        if self.peer.before:
            done = run(self.peer.before, environment(self.peer, self.work, self.tree), self.tree)
            if done.code:
                raise RuntimeError(f"{self.name}: {self.peer.before} failed:\n{done.log[-2000:]}")

    def build(self, limit: float = 600.0, *, memory: bool = False) -> Run:
        """Build it once."""
        return build(self.peer, self.work, self.tree, limit=limit, memory=memory)

    def marks(self, edit: int = 0) -> int:
        """How many pages show what only a run of their newest text prints."""
        there = {found for path in self._pages() for found in MARK.findall(_text(path))}
        middle = self.workload.middle
        return sum(mark(n, edit if n == middle else 0) in there for n in range(self.workload.pages))

    def copies(self) -> int:
        """How many pages show what only a run of the first page prints: all, where its record was copied."""
        return sum(mark(0, 0) in _text(path) for path in self._pages())

    def built(self) -> str:
        """The text of all built pages."""
        return "\n".join(map(_text, self._pages()))

    def _pages(self) -> list[str]:
        """The paths of all built pages."""
        return [path for each in self.peer.site for path in glob.glob(str(self.tree / each), recursive=True)]  # noqa: PTH207


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """Least, median and greatest."""
    found = {"min": min(values), "median": statistics.median(values), "max": max(values)}
    return {name: round(value, digits) for name, value in found.items()}


def measure(site: Site, floor: Site | None, kinds: Sequence[str], limits: Limits) -> list[dict[str, Any]]:
    """A row for each kind of build; ratios are to the floor, built cold in the same turn."""
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    for turn in limits.turns():
        beside = None
        if floor:
            floor.write(fresh=True)
            beside = floor.build(limits.limit)
        for kind in KINDS:
            if kind != "cold" and kind not in kinds:
                continue
            edit = turn if kind == "edit" else 0
            site.write(edit, fresh=kind == "cold")
            site.prepare()
            done = site.build(limits.limit)
            rows.setdefault(kind, []).append(_figures(done, beside) | {"marks": site.marks(edit)})
            if done.killed:
                break
    return [_row(site, kind, done) | {"pair": floor and floor.peer.name} for kind, done in rows.items() if done]


def _figures(done: Run, beside: Run | None) -> dict[str, Any]:
    ratios = {"ratio": 0.0, "cpu_ratio": 0.0}
    if beside:
        ratios = {"ratio": done.wall_s / beside.wall_s, "cpu_ratio": done.cpu_s / beside.cpu_s}
    figures = {"wall_s": done.wall_s, "cpu_s": done.cpu_s, "rss_mb": done.rss_mb}
    return {**figures, **ratios, "code": done.code, "killed": done.killed}


def _row(site: Site, kind: str, done: list[dict[str, Any]]) -> dict[str, Any]:
    named = {"peer": site.peer.name, "workload": site.workload.name, "pages": site.workload.pages, "kind": kind}
    times = {key: spread([row[key] for row in done]) for key in ("wall_s", "cpu_s", "ratio", "cpu_ratio")}
    return {
        **named,
        "runs": len(done),
        **times,
        "rss_mb": round(max(row["rss_mb"] for row in done)),
        "marks": f"{min(row['marks'] for row in done)}/{site.workload.pages}",
        "codes": sorted({row["code"] for row in done}),
        "lower_bound": any(row["killed"] for row in done),
    }
