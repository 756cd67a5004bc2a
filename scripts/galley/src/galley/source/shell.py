"""Commands of a shell in a snippet file: comments in a cell with the tag `[shell]`, so that the file stays Python.

In every process.

    # %% install [shell]
    # $ python -m venv env
    # $ env/bin/python -c '
    # > print(1)'
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from galley.errors import GalleyError, Place

if TYPE_CHECKING:
    from galley.source.cells import Cell

SHELL = "shell"
BEGINS, GOES_ON = "# $ ", "# >"
BETWEEN = str.maketrans(dict.fromkeys("'\"`<>|;&()={}[]$:,", " "))  # what stands between the words of a command
FORM = "write a command as `# $ command`, and its further lines as `# > more`"


@dataclass(frozen=True)
class Command:
    """One command: the line of the snippet file on which it begins, and its text, which may have several lines."""

    line: int
    text: str

    @property
    def prompted(self) -> str:
        """The command as a session in a console shows it."""
        return "$ " + self.text.replace("\n", "\n> ")


def commands(cell: Cell) -> tuple[Command, ...]:
    """The commands of a cell with the tag; none of any other cell."""
    return tuple(commands_in(cell.source, cell.first_line)) if SHELL in cell.tags else ()


def commands_in(source: str, first_line: int = 1) -> Iterator[Command]:
    """The commands among the lines of a cell; a line that is none of a command is passed over."""
    text, begun = "", 0
    for at, line in enumerate(source.split("\n"), start=first_line):
        if begun and _goes_on(line):
            text += f"\n{line.removeprefix(GOES_ON).removeprefix(' ')}"
        elif line.startswith(BEGINS):
            if begun:
                yield Command(begun, text)
            text, begun = line.removeprefix(BEGINS), at
    if begun:
        yield Command(begun, text)


def words(text: str) -> list[str]:
    """What may be the words of a command's text, without what stands between them; it need not be valid."""
    return text.translate(BETWEEN).split()


def _goes_on(line: str) -> bool:
    return line == GOES_ON or line.startswith(f"{GOES_ON} ")


def only_commands(cell: Cell, statements: Sequence[ast.stmt]) -> None:
    """Raises GalleyError at the first line of a shell cell that is no line of a command."""
    path, begun = cell.place.path, False
    if statements:
        what = "a cell with commands of a shell holds Python code"
        raise GalleyError(what, Place(path, statements[0].lineno), "move it to a cell of its own")
    if cell.raises:
        raise GalleyError("a command ends with a status, and raises nothing", cell.place, 'write exit="1" for raises')
    for at, line in enumerate(cell.source.split("\n"), start=cell.first_line):
        begins = line.startswith(BEGINS) and bool(line[len(BEGINS) :].strip())
        if not begins and not (begun and _goes_on(line)) and line.strip() not in ("", "#"):
            raise GalleyError(f"no line of a command: '{line.strip()}'", Place(path, at), FORM)
        begun = begun or begins
    if not begun:
        raise GalleyError("a cell with commands of a shell has none", cell.place, FORM)
