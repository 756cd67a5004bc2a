"""In the builder: links at a page's end that give the page as a file that runs.

The file is in the link: nothing is fetched.
"""

from __future__ import annotations

from base64 import b64encode
from functools import partial

from galley.export.document import document
from galley.export.notebook import notebook
from galley.export.script import script
from galley.record.status import SHOWABLE, Status
from galley.site.page import Page
from galley.site.text import escape

KINDS = (
    ("py", "script", "text/x-python", script),
    ("ipynb", "notebook", "application/x-ipynb+json", partial(notebook, compact=True)),
)


def downloads(page: Page) -> str:
    """The links, for each profile with a true record; nothing on a page without cells of its own."""
    own = next((each for each in page.files if each.page == page.path.stem), None)
    shown = [each for each in page.statuses(own) if each.state in SHOWABLE] if own else []
    several = len(shown) > 1
    links = [f"{_title(each, several)}{_links(page, each, f'_{each.profile.name}' * several)}" for each in shown]
    return (
        f'<p class="galley-downloads" data-search-exclude>Download this page: {"; ".join(links)}</p>' if links else ""
    )


def _title(found: Status, several: bool) -> str:
    return f"{escape(found.profile.title)}: " if several else ""


def _links(page: Page, found: Status, ending: str) -> str:
    made = document(page.project, found, page.source)
    links = []
    for suffix, name, mime, write in KINDS:
        data = b64encode(write(made).encode()).decode()
        file = f"{found.snippets.stem}{ending}.{suffix}"
        links.append(f'<a download="{file}" href="data:{mime};base64,{data}">{name} (.{suffix})</a>')
    return ", ".join(links)
