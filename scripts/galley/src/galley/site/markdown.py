"""In the builder: the page as Markdown with its outputs, as a file of the site beside the page.

What stands between the fences is the author's own Markdown. The file has the name that the page has in the docs folder,
so that the page's links to other pages and to pictures lead to the same in the site.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from galley.export.document import CLOSES, NOT_RUN, block
from galley.kinds.ansi import plain
from galley.record.facts import NOT_RERUN, facts_line
from galley.record.status import SHOWABLE
from galley.site.checked import held_line
from galley.site.html import cell_id
from galley.site.listing import list_markdown
from galley.site.page import Page, View
from galley.site.published import write
from galley.source.cells import Cell
from galley.source.fences import Fence, find_fences
from galley.source.shell import SHELL, Command, commands

NAMED = {
    "stdout": "Printed:",
    "stderr": "Standard error:",
    "value": "The value:",
    "rich": "The value:",
    "error": "The error:",
}
CLAIM = "✓ **Claim.** "
TEXTS = ("text/plain", "text/markdown")  # of the forms of an output, those that are read as they are


def address(page: Page) -> str:
    """The file's address in the site: that of the page's own file in the docs folder."""
    return (page.project.root / page.path).relative_to(page.project.docs).as_posix()


def publish_markdown(page: Page) -> str:
    """Put the page into the site as Markdown, under the name of its file, and give its address there."""
    write(page, address(page), markdown(page).encode())
    return address(page)


def markdown(page: Page) -> str:
    """The page's Markdown, in which each fence of galley's is replaced by what the fence shows."""
    lines = page.source
    fences, _ = find_fences(lines, page.path, grammar=page.grammar)  # with the numbers of these very lines
    top = next((number + 1 for number, line in enumerate(lines) if line.startswith("# ")), 0)
    if fences and top >= fences[0].place.line:
        top = 0
    parts, start = [*lines[:top], *_checked(page)], top
    for numbered, fence in zip(fences, page.fences, strict=True):
        at = numbered.place.line - 1
        parts += lines[start:at]
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip(" \t>"))]
        parts += [f"{indent}{line}".rstrip() for line in _shown(page, fence).rstrip("\n").split("\n")]
        start = next((n for n in range(at + 1, len(lines)) if CLOSES.match(lines[n])), at) + 1
    return "\n".join([*parts, *lines[start:]]).strip() + "\n"


def _checked(page: Page) -> Iterator[str]:
    """When the page was checked and on what, under each profile; nothing on a page without records."""
    for snippets in page.files:
        for found in page.statuses(snippets):
            record = found.record if found.state in SHOWABLE else None
            said = f"Checked on {facts_line(record, page.project.line)}" if record else "Not run"
            notes = f"; {NOT_RERUN}" if record and not found.profile.required else ""
            notes += f"; {held_line(found.held)}" if found.held else ""
            yield f"\n*{said} ({snippets.stem}, profile {found.profile.name}){notes}.*"


def _shown(page: Page, fence: Fence) -> str:
    if fence.listing:
        return list_markdown(page, fence)
    views = page.views(fence)
    ran = [view for view in views if view.record]
    cell = (ran or views)[0].cell
    if SHELL in cell.tags:
        return "\n\n".join(filter(None, _session(ran, cell)))
    parts = [_caption(cell), "" if "remove-input" in cell.tags else block(cell.source, "python")]
    parts += [] if cell.runs else [NOT_RUN]
    for view in ran:
        title = f"{view.profile.title}:" if len(ran) > 1 else ""
        parts += [title, *(_output(page, fence, view, number) for number in range(len(view.shown)))]
    return "\n\n".join(filter(None, parts))


def _session(ran: Sequence[View], cell: Cell) -> Iterator[str]:
    """A cell's caption, and each of its commands with what it wrote below it, under each profile that ran it."""
    yield _caption(cell)
    views: list[View | None] = [*ran]
    for view in views or [None]:
        yield f"{view.profile.title}:" if view and len(ran) > 1 else ""
        wrote = [plain(each.forms[0].text) for each in view.shown if each.kind == SHELL] if view else []
        for command, text in zip_longest(commands(cell), wrote, fillvalue=""):
            yield block(command.prompted, "console") if isinstance(command, Command) else ""
            yield block(text) if text else ""


def _caption(cell: Cell) -> str:
    if not cell.caption:
        return ""
    return f"{CLAIM}{cell.caption}" if "claim" in cell.tags else cell.caption


def _output(page: Page, fence: Fence, view: View, number: int) -> str:
    """One output: its text, or a link to the place on the page where it is shown."""
    shown = view.shown[number]
    made = page.kinds[shown.kind].notebook(shown, number)
    text = _text(made) if made else ""
    if text:
        return f"{_named(shown.kind)}\n\n{block(plain(text))}"
    where = posixpath.relpath(page.url or ".", posixpath.dirname(address(page)) or ".")
    ending = "/" if page.url.endswith("/") else ""
    return f"[{_named(shown.kind).rstrip(':')}, as the page shows it]({where}{ending}#{cell_id(page, fence)})"


def _text(made: dict[str, Any]) -> str:
    """The text of an output as a notebook keeps it; empty where it has none, as a figure has none."""
    if "text" in made:
        return "".join(made["text"])
    if "traceback" in made:
        return "\n".join(made["traceback"])
    return next(("".join(made["data"][mime]) for mime in TEXTS if mime in made["data"]), "")


def _named(kind: str) -> str:
    return NAMED.get(kind, f"Output of the kind {kind}:")
