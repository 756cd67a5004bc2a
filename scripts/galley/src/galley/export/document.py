"""A page taken apart for export: prose and cells, in the order in which the code runs.

In the command and in the builder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from galley.config import Project
from galley.export.address import NOWHERE, Site
from galley.export.needs import Needs, needs
from galley.kinds import Kinds, kinds_of
from galley.record.facts import NOT_RERUN, facts_line
from galley.record.model import Record
from galley.record.status import Status
from galley.source.cells import Cell, SnippetFile
from galley.source.fences import find_fences
from galley.source.lines import front_matter, outside_code
from galley.source.parameters import with_values

NOT_RUN = "*Not run: this code is shown, and is no part of the record.*"
CLAIM = "**Claim.** "
# A link to a page, a picture or a heading of the site, which leads nowhere outside of it.
LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[\w./-]+\.(?:md|png|svg)(?:#[\w-]*)?|#[\w-]+)\)")
OPENS = re.compile(r"[\s>]*(?:`{3}|~{3})")
CLOSES = re.compile(r"[\s>]*[`~]{3,}\s*$")


@dataclass(frozen=True)
class Part:
    """A cell with the prose above it; the last part of a page may have no cell."""

    prose: str
    cell: Cell | None


@dataclass(frozen=True)
class Document:
    """All that an export holds: `needs` is what it takes to run the code, `ran_on` on what it ran."""

    page: str
    needs: Needs
    site: Site
    ran_on: str
    parts: tuple[Part, ...]
    record: Record
    kinds: Kinds


def without_links(text: str) -> str:
    """Prose without the links that lead nowhere outside of the site."""
    return LINK.sub(r"\1", text)


def document(
    project: Project,
    found: Status,
    lines: Sequence[str],
    site: Site = NOWHERE,
    links: Callable[[str], str] = without_links,
) -> Document:
    """The page of a snippet file under one profile; `lines` are its Markdown, whose links `links` sees to."""
    assert found.record is not None
    snippets = with_values(found.snippets, found.profile.parameters)
    opening, body = _opening(lines, links)
    prose, rest = _prose(snippets, lines, body, links)
    parts = [_part(prose.get(cell.name, ""), cell) for cell in snippets.cells]
    whole = (Part(opening, None), *parts, Part(rest, None))
    kept = tuple(part for part in whole if part.cell or part.prose)
    told = f"The page ran on: {facts_line(found.record, project.line)} (profile {found.profile.name})"
    told += "" if found.profile.required else f"; {NOT_RERUN}"
    needed = needs(project, snippets, found.record)
    return Document(snippets.page, needed, site, told, kept, found.record, kinds_of(project))


def _opening(lines: Sequence[str], links: Callable[[str], str]) -> tuple[str, int]:
    """The prose above the page's first section and its first fence, and the index of the line below it."""
    start = front_matter(lines)
    end = next((n for n in range(start, len(lines)) if lines[n].startswith("## ") or OPENS.match(lines[n])), len(lines))
    return plain(lines[start:end], links).strip(), end


def _part(prose: str, cell: Cell) -> Part:
    """A cell with what stands above it; the code of a cell that is not run is prose, so that nobody runs it."""
    above = _above(prose, cell)
    shown = "" if cell.runs else f"{NOT_RUN}\n\n{block(cell.source, 'python')}"
    return Part(above, cell) if cell.runs else Part(f"{above}\n\n{shown}".strip(), None)


def _above(prose: str, cell: Cell) -> str:
    """The prose above a cell, its caption included."""
    caption = f"{CLAIM if 'claim' in cell.tags else ''}{cell.caption}" if cell.caption else ""
    measured = "*Measured: these numbers differ at every run.*" if "measured" in cell.tags else ""
    return "\n\n".join(text for text in (prose, caption, measured) if text)


def _prose(
    snippets: SnippetFile, lines: Sequence[str], start: int, links: Callable[[str], str]
) -> tuple[dict[str, str], str]:
    """The prose above each cell, by the cell's name, and the prose below the last one, from line `start` on."""
    fences, _ = find_fences(lines, Path(snippets.page), grammar=snippets.grammar)
    above: dict[str, str] = {}
    text = ""
    for fence in fences:
        at = fence.place.line - 1
        text += plain(lines[start:at], links)
        start = next((n for n in range(at + 1, len(lines)) if CLOSES.match(lines[n])), at) + 1
        if fence.file == snippets.stem and fence.cell not in above:
            above[fence.cell], text = text.strip(), ""
    return above, (text + plain(lines[start:], links)).strip()


def plain(lines: Sequence[str], links: Callable[[str], str]) -> str:
    """Markdown whose prose `links` has seen to; code stays as it is."""
    prose = set(outside_code(lines))
    text = ""
    for free, run in groupby(range(len(lines)), prose.__contains__):  # a link may go over two lines
        part = "".join(f"{lines[at]}\n" for at in run)
        text += links(part) if free else part
    return text


def block(text: str, language: str = "") -> str:
    """A fence that nothing in the text can end."""
    longest = max(map(len, "".join(each if each == "`" else " " for each in text).split()), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
