"""Shows that no page's outputs depend on which other pages ran: alone, in order, in reverse, several at once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from bench import records
from bench.measure import Site
from bench.pages import Workload
from bench.peers import PEERS
from bench.process import environment, run

Outputs = dict[int, dict[str, str]]  # file and digest of each output of each page


def independence(work: Path, workload: Workload) -> dict[str, Any]:
    """Every page in four ways, each from no record at all; `different` names the outputs that were not equal."""
    site = Site(PEERS["galley"], workload, work, f"independence-{workload.name}")
    site.write(fresh=True)
    pages = [f"page-{number:04}" for number in range(workload.pages)]
    ways = {
        "in order, one at a time": [f"--jobs 1 {' '.join(pages)}"],
        "in reverse order, one at a time": [f"--jobs 1 {' '.join(reversed(pages))}"],
        "four at once": [f"--jobs 4 {' '.join(pages)}"],
        "each alone, in a runner of its own": pages,
    }
    found = {way: _outputs(site, commands) for way, commands in ways.items()}
    first, *others = found.values()
    different = sorted(
        {f"page-{n:04}/{file}" for other in others for n in first for file in first[n] | other[n]
         if first[n].get(file) != other[n].get(file)}
    )  # fmt: skip
    count = sum(len(files) for files in first.values())
    named = {"workload": workload.name, "pages": workload.pages, "outputs": count}
    return {**named, "ways": [*ways], "different": different}


def _outputs(site: Site, commands: list[str]) -> Outputs:
    shutil.rmtree(site.tree / "snippets" / "outputs", ignore_errors=True)
    for words in commands:
        done = run(f"galley run {words}", environment(site.peer, site.work, site.tree), site.tree)
        if done.code:
            raise RuntimeError(f"galley run {words} failed:\n{done.log[-2000:]}")
    return {number: records.outputs(site.tree, number) for number in range(site.workload.pages)}
