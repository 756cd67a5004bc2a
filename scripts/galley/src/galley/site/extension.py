"""In the builder: the Markdown extension `galley`, which shows recorded cells on a page and never executes anything.

superfences, an extension that reads fences, publishes a fence that it cannot read as text, without a word. So galley
surrounds it: `Scan` finds the page's fences before superfences reads the page, `show` renders each fence that
superfences hands over, and `Count` stops the build after it unless every fence that was found has been rendered. At the
end `Arrival` looks whether every cell is in the page's HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
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
from galley.kinds.ansi import for_terminal
from galley.site.blocks import with_ids
from galley.site.builders import Builder, NoBuilder, converting, failures
from galley.site.checked import checked_note, told
from galley.site.choices import choices
from galley.site.copies import copies
from galley.site.csp import BEGIN, END
from galley.site.downloads import downloads
from galley.site.exec_options import noted_headings
from galley.site.figures import unlabelled
from galley.site.formats import highlighted, superfences
from galley.site.html import cell_html, cell_id, error_note
from galley.site.listing import list_html, lists_of
from galley.site.markdown import publish_markdown
from galley.site.on_code import Annotations
from galley.site.page import Page, page_of
from galley.site.preview import USED
from galley.site.styles import styles
from galley.source.fences import Fence
from galley.source.lines import without_comments

BEFORE, AFTER = 27, 24  # superfences runs at 25, the normalisation of white space at 30
LAST = -100
NAME = "galley"
LANGUAGE = "python"
SUPERFENCES = "pymdownx.superfences"


class GalleyExtension(Extension):
    """The one line of a builder's settings: `markdown_extensions: [galley]`.

    markdown-exec converts parts of a page in Markdown instances of its own, which load the extension too. In such an
    instance the extension refuses galley's fences and does nothing else.
    """

    def __init__(self, **settings: Any) -> None:
        if settings:
            raise ValueError(f"galley has no option '{min(settings)}': leave its options out")
        super().__init__()
        self.md: Markdown | None = None

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Register the scan, the count and the notes."""
        self.md = self.md or md
        md.registerExtension(self)
        md.preprocessors.register(Scan(md), NAME, BEFORE)
        md.preprocessors.register(Count(md), f"{NAME}-count", AFTER)
        md.treeprocessors.register(Annotations(md), f"{NAME}-annotations", 2)
        md.treeprocessors.register(Note(md), f"{NAME}-note", 1)
        md.treeprocessors.register(TreeDone(md), f"{NAME}-tree-done", LAST)
        md.postprocessors.register(Arrival(md), f"{NAME}-arrival", LAST)

    def reset(self) -> None:
        """Load superfences where nothing else did. Python-Markdown calls this when all extensions are loaded."""
        if self.md and not isinstance(superfences(self.md), SuperFencesBlockPreprocessor):
            self.md.registerExtensions([SUPERFENCES], {})


class Scan(Preprocessor):
    """Finds out which page is converted, and its fences, before superfences runs."""

    page: Page | None = None
    builder: Builder = NoBuilder()

    def run(self, lines: list[str]) -> list[str]:
        """The lines with the numbers that cells printed, and without fences in comments, which are none."""
        _declare(self.md)
        if _inner(self.md):
            return lines
        self.builder, converted = converting(self.md)
        while lines and not lines[-1]:
            lines = lines[:-1]  # another preprocessor has added blank lines at the end
        try:
            self.page = page_of(converted)
            wrong = self.page.scan(lines)
        except GalleyError as error:
            raise build_error([error]) from error
        self.page.errors += wrong
        if wrong and not self.page.preview:
            raise build_error(wrong)
        return without_comments(self.page.source)


