"""In the builder: the list of the files that a guide offers, each with its link, size, digest and content.

A fence with `list="files"` shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from galley.export.offered import Offered, offered, size
from galley.folders import DIGEST
from galley.kinds.markup import escape
from galley.site.page import Page
from galley.site.published import offer, relative
from galley.words import counted

NAME = "files"
LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".md": "markdown", ".txt": "text", ".csv": "text"}
LONGEST = 50_000  # bytes of a file that is shown in the page: highlighted, they become ten times as many

Highlight = Callable[[str, str], str]  # a text and its language as a block of code, in HTML


def files_html(page: Page, highlight: Highlight) -> str:
    """A section for each file that the guide offers, in the order of the settings."""
    return "".join(_section(page, each, highlight) for each in offered(page.project))


def anchor(file: Offered) -> str:
    """The id of a file's section."""
    return f"file-{file.name.replace('.', '-')}"


def _section(page: Page, file: Offered, highlight: Highlight) -> str:
    name, link, place = escape(file.name), file.address, escape(file.place)
    if page.folder is not None:
        offer(page, file)
        link = relative(page, file.address)
    what = f"an archive of <code>{place}/</code>" if file.is_archive else f"the file <code>{place}</code>"
    return (
        f'<section class="galley-file" id="{anchor(file)}">'
        f'<p class="galley-file-link"><a href="{link}" download>{name}</a> '
        f'<span class="galley-file-size">{size(len(file.data))}</span> {what}</p>'
        f'<p class="galley-file-digest" data-search-exclude><a href="{link}{DIGEST}" download>sha256</a> '
        f"<code>{file.sha256}</code></p>{_content(file, highlight)}</section>"
    )


def _content(file: Offered, highlight: Highlight) -> str:
    """What is in the file: the names in an archive, the text of a file that has one; nothing of any other."""
    if file.is_archive:
        rows = "".join(f"<li><code>{escape(place)}</code> {size(number)}</li>" for place, number in file.members)
        return _folded(counted(len(file.members), "file"), f"<ul data-search-exclude>{rows}</ul>")
    language = LANGUAGES.get(PurePosixPath(file.name).suffix.lower())
    try:
        text = file.data.decode("utf-8") if language and len(file.data) <= LONGEST else ""
    except UnicodeDecodeError:
        text = ""
    return _folded("What is in it", highlight(text, language)) if text and language else ""


def _folded(summary: str, body: str) -> str:
    return f'<details class="galley-folded" data-search-exclude><summary>{escape(summary)}</summary>{body}</details>'
