"""In the builder: the script with which a reader chooses among what was recorded, on the pages that have such a table.

Without JavaScript the whole table is there. The script hides rows and columns of it, and computes nothing.
"""

from __future__ import annotations

from galley.site.page import Page
from galley.site.published import with_script


def choices(page: Page) -> str:
    """The element that loads the script; empty where no table of the page has choices."""
    if page.folder is None or not any(_chooses(page, fence.file, fence.cell) for fence in page.fences):
        return ""
    return with_script(page, "choose.js")


def _chooses(page: Page, file: str, name: str) -> bool:
    cells = (snippets.cell(name) for snippets in page.files if snippets.stem == file)
    return any(cell.options["choose"] for cell in cells if cell)
