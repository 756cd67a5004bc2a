"""How a sentence says a number of things.

In every process.
"""

from __future__ import annotations


def counted(number: int, noun: str, form: str = "") -> str:
    """A number with its noun: `1 page`, `2 pages`; `form` is a format of Python's, such as `,` for thousands."""
    return f"{number:{form}} {noun}{'s' * (number != 1)}"
