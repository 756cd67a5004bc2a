"""In the builder: a cell as HTML: its code once, and its outputs under each profile that has a record."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from xml.etree.ElementTree import Element

from markdown import Markdown

from galley.errors import GalleyError
from galley.kinds.kind import At
from galley.kinds.markup import escape, inline
from galley.site.checked import not_run
from galley.site.exec_options import laid_out
from galley.site.figures import captions_picture, numbered
from galley.site.formats import formats_of, highlighted
from galley.site.heights import height
from galley.site.on_code import HERE, ON_CODE, marked, on_code, only_on_code
from galley.site.outputs import marked_code, marks_code, outputs_html
from galley.site.page import Page, View
from galley.site.tabs import tabs
from galley.source.cells import Cell
from galley.source.fences import Fence
from galley.source.parameters import PARAMETERS
from galley.source.shell import SHELL, commands

SHOWN_ALONE = '<p class="galley-ran" data-search-exclude>Not run: this code is shown, and is no part of the record.</p>'


def cell_html(md: Markdown, page: Page, fence: Fence, views: Sequence[View]) -> tuple[str, list[Element]]:
    """The whole cell as HTML, and the headings in its output that belong in the page's table of contents."""
    cell, name, views = views[0].cell, cell_id(page, fence), numbered(page, views)
    headings: list[Element] = []
    if fence.options and SHELL in cell.tags:
        what = f"a cell with commands of a shell has no option '{min(fence.options)}'"
        raise GalleyError(what, fence.place, "leave the fence's options out")
    _refuse_options(fence, cell)
    if not only_on_code(fence):
        body, headings = _optioned(md, page, fence, views)
    else:
        body = _body(md, page, fence, views)
    kind = next((tag for tag in ("claim", "setup") if tag in cell.tags), "plain")
    above = cell.caption and not any(captions_picture(page, view) for view in views)
    if kind == "claim":
        # A search is for the sentence, not for its assertions.
        body = _folded("See the check", body, name if above else "", searched=False)
    elif kind == "setup":
        body = _folded(cell.options["fold"] or "Set-up", body, name if above else "")
    body += SHOWN_ALONE if not cell.runs else ""
    caption = f'<p class="galley-caption" id="{name}-caption">{inline(cell.caption)}</p>' if above else ""
    doubted = " galley-doubted" if any(view.marks for view in views) else ""  # in the live preview
    sized = height(caption + body) if kind == "plain" else ""
    html = f'<div class="galley-cell galley-{kind}{doubted}" id="{name}"{sized}>{caption}{body}</div>'
    return html, headings


def _refuse_options(fence: Fence, cell: Cell) -> None:
    """Raises GalleyError for an option of a fence that lays out what the page does not show of a cell."""
    code = [name for name in ("source", *ON_CODE) if name in fence.options]
    if "remove-input" in cell.tags and code:
        what = f"{fence.name}: the tag [remove-input] keeps the code from the page, and `{code[0]}` is about the code"
        raise GalleyError(what, fence.place, "take one of them away")
    if not cell.runs and (others := sorted(fence.options.keys() - set(ON_CODE))):
        what = f"{fence.name}: the cell is not run, and `{others[0]}` is about what a cell printed"
        raise GalleyError(what, fence.place, "take the option away")


def _body(md: Markdown, page: Page, fence: Fence, views: Sequence[View]) -> str:
    """Code and outputs in galley's own layout."""
    cell, name, group = views[0].cell, cell_id(page, fence), _group(fence)
    if cell.name == PARAMETERS:
        return tabs(
            group, [(_tab(view), _code(md, fence, view) + _not_run(page, fence, view) + _marks(view)) for view in views]
        )
    ran, formats = [view for view in views if view.record or view.marks], formats_of(md, page)
    if SHELL in cell.tags:
        return tabs(group, [(view.profile.title, _session(md, page, view, name)) for view in ran or views[:1]])
    below = [_marks(view) + outputs_html(page, view, f"{name}-{view.profile.name}", formats) for view in ran]
    titles = [view.profile.title for view in ran]
    if any(marks_code(page, view) for view in ran):  # each profile shows the code with its own additions
        if fence.options or marked(cell):
            mend = "take the options and the marks away, or the tag"
            raise GalleyError(f"{fence.name}: the numbers of a trace lie on plain code", fence.place, mend)
        above = [marked_code(page, view, _code(md, fence, view), f"{name}-{view.profile.name}") for view in ran]
        return tabs(group, [(title, a + b) for title, a, b in zip(titles, above, below, strict=True)])
    code = "" if "remove-input" in cell.tags else _code(md, fence, views[0])
    shown = tabs(group, list(zip(titles, below, strict=True))) if any(below) else ""
    if shown and "folded" in cell.tags:
        return shown + _folded(cell.options["fold"] or "See the code", code)
    return code + shown


