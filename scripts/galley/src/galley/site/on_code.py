"""In the builder: the options of a fence that are about the code alone, and code annotations as Material knows them.

A comment such as `# (1)!` is a mark, and the list below the fence says what there is to say of it. Material looks for
that list directly behind the code, where a cell has its outputs. So the list is put there.
"""

from __future__ import annotations

import io
import re
import secrets
import tokenize
from collections.abc import Iterator
from contextlib import suppress
from xml.etree.ElementTree import Element

from markdown.treeprocessors import Treeprocessor
from markdown.util import HTML_PLACEHOLDER_RE

from galley.errors import GalleyError
from galley.source.cells import Cell
from galley.source.fences import Fence

ON_CODE = ("title", "hl_lines", "linenums")
LINES = re.compile(r"\d{1,6}(?:-\d{1,6})?(?:[ \t]+\d{1,6}(?:-\d{1,6})?)*")
NUMBERS = re.compile(r"[1-9]\d{0,6}(?:[ \t]+\d{1,6}){0,2}")
MARK = re.compile(r"\(\d{1,4}\)")
HERE = f"<!--{secrets.token_hex(16)}-->"  # stands behind the code of a cell with marks until the page's tree is made


def only_on_code(fence: Fence) -> bool:
    """Whether a fence has no option but those that are about the code, which galley's own layout takes."""
    return not fence.options.keys() - set(ON_CODE)


def on_code(fence: Fence, cell: Cell) -> dict[str, str]:
    """The options that the highlighter is given; raises GalleyError for a line that the code does not have."""
    found = {name: fence.options[name] for name in ON_CODE if name in fence.options}
    count = cell.source.count("\n") + 1
    if (lines := found.get("hl_lines")) is not None:
        if not LINES.fullmatch(lines):
            raise GalleyError(f'{fence.name}: hl_lines="{lines}" names no lines', fence.place, 'hl_lines="2 4-6"')
        if wrong := [each for each in re.findall(r"\d+", lines) if not 1 <= int(each) <= count]:
            what = f"{fence.name}: hl_lines names line {wrong[0]}, and the code has the lines 1 to {count}"
            raise GalleyError(what, fence.place, "count the lines as the page shows them, whatever `linenums` says")
    if "linenums" in found and not NUMBERS.fullmatch(found["linenums"]):
        what = f'{fence.name}: linenums="{found["linenums"]}" is no number of a line'
        raise GalleyError(what, fence.place, 'write it as: linenums="1"')
    return found


def marked(cell: Cell) -> bool:
    """Whether a comment in the cell's code has a mark such as `(1)`."""
    if not any("#" in line and MARK.search(line) for line in cell.source.split("\n")):
        return False
    return any(MARK.search(comment) for comment in _comments(cell.source))


def _comments(source: str) -> Iterator[str]:
    with suppress(tokenize.TokenError, SyntaxError):  # of code that Python refuses
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield token.string


class Annotations(Treeprocessor):
    """Moves the list that stands directly below a cell with marks to its code."""

    def run(self, root: Element) -> None:
        """Move the lists, and take the notes away that say where they go."""
        blocks = self.md.htmlStash.rawHtmlBlocks
        noted = {at: html for at, html in enumerate(blocks) if isinstance(html, str) and HERE in html}
        for parent in list(root.iter()) if noted else ():
            for child, below in zip(list(parent), list(parent)[1:], strict=False):
                found = HTML_PLACEHOLDER_RE.fullmatch((child.text or "").strip())
                if below.tag == "ol" and found and not len(child) and int(found[1]) in noted:
                    before, _, after = noted[int(found[1])].partition(HERE)
                    child.text = self.md.htmlStash.store(before)
                    rest = Element("p")
                    rest.text = self.md.htmlStash.store(after)
                    parent.insert(list(parent).index(below) + 1, rest)
        for at, html in noted.items():
            blocks[at] = html.replace(HERE, "")
