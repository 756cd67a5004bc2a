"""In the builder: files that galley puts into the site beside the pages, each at an address of its own.

Every builder empties the site's folder and then has the pages converted. So what is written while a page is converted
stays, under MkDocs, ProperDocs and Zensical alike, and no plug-in is needed.
"""

from __future__ import annotations

import posixpath
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from galley.errors import GalleyError, Place, RefusedError
from galley.export.offered import Offered
from galley.folders import DIGEST
from galley.site.page import Page


def publish(page: Page, address: str, data: bytes) -> None:
    """Put a file of galley's into the site, at an address from the site's root.

    Raises GalleyError where a file of the docs folder has the address too, and what `write` raises.
    """
    own = page.project.docs / address
    if own.exists():
        what = f"the site would have this file and one that galley makes at {address}"
        raise GalleyError(what, Place(page.project.relative(own)), "give the file in the docs folder another name")
    write(page, address, data)


def write(page: Page, address: str, data: bytes) -> None:
    """Put a file into the site; raises RefusedError where a link would lead the writing elsewhere."""
    assert page.folder is not None
    target = page.folder / address
    for part in (target, *target.parents):
        if part == page.folder:
            break
        if part.is_symlink():
            raise RefusedError("is a link, and galley follows none to what it writes", Place(part), "remove the link")
    if not _has(target, data):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def with_script(page: Page, name: str) -> str:
    """Put a script of galley's into the site, and give the element that loads it."""
    address = f"galley/{name}"
    publish(page, address, _script(name))
    return f'<script src="{relative(page, address)}" defer></script>'


@lru_cache(4)
def _script(name: str) -> bytes:
    return (Path(__file__).parent / name).read_bytes()


def offer(page: Page, file: Offered) -> None:
    """Put a file that the guide offers into the site, and beside it its digest, as `sha256sum --check` reads it."""
    publish(page, file.address, file.data)
    publish(page, f"{file.address}{DIGEST}", f"{file.sha256}  {file.name}\n".encode())


def relative(page: Page, address: str) -> str:
    """The relative address of a file of the site, for a link on the page."""
    return quote(posixpath.relpath(address, posixpath.dirname(page.url) or "."))


def _has(path: Path, data: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