class Count(Preprocessor):
    """Stops the build unless every fence was rendered; runs after superfences."""

    def run(self, lines: list[str]) -> list[str]:
        """Leave the lines as they are, or raise what is wrong with the page."""
        if _inner(self.md):
            return lines
        page = current_page(self.md)
        what = "the fence was not rendered: superfences could not read it"
        mend = "end it with as much indentation as it begins with, and let no other custom fence take it"
        lost = [fence for fence in page.fences if fence not in page.rendered]
        page.errors += page.placed(page.left_over(lines) + [GalleyError(what, fence.place, mend) for fence in lost])
        if page.errors and not page.preview:
            raise build_error(page.errors)
        return lines


class TreeDone(Treeprocessor):
    """Notes that the page's tree is finished.

    While the tree is made, the table of contents sends each heading's title through all postprocessors. Only after that
    do they get the page itself.
    """

    def run(self, root: Element) -> None:
        """Leave the tree as it is."""
        if not _inner(self.md):
            current_page(self.md).tree_done = True


class Arrival(Postprocessor):
    """Adds the page's styles and the ids of its blocks, and stops the build unless every cell is in the page's HTML.

    A fence that is indented by four spaces is rendered, and Python-Markdown then shows its HTML as a block of code.
    """

    def run(self, text: str) -> str:
        """Give the text its styles and ids, or raise what is wrong with the page."""
        if _inner(self.md) or not (page := current_page(self.md)).tree_done:
            return text
        what, mend = "the fence is shown as text: it is indented as code is", "move it to the start of the line"
        ids = {part.partition('"')[0] for part in text.split('id="')[1:]}
        lost = [fence for fence in page.fences if cell_id(page, fence) not in ids]
        if lost and not page.preview:
            raise build_error(page.placed([GalleyError(what, fence.place, mend) for fence in lost]))
        self._beside(page)
        if not page.rendered and not page.errors:
            return text
        parts = [each.css for each in (*page.kinds, *lists_of(page.project)) if each.name in page.present]
        text = with_ids(text)
        if page.project.csp:
            text = f"{BEGIN}{text}{END}"
        return scan_of(self.md).builder.with_style(
            self.md, text, f"<style>{styles(parts, colours='-Color-' in text)}</style>\n"
        )

    def _beside(self, page: Page) -> None:
        """Tell the theme's templates of the page, and put the page into the site as Markdown."""
        facts: dict[str, Any] = dict(told(page))
        USED[page.project.root / page.path] = page.uses
        if page.project.markdown and page.folder is not None and not page.preview:
            try:
                facts["markdown"] = publish_markdown(page)
            except GalleyError as error:
                raise build_error([error]) from error
        scan_of(self.md).builder.tell(self.md, facts)


class Note(Treeprocessor):
    """Adds notes below the page's title, on what is wrong or not shown, and links to the page as files."""

    def run(self, root: Element) -> None:
        """Add the links and the notes below the first heading."""
        if _inner(self.md):
            return
        page = current_page(self.md)
        links = self._downloads(page)
        at = next((number for number, child in enumerate(root) if child.tag == "h1"), -1)
        wrong = [*map(str, page.errors), *page.failures]
        for note in (checked_note(page), links, *map(error_note, wrong)):
            if note:
                at += 1
                block = Element("div")
                block.text = self.md.htmlStash.store(note)
                root.insert(at, block)
        scripts = [copies(page) if links else "", choices(page)] if not page.errors else []
        for data in filter(None, scripts):
            block = SubElement(root, "div")
            block.text = self.md.htmlStash.store(data)
        if InsertHeadings.name in self.md.treeprocessors:
            _unwrap(root)

    def _downloads(self, page: Page) -> str:
        """The links to the page as files; a cell that cannot be written is an error of this page."""
        try:
            return downloads(page)
        except GalleyError as error:
            placed = type(error)(error.what, error.place or Place(page.path), error.mend)
            if not page.preview:
                raise build_error([placed]) from error
            page.errors.append(placed)
            return ""


