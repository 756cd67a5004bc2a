"""The prose of a page around the fence that shows a cell.

In the command.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from markdown import markdown

from galley.errors import GalleyError
from galley.kinds.sanitise import sanitised
from galley.record.numbers import bound_text
from galley.review.changed import Page
from galley.source.bound import Bound, prose, with_numbers
from galley.source.guide import Guide

EXTENSIONS = ("tables", "attr_list", "sane_lists")
PARAGRAPHS = 2  # of those above the fence


def around(guide: Guide, page: Page, cell: str, ids: str) -> tuple[str, str]:
    """The paragraphs above and below a cell on its page, as HTML; empty where no page shows it.

    The numbers that the page takes from cells are those of today's records. Ids in the HTML begin with `ids`.
    """
    fences = [each for each in guide.fences if each.name == f"{page.snippets.stem}/{cell}" and not each.listing]
    fence = next((each for each in fences if each.place.path == page.path), next(iter(fences), None))
    if fence is None:
        return "", ""

    def number(asked: Bound) -> str:
        try:
            return bound_text(guide, asked)
        except GalleyError:
            return f"`{asked.name}`"

    lines, _ = with_numbers(guide.pages.get(fence.place.path, "").split("\n"), fence.place.path, number)
    known, at = frozenset(prose(lines)), fence.place.line - 1
    return (
        _html(_above(lines, known, at), f"{ids}-above-"),
        _html(_below(lines, known, at + 2), f"{ids}-below-"),  # a fence holds no code: its end is the next line
    )


def _above(lines: Sequence[str], known: Collection[int], at: int) -> list[str]:
    """The last paragraphs above a line, from the last block of code on, or from the last heading."""
    kept: list[str] = []
    for number in range(at - 1, -1, -1):
        line = lines[number]
        if (number not in known and line.strip()) or (not line.strip() and _count(kept) == PARAGRAPHS):
            break
        kept.insert(0, line)
        if line.startswith("#"):
            break
    return kept


def _below(lines: Sequence[str], known: Collection[int], at: int) -> list[str]:
    """The first paragraph below a line, where it comes before any heading and any block of code."""
    kept: list[str] = []
    for number in range(at, len(lines)):
        line = lines[number]
        if number not in known or line.startswith("#") or (not line.strip() and kept):
            break
        if line.strip():
            kept.append(line)
    return kept


def _count(lines: Sequence[str]) -> int:
    """How many paragraphs there are."""
    return len([each for each in "\n".join(lines).split("\n\n") if each.strip()])


def _html(lines: Sequence[str], prefix: str) -> str:
    text = "\n".join(lines).strip()
    return sanitised(markdown(text, extensions=list(EXTENSIONS)), prefix) if text else ""
