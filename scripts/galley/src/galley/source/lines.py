"""Where blocks of code and HTML comments begin and end among the lines of a Markdown page, and what stands around them.

In the command and in the builder.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

OPENER = re.compile(r"^(?P<indent>[\s>]*+)(?P<fence>`{3,}+|~{3,}+)(?P<header>[^`]*+)$")
CLOSER = re.compile(r"^[\s>]*+(?P<fence>`{3,}+|~{3,}+)\s*+$")

LETTERED = re.compile(r"[A-Za-z]{1,4}[.)]\s")  # an item of a list that is numbered by letters


def marked(line: str) -> bool:
    """Whether a line may be the start of a fence, or be meant as one; a quick test before the patterns."""
    return "``" in line or "~~" in line


class Ends:
    """The lines that can close a fence, by their run of backticks or tildes.

    They are found once for a page: a search from each fence to the page's end would take the square of its length.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._count = len(lines)
        self._lines = lines
        self._found: dict[str, list[int]] = {}
        self._comments = [at for at, line in enumerate(lines) if "-->" in line]  # the lines with an end of a comment
        # `marked` as it stands there: each page asks it of each line several times, and a call takes longer than it
        for at in [at for at, line in enumerate(lines) if "``" in line or "~~" in line]:
            if closer := CLOSER.match(lines[at]):
                self._found.setdefault(closer["fence"], []).append(at)

    def after(self, start: int, fence: str) -> int:
        """The index of the closing line from `start` on, or the number of lines where there is none."""
        found = self._found.get(fence, [])
        place = bisect_left(found, start)
        return found[place] if place < len(found) else self._count

    def of_comment(self, at: int) -> int:
        """The number, from 1, of the line that ends a comment of several lines which begins at `at`; 0 for none."""
        line = self._lines[at]
        opened = line.rfind("<!--")
        if line.find("-->", opened) >= 0 or line.count("`", 0, opened) % 2:  # it ends there, or is a piece of code
            return 0
        place = bisect_left(self._comments, at + 1)
        return self._comments[place] + 1 if place < len(self._comments) else 0


class Owners:
    """The lines to whose block an indented line belongs: the last ones above that begin without a blank."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._starts: list[int] | None = None  # the lines that begin without a blank; found once they are asked for

    def as_code(self, at: int) -> bool:
        """Whether Markdown takes a line for indented code: it is below a blank line, and no list or the like holds it.

        Whatever begins with a sign may be one of those blocks, whose names extensions choose.
        """
        line = self._lines[at].expandtabs(4)
        if not line.startswith("    ") or (at and self._lines[at - 1].strip()):
            return False
        if self._starts is None:
            self._starts = [number for number, each in enumerate(self._lines) if each[:1].strip()]
        place = bisect_left(self._starts, at)
        owner = self._lines[self._starts[place - 1]] if place else "#"
        return owner[0] == "#" or (owner[0].isalpha() and not LETTERED.match(owner))


def without_comments(lines: Sequence[str]) -> list[str]:
    """The lines with the marks of fences taken out of HTML comments, where superfences would render them."""
    ends, at, cleared = Ends(lines), 0, list(lines)
    while at < len(lines):
        if "<!--" in lines[at] and (closed := ends.of_comment(at)):
            for inside in range(at + 1, closed):
                if marked(cleared[inside]):
                    cleared[inside] = cleared[inside].replace("``", "").replace("~~", "")
            at = closed
            continue
        if marked(lines[at]) and (opener := OPENER.match(lines[at].rstrip())):
            at = ends.after(at + 1, opener["fence"])
        at += 1
    return cleared


def front_matter(lines: Sequence[str]) -> int:
    """How many lines at a page's top are settings for the site."""
    return lines.index("---", 1) + 1 if lines and lines[0] == "---" and "---" in lines[1:] else 0


def outside_code(lines: Sequence[str], ends: Ends | None = None) -> Iterator[int]:
    """The indices of the lines that stand in no block of code; `ends` are those of the lines, where they are known."""
    ends, at = ends or Ends(lines), 0
    while at < len(lines):
        if marked(lines[at]) and (opener := OPENER.match(lines[at].rstrip())):
            at = ends.after(at + 1, opener["fence"])
        else:
            yield at
        at += 1


def title(lines: Sequence[str]) -> str:
    """The first heading of a page; empty where it has none."""
    below = lines[front_matter(lines) :]
    return next((below[at][2:].strip() for at in outside_code(below) if below[at].startswith("# ")), "")
