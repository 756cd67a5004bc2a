"""The table of what galley aims at: measures its rows and keeps them in one JSON file, row by row."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.machine import commit, machine
from bench.measure import Limits, spread
from bench.pages import Workload
from bench.rows import (
    Plan,
    Row,
    check,
    code,
    cold,
    edited,
    independent,
    linear,
    memory,
    noop,
    overhead,
    processes,
    prose,
    sized,
    sized_s,
    warm,
)  # fmt: skip
from bench.warm import joined, saved

# What an author and a gate wait for in a guide of many pages; their rows need neither torch nor a model.
SIZE = (
    "prose-10",
    "prose-500",
    "prose-1000",
    "code-500",
    "size-mkdocs-500",
    "size-zensical-1000",
    "seconds-zensical-1000",
    "check-1000",
)
RESULTS = Path(__file__).parent / "results.json"
STATIC, BARE = "the same static pages", "the cells in one Python process + the static build"


def rows(plan: Plan) -> list[Row]:
    """Every row, in the order in which they are measured and shown."""
    few, many, ten = plan.few, plan.many, plan.model
    noops = [
        ("noop-mkdocs", "galley-mkdocs", "static", "mkdocs build", 1.05),
        ("noop-zensical", "galley-zensical", "zensical-static", "zensical build --clean", 1.1),
    ]
    unchanged = [
        Row(f"{name}-{size}", f"Nothing changed, {pages} pages, {command}", f"{STATIC}, {command}", "×", aim,
            partial(noop, peer=peer, floor=floor, pages=pages))
        for name, peer, floor, command, aim in noops for size, pages in (("50", few), ("500", many))
    ]  # fmt: skip
    return [
        *unchanged,
        Row("noop-galley-50", f"Nothing changed, {few} pages, galley build", f"{STATIC}, mkdocs build", "×", 1.05,
            partial(noop, peer="galley", floor="static", pages=few)),
        Row("noop-named-500", f"Nothing changed, {many} pages, galley build with Zensical",
            f"{STATIC}, zensical build --clean", "×", 1.05,
            partial(noop, peer="galley-named", floor="zensical-static", pages=many)),
        Row("noop-processes", "Nothing changed: processes started and imports of torch", "", "", 0, processes, 0),
        Row("cold-small", f"Cold, {ten} pages with a 5 M model", BARE, "×", 1.0, partial(cold, size="small")),
        Row("cold-large", f"Cold, {ten} pages with a 349 M model", BARE, "×", 1.0, partial(cold, size=plan.large)),
        Row("memory-10", f"Peak memory per page at once, {ten} pages with a 349 M model", "the bare process", "×", 1.1,
            partial(memory, pages=ten)),
        Row("memory-50", f"Peak memory per page at once, {plan.long} such pages", "the bare process", "×", 1.1,
            partial(memory, pages=plan.long)),
        Row("edit-cold", f"One edited cell of {ten} pages, cold runner", "that page's cells + the static build", "×",
            1.1, edited),
        Row("edit-saved", "One edited cell, galley serve: save to record, beyond the page's cells", "", "s", 0.2,
            partial(warm, how=saved), 3),
        Row("edit-joined", "One edited cell, galley run beside a warm runner, beyond the page's cells", "", "s", 0.2,
            partial(warm, how=joined), 3),
        Row("overhead-light", "A page beside its own cells, standard library", "", "ms", 50,
            partial(overhead, make=lambda plan: Workload("light", plan.light)), 1),
        Row("overhead-model", "A page beside its own cells, 5 M model", "", "ms", 50,
            partial(overhead, make=lambda plan: plan.models("small", 3 * plan.model)), 1),
        *(
            Row(f"prose-{size}", f"galley serve, {pages} pages: prose saved to page served", "", "s", aim,
                partial(prose, pages=pages), 3)
            for (size, aim), pages in zip(((10, 0.1), (500, 0.5), (1000, 0.8)), plan.served, strict=True)
        ),
        Row("code-500", f"galley serve, {plan.served[1]} pages: code saved to output served, beyond the cells", "", "s",
            0.7, code, 3),
        *many_pages(plan),
        Row("check-1000", f"galley check, {plan.checked} pages × 5 cells", "", "s", 0.4, check),
        Row("check-linear", f"galley check, a page of {2 * plan.checked}", f"a page of {plan.checked}", "×", 1.1,
            linear),
        Row("independence", "Outputs that differ: alone, in order, reversed, at once", "", "", 0, independent, 0),
    ]  # fmt: skip


def many_pages(plan: Plan) -> list[Row]:
    """The builds of a guide of many pages, with either builder."""
    what, many, most = "Nothing changed, {} pages with the same cells, galley build", plan.many, plan.checked
    named, static = "galley-named", "zensical-static"
    return [
        Row("size-mkdocs-500", what.format(many), f"{STATIC}, mkdocs build", "×", 1.05,
            partial(sized, peer="galley", floor="static", pages=many)),
        Row("size-zensical-1000", f"{what.format(most)} with Zensical", f"{STATIC}, zensical build --clean", "×", 1.05,
            partial(sized, peer=named, floor=static, pages=most)),
        Row("seconds-zensical-1000", f"The same builds with Zensical, {most} pages", "", "s", 10,
            partial(sized_s, peer=named, floor=static, pages=most), 1),
    ]  # fmt: skip


def trial(plan: Plan) -> Plan:
    """The same rows with tiny workloads, to see that everything works."""
    return Plan(plan.work, 3, 4, 2, 3, 4, 20, (2, 3, 4), "small", Limits(runs=1), Limits(runs=1))


def measure(plan: Plan, only: Sequence[str], out: Path) -> None:
    """Measure the rows of those names, all when none is given; each is written as soon as it is there.

    The name `size` stands for the rows of SIZE.
    """
    only = [name for each in only for name in (SIZE if each == "size" else (each,))]
    measured = commit()  # of the checkout as it is now, which is the one that setup.sh installed
    for row in rows(plan):
        if only and row.name not in only:
            continue
        begun, load = time.monotonic(), os.getloadavg()[0]
        try:
            found = row.measure(plan)
        except Exception as error:  # the other rows are worth having; this one stays as it was
            print(f"{row.name}: FAILED: {error}", flush=True)
            continue
        value = spread(found.values, row.digits)
        kept = {"name": row.name, "what": row.what, "against": row.against, "unit": row.unit, "aim": row.aim}
        entry = {**kept, "value": value, "runs": len(found.values), "met": value["median"] <= row.aim, **found.more}
        spent = round(time.monotonic() - begun)
        _keep(out, plan, {**entry, "load_before": round(load, 2), "measured_in_s": spent, "commit": measured})
        print(f"{row.name}: {value} (aim {row.aim}) in {spent} s", flush=True)


def _keep(out: Path, plan: Plan, entry: dict[str, Any]) -> None:
    kept = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {"rows": []}
    found = {row["name"]: row for row in kept["rows"]} | {entry["name"]: entry}
    order = [row.name for row in rows(plan)]
    made = {"ran_on": machine(plan.work), "rows": [found[name] for name in order if name in found]}
    out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
