"""In the builder: the Markdown extension `galley`, which shows recorded cells on a page and never executes anything.

It declares the fence to superfences, scans a page before superfences reads it and counts after. superfences publishes
what it cannot read as raw text; so every fence that the scan found must have been rendered when superfences is done,
and whatever is missing, or wrong in any other way, stops the build.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import HTML_PLACEHOLDER_RE
from markdown_exec import InsertHeadings
from pymdownx.superfences import SuperFencesBlockPreprocessor, SuperFencesException

from galley.errors import GalleyError, Place
from galley.site.builders import converting, failures
from galley.site.downloads import downloads
from galley.site.exec_options import noted_headings
from galley.site.html import cell_html, cell_id, error_note, profiles_note, superfences
from galley.site.lists import list_html, lists_of
from galley.site.page import Page, page_of, source_lines
from galley.site.styles import styles
from galley.source.fences import Fence

BEFORE, AFTER = 27, 24  # superfences runs at 25, the normalisation of white space at 30
LAST = -100
NAME = "galley"
LANGUAGE = "python"
SUPERFENCES = "pymdownx.superfences"


class GalleyExtension(Extension):
    """The one line of a builder's settings: `markdown_extensions: [galley]`.

    markdown-exec converts parts of a page in Markdown instances of their own, which may load the extension too; there
    it looks at nothing but galley's fences, which it refuses.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.md: Markdown | None = None

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Register the scan, the count and the notes."""
        self.md = self.md or md
        md.registerExtension(self)
        md.preprocessors.register(Scan(md), NAME, BEFORE)
        md.preprocessors.register(Count(md), f"{NAME}-count", AFTER)
        md.treeprocessors.register(Note(md), f"{NAME}-note", 1)
        md.treeprocessors.register(TreeDone(md), f"{NAME}-tree-done", LAST)
        md.postprocessors.register(Arrival(md), f"{NAME}-arrival", LAST)

    def reset(self) -> None:
        """Load superfences where nothing else did. Python-Markdown calls this when all extensions are loaded."""
        if self.md and not isinstance(superfences(self.md), SuperFencesBlockPreprocessor):
            self.md.registerExtensions([SUPERFENCES], {})


class Scan(Preprocessor):
    """Finds the page and its fences."""

    page: Page | None = None

    def run(self, lines: list[str]) -> list[str]:
        """Leave the lines as they are."""
        _declare(self.md)
        if _inner(self.md):
            return lines
        _, converted = converting(self.md)
        try:
            self.page = page_of(converted)
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
        if _inner(self.md):
            return lines
        page = current_page(self.md)
        what = "the fence was not rendered: superfences could not read it"
        mend = "end it with as much indentation as it begins with, and let no other custom fence take it"
        lost = [fence for fence in page.fences if fence not in page.rendered]
        page.errors += page.left_over(lines) + [GalleyError(what, fence.place, mend) for fence in lost]
        if page.errors and not page.preview:
            raise build_error(page.errors)
        return lines


class TreeDone(Treeprocessor):
    """Notes that the tree is done: postprocessors hear of titles alone before, and of the page from here on."""

    def run(self, root: Element) -> None:
        """Leave the tree as it is."""
        if not _inner(self.md):
            current_page(self.md).tree_done = True


class Arrival(Postprocessor):
    """Brings the styles, and stops the build unless every cell is in the page.

    A fence that is indented as code is rendered, and then shown as text.
    """

    def run(self, text: str) -> str:
        """Give the text its styles, or raise what is wrong with the page."""
        if _inner(self.md) or not (page := current_page(self.md)).tree_done:
            return text
        what, mend = "the fence is shown as text: it is indented as code is", "move it to the start of the line"
        ids = {part.partition('"')[0] for part in text.split('id="')[1:]}
        lost = [fence for fence in page.fences if cell_id(page, fence) not in ids]
        if lost and not page.preview:
            raise build_error([GalleyError(what, fence.place, mend) for fence in lost])
        if not page.rendered and not page.errors:
            return text
        parts = [each.css for each in (*page.kinds, *lists_of(page.project)) if each.name in page.present]
        builder, _ = converting(self.md)
        return builder.with_style(self.md, text, f"<style>{styles(parts, colours='-Color-' in text)}</style>\n")


class Note(Treeprocessor):
    """Says under the page's title what is not shown or is wrong, and at its end where to get it as a file."""

    def run(self, root: Element) -> None:
        """Add the notes below the first heading, and the links below everything."""
        if _inner(self.md):
            return
        page = current_page(self.md)
        links = self._downloads(page)
        at = next((number for number, child in enumerate(root) if child.tag == "h1"), -1)
        wrong = [*map(str, page.errors), *page.failures]
        for note in (*map(error_note, wrong), profiles_note(page)):
            if note:
                at += 1
                block = Element("div")
                block.text = self.md.htmlStash.store(note)
                root.insert(at, block)
        if links:
            block = SubElement(root, "div")
            block.text = self.md.htmlStash.store(links)
        if InsertHeadings.name in self.md.treeprocessors:
            _unwrap(root)

    def _downloads(self, page: Page) -> str:
        """The links; where a cell that another page shows cannot be written, the error is this page's."""
        try:
            return downloads(page)
        except GalleyError as error:
            placed = type(error)(error.what, error.place or Place(page.path), error.mend)
            if not page.preview:
                raise build_error([placed]) from error
            page.errors.append(placed)
            return ""


