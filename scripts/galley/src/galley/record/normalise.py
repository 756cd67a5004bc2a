"""The named rules by which a recorded text may differ from the bytes that a cell wrote, each with its reason.

In the command, which normalises what a page wrote before it is recorded, and masks numbers when it compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
PADDING = re.compile(r"(?<! ) {2,}+(?=[-+]?\d)|(?<=\d) {2,}")  # `(?<! )` begins at the first space of a run alone
NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Where:
    """The paths of one run that no reader shares."""

    scratch: Path  # the folder the page ran in
    snippets: Path
    packages: tuple[Path, ...]  # site-packages and the standard library


@dataclass(frozen=True)
class Rule:
    """One normalisation: its name, why it is needed, and what it does."""

    name: str
    reason: str
    apply: Callable[[str, Where], str]


def _overwritten(text: str, where: Where) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _paths(text: str, where: Where) -> str:
    for folder in (where.scratch, where.snippets, *where.packages):
        text = text.replace(f"{folder}/", "")
    for folder in (where.scratch, where.snippets):
        text = re.sub(rf"{re.escape(str(folder))}(?![\w.-])", ".", text)
    return text


def _snippet_lines(text: str, where: Where) -> str:
    if ".py" not in text:
        return text  # true of most texts; the folder below holds a file for every page of the guide
    names = "|".join(re.escape(path.name) for path in where.snippets.glob("*.py"))
    if not names:
        return text
    text = re.sub(rf"\b({names}):\d+:", r"\1:", text)
    return re.sub(rf'(File "(?:{names})"), line \d+', r"\1", text)


def _addresses(text: str, where: Where) -> str:
    return ADDRESS.sub("0x…", text)


RULES = (
    Rule(
        "overwritten",
        "a progress bar redraws its line; what stands at the end is what a terminal shows",
        _overwritten,
    ),
    Rule("paths", "the folders of the machine that recorded are nobody else's", _paths),
    Rule(
        "snippet-lines",
        "a comment moves the lines of a snippet file and leaves its record true",
        _snippet_lines,
    ),
    Rule("addresses", "an object's address differs at every run", _addresses),
)


def normalise(text: str, where: Where) -> str:
    """`text` after every rule, in order."""
    for rule in RULES:
        text = rule.apply(text, where)
    return text


def mask_numbers(text: str) -> str:
    """`text` with every number masked: so the outputs of a measured cell are compared.

    In a table, a number that grows by a digit takes one space of the padding beside it. So a run of spaces beside a
    number counts as one space.
    """
    return NUMBER.sub("#", PADDING.sub(" ", text))
