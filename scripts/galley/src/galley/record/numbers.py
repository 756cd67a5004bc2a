"""The numbers that a cell left behind, as a page's prose quotes them, and those that it repeats by hand.

In the command and in the builder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from galley.errors import GalleyError, Place
from galley.record.model import Record
from galley.record.status import SHOWABLE, States, Status
from galley.source.bound import FORM, GIVEN, VALUE, Bound, bound, code_spans, prose
from galley.source.cells import SnippetFile
from galley.source.guide import Guide
from galley.words import counted

# A number that stands alone: no part of a name, a version, a date or a path.
NUMBER = re.compile(
    r"(?<![\w.,/:#-])[-+]?+(?:[0-9]{1,3}(?:,[0-9]{3})++|[0-9]++)(?:\.[0-9]++)?+(?:e[-+]?[0-9]{1,3}+)?+(?![\w/:]|[.,-][0-9])"
)
# What is no prose in a line of it: where a link leads, a tag, an attribute list.
BESIDE = re.compile(r"\]\([^()]*+\)|<[^<>]*+>|\{[^{}]*+\}")
TEXT = "text/plain"
FIGURE = re.compile("[0-9]")
SCALES = ("", "1e3", "1e6", "1e9")  # what a number in prose may be divided by, as it is written there
DIGITS = 3  # significant ones, from which on two equal numbers are no chance
MANY = 12  # of the numbers of a cell, how many an error lists


def numbers(record: Record, cell: str) -> list[str]:
    """The numbers in the texts that a cell left behind, in order; of an output with several forms in its first text."""
    recorded = record.cell(cell)
    outputs = recorded.outputs if recorded else ()
    files = [next((each.file for each in output.files if each.mime == TEXT), "") for output in outputs]
    texts = [record.contents[file].decode("utf-8", "replace") for file in files if file]
    return [found[0] for text in texts for found in NUMBER.finditer(text)]


def written(asked: Bound, snippets: SnippetFile, found: Status) -> str:
    """What a page's sentence says; `found` is the state of the record of its snippet file.

    Raises GalleyError where there is no such cell or number, or where the record is not true.
    """
    if snippets.cell(asked.cell) is None:
        known = ", ".join(cell.name for cell in snippets.cells)
        raise GalleyError(f"no cell is named '{asked.name}'", asked.place, f"{snippets.stem}.py has: {known}")
    if found.state not in SHOWABLE or found.record is None:
        what = f"{asked.name}: the {found.profile.name} record is {found.state}: {found.reasons[0].what}"
        raise GalleyError(what, asked.place, found.mend)
    return in_words(asked, found.record)


def in_words(asked: Bound, record: Record) -> str:
    """The number as it is asked for; raises GalleyError where the record has no such number."""
    found = numbers(record, asked.cell)
    if not found:
        raise GalleyError(f"{asked.name} printed no number that stands alone", asked.place, "let the cell print it")
    if asked.number > len(found) or (not asked.number and len(found) > 1):
        listed = ", ".join(f"#{at} {each}" for at, each in enumerate(found[:MANY], start=1))
        more = f" and {len(found) - MANY} more" if len(found) > MANY else ""
        what = f"{asked.name} printed {counted(len(found), 'number')}"
        raise GalleyError(f"{what}: {listed}{more}", asked.place, f"say which: {VALUE}`{asked.name}#1`")
    printed = found[(asked.number or 1) - 1]
    if asked.divisor == 1 and not asked.form:
        return printed
    value = Decimal(printed.replace(",", "")) / asked.divisor
    if asked.form.endswith("d"):
        if value != value.to_integral_value():
            raise GalleyError(f"{printed} is no whole number", asked.place, f"write it as {FORM}")
        return format(int(value), asked.form)
    return format(value.normalize() if not asked.form else value, asked.form or "f")


def bound_text(guide: Guide, asked: Bound) -> str:
    """The text of a bound number of a guide's page; raises what `written` raises, and where there is no such file."""
    found = _state(guide, asked.file, asked.place, States(guide.project))
    return written(asked, found.snippets, found)


def unknown_numbers(guide: Guide, states: States) -> Iterator[GalleyError]:
    """An error for each bound number that is written wrongly, and for each that its cell did not print.

    What a record that is not true would say is left out: that record is told anyway.
    """
    for path, text in guide.pages.items():
        found, wrong = bound(text.split("\n"), path)
        yield from wrong
        for asked in (each for each in found if each.file not in guide.unreadable):
            try:
                state = _state(guide, asked.file, asked.place, states)
                if state.state in SHOWABLE or not state.snippets.cell(asked.cell):
                    written(asked, state.snippets, state)
            except GalleyError as error:
                yield error


