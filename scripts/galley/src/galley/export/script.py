"""A page as one Python script, in the percent format that Jupytext and editors read.

In the command and in the builder.

The script runs from top to bottom with plain `python` and ends with exit code 0. A cell that must raise an error is
wrapped: the error is printed, and the script fails where it does not come. A cell that awaits outside of functions is
put into a function, and all of these run in one event loop. As in any script, the value on a cell's last line is shown
by editors and notebooks alone.
"""

from __future__ import annotations

import io
import tokenize

from galley.export.commands import as_python
from galley.export.document import Document
from galley.export.fetch import head
from galley.source.awaited import free
from galley.source.cells import Cell
from galley.source.effects import bound
from galley.source.shell import SHELL

RAISES = """\
try:
{code}
except BaseException as _raised:
    if {other}:
        raise
    print(f"{{type(_raised).__name__}}: {{_raised}}")
else:
    raise AssertionError("this must raise {name}")"""
OTHER = 'type(_raised).__name__ != "{}"'
OTHER_OR_ABOVE = '"{}" not in [each.__name__ for each in type(_raised).__mro__]'
AWAITS = """\
async def _awaiting():
{code}


_loop.run(_awaiting(), context=_contextvars.copy_context())"""
LOOP = """\
import asyncio as _asyncio
import contextvars as _contextvars

_loop = _asyncio.Runner()  # for the cells that await: in a notebook they need no more than their own lines
"""
CLOSES = "_loop.close()"
NAMES = ("_raised", "_awaiting", "_loop", "_asyncio", "_contextvars")  # in these templates


def script(document: Document) -> str:
    """The text of the script; its head says what it needs, with commands, and what the page ran on."""
    blocks = ["\n".join(f"# {line}" for line in (*head(document.needs, document.site), document.ran_on))]
    own = _Own("\n".join(part.cell.source for part in document.parts if part.cell))
    awaiting = [part.cell.name for part in document.parts if part.cell and part.cell.awaits]
    for part in document.parts:
        if part.prose:
            blocks.append("# %% [markdown]\n" + "\n".join(map(_commented, part.prose.split("\n"))))
        if part.cell and part.cell.source:
            first = own.named(LOOP) if part.cell.name in awaiting[:1] else ""
            blocks.append(f"# %% {part.cell.name}\n{first}{_code(part.cell, own)}")
    blocks += [own.named(CLOSES)] if awaiting else []
    return "\n\n".join(blocks) + "\n"


def _commented(line: str) -> str:
    """A line of prose as a comment; a line that would then begin a cell gets a backslash, as Markdown allows."""
    return ("# \\" if line.startswith("%%") else "# ") + line.rstrip() if line.strip() else "#"


class _Own:
    """The script's own names, none of which stands in the page's code."""

    def __init__(self, code: str) -> None:
        self._names = {name: free(name, code) for name in NAMES}

    def named(self, template: str) -> str:
        """A template with these names."""
        for name, own in self._names.items():
            template = template.replace(name, own)
        return template


def _code(cell: Cell, own: _Own) -> str:
    if SHELL in cell.tags:
        return as_python(cell)
    source = f"compile({cell.source!r}, {cell.name!r}, 'exec')" if cell.commented else cell.source
    other = own.named(OTHER_OR_ABOVE if cell.options["subclasses"] else OTHER).format(cell.raises)
    code = own.named(RAISES).format(code=_indented(source), name=cell.raises, other=other) if cell.raises else source
    if not cell.awaits:
        return code
    names = ", ".join(bound(cell.statements))
    return own.named(AWAITS).format(code=_indented(f"global {names}\n{code}" if names else code))


def _indented(source: str) -> str:
    """Code indented by four spaces; the inner lines of a string stay as they are."""
    inside: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)):
            inside |= set(range(token.start[0] + 1, token.end[0] + 1))
    lines = enumerate(source.split("\n"), start=1)
    return "\n".join(line if number in inside or not line else f"    {line}" for number, line in lines)
