"""Numbers in a page's prose that are bound to what a cell left behind, found by line.

In the command and in the builder. An author writes {value} and, in backticks, which number of which cell; {given}
stands before a number that is the author's own. Both have the form of a role of MyST, so that editors know it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from galley.errors import GalleyError, Place
from galley.source.lines import Ends, Owners, front_matter, outside_code

VALUE, GIVEN = "{value}", "{given}"
FORM = "{value}`file/cell#2`, and if wanted what it is divided by and how it is written: {value}`file/cell#2/1e6:.1f`"
TICKS = re.compile(r"(?<!\\)`++")
ASKED = re.compile(
    r"(?P<file>[^/#:\s]++(?:/[^/#:\s]++)*?)/(?P<cell>[^/#:]++)(?:#(?P<number>[1-9][0-9]{0,3}+))?+"
    r"(?:/(?P<divisor>[1-9][0-9]{0,14}+(?:e[0-9]{1,2}+)?+))?+(?::(?P<form>,?+(?:\.[0-9]{1,2}+)?+[defg%]?+))?+"
)
HEADING = re.compile(r" {0,3}+#{1,6}+(?:[ \t]|$)")


@dataclass(frozen=True)
class Bound:
    """A number in a sentence that a cell printed.

    `number` counts the numbers of the cell's outputs from 1; 0 means that there is one. It is divided by `divisor`, and
    written in `form`, a format of Python's, or as it was printed.
    """

    place: Place
    file: str
    cell: str
    number: int
    divisor: Decimal
    form: str

    @property
    def name(self) -> str:
        """How the page names the cell."""
        return f"{self.file}/{self.cell}"


Writes = Callable[[Bound], str]  # the text of a number


def code_spans(line: str) -> Iterator[tuple[int, int, str]]:
    """Each piece of code in a line of prose: where its first backtick stands, where its last one ends, and the code."""
    runs = list(TICKS.finditer(line))
    closes: dict[int, int] = {}  # by the place of a run, the next one of its length
    last: dict[int, int] = {}
    for at in range(len(runs) - 1, -1, -1):
        length = len(runs[at][0])
        closes[at] = last.get(length, -1)
        last[length] = at
    at = 0
    while at < len(runs):
        if (close := closes[at]) < 0:
            at += 1
            continue
        yield runs[at].start(), runs[close].end(), line[runs[at].end() : runs[close].start()]
        at = close + 1


def prose(lines: Sequence[str]) -> Iterator[int]:
    """The indices of the lines that are neither code nor a comment nor front matter."""
    ends, owners, until = Ends(lines), Owners(lines), front_matter(lines)
    indented = False
    for at in outside_code(lines, ends):
        if at < until:
            continue
        if "<!--" in lines[at] and (closed := ends.of_comment(at)):
            until = closed
            continue
        code = lines[at].startswith(("    ", "\t")) and bool(lines[at].strip())
        indented = code and (indented or owners.as_code(at))
        if not indented:
            yield at


def bound(lines: Sequence[str], path: Path, offset: int = 0) -> tuple[list[Bound], list[GalleyError]]:
    """Every bound number of a page, and an error for each that is written wrongly.

    `offset` is the number of lines above `lines` in the file.
    """
    found: list[Bound] = []

    def note(each: Bound) -> str:
        found.append(each)
        return ""

    _, errors = with_numbers(lines, path, note, offset)
    return found, errors


def with_numbers(
    lines: Sequence[str], path: Path, writes: Writes, offset: int = 0
) -> tuple[list[str], list[GalleyError]]:
    """The lines with the texts of their numbers, and the errors; a number with an error stays as it is written."""
    written, errors = list(lines), list[GalleyError]()
    if not any(VALUE in line or GIVEN in line for line in lines):
        return written, errors
    for at in prose(lines):
        line = lines[at]
        if VALUE not in line and GIVEN not in line:
            continue
        place, parts, start = Place(path, at + 1 + offset), [], 0
        for begin, end, code in code_spans(line):
            role = next((role for role in (VALUE, GIVEN) if line.endswith(role, start, begin)), "")
            if not role or line.rfind("<!--", 0, begin) > line.rfind("-->", 0, begin):
                continue
            try:
                text = code if role == GIVEN else writes(_read(code, line, place))
            except GalleyError as error:
                errors.append(error)
                continue
            parts += [line[start : begin - len(role)], text]
            start = end
        written[at] = "".join([*parts, line[start:]])
    return written, errors


def _read(code: str, line: str, place: Place) -> Bound:
    asked = ASKED.fullmatch(code)
    if not asked:
        raise GalleyError(f"{VALUE}`{code:.80}` names no number", place, f"write it as {FORM}")
    if HEADING.match(line):
        what = f"{VALUE}`{code}` stands in a heading, whose address would change with it"
        raise GalleyError(what, place, "put the number into a sentence below")
    number, divisor = int(asked["number"] or 0), Decimal(asked["divisor"] or 1)
    return Bound(place, asked["file"], asked["cell"], number, divisor, asked["form"] or "")
