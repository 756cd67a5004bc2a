"""Fences that name cells, found in a page's Markdown by line, each judged strictly.

superfences publishes a fence that it cannot read as raw text, without a word. So a page is scanned here
first, and whatever looks like a galley fence and is not exactly one is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from galley.errors import GalleyError, Place

FORM = '```python exec="on" cell="file/cell"'
LISTS = ("claims", "corrections")
LIST_FORM = f'```python exec="on" list="{"|".join(LISTS)}"'
OPENER = re.compile(r"^(?P<indent>[\s>]*)(?P<fence>`{3,}|~{3,})(?P<header>[^`]*)$")
OURS = re.compile(r"\b(exec|cell)\s*=|\bexec\b|^\s*python\b.*\blist\s*=", re.IGNORECASE)
ALIKE = re.compile(r"^[\s>]*(?:(?:[-*+:]|\d+[.)])\s+)?[\s>]*(?P<fence>`{2,}|~{2,})(?P<header>.*)$")
HEADER = re.compile(r"python(?P<options>(?:[ \t]+\w+=\"[^\"]*\")+)[ \t]*$")
OPTION = re.compile(r"(\w+)=\"([^\"]*)\"")
# markdown-exec's options, and those of superfences that it hands on: they say how a recorded cell is laid out.
LAYOUT = {
    "hl_lines", "html", "id", "idprefix", "linenums", "result", "returncode", "session", "source", "tabs", "title",
    "updatetoc", "width", "workdir",
}  # fmt: skip
KNOWN = {"exec", "cell", "list", *LAYOUT}
ON = ("on", "yes", "true", "1")  # as markdown-exec's users write it


@dataclass(frozen=True)
class Fence:
    """A fence that names a cell, or with `listing` a list of many; `file` is the snippet file's stem."""

    place: Place
    file: str
    cell: str
    listing: str = ""
    options: Mapping[str, str] = field(default_factory=dict, hash=False)  # how the cell is laid out

    @property
    def name(self) -> str:
        """How the fence names the cell or the list."""
        return self.listing or f"{self.file}/{self.cell}"


def find_fences(lines: Sequence[str], path: Path, offset: int = 0) -> tuple[list[Fence], list[GalleyError]]:
    """Every galley fence in `lines`, and what is wrong with those that are not quite one.

    `offset` is the number of lines that stand above `lines` in the file (front matter).
    """
    fences: list[Fence] = []
    errors: list[GalleyError] = []
    number = 0
    while number < len(lines):
        number += 1
        if not _marked(lines[number - 1]):
            continue
        opener = OPENER.match(lines[number - 1].rstrip())
        place = Place(path, number + offset)
        if not opener:
            errors += [_malformed(header, place)] if (header := _alike(lines[number - 1], OURS)) else []
            continue
        end = _end(lines, number, opener["fence"])
        if OURS.search(opener["header"]):
            try:
                fences.append(_fence(opener["header"], lines[number:end], end < len(lines), place))
            except GalleyError as error:
                errors.append(error)
        elif end == len(lines) or (swallowed := _swallowed(lines, number, end, opener["fence"])):
            errors.append(_unclosed(place))
            end = end if end == len(lines) else swallowed - 1
        number = end + 1
    return fences, errors


def _swallowed(lines: Sequence[str], start: int, end: int, fence: str) -> int:
    """The index of a galley fence that an earlier, unclosed one takes for its own text; 0 for none."""
    for at in range(start, end):
        inner = OPENER.match(lines[at].rstrip())
        if inner and inner["fence"].startswith(fence) and OURS.search(inner["header"]):
            return at
    return 0


def front_matter(lines: Sequence[str]) -> int:
    """How many lines at a page's top are settings for the site."""
    return lines.index("---", 1) + 1 if lines and lines[0] == "---" and "---" in lines[1:] else 0


def outside_code(lines: Sequence[str]) -> Iterator[int]:
    """The indices of the lines that stand in no block of code."""
    at = 0
    while at < len(lines):
        if _marked(lines[at]) and (opener := OPENER.match(lines[at].rstrip())):
            at = _end(lines, at + 1, opener["fence"])
        else:
            yield at
        at += 1


def title(lines: Sequence[str]) -> str:
    """The first heading of a page; empty where it has none."""
    below = lines[front_matter(lines) :]
    return next((below[at][2:].strip() for at in outside_code(below) if below[at].startswith("# ")), "")


def left_over(rendered: Sequence[str], lines: Sequence[str], path: Path, offset: int = 0) -> list[GalleyError]:
    """The first opening line that is still in the page once superfences is done: it would be published as text."""
    for line in rendered:
        if _marked(line) and line in lines and (header := _alike(line, re.compile(r"\S"))):
            return [_malformed(header, Place(path, lines.index(line) + 1 + offset))]
    return []


def _marked(line: str) -> bool:
    """Whether a line can be, or be meant as, the start of a fence; a cheap look before the closer ones."""
    return "``" in line or "~~" in line


def _alike(line: str, header: re.Pattern[str]) -> str | None:
    """The header of a line that is nearly an opening one; code that ends on its own line is none."""
    match = ALIKE.match(line.rstrip())
    found = match and match["fence"] not in match["header"] and header.search(match["header"])
    return match["header"].strip() if match and found else None


def _malformed(header: str, place: Place) -> GalleyError:
    return GalleyError(f"malformed fence header: '{header}'", place, f"write it as: {FORM}")


def _unclosed(place: Place) -> GalleyError:
    return GalleyError("the fence is never closed", place, "add a line with its ``` below it")


def _end(lines: Sequence[str], start: int, fence: str) -> int:
    """The index of the closing line, or the number of lines where there is none."""
    closing = re.compile(rf"^[\s>]*{re.escape(fence)}\s*$")
    return next((at for at in range(start, len(lines)) if closing.match(lines[at])), len(lines))


def _fence(header: str, body: Sequence[str], closed: bool, place: Place) -> Fence:
    match = HEADER.match(header.strip())
    if not match:
        raise _malformed(header.strip(), place)
    options = dict(OPTION.findall(match["options"]))
    if unknown := set(options) - KNOWN:
        raise GalleyError(f"unknown fence option '{min(unknown)}'", place, f"write it as: {FORM}")
    if options.get("exec") not in ON or ("cell" in options) == ("list" in options):
        raise GalleyError('a fence needs both exec="on" and cell="file/cell"', place, f"write it as: {FORM}")
    layout = {name: options[name] for name in options if name in LAYOUT}
    if "list" in options and layout:
        raise GalleyError(f"a list has no option '{min(layout)}'", place, f"write it as: {LIST_FORM}")
    fence = _listing(options["list"], place) if "list" in options else _naming(options["cell"], place, layout)
    if not closed:
        raise _unclosed(place)
    if any(line.strip(" \t>") for line in body):
        where = f"the cell {fence.name}" if fence.cell else "a cell"
        raise GalleyError("the fence holds code of its own", place, f"move it to {where}")
    return fence


def _naming(name: str, place: Place, options: Mapping[str, str]) -> Fence:
    file, slash, cell = name.partition("/")
    if not (file and slash and cell):
        raise GalleyError(f"not a cell's name: '{name}'", place, f"write it as: {FORM}")
    return Fence(place, file, cell, options=options)


def _listing(name: str, place: Place) -> Fence:
    if name not in LISTS:
        raise GalleyError(f"there is no list '{name}'", place, f"write it as: {LIST_FORM}")
    return Fence(place, "", "", name)
