"""In the builder: about how many lines high a cell is, so that a browser can leave alone what is far from its window.

A browser that lays out a long page in one go keeps a phone busy for seconds. `base.css` lets it lay out a cell when the
cell comes near. Until then the cell needs its height: without it the page would move while it is read, and its scroll
bar would jump. Code and printed text are as high as their lines, tables about as high as their rows, and drawings say
their size. Of a cell with anything else nothing is said, and a browser lays it out with the page.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

TAG = re.compile(r"<(/?[a-z][a-z0-9]*+)[^<>]*+>")
KNOWN = frozenset(
    (
        *("div", "pre", "code", "span", "p", "figure", "figcaption", "a", "b", "strong"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    )
)
HIGHEST = 24  # lines of an output; one with more scrolls
LARGEST = 1000  # lines of a drawing; a record may say anything
FOLD = 1.3  # lines of a fold that is closed
OUTPUT, UNWRAPPED, CHOSEN = '<div class="galley-text', "galley-columns", "data-choose"


@dataclass(frozen=True)
class Window:
    """What fits into a browser's window, and how high a table's parts are there, in lines of code."""

    letters: int  # on a line of an output
    lines: float  # that a drawing can be wide
    row: float
    cell: float


LAPTOP = Window(letters=92, lines=43.0, row=1.8, cell=0.0)
PHONE = Window(letters=44, lines=18.0, row=1.6, cell=0.55)  # on which each row is a card


def height(body: str) -> str:
    """The attribute that says how many lines a cell's HTML has; empty where that is not known."""
    unfolded, folds = _without(body, "details")
    text, drawings = _without(unfolded, "svg")
    known = {found.removeprefix("/") for found in TAG.findall(text)} <= KNOWN
    sizes = [size for size in map(_size, drawings) if size]
    if not known or CHOSEN in text or len(sizes) < len(drawings):
        return ""
    wide, narrow = (
        round(
            FOLD * len(folds)
            + sum(_lines(block, window) for block in _blocks(text))
            + sum(_high(size, window) for size in sizes)
            + text.count("<tr") * window.row
            + (text.count("<td") + text.count("<th ") + text.count("<th>")) * window.cell
            + text.count("<p ")
        )
        for window in (LAPTOP, PHONE)
    )
    return f' style="--galley-lines:{wide}{f";--galley-narrow:{narrow}" * (narrow != wide)}"'


def _without(text: str, name: str) -> tuple[str, list[str]]:
    """HTML without the elements of a name, and what these elements begin with."""
    first, *rest = text.split(f"<{name} ")
    return first + "".join(each.partition(f"</{name}>")[2] for each in rest), [each.partition(">")[0] for each in rest]


def _blocks(text: str) -> list[tuple[str, bool, bool]]:
    """The text of each block, whether it is an output, and whether that wraps."""
    found = []
    for part in text.split("</pre>")[:-1]:
        before, _, block = part.rpartition("<pre")
        _, output, kind = before.rpartition(OUTPUT)
        wraps = UNWRAPPED not in kind.partition(">")[0]
        found.append((html.unescape(TAG.sub("", f"<pre{block}")).rstrip("\n"), bool(output), wraps))
    return found


def _lines(block: tuple[str, bool, bool], window: Window) -> int:
    """How many lines a block has in a window, with the room above and below them."""
    text, output, wraps = block
    lines = text.split("\n")
    many = sum(max(1, -(-len(line) // window.letters)) for line in lines) if output and wraps else len(lines)
    return (min(HIGHEST, many) if output else many) + 1


def _size(drawing: str) -> tuple[float, float] | None:
    """How wide and high a drawing is, in lines of code, from how its element begins; None where it does not say."""
    line = 15.75 if 'pt"' in drawing else 21  # points or pixels
    try:
        said = drawing.partition('viewBox="')[2].partition('"')[0]
        _, _, width, high = (float(each) / line for each in said.split())
    except ValueError:
        return None
    return (width, high) if 0 < width < LARGEST and 0 < high < LARGEST else None


def _high(size: tuple[float, float], window: Window) -> float:
    """How many lines a drawing is high in a window, with its caption."""
    width, high = size
    return high * min(1, window.lines / width) + 3
