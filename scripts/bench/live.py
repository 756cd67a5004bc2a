"""What an author waits for in `galley serve`: from the save of a file until the new page is served."""

from __future__ import annotations

import re
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from bench import records
from bench.measure import Limits, Site
from bench.scale import copied
from bench.warm import background, free_port, said, wait

PAUSE = 1.5  # seconds between two saves: the rest of the site is being built then, as it is while somebody writes
STEP = 0.005  # seconds between two looks at the page
TAG = re.compile(r"<[^>]*>")


def prose(work: Path, pages: int, limits: Limits) -> list[float]:
    """Seconds from the save of a page's Markdown until the page with the new words is served."""
    found = []
    with _served(work, pages, "prose") as (site, address, log):
        file = site.tree / f"docs/page-{pages // 2:04}.md"
        text = file.read_text(encoding="utf-8")
        for turn in limits.turns():
            start = time.monotonic()
            file.write_text(f"{text}\nThe words of turn-{turn}.\n", encoding="utf-8")
            wait(partial(_shows, address, f"turn-{turn}."), log, step=STEP)
            found.append(time.monotonic() - start)
            time.sleep(PAUSE)
    return found


def code(work: Path, pages: int, limits: Limits) -> list[float]:
    """Seconds from the save of a page's code until its new output is served, less those of the page's own cells.

    The first save starts the runner and is not counted.
    """
    found, middle = [], pages // 2
    with _served(work, pages, "code") as (site, address, log):
        file = site.tree / f"snippets/page_{middle:04}.py"
        text = file.read_text(encoding="utf-8")
        for turn in (0, *limits.turns()):
            start = time.monotonic()
            file.write_text(f"{text}print('turn', {turn}, 'ends')\n", encoding="utf-8")
            wait(partial(_shows, address, f"turn {turn} ends"), log, step=STEP)
            found.append(time.monotonic() - start - records.own_seconds(site.tree, middle))
            time.sleep(PAUSE)
    return found[1:]


@contextmanager
def _served(work: Path, pages: int, name: str) -> Iterator[tuple[Site, str, Path]]:
    """A guide of so many pages under `galley serve`, the address of its middle page, and what the command says."""
    site, port = copied(work, pages, 5, name), free_port()
    with background(site, f"galley serve --address 127.0.0.1:{port}") as log:
        wait(partial(said, log, "Serving on"), log)
        yield site, f"http://127.0.0.1:{port}/page-{pages // 2:04}/", log
    shutil.rmtree(site.tree)


def _shows(address: str, words: str) -> bool:
    """Whether the page that is served has these words."""
    with suppress(OSError), urllib.request.urlopen(address, timeout=60) as answer:
        return words in TAG.sub("", answer.read().decode("utf-8"))
    return False
