"""Lists of cells from the whole guide, such as all claims; a fence with `list="name"` shows one. Nothing is executed.

In the builder. The lists of plug-ins derive from `List` and are loaded in every process, so this module imports nothing
that only a builder has.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from galley.errors import GalleyError
from galley.kinds.markup import escape, inline
from galley.plugins import plugins_of
from galley.record.facts import facts_line
from galley.record.model import Record
from galley.source.cells import Cell, SnippetFile
from galley.source.fences import Fence
from galley.source.guide import Guide, read_guide
from galley.source.lines import title

if TYPE_CHECKING:
    from galley.config import Project
    from galley.site.files import Highlight
    from galley.site.page import Page

DOUBTED = ' class="galley-doubted"'


@dataclass(frozen=True)
class Listed:
    """A cell in a list, with the page that shows the cell and the record of its last run.

    `link` is HTML: the cell's caption, as a link to the cell on its page. `doubted` is true in the live preview alone,
    where the record is not true or the last run failed at this cell.
    """

    snippets: SnippetFile
    cell: Cell
    page: Path  # from the docs folder
    link: str
    record: Record | None
    doubted: bool = False


class List:
    """A list of cells. Derive a class from it, name the class's list, and replace `holds` and `row`.

    `name` is the list's name in fences, `entry` is what messages call one of its cells, `columns` are the titles of the
    table's columns, and `css` goes into each page that shows the list. A plug-in of this class may also have `tags`,
    `options` and `check`: the words on a cell's line from which the list is made.
    """

    name = ""
    entry = "cell"
    columns: tuple[str, ...] = ()  # the titles above the columns, as text
    css = ""

    @property
    def lists(self) -> tuple[str, ...]:
        """The names in fences that mean this list."""
        return (self.name,)

    def holds(self, cell: Cell) -> bool:
        """Whether this cell belongs in the list."""
        raise NotImplementedError

    def row(self, each: Listed) -> Sequence[str]:
        """The HTML in each column, for one cell. Every text must be escaped; `Listed.link` is HTML already."""
        raise NotImplementedError

    def html(self, project: Project, found: Sequence[Listed]) -> str:
        """The HTML of the list: the number of its cells, and a table with a row for each, in the order of the files."""
        head = "".join(f"<th>{escape(column)}</th>" for column in self.columns)
        rows = "".join(
            f"<tr{DOUBTED * each.doubted}>{''.join(f'<td>{part}</td>' for part in self.row(each))}</tr>"
            for each in found
        )
        counted = f"<p>{len(found)} {self.entry}{'s' * (len(found) != 1)}.</p>"
        return f"{counted}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


class Claims(List):
    """All claims: a heading for each page, and under it a list for each record, with what the record ran on."""

    name, entry = "claims", "claim"
    css = (Path(__file__).parent / "styles" / "claims.css").read_text(encoding="utf-8")

    def holds(self, cell: Cell) -> bool:
        """The cells with the tag."""
        return "claim" in cell.tags

    def html(self, project: Project, found: Sequence[Listed]) -> str:
        """A heading for each page, and below it a list for each record."""
        pages: dict[Path, dict[str, list[Listed]]] = {}
        for each in found:
            pages.setdefault(each.page, {}).setdefault(each.snippets.stem, []).append(each)
        parts = [f"<p>{len(found)} claims on {len(pages)} pages. Each is an assertion that ran.</p>"]
        for shown, files in pages.items():
            parts.append(f'<h2 id="claims-{shown.stem}">{escape(_title(project.docs / shown))}</h2>')
            for here in files.values():
                items = "".join(f"<li{DOUBTED * each.doubted}>{each.link}</li>" for each in here)
                checked = _checked(project, here[0].record)
                parts.append(
                    f'<p class="galley-checked" data-search-exclude>{checked}</p><ul class="galley-claims">{items}</ul>'
                )
        return "".join(parts)


class Files(List):
    """The files that the guide offers on its site. They are no cells: `galley.site.files` finds and shows them."""

    name, entry = "files", "file"

    def holds(self, cell: Cell) -> bool:
        """No cell is one."""
        return False


BUILT_IN: tuple[List, ...] = (Claims(), Files())


def lists_of(project: Project) -> tuple[List, ...]:
    """The lists that a project knows: galley's own and those of its plug-ins."""
    return (*BUILT_IN, *plugins_of(project).of(List))


def list_html(page: Page, fence: Fence, highlight: Highlight) -> str:
    """The list that the fence names.

    Raises GalleyError where the record of one of its cells may not be shown, and where no page shows one of them.
    """
    from galley.site.files import files_html  # with what only a builder has

    guide = read_guide(page.project)
    if guide.errors:
        raise guide.errors[0]  # a file that cannot be read may hold cells of the list
    wanted = next(each for each in lists_of(page.project) if each.name == fence.listing)
    if isinstance(wanted, Files):
        body = files_html(page, highlight)
    else:
        body = wanted.html(page.project, _listed(page, fence, guide, wanted))
    return f'<div class="galley-list" id="list-{fence.listing}">{body}</div>'


def _listed(page: Page, fence: Fence, guide: Guide, wanted: List) -> list[Listed]:
    """The cells of a list, in the order of the snippet files."""
    shown = {each.name: each.place.path for each in reversed(guide.fences)}
    docs = page.project.relative(page.project.docs)
    listed = []
    for snippets in guide.snippets.values():
        for cell in filter(wanted.holds, snippets.cells):
            name = f"{snippets.stem}/{cell.name}"
            if name not in shown:
                raise GalleyError(
                    f"no page shows the {wanted.entry} {name}", cell.place, "show it, or take the tag away"
                )
            views = page.views_in(snippets, Fence(fence.place, snippets.stem, cell.name))
            record = next((view.record for view in views if view.profile.required and view.record), None)
            where = shown[name].relative_to(docs)
            anchor = f"cell-{snippets.stem}-{cell.name}"
            link = f'<a href="{relative_url(page.url, where)}#{anchor}">{inline(cell.caption or name)}</a>'
            listed.append(Listed(snippets, cell, where, link, record, any(view.marks for view in views)))
    return listed


def _checked(project: Project, record: Record | None) -> str:
    """The versions and the day of the record with which claims were checked."""
    if record is None:
        return "not checked"
    packages = [name for name in project.line if name in record.environment.packages]
    return escape(f"checked on {facts_line(record, [*packages, 'Python'])}")


def relative_url(own: str, shown: Path) -> str:
    """The relative address of the page made from the file `shown`, for a link on the page at `own`.

    The pages of a site are either folders or files, which the address of `own` tells.
    """
    if own.endswith(".html"):
        return posixpath.relpath(shown.with_suffix(".html").as_posix(), posixpath.dirname(own) or ".")
    folder = shown.parent if shown.stem == "index" else shown.with_suffix("")
    return posixpath.relpath(folder.as_posix(), own or ".") + "/"


def _title(path: Path) -> str:
    return title(path.read_text(encoding="utf-8-sig").split("\n")) or path.stem
