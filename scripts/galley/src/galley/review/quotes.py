"""The sentences of a page that quote a number which a cell does not print any more.

In the command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from galley.errors import GalleyError
from galley.record.model import Record
from galley.record.numbers import in_words, numbers, quoted
from galley.review.changed import Quote
from galley.source.bound import bound, prose
from galley.source.cells import SnippetFile
from galley.source.guide import Guide

LONGEST = 400  # characters of a sentence


def quotes(guide: Guide, snippets: SnippetFile, cell: str, was: Record, now: Record) -> Iterator[Quote]:
    """The sentences about the numbers of a cell, typed by hand or bound to it, on the pages of its snippet file."""
    for page in guide.pages_of(snippets):
        yield from _on_page(guide, guide.project.relative(page), f"{snippets.stem}/{cell}", was, now)


def _on_page(guide: Guide, path: Path, name: str, was: Record, now: Record) -> Iterator[Quote]:
    cell = name.rpartition("/")[2]
    lines = guide.pages.get(path, "").split("\n")
    before, after = numbers(was, cell), numbers(now, cell)
    for at, number in quoted(lines, [each for each in before if each not in after]):
        yield Quote(path, at + 1, sentence(lines, at, number), number)
    for asked in bound(lines, path)[0]:
        if asked.name != name:
            continue
        said = []
        for record in (was, now):
            try:
                said.append(in_words(asked, record))
            except GalleyError:
                said.append("no such number")
        if said[0] != said[1]:
            at = asked.place.line - 1
            yield Quote(path, at + 1, sentence(lines, at, asked.name), said[0], said[1])


def sentence(lines: Sequence[str], at: int, part: str) -> str:
    """The sentence of a paragraph that has a text on the line at an index; the whole paragraph where none is found."""
    known = set(prose(lines))
    first = last = at
    while first - 1 in known and lines[first - 1].strip():
        first -= 1
    while last + 1 in known and lines[last + 1].strip():
        last += 1
    whole = " ".join(line.strip() for line in lines[first : last + 1])
    start = len(" ".join(line.strip() for line in lines[first:at]))
    found = whole.find(part, start)
    if found < 0:
        return whole[:LONGEST]
    begin = max(whole.rfind(end, 0, found) + len(end) for end in (". ", "? ", "! ")) if ". " in whole[:found] else 0
    ends = [place for end in (". ", "? ", "! ") if (place := whole.find(end, found)) >= 0]
    return whole[begin : min(ends) + 1 if ends else len(whole)][:LONGEST]
