"""What happens when: one qualitative case on a small site. What a row means is for its reader to say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measure import Site
from bench.pages import HAZARDS, Workload
from bench.peers import Peer
from bench.process import Run, environment, run

COUNTED = ("kill", "dep", "prose")  # these build twice and count which pages ran again
CASES = (*HAZARDS, *COUNTED)


def case(name: str, peer: Peer, work: Path, limit: float) -> dict[str, Any]:
    """The row of one case."""
    counted = name in COUNTED
    site = Site(peer, Workload("counted" if counted else name, 6 if counted else 3), work, f"case-{peer.name}-{name}")
    site.write(fresh=True)
    (site.tree / "data.txt").write_text("first-text", encoding="utf-8")
    runs = site.tree / "runs.txt"
    runs.write_text("", encoding="utf-8")

    def ran() -> int:
        return len(runs.read_text(encoding="utf-8").split())

    first = _build(site, limit, (lambda: ran() >= 4) if name == "kill" else None)
    named = {"peer": peer.name, "case": name}
    row = {**named, "code": first.code, "killed": first.killed, "wall_s": round(first.wall_s, 1)}
    if not counted:
        return row | _shown(site, first) | {"log_tail": first.log[-300:]}
    before = ran()
    _change(site, name)
    again = _build(site, limit, None)
    counts = {"ran_before": before, "ran_on_rebuild": ran() - before, "rebuild_code": again.code}
    text = site.built()
    data = {"new_data_pages": text.count("second-text"), "old_data_pages": text.count("first-text")}
    return row | counts | data | {"marks": site.marks(), "log_tail": again.log[-300:]}


def _build(site: Site, limit: float, stop_when: Callable[[], bool] | None) -> Run:
    env = environment(site.peer, site.work, site.tree)
    return run(site.peer.build, env, site.tree, limit=limit, stop_when=stop_when)


def _change(site: Site, name: str) -> None:
    """What changes before the second build: the words around the cells of one page, or the data that all pages read."""
    if name != "prose":
        (site.tree / "data.txt").write_text("second-text", encoding="utf-8")
        return
    for path in sorted(site.tree.rglob("*page?0003*")):
        if path.is_file() and "a sentence or two" in (text := path.read_text(encoding="utf-8")):
            path.write_text(text.replace("a sentence or two", "two sentences"), encoding="utf-8")


def _shown(site: Site, done: Run) -> dict[str, Any]:
    text = site.built()
    return {
        "site_mb": round(len(text) / 2**20, 1),
        "rss_mb": round(done.rss_mb),
        "marks": site.marks(),
        "message": "bench says no" in done.log,
        "names_page": any(each in done.log for each in ("page_0001", "page-0001", "Page 1")),
        "line": re.findall(r"line (\d+)|:(\d+):", done.log)[-3:],
        "raw_script": text.count("<script>alert(1)"),
        "raw_escape": text.count("\x1b[31m"),
        "bare_codes": text.count("[31m"),
        "end": text.count("end\n") or text.count(">end<"),
    }
