"""Measures pages on a cluster against pages of one process: python -m bench.cluster WORK [--pages N] [--turns N]

Run in an environment with galley-docs[ray]. A local cluster of Ray gets two machines, which share the cores of this one
evenly; one process gets the same cores. In each turn both run all pages, and take turns at going first. What is
measured is the whole command, with its connection, its archive of the project and the start of its runners; the cluster
stands before. Ray's workers get the priority of any process here: as Ray comes, they stand back for all others, so that
on a busy machine the ratio would measure that. The claims of both records must be equal to the last byte. The result is
in cluster.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

AIM = 1.15
SETTINGS = "[tool.galley]\n\n[tool.galley.profiles.laptop]\nrequired = true\n"
MKDOCS = "site_name: Many\nmarkdown_extensions: [galley]\n"
CELLS = 5
RESULT = Path(__file__).parent / "cluster.json"


def write(folder: Path, pages: int) -> None:
    """A guide of small pages: five cells each, of the standard library only."""
    for name, text in (("pyproject.toml", SETTINGS), ("mkdocs.yml", MKDOCS)):
        (folder / name).write_text(text, encoding="utf-8")
    for each in ("docs", "snippets"):
        (folder / each).mkdir()
    for page in range(pages):
        cells = [f"# %% cell-{cell}\nprint({page}, sum(range({cell + 1} * 1000)))\n" for cell in range(CELLS)]
        (folder / f"snippets/page_{page}.py").write_text("".join(cells), encoding="utf-8")
        fences = [f'```python exec="on" cell="page_{page}/cell-{cell}"\n```\n' for cell in range(CELLS)]
        (folder / f"docs/page-{page}.md").write_text(f"# Page {page}\n\n" + "\n".join(fences), encoding="utf-8")


def timed(folder: Path, *words: str) -> float:
    """The seconds of `galley run`; all records are made anew."""
    shutil.rmtree(folder / "snippets/outputs", ignore_errors=True)
    galley = str(Path(sysconfig.get_path("scripts"), "galley"))
    began = time.perf_counter()
    done = subprocess.run([galley, "run", *words], cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(
            f"galley run {' '.join(words)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return seconds


def claimed(folder: Path) -> dict[str, bytes]:
    """The files of all records but run.json, which another run says otherwise."""
    files = (path for path in (folder / "snippets/outputs").rglob("*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def measure(work: Path, pages: int, turns: int) -> dict[str, Any]:
    """The seconds of each turn, and their ratios."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  as Ray writes it
    cores = len(os.sched_getaffinity(0))
    shares = [cores - cores // 2, cores // 2]
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": shares[0], "include_dashboard": False})
    cluster.add_node(num_cpus=shares[1])
    runs = []
    try:
        for turn in range(turns):
            seconds, claims = {}, {}
            for name in ("process", "ray") if turn % 2 == 0 else ("ray", "process"):
                words = ("--jobs", str(cores)) if name == "process" else ("--on", f"ray:{cluster.address}")
                seconds[name] = timed(work, *words)
                claims[name] = claimed(work)
            if claims["ray"] != claims["process"] or len(claims["ray"]) < pages * (CELLS + 1):
                sys.exit("the records differ")
            runs.append(
                {**{name: round(each, 2) for name, each in seconds.items()}, "load": round(os.getloadavg()[0], 1)}
            )
            print(runs[-1], flush=True)
    finally:
        cluster.shutdown()
    ratio = round(median(each["ray"] / each["process"] for each in runs), 3)
    return {
        "pages": pages, "cells": CELLS, "cores": cores, "machines": len(shares), "aim": AIM, "ratio": ratio,
        "met": ratio <= AIM, "runs": runs, "ray": version("ray"), "galley": version("galley-docs"),
        "python": sys.version.split()[0], "date": datetime.now(UTC).date().isoformat(),
    }  # fmt: skip


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="an empty folder outside of the checkout")
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True)
    write(asked.work, asked.pages)
    asked.out.write_text(json.dumps(measure(asked.work, asked.pages, asked.turns), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
