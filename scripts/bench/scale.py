"""What galley itself costs a page: to check it, and to run it beside the work of its own cells."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from bench import records
from bench.measure import Limits, Site
from bench.pages import Workload
from bench.peers import PEERS, write_tree
from bench.process import Run, environment, run


def typed(work: Path, pages: int, cells: int, name: str, peer: str) -> Site:
    """The pages of `copied` with their outputs typed in, as a static builder has them."""
    site = Site(PEERS[peer], Workload("light", 1, cells), work, f"{name}-{pages}-{peer}")
    shutil.rmtree(site.tree, ignore_errors=True)
    (first,) = site.workload.make()
    write_tree(site.peer, [replace(first, number=number) for number in range(pages)], site.tree)
    return site


def copied(work: Path, pages: int, cells: int, name: str, peer: str = "galley") -> Site:
    """A guide of so many pages, all true. One page runs; its record is copied under every name."""
    site = Site(PEERS[peer], Workload("light", 1, cells), work, f"{name}-{pages}-{peer}")
    site.write(fresh=True)
    _galley(site, "run")
    tree = site.tree
    record = records.read(tree, 0)
    for number in range(1, pages):
        name, folder = f"page_{number:04}", records.record_file(tree, number).parent
        for kind, old in (("snippets", "page_0000.py"), ("docs", "page-0000.md")):
            text = (tree / kind / old).read_text(encoding="utf-8").replace("page_0000", name)
            new = old.replace("page_0000", name).replace("page-0000", name.replace("_", "-"))
            (tree / kind / new).write_text(text.replace("# Page 0\n", f"# Page {number}\n"), encoding="utf-8")
        shutil.copytree(records.record_file(tree, 0).parent, folder)
        named = json.dumps({**record, "page": name.replace("_", "-")}, indent=1)
        (folder / "record.json").write_text(named + "\n", encoding="utf-8")
    return site


def checks(work: Path, pages: int, cells: int, limits: Limits) -> list[Run]:
    """`galley check` on a guide of so many pages, all true."""
    site = copied(work, pages, cells, "check")
    done = [_galley(site, "check") for _ in limits.turns()]
    shutil.rmtree(site.tree)
    return done


def overhead_ms(site: Site, jobs: int, limits: Limits) -> list[float]:
    """Milliseconds that a page adds to `galley run` beyond its own cells: many pages less one, over their number."""
    more, found = site.workload.pages - 1, []
    site.write(fresh=True)
    for _ in limits.turns():
        one = _galley(site, f"run --all --jobs {jobs} page-0000").wall_s - records.own_seconds(site.tree, 0)
        every = _galley(site, f"run --all --jobs {jobs}").wall_s
        own = [records.own_seconds(site.tree, number) for number in range(site.workload.pages)]
        found.append((every - sum(own) / jobs - one) / more * 1000)
    return found


def _galley(site: Site, words: str) -> Run:
    done = run(f"galley {words}", environment(site.peer, site.work, site.tree), site.tree)
    if done.code:
        raise RuntimeError(f"galley {words} failed:\n{done.log[-2000:]}")
    return done
