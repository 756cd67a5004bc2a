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
from bench.scale import copied, typed
from bench.warm import background, free_port, wait

PAUSE = 1.5  # seconds between two saves: the rest of the site is being built then, as it is while somebody writes
STEP = 0.005  # seconds between two looks at the page
SERVES = {"galley": "galley serve --address {}", "zensical-static": "zensical serve --dev-addr {}"}
TAG = re.compile(r"<[^>]*>")


def prose(work: Path, pages: int, limits: Limits, peer: str) -> list[float]:
    """Seconds from the save of a page's Markdown until the page with the new words is served."""
    found = []
    with _served(work, pages, "prose", peer) as (site, address, log):
        file = site.tree / f"docs/{_page(peer, pages)}.md"
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
    with _served(work, pages, "code", "galley") as (site, address, log):
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
def _served(work: Path, pages: int, name: str, peer: str) -> Iterator[tuple[Site, str, Path]]:
    """A guide of so many pages under a live server, the address of its middle page, and what the command says."""
    site = (copied if peer == "galley" else typed)(work, pages, 5, name, peer)
    port = free_port()
    with background(site, SERVES[peer].format(f"127.0.0.1:{port}")) as log:
        address = f"http://127.0.0.1:{port}/{_page(peer, pages)}/"
        wait(partial(_shows, address, f"Page {pages // 2}"), log)
        yield site, address, log
    shutil.rmtree(site.tree)


def _page(peer: str, pages: int) -> str:
    """The name of the middle page's file."""
    return f"page{'-' if peer == 'galley' else '_'}{pages // 2:04}"


def _shows(address: str, words: str) -> bool:
    """Whether the page that is served has these words."""
    with suppress(OSError), urllib.request.urlopen(address, timeout=60) as answer:
        return words in TAG.sub("", answer.read().decode("utf-8"))
    return False
