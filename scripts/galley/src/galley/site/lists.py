"""What a list of cells from the whole guide is, such as that of all claims; `galley.site.listing` shows one.

In the builder. The lists of plug-ins derive from `List` and are loaded in every process, so this module imports nothing
that only a builder has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from galley.kinds.markup import escape
from galley.record.model import Record
from galley.source.cells import Cell, SnippetFile
from galley.words import counted

if TYPE_CHECKING:
    from galley.config import Project

DOUBTED = ' class="galley-doubted"'


@dataclass(frozen=True)
class Listed:
    """A cell in a list, with the page that shows the cell and the record of its last run.

    `link` is HTML: the cell's caption, as a link to the cell on its page. `address` is that of the page itself, from
    where the list stands. `doubted` is true in the live preview alone, where the record is not true or the last run
    failed at this cell.
    """

    snippets: SnippetFile
    cell: Cell
    page: Path  # from the docs folder
    link: str
    record: Record | None
    doubted: bool = False
    address: str = ""


class List:
    """A list of cells. Derive a class from it, name the class's list, and replace `holds` and `row`.
    `markdown` is for the page as Markdown, and may be replaced too.

    `name` is the list's name in fences, `entry` is what messages call one of its cells, `columns` are the titles of the
    table's columns, and `css` goes into each page that shows the list. A list that is not `partial` needs every one of
    its cells on a page. A plug-in of this class may also have `tags`, `options` and `check`: the words on a cell's line
    from which the list is made.
    """

    name = ""
    entry = "cell"
    columns: tuple[str, ...] = ()  # the titles above the columns, as text
    css = ""
    partial: bool = False

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

    def markdown(self, project: Project, found: Sequence[Listed]) -> str:
        """The list as Markdown: the caption of each cell, and the page that shows it."""
        rows = "".join(f"- {each.cell.caption or each.cell.name} ({each.page.as_posix()})\n" for each in found)
        return f"{counted(len(found), self.entry)}:\n\n{rows}"

    def html(self, project: Project, found: Sequence[Listed]) -> str:
        """The HTML of the list: the number of its cells, and a table with a row for each, in the order of the files."""
        head = "".join(f"<th>{escape(column)}</th>" for column in self.columns)
        rows = "".join(
            f"<tr{DOUBTED * each.doubted}>{''.join(f'<td>{part}</td>' for part in self.row(each))}</tr>"
            for each in found
        )
        above = f"<p>{counted(len(found), self.entry)}.</p>"
        return f"{above}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
