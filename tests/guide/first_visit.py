"""What a browser must fetch for the first visit of a page, as a server sends it that compresses with gzip."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

BUILDERS = ("assets/javascripts/", "search/")  # where a theme and its search have their scripts


def files(site: Path, asked: Iterable[str]) -> set[Path]:
    """The files of a site that requests lead to; an address that is asked for twice is fetched once."""
    found = {site / unquote(urlsplit(url).path).lstrip("/") for url in asked if url.startswith("http")}
    return {path / "index.html" if path.is_dir() else path for path in found}


@lru_cache
def compressed(file: Path) -> int:
    """The bytes of a file as they are sent. A font is compressed already, and sent as it is."""
    data = file.read_bytes()
    return min(len(data), len(gzip.compress(data, 9)))


def weight(site: Path, asked: Iterable[str]) -> int:
    """The bytes of all that is asked for."""
    return sum(map(compressed, files(site, asked)))


def own_scripts(site: Path, asked: Iterable[str]) -> int:
    """The bytes of the scripts that are the guide's own."""
    found = [file for file in files(site, asked) if file.suffix == ".js"]
    return sum(compressed(file) for file in found if not file.relative_to(site).as_posix().startswith(BUILDERS))
