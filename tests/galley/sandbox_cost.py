"""Measure what the sandbox costs a page: python tests/galley/sandbox_cost.py [PAGES]

Forks a child for each page, as a runner does, and prints the milliseconds until it has shut itself in and is told what
is opened in the project: the median of wall time and of processor time, and the largest of each.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from galley.record.dependencies import never_counts
from galley.run import sight
from galley.system import sandbox
from galley.system.allowed import for_page
from galley.system.opens import Opens

ROOT = Path(__file__).parents[2]


def one(scratch: Path) -> tuple[float, float]:
    """Wall time and processor time of one page, in milliseconds."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        wall, work = time.perf_counter(), time.process_time()
        apart = [path for path in never_counts(ROOT) if path.is_relative_to(ROOT)]
        allowed = for_page(ROOT, scratch, ROOT / "snippets", reads=(), devices=(), network=False, apart=apart)
        held = sandbox.enter(allowed)
        assert not any(held.values()), sandbox.told(held)
        Opens(sight.watched(allowed.watched, ())[0])
        os.write(writing, f"{time.perf_counter() - wall} {time.process_time() - work}".encode())
        os._exit(0)
    os.close(writing)
    os.wait()
    wall, work = map(float, os.read(reading, 100).split())
    os.close(reading)
    return wall * 1000, work * 1000


if __name__ == "__main__":
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    sandbox.know()
    sight.know(str(ROOT), str(ROOT / "snippets"), (str(ROOT / "snippets/outputs"), *map(str, never_counts(ROOT))))
    with tempfile.TemporaryDirectory() as folder:
        times = [one(Path(folder).resolve()) for _ in range(pages)]
    for name, each in zip(("wall", "processor"), zip(*times, strict=True), strict=True):
        print(f"{name}: median {statistics.median(each):.1f} ms, largest {max(each):.1f} ms, of {pages} pages")
