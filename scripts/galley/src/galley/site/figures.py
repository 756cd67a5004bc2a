"""In the builder: the pictures of a page, each with a number, a caption and a place to link to.

What is a picture is said by its kind. All pictures of a page are counted together, in the order of the page. A cell's
picture has one number under every profile: it is the same figure, drawn by another run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from galley.errors import GalleyError
from galley.kinds.markup import inline
from galley.record.model import Shown
from galley.site.page import Page, View


def numbered(page: Page, views: Sequence[View]) -> list[View]:
    """The views of one cell, told the number that its first picture has on the page."""
    first = page.pictures + 1
    page.pictures += max((_count(page, view) for view in views), default=0)
    return [replace(view, first_picture=first) for view in views]


def unlabelled(page: Page, views: Sequence[View]) -> list[GalleyError]:
    """The errors for pictures without a label, which stop the build; one for a cell."""
    found = (page.kinds.unlabelled(shown, view.cell) for view in views for shown in view.shown)
    return list({str(error): error for error in found if error}.values())


def captions_picture(page: Page, view: View) -> bool:
    """Whether a cell's caption is that of its picture: the cell has one picture alone, and its caption is no claim."""
    return "claim" not in view.cell.tags and _count(page, view) == 1


def figure(page: Page, view: View, number: int, html: str) -> str:
    """A picture's HTML with its caption; `number` counts the pictures of the view from 0."""
    count = view.first_picture + number
    name = f"figure-{count}"
    if name in page.figures:  # under another profile
        name += f"-{view.profile.name}"
    page.figures.add(name)
    said = inline(view.cell.caption) if view.cell.caption and captions_picture(page, view) else ""
    head = f'<a class="galley-figure-number" href="#{name}">Figure {count}</a>'
    return f'<figure class="galley-picture" id="{name}">{html}<figcaption>{head} {said}</figcaption></figure>'


def is_picture(page: Page, shown: Shown) -> bool:
    """Whether an output is a picture."""
    return page.kinds[shown.kind].picture


def _count(page: Page, view: View) -> int:
    return sum(is_picture(page, shown) for shown in view.shown)
