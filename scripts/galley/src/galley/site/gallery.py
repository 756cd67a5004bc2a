"""In the builder: a gallery, which is a picture and the title of each page in a folder.

A fence with `list="gallery"` shows the pages in the folder of its own page and below, those of each folder together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from galley.config import Project
from galley.kinds import Kinds, kinds_of
from galley.kinds.frames import first_frame
from galley.kinds.kind import At
from galley.kinds.markup import escape
from galley.kinds.svg import JPEG_MIME, PNG_MIME, SVG_MIME, image_html
from galley.site.claims import page_title
from galley.site.lists import DOUBTED, List, Listed
from galley.site.page import Page
from galley.source.cells import Cell
from galley.source.lines import title

THUMBNAIL = "thumbnail"  # the tag of the cell whose picture stands for its page
IMAGES = (SVG_MIME, PNG_MIME, JPEG_MIME)


class Gallery(List):
    """The pages of a folder, each with its first picture, or that of the cell with the tag."""

    name, entry, partial = "gallery", "page", True
    css = (Path(__file__).parent / "styles" / "gallery.css").read_text(encoding="utf-8")

    def holds(self, cell: Cell) -> bool:
        """Every cell that runs: whether it drew something is said by its record."""
        return cell.runs

    def html(self, project: Project, found: Sequence[Listed]) -> str:
        """A card for each page; above those of each folder but the first stands its title."""
        kinds, parts, folders = kinds_of(project), [], dict[Path, list[list[Listed]]]()
        for cells in _by_page(found).values():
            folders.setdefault(cells[0].page.parent, []).append(cells)
        for number, (folder, pages) in enumerate(sorted(folders.items())):
            if number:
                index = project.docs / folder / "index.md"
                said = page_title(index) if index.is_file() else escape(folder.name)
                parts.append(f'<h2 id="gallery-{escape("-".join(folder.parts))}">{said}</h2>')
            cards = "".join(_card(project, kinds, cells) for cells in pages)
            parts.append(f'<ul class="galley-gallery">{cards}</ul>')
        return "".join(parts)

    def markdown(self, project: Project, found: Sequence[Listed]) -> str:
        """The title of each page, with its path."""
        titles = {
            page: title((project.docs / page).read_text(encoding="utf-8-sig").split("\n")) for page in _by_page(found)
        }
        return "".join(f"- {said or page.stem} ({page.as_posix()})\n" for page, said in titles.items())


def below(page: Page, found: Sequence[Listed]) -> list[Listed]:
    """The cells that pages in this page's folder and below show; a folder's introduction is no example."""
    folder = (page.project.root / page.path).relative_to(page.project.docs).parent
    return [each for each in found if each.page.is_relative_to(folder) and each.page.stem != "index"]


def _by_page(found: Sequence[Listed]) -> dict[Path, list[Listed]]:
    pages: dict[Path, list[Listed]] = {}
    for each in found:
        pages.setdefault(each.page, []).append(each)
    return dict(sorted(pages.items()))


def _card(project: Project, kinds: Kinds, cells: Sequence[Listed]) -> str:
    """A page's picture, where it has one, and its title as a link."""
    ids = f"gallery-{'-'.join(cells[0].page.with_suffix('').parts)}"
    shown = next(filter(None, (_picture(kinds, each, ids) for each in _chosen_first(cells))), "")
    doubted = DOUBTED * any(each.doubted for each in cells)
    return (
        f'<li{doubted}>{shown}<a href="{escape(cells[0].address)}">{page_title(project.docs / cells[0].page)}</a></li>'
    )


def _chosen_first(cells: Sequence[Listed]) -> list[Listed]:
    return sorted(cells, key=lambda each: THUMBNAIL not in each.cell.tags)


def _picture(kinds: Kinds, each: Listed, ids: str) -> str:
    """The first picture that a cell left, as an image; empty where there is none."""
    recorded = each.record.cell(each.cell.name) if each.record else None
    for shown in each.record.shown(recorded) if each.record else ():
        if kinds[shown.kind].picture and shown.forms[0].mime in IMAGES:
            label = kinds[shown.kind].alt(shown, At(each.cell, ids))
            return image_html(first_frame(shown.forms[0]), label, ids, wide=False)
    return ""
