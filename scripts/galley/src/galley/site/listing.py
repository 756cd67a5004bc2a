"""In the builder: the list that a fence with `list="name"` names, made of the cells that it holds.

Nothing is executed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError
from galley.kinds.markup import inline
from galley.plugins import plugins_of
from galley.site.claims import Claims
from galley.site.files import Highlight, files_html
from galley.site.gallery import Gallery, below
from galley.site.lists import List, Listed
from galley.site.page import Page
from galley.site.summary import Facts, States
from galley.source.cells import Cell
from galley.source.fences import Fence
from galley.source.guide import Guide, read_guide


class Files(List):
    """The files that the guide offers on its site. They are no cells: `galley.site.files` finds and shows them."""

    name, entry = "files", "file"

    def holds(self, cell: Cell) -> bool:
        """No cell is one."""
        return False


BUILT_IN: tuple[List, ...] = (Claims(), Facts(), Files(), Gallery(), States())


def lists_of(project: Project) -> tuple[List, ...]:
    """The lists that a project knows: galley's own and those of its plug-ins."""
    return (*BUILT_IN, *plugins_of(project).of(List))


def list_html(page: Page, fence: Fence, highlight: Highlight) -> str:
    """The list that the fence names.

    Raises GalleyError where the record of one of its cells may not be shown, and where no page shows one of them.
    """
    wanted, found = _found(page, fence)
    body = files_html(page, highlight) if isinstance(wanted, Files) else wanted.html(page.project, found)
    return f'<div class="galley-list" id="list-{fence.listing}">{body}</div>'


def list_markdown(page: Page, fence: Fence) -> str:
    """The same list as Markdown; raises the same errors."""
    wanted, found = _found(page, fence)
    return wanted.markdown(page.project, found)


def _found(page: Page, fence: Fence) -> tuple[List, list[Listed]]:
    guide = read_guide(page.project)
    if guide.errors:
        raise guide.errors[0]  # a file that cannot be read may hold cells of the list
    wanted = next(each for each in lists_of(page.project) if each.name == fence.listing)
    found = _listed(page, fence, guide, wanted)
    return wanted, below(page, found) if isinstance(wanted, Gallery) else found


def _listed(page: Page, fence: Fence, guide: Guide, wanted: List) -> list[Listed]:
    """The cells of a list, in the order of the snippet files."""
    shown: dict[str, list[Path]] = {}
    docs = page.project.relative(page.project.docs)
    for each in guide.fences:
        shown.setdefault(each.name, []).append(each.place.path.relative_to(docs))
    listed = []
    for snippets in guide.snippets.values():
        for cell in (each for each in snippets.cells if "remove-cell" not in each.tags and wanted.holds(each)):
            name = f"{snippets.stem}/{cell.name}"
            if name not in shown and wanted.partial:
                continue
            if name not in shown:
                raise GalleyError(
                    f"no page shows the {wanted.entry} {name}", cell.place, "show it, or take the tag away"
                )
            views = page.views_in(snippets, Fence(fence.place, snippets.stem, cell.name))
            record = next((view.record for view in views if view.profile.required and view.record), None)
            where, address = _address(page, shown[name])
            anchor, doubted = f"cell-{snippets.stem}-{cell.name}", any(view.marks for view in views)
            link = f'<a href="{address}#{anchor}">{inline(cell.caption or name)}</a>'
            listed.append(Listed(snippets, cell, where, link, record, doubted, address))
    return listed


def _address(page: Page, shown: Sequence[Path]) -> tuple[Path, str]:
    """The page that a list names for a cell, of those that show it, and its relative address.

    A site in several languages is built once for each of them, and a page is in the build of its own language alone.
    """
    for where in shown:
        if found := page.address_of(where.as_posix()):
            folder = "/" if found.endswith("/") else ""
            return where, posixpath.relpath(found, posixpath.dirname(page.url) or ".") + folder
    return shown[0], relative_url(page.url, shown[0])


def relative_url(own: str, shown: Path) -> str:
    """The relative address of the page made from the file `shown`, for a link on the page at `own`.

    The pages of a site are either folders or files, which the address of `own` tells.
    """
    if own.endswith(".html"):
        return posixpath.relpath(shown.with_suffix(".html").as_posix(), posixpath.dirname(own) or ".")
    folder = shown.parent if shown.stem == "index" else shown.with_suffix("")
    return posixpath.relpath(folder.as_posix(), own or ".") + "/"
