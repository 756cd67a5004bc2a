"""Lists of the guide's claims: all of them, and those that settle what a draft said. Nothing is executed."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from galley.errors import GalleyError
from galley.record.model import Record
from galley.record.said import line
from galley.site.page import Page, View
from galley.site.text import escape, inline
from galley.source.cells import Cell, SnippetFile
from galley.source.fences import Fence, title
from galley.source.guide import Guide, read_guide

DOUBTED = ' class="galley-doubted"'


@dataclass(frozen=True)
class Listed:
    """A claim, the page that shows it, and the record that says on what it was checked."""

    snippets: SnippetFile
    cell: Cell
    shown: Path  # from the docs folder
    record: Record | None
    doubted: bool = False  # in the live preview: the record is not true, or the last run failed here

    @property
    def anchor(self) -> str:
        """What a link to the claim ends in."""
        return f"cell-{self.snippets.stem}-{self.cell.name}"


def list_html(page: Page, fence: Fence) -> str:
    """The list that the fence names.

    Raises GalleyError where a claim's record may not be shown, and where no page shows a claim.
    """
    guide = read_guide(page.project)
    if guide.errors:
        raise guide.errors[0]  # a file that cannot be read may hold claims
    found = [each for snippets in guide.snippets.values() for each in _listed(page, fence, guide, snippets)]
    body = _claims(page, found) if fence.listing == "claims" else _corrections(page, found)
    return f'<div class="galley-list" id="list-{fence.listing}">{body}</div>'


def _listed(page: Page, fence: Fence, guide: Guide, snippets: SnippetFile) -> list[Listed]:
    shown = {each.name: each.place.path for each in reversed(guide.fences)}
    docs = page.project.relative(page.project.docs)
    listed = []
    for cell in snippets.cells:
        if "claim" not in cell.tags:
            continue
        name = f"{snippets.stem}/{cell.name}"
        if name not in shown:
            raise GalleyError(f"no page shows the claim {name}", cell.place, "show it, or take the tag away")
        views = page.views_in(snippets, Fence(fence.place, snippets.stem, cell.name))
        doubted = any(view.marks for view in views)
        listed.append(Listed(snippets, cell, shown[name].relative_to(docs), _required(views), doubted))
    return listed


def _required(views: Sequence[View]) -> Record | None:
    return next((view.record for view in views if view.profile.required and view.record), None)


def _claims(page: Page, found: Sequence[Listed]) -> str:
    """All claims, those of a page under its title, and those of a record under what it ran on."""
    pages: dict[Path, dict[str, list[Listed]]] = {}
    for each in found:
        pages.setdefault(each.shown, {}).setdefault(each.snippets.stem, []).append(each)
    parts = [f"<p>{len(found)} claims on {len(pages)} pages. Each is an assertion that ran.</p>"]
    for shown, files in pages.items():
        parts.append(f'<h2 id="claims-{shown.stem}">{escape(_title(page.project.docs / shown))}</h2>')
        for here in files.values():
            items = "".join(f"<li{DOUBTED * each.doubted}>{_link(page, each)}</li>" for each in here)
            checked = _checked(page, here[0].record)
            parts.append(
                f'<p class="galley-checked" data-search-exclude>{checked}</p><ul class="galley-claims">{items}</ul>'
            )
    return "".join(parts)


def _corrections(page: Page, found: Sequence[Listed]) -> str:
    """What the drafts said, the verdict, and the claim that proves it."""
    rows = "".join(
        f"<tr{DOUBTED * each.doubted}><td>{inline(each.cell.options['draft'])}</td>"
        f"<td>{each.cell.options['verdict']}</td><td>{_link(page, each)}</td></tr>"
        for each in found
        if each.cell.options["draft"]
    )
    head = "<tr><th>The draft said</th><th>Verdict</th><th>What holds, and where it is checked</th></tr>"
    return f"<p>{rows.count('<tr')} statements.</p><table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _checked(page: Page, record: Record | None) -> str:
    """On what the claims of a record were checked: the versions, and the day."""
    if record is None:
        return "not checked"
    packages = [name for name in page.project.line if name in record.environment.get("packages", {})]
    return escape(f"checked on {line(record, [*packages, 'Python'])}")


def _link(page: Page, claim: Listed) -> str:
    return f'<a href="{relative_url(page.url, claim.shown)}#{claim.anchor}">{inline(claim.cell.caption)}</a>'


def relative_url(own: str, shown: Path) -> str:
    """The address of the page made from `shown` as a link on the page at `own` has it.

    A site has either folders or files for its pages, and `own` shows which.
    """
    if own.endswith(".html"):
        return posixpath.relpath(shown.with_suffix(".html").as_posix(), posixpath.dirname(own) or ".")
    folder = shown.parent if shown.stem == "index" else shown.with_suffix("")
    return posixpath.relpath(folder.as_posix(), own or ".") + "/"


def _title(path: Path) -> str:
    return title(path.read_text(encoding="utf-8-sig").split("\n")) or path.stem
