"""The values of options, read from the texts on a cell's line; each raises ValueError for a text that it is not.

In every process, like the rows of the grammar that use them.
"""

from __future__ import annotations

import re

from galley.source.matching import ANY

DIGITS = re.compile(r"[0-9]{1,4}")
# What galley changes in a recorded text, by name; galley.record.normalise has the rules.
NORMALISED = ("addresses", "frames", "ids", "names", "overwritten", "paths", "snippet-lines")


def best(text: str) -> tuple[tuple[str, bool], ...]:
    """The names of columns, each with whether its lowest number is the best; raises ValueError for an empty name."""
    named = [(name.removesuffix(":low").strip(), name.endswith(":low")) for name in map(str.strip, text.split(","))]
    if not all(name for name, _ in named):
        raise ValueError(text)
    return tuple(named)


def columns(text: str) -> tuple[str, ...]:
    """The names of columns; raises ValueError for an empty name, and for one that comes twice."""
    named = tuple(map(str.strip, text.split(",")))
    if not all(named) or len({*named}) < len(named):
        raise ValueError(text)
    return named


def reason(text: str) -> str:
    """A reason as it is written; raises ValueError for one that says nothing."""
    if not text.strip():
        raise ValueError(text)
    return text


def message(text: str) -> str:
    """What an error must say. Raises ValueError where any error says it, as with `...` alone."""
    reason(text.replace("\N{HORIZONTAL ELLIPSIS}", ANY).replace(ANY, ""))
    return text


def rules(text: str) -> tuple[str, ...]:
    """The names of normalisations, in order; `all` names every one. Raises ValueError for a name that is none."""
    named = set(text.split())
    if not named or named - {*NORMALISED, "all"}:
        raise ValueError(text)
    return NORMALISED if "all" in named else tuple(sorted(named))


def seconds(text: str) -> float:
    """A time within a day."""
    value = float(text)
    if not 0 < value < 86400:  # this also refuses "nan"
        raise ValueError(text)
    return value


def status(text: str) -> int:
    """The status with which a program ends that has failed."""
    if not DIGITS.fullmatch(text) or not 0 < int(text) < 256:
        raise ValueError(text)
    return int(text)


def tolerance(text: str) -> float:
    """By what part of its size a number may differ."""
    value = float(text)
    if not 0 < value < 1:  # this also refuses "nan"
        raise ValueError(text)
    return value


def threads(text: str) -> int:
    """A number of threads."""
    if not DIGITS.fullmatch(text) or not 0 < int(text) < 1024:
        raise ValueError(text)
    return int(text)


def yes(text: str) -> bool:
    """True, where the author says yes."""
    if text != "yes":
        raise ValueError(text)
    return True


def class_name(text: str) -> str:
    """The name of a class."""
    if not text.isidentifier():
        raise ValueError(text)
    return text
