"""Whether an error is the one that a cell says it must raise: by its class, and by its message.

In a page's child, which runs the cell.
"""

from __future__ import annotations

from collections.abc import Sequence

ANY = "..."  # stands for any text in a message, as in doctest


def is_class(names: Sequence[str], wanted: str, *, subclasses: bool) -> bool:
    """Whether an error is of the class of a name; `names` are those of its own class and of the classes above it."""
    return wanted in names if subclasses else wanted == names[0]


def says(message: str, pattern: str) -> bool:
    """Whether a message is the text of a pattern; runs of white space are alike, and `...` stands for any text.

    It takes a time that grows with the two, never with their product: each part is looked for once, from left to right.
    """
    text = " ".join(message.split())
    first, *others = " ".join(pattern.split()).replace("\N{HORIZONTAL ELLIPSIS}", ANY).split(ANY)
    if not others:
        return text == first
    *middle, last = others
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
