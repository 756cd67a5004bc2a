"""A cell with what it needs of the cells before it, as code that runs by itself.

In the builder.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from galley.config import Project
from galley.export.address import Site
from galley.export.commands import as_python
from galley.export.fetch import head
from galley.export.needs import own_imports, parts_needs
from galley.record.model import Record
from galley.source.cells import Cell, SnippetFile
from galley.source.reads import nodes
from galley.source.shell import SHELL, commands
from galley.source.slices import Piece, Slices

QUOTES = str.maketrans(dict.fromkeys("'\"<>;&|()", " "))  # what stands between the words of a command
AWAITS = "It awaits outside of a function: run it in a notebook, in IPython or in `python -m asyncio`."


@dataclass(frozen=True)
class Runnable:
    """A cell's copy: what to install and fetch first, as comments, and the lines of the page's cells in their order."""

    head: str
    pieces: tuple[Piece, ...]  # the last is the cell itself
    cells: tuple[str, ...]  # the source of each cell of the page

    @property
    def parts(self) -> Iterator[str | Piece]:
        """What stands one after another in the copy: text as it is, and lines of cells."""
        yield self.head
        before = None
        for piece in self.pieces:
            yield (
                "\n" if before == piece.cell and piece is not self.pieces[-1] else "\n\n" if before is not None else ""
            )
            yield piece.text or piece
            before = piece.cell

    @property
    def text(self) -> str:
        """The whole copy."""
        return "".join(each if isinstance(each, str) else self.lines(each) for each in self.parts)

    def lines(self, piece: Piece) -> str:
        """The lines of a piece."""
        return "\n".join(self.cells[piece.cell].split("\n")[piece.first - 1 : piece.last])


def _with_commands(above: Sequence[Cell], made: Runnable) -> list[Piece]:
    """The pieces above a copy's own cell, and among them the shell cells with a word that the copy has as a text."""
    shell = [(number, cell, commands(cell)) for number, cell in enumerate(above) if SHELL in cell.tags]
    if not shell:
        return [*made.pieces[:-1]]
    code = [piece.text or made.lines(piece) for piece in made.pieces]
    texts = {each.value for part in code for each in nodes(ast.parse(f"{part}\n\n")) if isinstance(each, ast.Constant)}
    pieces = [*made.pieces[:-1]]
    for number, cell, said in shell:
        words = {word for each in said for word in each.text.translate(QUOTES).split()}
        if not words.isdisjoint(each for each in texts if isinstance(each, str)):
            pieces.append(Piece(number, 1, 1, as_python(cell)))
    return sorted(pieces, key=lambda piece: piece.cell)


def runnables(project: Project, snippets: SnippetFile, record: Record, site: Site) -> Callable[[str], Runnable | None]:
    """A function that gives the copy of a cell of the page, by the cell's name; None for one without such code."""
    slices = Slices(snippets.cells, lambda module: own_imports(snippets.path.parent, module))
    sources = tuple(cell.source for cell in snippets.cells)
    needs_of = parts_needs(project, snippets.path.parent, record)
    numbers = {cell.name: number for number, cell in enumerate(snippets.cells)}

    def of(name: str) -> Runnable | None:
        number = numbers[name]
        if not sources[number] or snippets.cells[number].commented or SHELL in snippets.cells[number].tags:
            return None
        own = Piece(number, 1, sources[number].count("\n") + 1)
        made = Runnable("", (*slices.before(number), own), sources)
        made = Runnable("", (*_with_commands(snippets.cells[:number], made), own), sources)
        needed = needs_of([piece.text or made.lines(piece) for piece in made.pieces])
        lines = [line.strip() for line in head(needed, site) if not line.endswith(":")]
        lines = lines if needed.packages or needed.offered or needed.beside or needed.linked else []
        lines += [AWAITS] if any(snippets.cells[piece.cell].awaits for piece in made.pieces) else []
        told = "".join(f"# {line}\n" for line in lines)
        return Runnable(told and f"{told}\n", made.pieces, sources)

    return of
