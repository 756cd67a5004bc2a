"""Fences that name cells, found in a page's Markdown by line, each judged strictly.

In the command and in the builder. superfences publishes a fence that it cannot read as plain text, and does not report
it. So each page is scanned here first, and a line that looks like a galley fence and is not exactly one is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from galley.errors import GalleyError, Place
from galley.source.grammar import BUILT_IN, OPTION, Grammar
from galley.source.lines import OPENER, Ends, Owners, marked

FORM = '```python exec="on" cell="file/cell"'
GALLEYS = re.compile(r"\b(exec|cell)\s*=|\bexec\b|^\s*python\b.*\blist\s*=", re.IGNORECASE)
ALIKE = re.compile(r"^[\s>]*+(?:(?:[-*+:]|\d++[.)])\s++)?+[\s>]*+(?P<fence>`{2,}+|~{2,}+)(?P<header>.*)$")
HEADER = re.compile(r"python(?P<options>(?:[ \t]+\w+=\"[^\"]*\")+)[ \t]*$")
WRITTEN = re.compile(r"\S")
CELL = re.compile(r"[^/]+(?:/[^/]+)+")
TEMPLATE = ("{{", "{%")  # what a template language, such as that of mkdocs-macros, replaces begins with one
ON = ("on", "yes", "true", "1")  # the values of `exec` that markdown-exec takes


def _on(text: str) -> str:
    if text not in ON:
        raise ValueError(text)
    return text


def _cell_name(text: str) -> str:
    if not CELL.fullmatch(text):
        raise ValueError(text)
    return text


@dataclass(frozen=True)
class FenceOption:
    """One option in a fence's header, as `name="value"`.

    `says` is a sentence for the reader of the documentation, `form` shows how the option is written, and `wanted` says
    what its value must be. `read` makes the value from the text, and raises ValueError where it cannot.
    """

    name: str
    says: str
    form: str
    wanted: str = "a text"
    read: Callable[[str], Any] = str


WHAT = (
    FenceOption(
        "exec",
        "The fence is galley's: what it names was executed, and its record is shown.",
        form='exec="on"',
        wanted='"on"',
        read=_on,
    ),
    FenceOption(
        "cell",
        "The cell to show: the snippet file's name without its ending, a slash, and the cell's name. The name of a "
        "file in a folder begins with that of the folder.",
        form='cell="file/cell"',
        wanted="a cell's name",
        read=_cell_name,
    ),
    FenceOption(
        "list",
        "The list to show, in place of a cell: `claims`, `files`, `gallery`, or one that a plug-in brings.",
        form='list="claims"',
        wanted="a list's name",
    ),
)
# markdown-exec's options, and those of superfences that it hands on: they say how a recorded cell is laid out.
LAYOUT = (
    FenceOption(
        "source",
        "Show the code as well, and where: above, below, block, tabbed-left, tabbed-right or console.",
        form='source="above"',
    ),
    FenceOption("title", "The title above the code.", form='title="main.py"'),
    FenceOption("hl_lines", "The lines of the code that stand out.", form='hl_lines="2 3"'),
    FenceOption(
        "linenums", "The number of the code's first line; the others are counted from there.", form='linenums="1"'
    ),
    FenceOption(
        "result",
        "The language of the block in which the printed text stands; `ansi` shows a terminal's colours. Without it the "
        "text is Markdown.",
        form='result="text"',
    ),
    FenceOption("html", "The printed text is HTML. What could harm a page's reader is taken out.", form='html="yes"'),
    FenceOption("tabs", "The titles of the tabs of `source`.", form='tabs="Source|Result"'),
    FenceOption("id", "What the ids in the printed text begin with, and a hyphen.", form='id="example"'),
    FenceOption("idprefix", "What the ids in the printed text begin with.", form='idprefix="example-"'),
    FenceOption(
        "updatetoc", "Whether headings in the printed text stand in the page's contents.", form='updatetoc="no"'
    ),
    FenceOption(
        "width",
        "The width of the terminal for which the cell printed; an error unless the cell ran with this width.",
        form='width="80"',
    ),
    FenceOption(
        "session", "A name for the cells of one snippet file, which share their names anyway.", form='session="one"'
    ),
    FenceOption("returncode", "0, since a page that exits is not recorded.", form='returncode="0"'),
    FenceOption("workdir", "Always an error: a cell runs in a folder of its own.", form='workdir="data"'),
)
OPTIONS = (*WHAT, *LAYOUT)
KNOWN = {option.name: option for option in OPTIONS}


@dataclass(frozen=True)
class Fence:
    """A fence that names a cell, or with `listing` a list of many; `file` is the snippet file's name.

    `options` holds the values of all other options in its header.
    """

    place: Place
    file: str
    cell: str
    listing: str = ""
    options: Mapping[str, str] = field(default_factory=dict, hash=False)  # how the cell is laid out, as texts

    @property
    def name(self) -> str:
        """How the fence names the cell or the list."""
        return self.listing or f"{self.file}/{self.cell}"


def find_fences(
    lines: Sequence[str], path: Path, offset: int = 0, grammar: Grammar = BUILT_IN
) -> tuple[list[Fence], list[GalleyError]]:
    """Every galley fence in `lines`, and an error for each line that is meant as a galley fence and is wrong.

    What stands in an HTML comment is no fence. `offset` is the number of lines above `lines` in the file, which are its
    front matter; `grammar` knows the lists.
    """
    fences: list[Fence] = []
    errors: list[GalleyError] = []
    ends, owners, number = Ends(lines), Owners(lines), 0
    while number < len(lines):
        number += 1
        if "<!--" in lines[number - 1] and (closed := ends.of_comment(number - 1)):
            number = closed  # its last line may hold a fence no more than its others
            continue
        if not marked(lines[number - 1]):
            continue
        opener = OPENER.match(lines[number - 1].rstrip())
        place = Place(path, number + offset)
        if not opener:
            errors += [_malformed(header, place)] if (header := _alike(lines[number - 1], GALLEYS)) else []
            continue
        end = ends.after(number, opener["fence"])
        if GALLEYS.search(opener["header"]):
            if owners.as_code(number - 1):
                errors.append(
                    GalleyError("the fence is indented as code is", place, "move it to the start of the line")
                )
            try:
                fences.append(_fence(opener["header"], lines[number:end], end < len(lines), place, grammar))
            except GalleyError as error:
                errors.append(error)
        elif end == len(lines) or (swallowed := _swallowed(lines, number, end, opener["fence"])):
            errors.append(_unclosed(place))
            end = end if end == len(lines) else swallowed - 1
        number = end + 1
    return fences, errors


def _swallowed(lines: Sequence[str], start: int, end: int, fence: str) -> int:
    """The index of the first galley fence inside the text of another fence, which then was never closed; 0 for none."""
    for at in range(start, end):
        inner = OPENER.match(lines[at].rstrip())
        if inner and inner["fence"].startswith(fence) and GALLEYS.search(inner["header"]):
            return at
    return 0


def left_over(rendered: Sequence[str], lines: Sequence[str], path: Path, offset: int = 0) -> list[GalleyError]:
    """An error for the first opening line that superfences left in the page: it would be published as text."""
    own = set(lines)
    for line in rendered:
        if marked(line) and line in own and (header := _alike(line, WRITTEN)):
            return [_malformed(header, Place(path, lines.index(line) + 1 + offset))]
    return []


def _alike(line: str, header: re.Pattern[str]) -> str | None:
    """The header of a line that is nearly a fence's opening line; None for any other line, even with a code span."""
    match = ALIKE.match(line.rstrip())
    found = match and match["fence"] not in match["header"] and header.search(match["header"])
    return match["header"].strip() if match and found else None


