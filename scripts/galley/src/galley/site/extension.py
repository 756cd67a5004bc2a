"""The Markdown extension around the fences: it scans a page before superfences and counts after it.

superfences publishes what it cannot read as raw text. So every fence that the scan found must have been
rendered when superfences is done; whatever is missing, or wrong in any other way, stops the build.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from galley.errors import GalleyError
from galley.site.downloads import downloads
from galley.site.errors import build_error
from galley.site.html import cell_id, error_note, profiles_note
from galley.site.page import Page, first_fence, page_of, source_lines

BEFORE, AFTER = 27, 24  # superfences runs at 25, the normalisation of white space at 30
LAST = -100
NAME = "galley"


class GalleyExtension(Extension):
    """Load it beside `pymdownx.superfences`, whose `custom_fences` names `galley.site.fence`."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Register the scan, the count and the note at the page's top."""
        if getattr(md, "_original_md", None) is None:  # not inside a conversion of a part of a page
            md.preprocessors.register(Scan(md), NAME, BEFORE)
            md.preprocessors.register(Count(md), f"{NAME}-count", AFTER)
            md.treeprocessors.register(Note(md), f"{NAME}-note", 1)
            md.treeprocessors.register(Whole(md), f"{NAME}-whole", LAST)
            md.postprocessors.register(Arrival(md), f"{NAME}-arrival", LAST)


class Scan(Preprocessor):
    """Finds the page and its fences."""

    page: Page | None = None

    def run(self, lines: list[str]) -> list[str]:
        """Leave the lines as they are."""
        try:
            self.page = page_of(self.md)
        except GalleyError as error:
            raise build_error([error]) from error
        while lines and not lines[-1]:
            lines = lines[:-1]  # the normalisation of white space ends a page with blank lines
        wrong = self.page.scan(lines, max(0, source_lines(self.page) - len(lines)))
        self.page.errors += wrong
        if wrong and not self.page.preview:
            raise build_error(wrong)
        return lines


class Count(Preprocessor):
    """Stops the build unless every fence was rendered."""

    def run(self, lines: list[str]) -> list[str]:
        """Leave the lines as they are, or raise what is wrong with the page."""
        page = current_page(self.md)
        what = "the fence was not rendered: superfences could not read it, or its custom fence is not declared"
        mend = "declare galley.site.fence under custom_fences of pymdownx.superfences"
        lost = [fence for fence in page.fences if fence not in page.rendered]
        page.errors += page.left_over(lines) + [GalleyError(what, fence.place, mend) for fence in lost]
        if page.errors and not page.preview:
            raise build_error(page.errors)
        return lines


class Whole(Treeprocessor):
    """Notes that the tree is done: postprocessors hear of titles alone before, and of the page from here on."""

    def run(self, root: Element) -> None:
        """Leave the tree as it is."""
        current_page(self.md).whole = True


class Arrival(Postprocessor):
    """Stops the build unless every cell is in the page: an indented fence is rendered and then shown as text."""

    def run(self, text: str) -> str:
        """Leave the text as it is, or raise what is wrong with the page."""
        page = current_page(self.md)
        if not page.whole:
            return text
        what, mend = "the fence is shown as text: it is indented as code is", "move it to the start of the line"
        ids = {part.partition('"')[0] for part in text.split('id="')[1:]}
        lost = [fence for fence in page.fences if cell_id(page, fence) not in ids]
        if lost and not page.preview:
            raise build_error([GalleyError(what, fence.place, mend) for fence in lost])
        return text


class Note(Treeprocessor):
    """Says under the page's title what is not shown or is wrong, and at its end where to get it as a file."""

    def run(self, root: Element) -> None:
        """Add the notes below the first heading, and the links below everything."""
        page = current_page(self.md)
        at = next((number for number, child in enumerate(root) if child.tag == "h1"), -1)
        wrong = [*map(str, page.errors), *page.failures]
        for note in (*map(error_note, wrong), profiles_note(page)):
            if note:
                at += 1
                block = Element("div")
                block.text = self.md.htmlStash.store(note)
                root.insert(at, block)
        if links := downloads(page):
            block = SubElement(root, "div")
            block.text = self.md.htmlStash.store(links)


def current_page(md: Any) -> Page:
    """The page being rendered; raises the build's error where the extension is not loaded."""
    scan = next((each for each in md.preprocessors if isinstance(each, Scan)), None)
    if scan is None or scan.page is None:
        what = "a galley fence without the extension that checks it"
        mend = "add galley.site to markdown_extensions in mkdocs.yml"
        raise build_error([GalleyError(what, first_fence(md), mend)])
    return scan.page
