"""Two states of galley beside each other: this checkout's, and that of another commit, in turns of one run.

`setup.sh` installs the other one into an environment of its own, with the versions that its commit pins. Each has a
tree of its own, since the records of one may mean nothing to the other.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from bench.machine import commit, machine
from bench.measure import Limits, Site, spread
from bench.pages import Workload
from bench.peers import PEERS
from bench.process import environment, run
from bench.scale import copied

ROOT = Path(__file__).parents[2]
NOW, THEN = "galley", "galley-then"
RESULTS = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Sizes:
    """How many pages each command gets."""

    run: int = 50
    build: int = 50
    check: int = 500
    model: int = 10


TRIAL = Sizes(run=3, build=3, check=3, model=2)


class NoCommitError(Exception):
    """git knows no such commit here."""


def unpack(work: Path, named: str) -> str:
    """Put a commit's files into WORK/then, and return its abbreviated name; raises NoCommitError."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short", "--verify", "--quiet", f"{named}^{{commit}}"]
    found = subprocess.run(asked, capture_output=True, check=False, text=True)
    if found.returncode:
        raise NoCommitError(f"git knows no commit '{named}' in {ROOT}: name one that `git log` shows")
    name = found.stdout.strip()
    packed = subprocess.run(["git", "-C", str(ROOT), "archive", name], capture_output=True, check=True).stdout
    folder = work / "then"
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return name


def install(work: Path) -> None:
    """Install both states; what the other one needs may have been another thing last time, so it begins anew."""
    shutil.rmtree(work / "venvs" / THEN, ignore_errors=True)
    subprocess.run([str(Path(__file__).with_name("setup.sh")), str(work), NOW, THEN], check=True)


def rows(work: Path, sizes: Sizes, limits: Limits) -> Iterator[dict[str, Any]]:
    """A row for each command: the ratios of this checkout's galley to the other one, and the seconds of both."""
    light = _both(lambda peer: _written(peer, Workload("light", sizes.run), work, "run", "galley run"))
    yield _row(f"galley run --all, {sizes.run} pages", light, "galley run --all", limits)
    built = _both(lambda peer: _written(peer, Workload("light", sizes.build), work, "build", "galley build"))
    yield _row(f"galley build, {sizes.build} pages, nothing changed", built, "galley build", limits)
    many = _both(lambda peer: copied(work, sizes.check, 5, "pairwise", peer))
    yield _row(f"galley check, {sizes.check} pages × 5 cells", many, "galley check", limits)
    model = work / "models" / "small"
    if (model / "config.json").is_file():
        workload = Workload("model", sizes.model, model=str(model))
        loading = _both(lambda peer: _written(peer, workload, work, "model", "galley run"))
        yield _row(f"galley run --all, {sizes.model} pages with a 5 M model", loading, "galley run --all", limits)


def _both(make: Callable[[str], Site]) -> tuple[Site, Site]:
    """The site of each state; the other one's peer differs by its name and its environment alone."""
    PEERS[THEN] = replace(PEERS[NOW], name=THEN, venv=THEN)
    return make(NOW), make(THEN)


def _written(peer: str, workload: Workload, work: Path, name: str, first: str) -> Site:
    """A fresh site in which a command was called once."""
    site = Site(PEERS[peer], workload, work, f"pairwise-{name}-{peer}")
    site.write(fresh=True)
    _seconds(site, first)
    return site


def _row(what: str, sites: Sequence[Site], command: str, limits: Limits) -> dict[str, Any]:
    turns = []
    for turn in limits.turns():
        done = {site.peer.name: _seconds(site, command) for site in (sites if turn % 2 else sites[::-1])}
        turns.append((done[NOW], done[THEN]))
    figures: dict[str, Any] = {"what": what, "runs": len(turns)}
    for number, name in enumerate(("wall", "cpu")):
        now, then = ([each[state][number] for each in turns] for state in (0, 1))
        figures[f"{name}_ratio"] = spread([ours / theirs for ours, theirs in zip(now, then, strict=True)], 3)
        figures |= {f"{name}_s": spread(now), f"then_{name}_s": spread(then)}
    return figures


def _seconds(site: Site, command: str) -> tuple[float, float]:
    done = run(command, environment(site.peer, site.work, site.tree), site.tree)
    if done.code or done.killed:
        raise RuntimeError(f"{site.peer.name}: `{command}` failed:\n{done.log[-2000:]}")
    return done.wall_s, done.cpu_s


def pairwise(work: Path, named: str, sizes: Sizes, limits: Limits, out: Path) -> None:
    """Install both states, measure each command, and write what was found; raises NoCommitError."""
    then = unpack(work, named)
    install(work)
    found = []
    for row in rows(work, sizes, limits):
        found.append(row)
        print(f"{row['what']}: {row['wall_ratio']} of the time, {row['cpu_ratio']} of the processor's", flush=True)
    made = {"ran_on": machine(work, NOW), "commit": commit(), "then": then, "rows": found}
    out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
