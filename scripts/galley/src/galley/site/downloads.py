"""In the builder: links at a page's end to the page as a file that runs.

Each link holds the file itself, as base64: a reader's browser fetches nothing.
"""

from __future__ import annotations

from base64 import b64encode
from functools import partial

from galley.export.document import document
from galley.export.notebook import notebook
from galley.export.script import script
from galley.kinds.markup import escape
from galley.record.status import SHOWABLE, Status
from galley.site.page import Page
from galley.source.cells import SnippetFile
from galley.source.guide import read_guide

DOWNLOADS = (
    ("py", "script", "text/x-python", script),
    ("ipynb", "notebook", "application/x-ipynb+json", partial(notebook, compact=True)),
)


def downloads(page: Page) -> str:
    """The links, for each snippet file that belongs to the page and each profile with a true record of it."""
    own = [each for each in page.files if _belongs(each, page)]
    shown = [found for each in own for found in page.statuses(each) if found.state in SHOWABLE]
    several = len({found.profile.name for found in shown}) > 1
    links = []
    for found in shown:
        titles = [found.snippets.stem] * (len(own) > 1) + [found.profile.title] * several
        title = escape(f"{', '.join(titles)}: ") if titles else ""
        links.append(f"{title}{_links(page, found, f'_{found.profile.name}' * several)}")
    return (
        f'<p class="galley-downloads" data-search-exclude>Download this page: {"; ".join(links)}</p>' if links else ""
    )


def _belongs(snippets: SnippetFile, page: Page) -> bool:
    """Whether a snippet file belongs to the page. Where the page shows all its cells, no other page is read."""
    shown = {fence.cell for fence in page.fences if fence.file == snippets.stem}
    if shown.issuperset(cell.name for cell in snippets.cells):
        return True
    guide = read_guide(page.project)
    return guide.page_file(snippets) == page.project.root / page.path


def _links(page: Page, found: Status, ending: str) -> str:
    made = document(page.project, found, page.source)
    links = []
    for suffix, name, mime, write in DOWNLOADS:
        data = b64encode(write(made).encode()).decode()
        file = f"{found.snippets.stem}{ending}.{suffix}"
        links.append(f'<a download="{file}" href="data:{mime};base64,{data}">{name} (.{suffix})</a>')
    return ", ".join(links)
