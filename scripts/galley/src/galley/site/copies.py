"""In the builder: what the button *Copy runnable* of each cell copies.

The text is put together in the reader's browser from the code blocks on the page, so that the page does not hold it
twice. Here stands for each cell which lines these are. The button itself is made by the script, and without JavaScript
there is none.
"""

from __future__ import annotations

import json

from galley.export.runnable import Runnable, runnables
from galley.record.status import SHOWABLE
from galley.site.html import cell_id
from galley.site.on_code import only_on_code
from galley.site.page import Page
from galley.site.published import with_script
from galley.source.cells import SnippetFile
from galley.source.parameters import with_values
from galley.source.slices import Piece

MOST = 400  # cells of a page with copies: each looks at all above it, which takes the square of their number


def copies(page: Page) -> str:
    """The data of the page's copies and the script that reads them; empty where there is nothing to copy."""
    if page.folder is None:
        return ""
    texts: list[str] = []  # each once, since many cells begin with the same lines
    cells: dict[str, list[object]] = {}
    for snippets in page.files:
        cells |= _of_file(page, snippets, texts)
    if not cells:
        return ""
    data = json.dumps({"texts": texts, "cells": cells}, ensure_ascii=False, separators=(",", ":"))
    data = data.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")  # double quotes stay: there are many
    holder = f"<div class=\"galley-runnable\" data-runnable='{data}' hidden></div>"
    return holder + with_script(page, "copy.js")


def _of_file(page: Page, snippets: SnippetFile, texts: list[str]) -> dict[str, list[object]]:
    """The copies of the cells of one snippet file that the page shows, by the id of the cell on the page."""
    found = next((each for each in page.statuses(snippets) if each.state in SHOWABLE and each.record), None)
    if found is None or found.record is None or len(snippets.cells) > MOST:
        return {}
    run_as = with_values(found.snippets, found.profile.parameters)
    fences = [each for each in page.fences if each.file == snippets.stem and not each.listing]
    coded = {cell.name for cell in run_as.cells if "remove-input" not in cell.tags}
    fences = [each for each in fences if each.cell in coded]
    shown = {each.cell: cell_id(page, each) for each in reversed(fences) if only_on_code(each)}
    ids = [shown.get(cell.name, "") for cell in run_as.cells]
    copy_of = runnables(page.project, run_as, found.record, page.site)
    made = {each: copy_of(each.cell) for each in fences if only_on_code(each)}
    return {cell_id(page, each): _parts(copy, ids, texts) for each, copy in made.items() if copy}


def _parts(copy: Runnable, ids: list[str], texts: list[str]) -> list[object]:
    """A copy as the script reads it: the number of a text, or a cell's id with its first and its last line."""
    parts: list[object] = []
    for each in copy.parts:
        if isinstance(each, Piece) and ids[each.cell]:
            parts += [[ids[each.cell], each.first, each.last]]
            continue
        text = copy.lines(each) if isinstance(each, Piece) else each
        if text:
            texts += [text] * (text not in texts)
            parts.append(texts.index(text))
    return parts
