"""A cell with what it needs of the cells before it, as code that runs by itself.

In the builder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from galley.config import Project
from galley.export.address import Site
from galley.export.fetch import head
from galley.export.needs import own_imports, parts_needs
from galley.record.model import Record
from galley.source.cells import SnippetFile
from galley.source.slices import Piece, Slices

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


def runnables(project: Project, snippets: SnippetFile, record: Record, site: Site) -> Callable[[str], Runnable | None]:
    """A function that gives the copy of a cell of the page, by the cell's name; None for one without such code."""
    slices = Slices(snippets.cells, lambda module: own_imports(project, module))
    sources = tuple(cell.source for cell in snippets.cells)
    needs_of = parts_needs(project, record)
    numbers = {cell.name: number for number, cell in enumerate(snippets.cells)}

    def of(name: str) -> Runnable | None:
        number = numbers[name]
        if not sources[number] or snippets.cells[number].commented:
            return None
        own = Piece(number, 1, sources[number].count("\n") + 1)
        made = Runnable("", (*slices.before(number), own), sources)
        needed = needs_of([piece.text or made.lines(piece) for piece in made.pieces])
        lines = [line.strip() for line in head(needed, site) if not line.endswith(":")]
        lines = lines if needed.packages or needed.offered or needed.beside else []
        lines += [AWAITS] if any(snippets.cells[piece.cell].awaits for piece in made.pieces) else []
        told = "".join(f"# {line}\n" for line in lines)
        return Runnable(told and f"{told}\n", made.pieces, sources)

    return of
