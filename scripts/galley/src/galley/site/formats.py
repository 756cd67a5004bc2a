"""How a page makes HTML of a value's Markdown, LaTeX and code: with the site's own extensions, as the page's own text.

In the builder. Anybody may have written the record. So its Markdown is converted in an instance of its own, only with
extensions that format and do nothing else, without HTML in it, and the result is cleaned.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from markdown import Markdown

from galley.kinds.kind import Formats
from galley.kinds.markup import escape
from galley.kinds.sanitise import left_out, sanitised
from galley.site.exec_options import BRACKETS, FORMATTING, LONGEST, NEEDED
from galley.site.page import Page

READER = "fenced_code_block"  # the name under which superfences registers itself
ARITHMATEX = "pymdownx.arithmatex"
NOT_IN_A_VALUE = {"md_in_html", "toc"}  # a value has no HTML in it, and its headings are none of the page's contents


def superfences(md: Markdown) -> Any:
    """What reads the fences of a Markdown instance; None where nothing does."""
    return md.preprocessors[READER] if READER in md.preprocessors else None  # noqa: SIM401 (has no get)


def highlighted(md: Markdown, text: str, language: str, *classes: str, **options: str) -> str:
    """Code through superfences' own highlighter, as any other block of the page."""
    reader = superfences(md)
    reader.get_hl_settings()
    reader.line_count = text.count("\n") + 1  # up to which it marks lines; the fence itself is empty
    plain: dict[str, Any] = {"id_value": "", "attrs": {}}
    return str(reader.highlight(src=text, language=language, options=options, md=md, classes=[*classes], **plain))


def formats_of(md: Markdown, page: Page) -> Formats:
    """The formats of a page."""
    return Formats(partial(highlighted, md), partial(_markdown, page), partial(_math, page))


def _markdown(page: Page, text: str, prefix: str) -> tuple[str, list[str]]:
    """A text of Markdown as HTML; one that is too long, or that Markdown cannot read in time, stands as it is."""
    as_it_is = f"<pre><code>{escape(text)}</code></pre>", list[str]()
    if len(text) > LONGEST or text.count("[") > BRACKETS:
        return as_it_is
    try:
        html = _reader(page).convert(text)
    except RecursionError:
        return as_it_is
    return sanitised(html, prefix), left_out(html)


def _reader(page: Page) -> Markdown:
    names = [*NEEDED, *(name for name in page.extensions if name in FORMATTING and name not in NEEDED)]
    settings = {name: {**NEEDED.get(name, {}), **page.extensions.get(name, {})} for name in names}
    settings["pymdownx.superfences"].pop("custom_fences", None)
    kept = [name for name in names if name not in NOT_IN_A_VALUE]
    reader = Markdown(extensions=kept, extension_configs={name: settings[name] for name in kept})
    reader.preprocessors.deregister("html_block")
    reader.inlinePatterns.deregister("html")
    return reader


def _math(page: Page, formula: str) -> str:
    """A formula for the script of the site that sets mathematics; empty where the site has none that reads it so."""
    if not page.extensions.get(ARITHMATEX, {}).get("generic"):
        return ""
    return f'<div class="arithmatex">\\[ {escape(formula)} \\]</div>'
