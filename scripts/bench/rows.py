"""The rows of the table: what each measures, against what, and what it aims at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bench import live
from bench.audit import heard
from bench.independence import independence
from bench.machine import cores
from bench.measure import Limits, Site, spread
from bench.pages import Workload
from bench.peers import PEERS
from bench.process import Run, environment, run
from bench.scale import checks, copied, overhead_ms, typed


@dataclass(frozen=True)
class Plan:
    """How large the workloads are, and how often each row is measured."""

    work: Path
    few: int = 50
    many: int = 500
    model: int = 10
    long: int = 50  # pages of the large model that memory is measured with
    light: int = 100
    checked: int = 1000
    served: Sequence[int] = (10, 500, 1000)
    large: str = "large"
    limits: Limits = field(default_factory=lambda: Limits(runs=5, budget=60))
    builds: Limits = field(default_factory=lambda: Limits(runs=15, budget=120))  # a few per cent are to be told apart

    def site(self, peer: str, workload: Workload, name: str) -> Site:
        """One peer's tree of a workload."""
        return Site(PEERS[peer], workload, self.work, f"{name}-{peer}")

    def models(self, size: str, pages: int) -> Workload:
        """The workload W2: import, load, generate, LoRA."""
        folder = self.work / "models" / size
        if not (folder / "config.json").is_file():
            raise RuntimeError(f"no model is in {folder}: make it with bench/models.py, as the README says")
        return Workload("model", pages, model=str(folder))


@dataclass(frozen=True)
class Measured:
    """What a row found: a value for each turn, and what else is worth keeping."""

    values: Sequence[float]
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One row; `unit` is × for a ratio to `against`, and s, ms or nothing for a figure of its own."""

    name: str
    what: str
    against: str
    unit: str
    aim: float
    measure: Callable[[Plan], Measured]
    digits: int = 2


def _ratios(pairs: Sequence[tuple[Sequence[Run], Sequence[Run]]], marks: int) -> Measured:
    """Ratios of the first to the second of each pair, each a sum of runs of the same turn."""
    walls = [(_sum(ours, "wall_s"), _sum(floor, "wall_s")) for ours, floor in pairs]
    processor = [_sum(ours, "cpu_s") / _sum(floor, "cpu_s") for ours, floor in pairs]
    more = {
        "wall_s": spread([ours for ours, _ in walls]),
        "against_wall_s": spread([floor for _, floor in walls]),
        "cpu_ratio": spread(processor, 3),
        "marks": marks,
    }
    return Measured([ours / floor for ours, floor in walls], more)


def _sum(runs: Sequence[Run], key: str) -> float:
    for each in runs:
        if each.code or each.killed:
            raise RuntimeError(f"a build failed or was killed:\n{each.log[-2000:]}")
    return sum(float(getattr(each, key)) for each in runs)


def noop(plan: Plan, peer: str, floor: str, pages: int) -> Measured:
    """Nothing changed: both trees are up to date, and the two builds take turns at going first."""
    sites = [plan.site(each, Workload("light", pages), f"noop-{pages}") for each in (peer, floor)]
    for site in sites:
        site.write()
        site.prepare()
    if sites[0].peer.build == "galley build":
        run("galley run", environment(sites[0].peer, plan.work, sites[0].tree), sites[0].tree)
    pairs = []
    for turn in plan.builds.turns():
        ordered = sites if turn % 2 else sites[::-1]
        done = {site.peer.name: site.build() for site in ordered}
        pairs.append(([done[peer]], [done[floor]]))
    return _ratios(pairs, _all_marks(sites[0]))


@cache
def _unchanged(plan: Plan, peer: str, floor: str, pages: int) -> list[tuple[list[Run], list[Run]]]:
    """Builds of a guide of many pages of which nothing changed, each beside the floor's; made once for all rows."""
    ours, static = copied(plan.work, pages, 5, "size", peer), typed(plan.work, pages, 5, "size", floor)
    pairs = []
    for turn in plan.builds.turns():
        done = {site.name: site.build() for site in ((ours, static) if turn % 2 else (static, ours))}
        pairs.append(([done[ours.name]], [done[static.name]]))
        _sum([run for pair in pairs[-1] for run in pair], "wall_s")
        if (shown := ours.copies()) != pages:
            raise RuntimeError(f"{ours.name}: {shown} of {pages} pages show what only a run prints")
    return pairs


def sized(plan: Plan, peer: str, floor: str, pages: int) -> Measured:
    """The ratio of a guide of many pages to the same static pages."""
    return _ratios(_unchanged(plan, peer, floor, pages), pages)


def sized_s(plan: Plan, peer: str, floor: str, pages: int) -> Measured:
    """The seconds of the same builds."""
    pairs = _unchanged(plan, peer, floor, pages)
    return Measured(
        [_sum(ours, "wall_s") for ours, _ in pairs], {"cpu_s": spread([_sum(each, "cpu_s") for each, _ in pairs])}
    )


def _all_marks(site: Site, edit: int = 0) -> int:
    found = site.marks(edit)
    if found != site.workload.pages:
        raise RuntimeError(f"{site.name}: {found} of {site.workload.pages} pages show what only a run prints")
    return found


