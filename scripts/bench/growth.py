"""How the commands grow with the guide: processor time and memory of more pages, and of one page that grows.

Processor time is that of the whole process tree, since the wall time of a shared machine says little. `static` is
MkDocs over the same pages with their outputs typed in: what it takes more than in proportion is not galley's.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import records
from bench.machine import commit, machine
from bench.measure import Limits, Site
from bench.pages import Workload
from bench.peers import PEERS
from bench.process import Run, environment, run

GROWTH = Path(__file__).parent / "growth.json"
COMMANDS = {  # the peer in whose tree a command runs, and the command
    "run": ("galley", "galley run --all"),
    "check": ("galley", "galley check"),
    "build": ("galley", "galley build"),
    "static": ("static", "mkdocs build"),
}
PAGES, CELLS = (10, 30, 100, 300, 1000), 5
LONG = (500, 1000, 2000)  # the cells of a guide of one page
Sized = tuple[int, int]  # pages, and the cells of each


@dataclass(frozen=True)
class Sizes:
    """The guides to measure, from the smallest on: with more and more pages, and one page with more and more cells."""

    pages: Sequence[int] = PAGES
    long: Sequence[int] = LONG

    def __iter__(self) -> Iterator[Sized]:
        yield from ((pages, CELLS) for pages in self.pages)
        yield from ((1, cells) for cells in self.long)


TRIAL = Sizes((1, 2), (8,))


def measure(work: Path, sizes: Iterable[Sized], only: Sequence[str], limits: Limits, out: Path) -> None:
    """Measure every command at every size, or those rows alone; each is kept as soon as it is there."""
    measured = commit()
    asked = [(size, name) for size in sizes for name in COMMANDS if not only or f"{name}-{size[0]}x{size[1]}" in only]
    for number, ((pages, cells), name) in enumerate(asked, start=1):
        load = os.getloadavg()[0]
        done = _runs(work, Workload("light", pages, cells), name, limits)
        row = {
            "name": f"{name}-{pages}x{cells}", "command": COMMANDS[name][1], "pages": pages, "cells": cells,
            "cpu_s": [round(each.cpu_s, 3) for each in done], "wall_s": [round(each.wall_s, 2) for each in done],
            "largest_mb": [round(each.largest_mb, 1) for each in done], "load_before": round(load, 2),
            "commit": measured,
        }  # fmt: skip
        _keep(out, work, row)
        print(f"[{number}/{len(asked)}] {row['name']}: {row['cpu_s']} s, {row['largest_mb']} MB", flush=True)


def _runs(work: Path, workload: Workload, name: str, limits: Limits) -> list[Run]:
    """The runs of one command, after what it needs; a guide's tree stays, for the commands that come after."""
    peer, command = PEERS[COMMANDS[name][0]], COMMANDS[name][1]
    site = Site(peer, workload, work, f"growth-{workload.pages}x{workload.cells}-{peer.name}")
    site.write()
    shutil.rmtree(site.tree / "site", ignore_errors=True)
    last = workload.pages - 1
    if name in ("check", "build") and not records.record_file(site.tree, last).is_file():
        _well(site, "galley run", limits)
    done = [_well(site, command, limits) for _ in limits.turns()]
    if name in ("build", "static") and site.marks() != workload.pages:
        raise RuntimeError(f"{site.name}: not every page shows what its cells print")
    return done


def _well(site: Site, command: str, limits: Limits) -> Run:
    done = run(command, environment(site.peer, site.work, site.tree), site.tree, limit=limits.limit)
    if done.code or done.killed:
        raise RuntimeError(
            f"{command} in {site.name} {'took too long' if done.killed else 'failed'}:\n{done.log[-2000:]}"
        )
    return done


def _keep(out: Path, work: Path, row: Mapping[str, Any]) -> None:
    """Write the row into the file; the others there stay, and what follows from all of them is worked out anew."""
    old = json.loads(out.read_text(encoding="utf-8"))["rows"] if out.is_file() else []
    places = {name: number for number, name in enumerate(COMMANDS)}
    rows = sorted(
        [each for each in old if each["name"] != row["name"]] + [row],
        key=lambda each: (each["cells"] != CELLS, each["pages"], each["cells"], places[each["name"].partition("-")[0]]),
    )
    made = {"ran_on": machine(work, "galley"), "exponents": exponents(rows), "rows": rows}
    out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def cpu_s(row: Mapping[str, Any]) -> float:
    """The processor time of a row: the median of its runs."""
    return statistics.median(row["cpu_s"])


def exponents(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """For each command, the power of the number of pages with which its time grows between two sizes.

    It is 1 where ten times the pages take ten times as long. What a command takes to start is part of the time, and
    makes the power of small guides less than 1.
    """
    found: dict[str, dict[str, float]] = {}
    for name in COMMANDS:
        many = [row for row in rows if row["name"].startswith(f"{name}-") and row["cells"] == CELLS]
        for less, more in pairwise(many):
            power = math.log(cpu_s(more) / cpu_s(less)) / math.log(more["pages"] / less["pages"])
            found.setdefault(name, {})[f"{less['pages']} to {more['pages']}"] = round(power, 2)
    return found
