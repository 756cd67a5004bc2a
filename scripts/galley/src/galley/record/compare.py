"""How an output differs from the recorded one, in a few words.

In the command.
"""

from __future__ import annotations

import re
from enum import StrEnum

from galley.record.normalise import mask_numbers

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
TOLERANCE = 1e-4  # relative; more than rounded float32 results differ between two processors


class Change(StrEnum):
    """The classes of change, from the least to the gravest."""

    SAME = "same"
    WHITESPACE = "whitespace"
    NUMBERS = "numbers within tolerance"
    TEXT = "text"
    STRUCTURE = "structure"  # an output came or went


def classify(old: str | None, new: str | None) -> tuple[Change, str]:
    """The class of the change from one text to another, and words on it; None stands for an output that is missing."""
    if old == new:
        return Change.SAME, "same"
    if old is None or new is None:
        return Change.STRUCTURE, "is new" if old is None else "is gone"
    if old.split() == new.split():
        return Change.WHITESPACE, "differs in whitespace only"
    if mask_numbers(old) == mask_numbers(new) and _close(old, new):
        return Change.NUMBERS, f"differs in numbers, by less than {TOLERANCE:g} of their size"
    return Change.TEXT, _first_difference(old, new)


def _close(old: str, new: str) -> bool:
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=False)
    return all(abs(float(a) - float(b)) <= TOLERANCE * max(abs(float(a)), abs(float(b))) for a, b in pairs)


def _part(line: str, start: int) -> str:
    return ("…" if start else "") + repr(line[start : start + 60])


def _first_difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    for number, (was, now) in enumerate(zip(before, after, strict=False), start=1):
        if was != now:
            same = next(
                (at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
            )
            start = max(0, same - 20) if same >= 60 else 0  # a little of what is equal, to find the place
            return f"differs from line {number} on: {_part(was, start)} became {_part(now, start)}"
    return f"has {len(after)} lines, had {len(before)}"