def _state(guide: Guide, stem: str, place: Place, states: States) -> Status:
    """The state of the record that prose takes numbers from: that of the first required profile."""
    if stem not in guide.snippets:
        known = ", ".join(sorted(guide.snippets)) or "none"
        raise GalleyError(f"there is no snippet file '{stem}.py' with cells", place, f"name one of: {known}")
    return states.of(guide.snippets[stem], guide.project.required[0])


def repeated(guide: Guide, states: States) -> Iterator[GalleyError]:
    """An error for each number in a page's prose that somebody typed, and one of the page's cells printed."""
    for path, text in guide.pages.items():
        lines = text.split("\n")
        typed = [(at, number) for at in prose(lines) for number in _typed(lines[at])]
        printed = _Printed(_numbers_of(guide, path, states)) if typed else None
        for at, number in typed:
            if printed and (found := printed.like(number)):
                name, form = found
                what = f"{number} repeats what {name.partition('#')[0]} printed, and would stay if that changed"
                mend = f"write {VALUE}`{name}{form}`, or if it is the author's own: {GIVEN}`{number}`"
                yield GalleyError(what, Place(path, at + 1), mend)


def quoted(lines: Sequence[str], printed: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines of a page, from 0, whose prose repeats one of these numbers, and how that stands there, or rounded."""
    known = _Printed((number, number) for number in printed)
    for at in prose(lines):
        yield from ((at, number) for number in _typed(lines[at]) if known.like(number))


def _typed(line: str) -> list[str]:
    """The numbers in a line of prose that have enough digits to be told from others by them."""
    if not FIGURE.search(line):
        return []
    parts, start = [], 0
    for begin, end, _ in code_spans(line):
        parts.append(line[start:begin])
        start = end
    found = NUMBER.finditer(BESIDE.sub(" ", " ` ".join([*parts, line[start:]])))
    return [each[0] for each in found if len(_digits(each[0])) >= DIGITS]


def _digits(number: str) -> str:
    """The significant digits of a number; zeros at the end of a whole number are none."""
    digits = number.lstrip("+-").partition("e")[0].replace(",", "")
    return digits.replace(".", "").lstrip("0") if "." in digits else digits.strip("0")


def _numbers_of(guide: Guide, path: Path, states: States) -> Iterator[tuple[str, str]]:
    """The numbers that the cells shown on a page printed, each with its name."""
    for fence in guide.shown_on(path):
        if fence.listing or fence.file not in guide.snippets:
            continue
        found = _state(guide, fence.file, fence.place, states)
        if found.state in SHOWABLE and found.record:
            for at, number in enumerate(numbers(found.record, fence.cell), start=1):
                yield number, f"{fence.name}#{at}"


class _Printed:
    """Numbers that were printed, to be found by their first digits."""

    def __init__(self, found: Iterable[tuple[str, str]]) -> None:
        self._found = [(number, name, _digits(number)) for number, name in found]
        self._rounded: dict[int, dict[str, list[tuple[str, str]]]] = {}

    def like(self, number: str) -> tuple[str, str] | None:
        """The name of the number that a typed one repeats, perhaps rounded, and how to write that in its place."""
        typed, digits = Decimal(number.replace(",", "")), _digits(number)
        for printed, name in self._beginning(len(digits)).get(digits, ()):
            value = Decimal(printed.replace(",", ""))
            for scale in SCALES:
                if _rounds(value / Decimal(scale or 1), typed):
                    return name, "" if printed == number else _form(number, scale, whole=value == int(value))
        return None

    def _beginning(self, count: int) -> dict[str, list[tuple[str, str]]]:
        """The numbers by their first significant digits, of which there are so many, rounded down and rounded up."""
        if count not in self._rounded:
            by_digits = self._rounded.setdefault(count, {})
            for number, name, digits in self._found:
                down = digits[:count].ljust(count, "0")
                for first in (down, str(int(down) + 1)[:count]):
                    by_digits.setdefault(first, []).append((number, name))
        return self._rounded[count]


def _form(number: str, scale: str, *, whole: bool) -> str:
    """How a page asks for a number that is divided by `scale` and looks as this one does."""
    comma, decimals = "," * ("," in number), len(number.partition(".")[2])
    ending = "d" if whole and not decimals and not scale else f".{decimals}f"
    return f"{'/' * bool(scale)}{scale}:{comma}{ending}"


def _rounds(value: Decimal, typed: Decimal) -> bool:
    unit = Decimal(1).scaleb(int(typed.as_tuple().exponent))
    try:
        return value.quantize(unit) == typed
    except InvalidOperation:  # more digits than a Decimal has
        return False