def _unwrap(root: Element) -> None:
    """Free cells with headings from the paragraph around them, which a line break of markdown-exec's keeps there."""
    for paragraph in root.iter("p"):
        alone = (paragraph.text or "").strip()
        if not len(paragraph) and HTML_PLACEHOLDER_RE.fullmatch(alone):
            paragraph.text = alone


def is_galleys(
    language: str, inputs: dict[str, Any], options: dict[str, Any], attrs: dict[str, Any], md: Markdown
) -> bool:
    """Whether a fence is galley's; superfences calls this before `show`.

    Any other fence is left to superfences, with its options. A fence with one of galley's own options is galley's even
    where it is wrong otherwise: no other formatter may execute it, and the scan reports what is wrong.
    """
    if not {"exec", "cell", "list"} & set(inputs):
        return False
    options["name"] = str(inputs.get("cell") or inputs.get("list") or "")
    inputs.clear()
    return True


def show(src: str, language: str, md: Markdown, options: dict[str, Any], **rest: Any) -> str:
    """The HTML of the cell or list that a fence names; an error is kept, and stops the build in `Count`."""
    page, fence, name = current_page(md), None, options["name"]
    try:
        fence = page.next_fence(name)
        return _shown(md, page, fence)
    except GalleyError as error:
        placed = error if error.place or fence is None else type(error)(error.what, fence.place, error.mend)
        told = set(map(str, page.errors))  # an unreadable file fails at each fence
        page.errors += (each for each in page.placed([placed]) if str(each) not in told)
    except (Exception, SystemExit) as error:  # superfences would ignore the exception and publish the fence as text
        place = fence.place if fence else None
        page.errors += page.placed([GalleyError(f"{name} cannot be shown: {type(error).__name__}: {error}", place)])
    return ""


def _shown(md: Markdown, page: Page, fence: Fence) -> str:
    if fence.listing:
        page.present.add(fence.listing)
        return list_html(page, fence, partial(highlighted, md))
    views = page.views(fence)
    page.present |= {output.kind for view in views if view.recorded for output in view.recorded.outputs}
    page.errors += unlabelled(page, views)
    html, headings = cell_html(md, page, fence, views)
    if headings:
        noted_headings(md)[html] = headings
    return html


def current_page(md: Markdown) -> Page:
    """The page that is being rendered; raises the build's error in a part of it that markdown-exec converts."""
    if outer := _inner(md):
        what = "a fence of galley's in what another fence made, and the page itself does not name its cell"
        raise build_error([GalleyError(what, Place(current_page(outer).path), "name the cell in the page")])
    page = scan_of(md).page
    assert page is not None
    return page


def scan_of(md: Markdown) -> Scan:
    """What has found out which page a Markdown instance converts."""
    scan = md.preprocessors[NAME]
    assert isinstance(scan, Scan)
    return scan


def build_error(errors: Sequence[Exception]) -> Exception:
    """One exception for everything wrong with a page.

    Its class has two bases: SuperFencesException, because superfences ignores every other exception, and the exception
    that the running builder prints without a traceback.
    """
    kind = type("GuideError", (SuperFencesException, *failures()), {"__doc__": "A page that cannot be built."})
    message = "\n".join(str(error) if isinstance(error, GalleyError) else repr(error) for error in errors)
    error: Exception = kind(f"\n{for_terminal(message)}")
    return error


def _inner(md: Markdown) -> Markdown | None:
    """The instance that converts the page, where `md` is one of markdown-exec's for a part of it; else None."""
    return getattr(md, "_original_md", None)


def _declare(md: Markdown) -> None:
    """Declare galley's fence to superfences as the last custom fence, since superfences asks the last one first.

    That happens when a page is converted, because an extension that is loaded later may bring its own superfences.
    """
    reader = superfences(md)
    if isinstance(reader, SuperFencesBlockPreprocessor):
        declared = reader.extension.superfences
        if not declared or declared[-1]["formatter"] is not show:
            reader.extension.extend_super_fences(LANGUAGE, show, is_galleys, None)
