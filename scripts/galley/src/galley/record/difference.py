"""How one text differs from another: the class of the change, a sentence on it, and what differs piece by piece.

In the command. Each kind of output says how two of its outputs differ (`galley.Kind.difference`); what it does not say
itself, it asks here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from galley.record.normalise import mask_numbers
from galley.words import counted

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
TOLERANCE = 1e-4  # relative; more than rounded float32 results differ between two processors
ROWS = 100  # pieces of a difference that are told one by one
SHORT = 60  # characters of a text that a sentence quotes
SAID = 8  # pieces of a difference that a terminal shows
WIDE = 120  # characters of a piece in a terminal
CONTINUED = 300  # characters of a text that are told from where it differs on


class Change(StrEnum):
    """The classes of change, from the least to the gravest."""

    SAME = "same"
    WHITESPACE = "whitespace"
    WITHIN = "numbers within tolerance"
    WARNINGS = "warnings"  # other lines on standard error
    BYTES = "bytes"  # of a sound or the like, whose difference words cannot tell
    IMAGE = "image"
    TABLE = "table"
    NUMBERS = "numbers"  # by more than the tolerance
    TEXT = "text"
    STRUCTURE = "structure"  # an output came or went
    ERROR = "error"  # of another class

    @property
    def gravity(self) -> int:
        """Its place among the classes; the higher, the graver."""
        return GRAVITY[self]


GRAVITY = {change: number for number, change in enumerate(Change)}


@dataclass(frozen=True)
class Difference:
    """How two outputs differ: the class of the change, and `what` as the end of a sentence about the output.

    `rows` are what differs piece by piece, with the names of their columns in `head`: a line for each number, cell of a
    table or line of a text. There may be none, and there are at most `ROWS`.
    """

    change: Change
    what: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def pieces(self) -> Iterator[str]:
        """What differs piece by piece, as a terminal says it: a line for each row, and one for those left out."""
        for row in self.rows[:SAID]:
            parts = [f"{name} {shortened(part)}".strip() for name, part in zip(self.head, row, strict=True) if part]
            yield "  ".join(parts)
        if len(self.rows) > SAID:
            yield f"and {len(self.rows) - SAID} more"


def shortened(text: str) -> str:
    """A text on one line, no longer than a terminal shows of it."""
    text = " ".join(text.split())
    return text if len(text) <= WIDE else f"{text[:WIDE]}…"


def of_text(old: str, new: str, tolerance: float = TOLERANCE) -> Difference:
    """The difference of two texts; `tolerance` is by what part of its size a number may differ."""
    if old == new:
        return Difference(Change.SAME, "same")
    if old.split() == new.split():
        return Difference(Change.WHITESPACE, "differs in whitespace only")
    if mask_numbers(old) == mask_numbers(new) and (pairs := _numbers(old, new)):
        head = ("where", "was", "now", "by")
        rows = tuple((f"line {line}", a, b, said_of(a, b)) for line, a, b in pairs[:ROWS])
        if all(is_close(a, b, tolerance) for _, a, b in pairs):
            what = f"differs in numbers, by less than {tolerance:g} of their size"
            return Difference(Change.WITHIN, what, head, rows)
        return Difference(Change.NUMBERS, _first_difference(old, new), head, rows)
    return Difference(Change.TEXT, _first_difference(old, new), ("from", "was", "now"), _continuations(old, new))


def of_lines(old: str, new: str, tolerance: float = TOLERANCE) -> Difference:
    """The difference of two texts whose lines each say something of their own, such as warnings: new ones and gone."""
    found = of_text(old, new, tolerance)
    before, after = old.splitlines(), new.splitlines()
    gone, added = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if found.change is not Change.TEXT or not (gone or added):
        return found
    rows = [("gone", line) for line in gone.elements()] + [("new", line) for line in added.elements()]
    parts = [f"{counted(count, 'line')} {how}" for how, count in (("new", added.total()), ("gone", gone.total()))]
    said = " and ".join(part for part in parts if not part.startswith("0"))
    first = next(iter(added or gone))
    more = "…" if len(first) > SHORT else ""
    return Difference(Change.WARNINGS, f"has {said}: {first[:SHORT]!r}{more}", ("", "line"), tuple(rows[:ROWS]))


def is_close(old: str, new: str, tolerance: float) -> bool:
    """Whether two numbers, as texts, differ by no more than this part of the larger one's size."""
    a, b = float(old), float(new)
    return abs(a - b) <= tolerance * max(abs(a), abs(b))


def said_of(old: str, new: str) -> str:
    """By what part of its size a number changed, in words."""
    a, b = float(old), float(new)
    return f"{abs(a - b) / max(abs(a), abs(b)):.2g}" if a != b else "0"


def _numbers(old: str, new: str) -> list[tuple[int, str, str]]:
    """The numbers that differ between two texts that are the same but for numbers, each with its line."""
    found = []
    for line, (was, now) in enumerate(zip(old.splitlines(), new.splitlines(), strict=False), start=1):
        pairs = zip(NUMBER.findall(was), NUMBER.findall(now), strict=False)
        found += [(line, a, b) for a, b in pairs if a != b]
    return found


def _continuations(old: str, new: str) -> tuple[tuple[str, ...], ...]:
    """Where the words of two texts part, and how each goes on from there."""
    at, line, word = _parting(old, new)
    start = at[0], at[1]
    was, now = (text[begin : begin + CONTINUED] for text, begin in zip((old, new), start, strict=True))
    return ((f"line {line}, word {word}", was or "(its end)", now or "(its end)"),)


WORD = re.compile(r"\S++")


def _parting(old: str, new: str) -> tuple[tuple[int, int], int, int]:
    """Where the first words that differ begin in either text, and the line and the number in it of that word."""
    before, after = WORD.finditer(old), WORD.finditer(new)
    for a, b in _pairs(before, after):
        if a is None or b is None or a[0] != b[0]:
            start = (a.start() if a else len(old), b.start() if b else len(new))
            text, at = (old, start[0]) if a else (new, start[1])
            line = text.rfind("\n", 0, at) + 1
            return start, text.count("\n", 0, at) + 1, len(text[line:at].split()) + 1
    return (0, 0), 1, 1  # they differ in white space alone


def _pairs(
    before: Iterator[re.Match[str]], after: Iterator[re.Match[str]]
) -> Iterator[tuple[re.Match[str] | None, re.Match[str] | None]]:
    while True:
        a, b = next(before, None), next(after, None)
        if a is None and b is None:
            return
        yield a, b


def _part(line: str, start: int) -> str:
    return ("…" if start else "") + repr(line[start : start + SHORT])


def _first_difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    for number, (was, now) in enumerate(zip(before, after, strict=False), start=1):
        if was != now:
            same = next(
                (at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
            )
            start = max(0, same - 20) if same >= SHORT else 0  # a little of what is equal, to find the place
            return f"differs from line {number} on: {_part(was, start)} became {_part(now, start)}"
    return f"has {len(after)} lines, had {len(before)}"