def cold(plan: Plan, size: str) -> Measured:
    """W2 from an empty tree, against the bare cells in one process plus the static build."""
    ours, static, bare = (plan.site(each, plan.models(size, plan.model), f"cold-{size}") for each in PEERS_OF_W2)
    pairs, marks = [], 0
    for turn in plan.limits.turns():
        for site in (ours, static, bare):
            site.write(fresh=True)
        sites = (ours, static, bare) if turn % 2 else (bare, static, ours)
        done = {site.peer.name: site.build() for site in sites}
        marks = _all_marks(ours)
        pairs.append(([done["galley"]], [done["static"], done["bare"]]))
    return _ratios(pairs, marks)


PEERS_OF_W2 = ("galley", "static", "bare")


def edited(plan: Plan) -> Measured:
    """One cell of one page edited, no runner up, against that page's cells alone plus the static build."""
    workload = plan.models("small", plan.model)
    ours, static = plan.site("galley", workload, "edit"), plan.site("static", workload, "edit")
    bare = plan.site("bare", plan.models("small", 1), "edit")
    for site in (ours, static, bare):
        site.write(fresh=True)
    ours.build()
    pairs, marks = [], 0
    for turn in plan.limits.turns():
        ours.write(edit=turn)
        sites = (ours, static, bare) if turn % 2 else (bare, static, ours)
        done = {site.peer.name: site.build() for site in sites}
        marks = _all_marks(ours, turn)
        pairs.append(([done["galley"]], [done["static"], done["bare"]]))
    return _ratios(pairs, marks)


def memory(plan: Plan, pages: int) -> Measured:
    """Peak PSS of all processes, for each page at once, against bare."""
    ours, bare = (plan.site(each, plan.models(plan.large, pages), f"memory-{pages}") for each in ("galley", "bare"))
    at_once, found = cores(), []
    for site in (ours, bare):
        site.write(fresh=True)
        command = f"galley run --jobs {at_once}" if site is ours else site.peer.build
        found.append(run(command, environment(site.peer, plan.work, site.tree), site.tree, memory=True))
        _sum(found, "pss_mb")
    ours_mb, bare_mb = (each.pss_mb for each in found)
    more = {"pss_mb": round(ours_mb), "against_pss_mb": round(bare_mb), "at_once": at_once}
    return Measured([ours_mb / at_once / bare_mb], more | {"rss_mb": round(found[0].rss_mb)})


def processes(plan: Plan) -> Measured:
    """Nothing changed: processes started by `mkdocs build` and `galley check`, and imports of torch by any command."""
    site = plan.site("galley", plan.models("small", 2), "audit")
    site.write()
    site.build()
    said = {command: heard(site, command) for command in ("mkdocs build", "galley check", "galley build")}
    children = {command: [each for each in lines if each != "torch"] for command, lines in said.items()}
    torch = sum("torch" in lines for lines in said.values())
    counted = len(children["mkdocs build"]) + len(children["galley check"]) + torch
    return Measured([counted], {"children": children, "torch": torch})


def warm(plan: Plan, how: Callable[[Site, Limits], list[float]]) -> Measured:
    """One cell edited beside a warm runner: seconds beyond the page's own cells."""
    site = plan.site("galley", plan.models("small", plan.model), "warm")
    site.write()
    run("galley run", environment(site.peer, plan.work, site.tree), site.tree)
    return Measured(how(site, plan.limits))


def overhead(plan: Plan, make: Callable[[Plan], Workload]) -> Measured:
    """What a page costs beside its own cells, pages one after another; and two at a time beside it."""
    workload = make(plan)
    site = plan.site("galley", workload, f"overhead-{workload.name}")
    both = overhead_ms(site, 2, plan.limits)
    return Measured(overhead_ms(site, 1, plan.limits), {"two_at_a_time_ms": spread(both, 1)})


def check(plan: Plan) -> Measured:
    """`galley check` on many pages of five cells."""
    done = checks(plan.work, plan.checked, 5, plan.limits)
    return Measured([each.wall_s for each in done], {"cpu_s": spread([each.cpu_s for each in done])})


def prose(plan: Plan, pages: int) -> Measured:
    """From a save of prose until the new page is served: by `galley serve`, and by Zensical over the static pages."""
    found = {peer: live.prose(plan.work, pages, plan.limits, peer) for peer in ("galley", "zensical-static")}
    return Measured(found["galley"], {"zensical_s": spread(found["zensical-static"], 3)})


def code(plan: Plan) -> Measured:
    """From a save of code until `galley serve` shows the new output, beyond the page's own cells."""
    return Measured(live.code(plan.work, plan.served[1], plan.limits))


def linear(plan: Plan) -> Measured:
    """Seconds a page with twice the pages, against seconds a page."""
    sizes = (plan.checked, 2 * plan.checked)
    runs = (checks(plan.work, pages, 5, plan.limits) for pages in sizes)
    once, twice = (spread([each.wall_s for each in done], 3) for done in runs)
    return Measured([twice["median"] / 2 / once["median"]], {"wall_s": twice, "against_wall_s": once})


def independent(plan: Plan) -> Measured:
    """Outputs that differ between four ways to run the same pages."""
    rows = [independence(plan.work, workload) for workload in (Workload("leaky", 6), plan.models("small", 4))]
    return Measured([len(row["different"]) for row in rows], {"rows": rows})
