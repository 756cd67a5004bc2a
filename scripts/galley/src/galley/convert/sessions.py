"""Cuts the sessions of Python's prompt that stand in prose into cells: one ends where the session shows something.

In the command. The standard library's doctest reads them.
"""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from dataclasses import replace

from galley.convert.part import Part
from galley.source.lines import OPENER, Ends, marked

# What stands behind the fence of a block that may be a session.
HEADER = re.compile(r"(?:\{(?:doctest|code-block|code)\}.*|(?:pycon|python-console|python3?|py|ipython|doctest)\b.*)?")
DIRECTIVE = re.compile(r"(?<![ \t])[ \t]*+# ?doctest:[^\n]*+")
OPTION = re.compile(r":[\w-]+:.*")  # of a directive, above its text


def cells_of(part: Part) -> Iterator[Part]:
    """The prose of a cell, and between it a cell of code for each piece of a session; its number stays."""
    lines, kept, at = part.text.split("\n"), list[str](), 0
    ends = Ends(lines)
    while at < len(lines):
        opener = OPENER.match(lines[at].rstrip()) if marked(lines[at]) else None
        if opener is None:
            kept.append(lines[at])
            at += 1
            continue
        end = ends.after(at + 1, opener["fence"])
        cells = [] if opener["indent"] else list(_cells(part, opener["header"], lines[at + 1 : end]))
        if cells:
            yield replace(part, text="\n".join(kept))
            yield from cells
            part, kept = replace(part, lost=()), []  # it is told once
        else:
            kept += lines[at : end + 1]
        at = end + 1
    yield replace(part, text="\n".join(kept))


def _cells(part: Part, header: str, lines: list[str]) -> Iterator[Part]:
    """The cells of a block of code; none where it is no session."""
    while lines and (not lines[0].strip() or OPTION.fullmatch(lines[0])):
        lines = lines[1:]
    if not HEADER.fullmatch(header.strip()) or not lines or not lines[0].startswith(">>>"):
        return
    try:
        examples = doctest.DocTestParser().get_examples("\n".join(lines) + "\n")
    except ValueError:  # lines without a prompt, and the like
        return
    code = ""
    for each in examples:
        code += DIRECTIVE.sub("", each.source)
        code += "\n" if "\n" in each.source.rstrip() else ""  # as one leaves a line free below a function
        if each.want:
            yield _cell(part, code, each.exc_msg or "")
            code = ""
    if code:
        yield _cell(part, code, "")


def _cell(part: Part, code: str, error: str) -> Part:
    """A cell that ends where the session shows a value, a text or an error."""
    name = error.partition("\n")[0].partition(":")[0].strip().rpartition(".")[2]
    return replace(part, kind="code", text=code.rstrip("\n"), error=name, lost=())