def _malformed(header: str, place: Place) -> GalleyError:
    return GalleyError(f"malformed fence header: '{header}'", place, f"write it as: {FORM}")


def _unclosed(place: Place) -> GalleyError:
    return GalleyError("the fence is never closed", place, "add a line with its ``` below it")


def _fence(header: str, body: Sequence[str], closed: bool, place: Place, grammar: Grammar) -> Fence:
    match = HEADER.match(header.strip())
    if not match:
        raise _malformed(header.strip(), place)
    options = _options(OPTION.findall(match["options"]), place)
    fence = _named(options, place, grammar)
    if not closed:
        raise _unclosed(place)
    if any(line.strip(" \t>") for line in body):
        where = f"the cell {fence.name}" if fence.cell else "a cell"
        raise GalleyError("the fence holds code of its own", place, f"move it to {where}")
    return fence


def _options(given: Sequence[tuple[str, str]], place: Place) -> dict[str, Any]:
    """The values of a header's options; raises GalleyError for one that is unknown, wrong or given twice."""
    texts = dict(given)
    if unknown := set(texts) - set(KNOWN):
        raise GalleyError(f"unknown fence option '{min(unknown)}'", place, f"write it as: {FORM}")
    if len(texts) < len(given):
        raise GalleyError("an option of the fence is given twice", place, f"write it as: {FORM}")
    if texts.get("exec") not in ON or ("cell" in texts) == ("list" in texts):
        raise GalleyError('a fence needs both exec="on" and cell="file/cell"', place, f"write it as: {FORM}")
    values = {}
    for name, text in texts.items():
        option = KNOWN[name]
        try:
            values[name] = option.read(text)
        except ValueError as error:
            raise GalleyError(f"not {option.wanted}: '{text}'", place, f"write it as: {option.form}") from error
    return values


def _named(options: Mapping[str, Any], place: Place, grammar: Grammar) -> Fence:
    """The fence with what it names; raises GalleyError for a list that nothing brings."""
    laid_out = {each.name: options[each.name] for each in LAYOUT if each.name in options}
    if (listing := options.get("list")) is not None:
        if laid_out:
            what = f"a list has no option '{min(laid_out)}'"
            raise GalleyError(what, place, f'write it as: ```python exec="on" list="{listing}"')
        if listing not in grammar.lists:
            mend = f'write it as: ```python exec="on" list="{"|".join(grammar.lists)}"'
            raise GalleyError(f"there is no list '{listing}'", place, mend)
        return Fence(place, "", "", listing)
    if any(begin in options["cell"] for begin in TEMPLATE):
        what = "a plug-in is to write the cell's name, and galley reads the page as it lies on the disk"
        raise GalleyError(what, place, f"name the cell itself, in a fence for each: {FORM}")
    file, _, cell = options["cell"].rpartition("/")
    return Fence(place, file, cell, options=laid_out)
