"""In the builder: each page as files of the site that run, and the links to them below the page's title.

Beside the page lie its scripts and notebooks, named without the folders of their snippet files where no two of a page
have one name. In the site's folder `files` lies what they need, as far as the guide offers it. The builder has emptied
the site's folder before it converts the first page, so nothing here is lost.
"""

from __future__ import annotations

from functools import partial

from galley.export.document import Document, document
from galley.export.notebook import notebook
from galley.export.offered import Offered, size
from galley.export.script import script
from galley.kinds.markup import escape
from galley.record.status import SHOWABLE
from galley.site.page import Page
from galley.site.published import offer, publish, relative
from galley.source.cells import SnippetFile
from galley.source.guide import read_guide

FORMS = (("ipynb", "notebook", partial(notebook, compact=True)), ("py", "script", script))
NOTEBOOK = FORMS[0][0]


def downloads(page: Page) -> str:
    """The links, for each snippet file that belongs to the page and each profile with a true record of it."""
    if page.folder is None:
        return ""  # no builder, and so no site
    own = [each for each in page.files if _belongs(each, page)]
    shown = [found for each in own for found in page.statuses(each) if found.state in SHOWABLE]
    several = len({found.profile.name for found in shown}) > 1
    names = {each.stem: each.stem.rpartition("/")[2] for each in own}
    names = names if len(set(names.values())) == len(own) else dict(zip(names, names, strict=True))
    parts: list[str] = []
    needed: dict[str, Offered] = {}
    told: dict[str, None] = {}  # what the site does not offer, in its order
    for found in shown:
        titles = [found.snippets.stem] * (len(own) > 1) + [found.profile.title] * several
        title = f'<span class="galley-run-what">{escape(", ".join(titles))}:</span> ' if titles else ""
        made = document(page.project, found, page.source, page.site)
        parts.append(title + _links(page, made, f"{names[found.snippets.stem]}{f'_{found.profile.name}' * several}"))
        needed |= {each.name: each for each in made.needs.offered}
        told |= dict.fromkeys((*made.needs.linked, *made.needs.beside, *made.needs.declared))
    if not parts:
        return ""
    needs = [_needed(page, each) for each in needed.values()] + [f"<code>{escape(each)}</code>" for each in told]
    last = f' · <span class="galley-run-needs">needs {", ".join(needs)}</span>' if needs else ""
    return f'<p class="galley-run" data-search-exclude>Run this page: {"; ".join(parts)}{last}</p>'


def _belongs(snippets: SnippetFile, page: Page) -> bool:
    """Whether a snippet file belongs to the page. Where the page shows all its cells, no other page is read."""
    shown = {fence.cell for fence in page.fences if fence.file == snippets.stem}
    if shown.issuperset(cell.name for cell in snippets.cells):
        return True
    return page.project.root / page.path in read_guide(page.project).pages_of(snippets)


def _links(page: Page, made: Document, stem: str) -> str:
    """Publish a page's files, and link to each of them, and to services that open its notebook."""
    links = []
    for suffix, name, write in FORMS:
        address = page.beside(f"{stem}.{suffix}")
        publish(page, address, write(made).encode())
        links.append(f'<a href="{relative(page, address)}" download>{name}</a>')
    launches = page.site.launches(page.beside(f"{stem}.{NOTEBOOK}"))
    links += [f'<a href="{escape(address)}">{title}</a>' for title, address in launches]
    return " · ".join(links)


def _needed(page: Page, file: Offered) -> str:
    offer(page, file)
    return f'<a href="{relative(page, file.address)}" download>{escape(file.name)}</a> ({size(len(file.data))})'