def _unwrap(root: Element) -> None:
    """Have cells with headings stand by themselves: markdown-exec leaves a line break that keeps a paragraph around."""
    for paragraph in root.iter("p"):
        alone = (paragraph.text or "").strip()
        if not len(paragraph) and HTML_PLACEHOLDER_RE.fullmatch(alone):
            paragraph.text = alone


def is_galleys(
    language: str, inputs: dict[str, Any], options: dict[str, Any], attrs: dict[str, Any], md: Markdown
) -> bool:
    """Whether a fence is galley's; any other is left to superfences, options and all.

    One that would execute is too, whatever else it lacks: nothing else may take it, and the scan says what is wrong.
    """
    if not {"exec", "cell", "list"} & set(inputs):
        return False
    options["name"] = str(inputs.get("cell") or inputs.get("list") or "")
    inputs.clear()
    return True


def show(src: str, language: str, md: Markdown, options: dict[str, Any], **rest: Any) -> str:
    """The HTML of what a fence names; what goes wrong is kept, and stops the build after the page."""
    page, fence, name = current_page(md), None, options["name"]
    try:
        fence = page.next_fence(name)
        return _shown(md, page, fence)
    except GalleyError as error:
        placed = error if error.place or fence is None else type(error)(error.what, fence.place, error.mend)
        if str(placed) not in map(str, page.errors):  # a file that cannot be read fails every fence that names it
            page.errors.append(placed)
    except Exception as error:  # superfences would swallow it and publish the raw fence
        place = fence.place if fence else None
        page.errors.append(GalleyError(f"{name} cannot be shown: {type(error).__name__}: {error}", place))
    return ""


def _shown(md: Markdown, page: Page, fence: Fence) -> str:
    if fence.listing:
        page.present.add(fence.listing)
        return list_html(page, fence)
    views = page.views(fence)
    page.present |= {output.kind for view in views if view.recorded for output in view.recorded.outputs}
    html, headings = cell_html(md, page, fence, views)
    if headings:
        noted_headings(md)[html] = headings
    return html


def current_page(md: Markdown) -> Page:
    """The page being rendered; raises the build's error inside what another fence of the page made."""
    if outer := _inner(md):
        what = "a fence of galley's in what another fence made, and the page itself does not name its cell"
        raise build_error([GalleyError(what, Place(current_page(outer).path), "name the cell in the page")])
    scan = md.preprocessors[NAME]
    assert isinstance(scan, Scan)
    assert scan.page is not None
    return scan.page


def build_error(errors: Sequence[Exception]) -> Exception:
    """One exception for everything wrong with a page.

    It is a SuperFencesException, since superfences swallows all others, and what the builder that is running prints
    without a traceback.
    """
    kind = type("GuideError", (SuperFencesException, *failures()), {"__doc__": "A page that cannot be built."})
    message = "\n".join(str(error) if isinstance(error, GalleyError) else repr(error) for error in errors)
    error: Exception = kind(f"\n{message}")
    return error


def _inner(md: Markdown) -> Markdown | None:
    """The instance that converts the page, where `md` is one of markdown-exec's for a part of it; else None."""
    return getattr(md, "_original_md", None)


def _declare(md: Markdown) -> None:
    """Declare the fence to superfences, last: it asks the last one first, and the validator takes galley's alone.

    This waits until a page is converted: only then is it known which superfences reads it.
    """
    reader = superfences(md)
    if isinstance(reader, SuperFencesBlockPreprocessor):
        declared = reader.extension.superfences
        if not declared or declared[-1]["formatter"] is not show:
            reader.extension.extend_super_fences(LANGUAGE, show, is_galleys, None)