def _session(md: Markdown, page: Page, view: View, name: str) -> str:
    """Each command with what it wrote below it. Only the author's commands can be copied as such."""
    ids, wrote = f"{name}-{view.profile.name}", [each for each in view.shown if each.kind == SHELL]
    parts = [_marks(view)]
    for command, shown in zip_longest(commands(view.cell), wrote):
        parts.append(highlighted(md, command.text, "bash", "galley-command") if command else "")
        parts.append(page.kinds[SHELL].html(shown, At(view.cell, ids)) if shown else "")
    return "".join(parts) + outputs_html(page, view, ids, formats_of(md, page), elsewhere=(SHELL,))


def _optioned(md: Markdown, page: Page, fence: Fence, views: Sequence[View]) -> tuple[str, list[Element]]:
    """Code and printed text as markdown-exec's options say, and below them the other outputs in galley's own layout."""
    name, blocks, headings = cell_id(page, fence), [], []
    on_code(fence, views[0].cell)  # which markdown-exec would not say
    for view in [view for view in views if view.record or view.marks] or views[:1]:
        prefix = f"{name}-{view.profile.name}"
        made = laid_out(md, page, fence, view, f"{prefix}--")
        headings += made.headings
        rest = outputs_html(page, view, prefix, formats_of(md, page), elsewhere=("stdout",))
        blocks.append((view.profile.title, _marks(view) + made.html + rest))
    return tabs(_group(fence), blocks), headings


def _group(fence: Fence) -> str:
    return f"galley-{fence.place.line}"


def cell_id(page: Page, fence: Fence) -> str:
    """The id of a cell or a list in the page; a cell that the page shows a second time gets a number."""
    if fence.listing:
        return f"list-{fence.listing}"
    number = page.number(fence)
    return f"cell-{fence.file}-{fence.cell}" + (f"-{number}" if number > 1 else "")


def error_note(error: str) -> str:
    """What is wrong with the page, as the live preview shows it; an ordinary build stops instead."""
    return f'<pre class="galley-mark" tabindex="0">{escape(error)}</pre>'


def _code(md: Markdown, fence: Fence, view: View) -> str:
    """A cell's code, with a note for the list of its annotations where it may have one."""
    classes, here = (("annotate",), HERE) if marked(view.cell) else ((), "")
    return highlighted(md, view.cell.source, "python", "galley-code", *classes, **on_code(fence, view.cell)) + here


def _tab(view: View) -> str:
    """The title of a profile's tab. One that did not run is another tab than one that did, which themes remember."""
    return view.profile.title if view.record else f"{view.profile.title} (not run yet)"


def _not_run(page: Page, fence: Fence, view: View) -> str:
    if view.record:
        return ""
    snippets = next(each for each in page.files if each.stem == fence.file)
    found = next(each for each in page.statuses(snippets) if each.profile == view.profile)
    said = f"{not_run(found)}. The outputs below are not from it."
    return f'<p class="galley-ran" data-search-exclude>{said[0].upper()}{said[1:]}</p>'


def _marks(view: View) -> str:
    return "".join(f'<pre class="galley-mark" tabindex="0">{escape(mark)}</pre>' for mark in view.marks)


def _folded(summary: str, body: str, name: str = "", *, searched: bool = True) -> str:
    """A body to open. `name` is the id of a cell with a caption, which then says to a screen reader what is opened."""
    said = f' id="{name}-opens" aria-labelledby="{name}-opens {name}-caption"' if name else ""
    opener = f"<summary{said} data-search-exclude><span>{escape(summary)}</span></summary>"
    excluded = "" if searched else " data-search-exclude"
    return f'<details class="galley-folded"{excluded}>{opener}{body}</details>'
