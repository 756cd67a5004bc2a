"""The named rules by which a recorded text may differ from the bytes that a cell wrote, each with its reason.

In the command, which normalises what a page wrote before it is recorded, and masks numbers when it compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from galley.record.frames import without_frames
from galley.record.machine import forms

# What opens and closes an object's text, also in HTML, arrows and comparisons that do not, and addresses where Python
# writes them.
ADDRESS = re.compile(
    r"[-=](?:>|&gt;)|(?:[<>]|&[lg]t;)=|[<>]|&[lg]t;|(?<=\bat )0x[0-9a-fA-F]{6,16}\b|(?<=hread )0x[0-9a-fA-F]{6,16}\b"
    r"|(?<= started )[0-9]{9,20}(?=\)>)|(?<= started daemon )[0-9]{9,20}(?=\)>)"
)
RUNNERS = re.compile(r"(?<![\w.-])/tmp/galley-(?:page-)?[a-z0-9_]{8}(?![\w.-])")  # a runner's or a page's own home
WITHOUT_BRACKETS = (" object at ", "Thread ", "Current thread ")  # stand before an address outside `<…>`
PADDING = re.compile(r"(?<! ) {2,}+(?=[-+]?\d)|(?<=\d) {2,}")  # `(?<! )` begins at the first space of a run alone
ID = re.compile(r'\bid="([^"<>]*+)"')
# What libraries draw anew for the ids in their HTML at every run: a UUID, or, in those of pandas, five digits.
DRAWN = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|(?<=\bT_)[0-9a-f]{5}(?![0-9a-f])")
STEP = re.compile(r"\x1b\[[0-9;?]*+[A-Za-z]|.", re.DOTALL)  # a sign for colours, which has no width, or a character
NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Where:
    """The paths of one run that no reader shares."""

    scratch: Path  # the folder the page ran in
    snippets: Path
    packages: tuple[Path, ...]  # site-packages and the standard library
    folders: tuple[tuple[str, str], ...] = ()  # others of the machine, the longest first, with what stands for each
    names: tuple[tuple[str, str], ...] = ()  # of the user and the machine, with what stands for each
    galley: Path | None = None  # the folder of galley's own code
    own: Path | None = None  # the folder of the page's snippet file


@dataclass(frozen=True)
class Rule:
    """One normalisation: its name, why it is needed, and what it does."""

    name: str
    reason: str
    apply: Callable[[str, Where], str]


def _overwritten(text: str, where: Where) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    ends = (line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return "\n".join(_stepped_back(line) if "\b" in line else line for line in ends)


def _stepped_back(line: str) -> str:
    """A line as a terminal shows it: after a backspace the next character takes the place of the last one."""
    shown: list[str] = []
    at, colours = 0, ""
    for step in STEP.findall(line):
        if step == "\b":
            at = max(0, at - 1)
        elif len(step) > 1:
            colours += step
        else:
            shown[at : at + 1] = [colours + step]
            at, colours = at + 1, ""
    return "".join(shown) + colours


def _paths(text: str, where: Where) -> str:
    for folder in (where.scratch, where.snippets, *where.packages):
        for form in forms(str(folder)):
            text = text.replace(f"{form}/", "")
    for folder in (where.scratch, where.snippets):
        for form in forms(str(folder)):
            text = re.sub(rf"{re.escape(form)}(?![\w.-])", ".", text)
    for known, instead in where.folders:
        if known in text:  # a flag of a compiler stands right before a path
            text = re.sub(rf"(?:(?<![\w.-])|(?<=-[A-Z])){re.escape(known)}(?![\w.-])", _put(instead), text)
    return RUNNERS.sub("~", text)


def _frames(text: str, where: Where) -> str:
    return without_frames(text, where.galley) if where.galley else text


def _names(text: str, where: Where) -> str:
    for name, instead in where.names:
        if name not in text:
            continue
        each = re.escape(name)
        alone = rf"(?m:^{each}$)|(?<=['\"]){each}(?=['\"])|(?<![\w.-]){each}(?=@)|(?<=@){each}(?![\w-])"
        anywhere = rf"(?<![\w-]){each}(?![\w-])"
        text = re.sub(anywhere if _is_no_word(name) else alone, _put(instead), text)
    return text


def _put(text: str) -> Callable[[re.Match[str]], str]:
    """What puts a text as it is in the place of a match."""
    return lambda _: text


def _is_no_word(name: str) -> bool:
    """Whether a name has what words do not have, so that it means nothing else wherever it stands."""
    return not name.isalpha() and len(name) > 3


def _snippet_lines(text: str, where: Where) -> str:
    if ".py" not in text:
        return text  # true of most texts; the folder below holds a file for every page of the guide
    files = [path for folder in {where.snippets, where.own or where.snippets} for path in folder.glob("*.py")]
    names = "|".join(re.escape(path.relative_to(where.snippets).as_posix()) for path in sorted(files))
    if not names:
        return text
    text = re.sub(rf"\b({names}):\d+:", r"\1:", text)
    return re.sub(rf'(File "(?:{names})"), line \d+', r"\1", text)


def _addresses(text: str, where: Where) -> str:
    if "0x" not in text and " started " not in text:
        return text
    return "\n".join(map(_without_addresses, text.split("\n")))


def _without_addresses(line: str) -> str:
    """A line with what Python's own texts have for an object's address masked; other numbers are the page's own."""
    parts, depth, end = [], 0, 0
    for found in ADDRESS.finditer(line):
        if found[0] in ("<", ">", "&lt;", "&gt;"):
            depth = max(0, depth + (1 if found[0] in ("<", "&lt;") else -1))
        elif found[0].isalnum() and (depth or line.endswith(WITHOUT_BRACKETS, 0, found.start())):
            parts += [line[end : found.start()], "0x…" if found[0].startswith("0x") else "…"]
            end = found.end()
    return "".join([*parts, line[end:]])


def _ids(text: str, where: Where) -> str:
    drawn = [each for found in ID.finditer(text) for each in DRAWN.findall(found[1])]
    numbers = {each: f"id-{number}" for number, each in enumerate(dict.fromkeys(drawn), start=1)}
    return DRAWN.sub(lambda found: numbers.get(found[0], found[0]), text) if numbers else text


RULES = (
    Rule(
        "overwritten",
        "a progress bar redraws its line, or steps back in it; what stands at the end is what a terminal shows",
        _overwritten,
    ),
    Rule(
        "frames",
        "a page runs on top of galley's code, which no reader has below it",
        _frames,
    ),
    Rule("paths", "the folders of the machine that recorded are nobody else's", _paths),
    Rule(
        "snippet-lines",
        "a comment moves the lines of a snippet file and leaves its record true",
        _snippet_lines,
    ),
    Rule("names", "the user and the machine that recorded are nobody else's", _names),
    Rule("addresses", "an object's address differs at every run", _addresses),
    Rule("ids", "some libraries draw the ids in their HTML anew at every run, and no reader sees them", _ids),
)


def normalise(text: str, where: Where, exact: Collection[str] = ()) -> str:
    """`text` after every rule, in order, but for those that are named in `exact`."""
    for rule in RULES:
        if rule.name not in exact:
            text = rule.apply(text, where)
    return text


def mask_numbers(text: str) -> str:
    """`text` with every number masked: so the outputs of a measured cell are compared.

    In a table, a number that grows by a digit takes one space of the padding beside it. So a run of spaces beside a
    number counts as one space.
    """
    return NUMBER.sub("#", PADDING.sub(" ", text))
