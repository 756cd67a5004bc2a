"""What a kind of output is: the class to derive from, what its methods are told, and two helps for those that capture.

In every process.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

from galley.record.model import Form, Shown
from galley.source.cells import Cell


@dataclass(frozen=True)
class Asked:
    """What a page's settings say to a kind that captures.

    `limit` is the most bytes of one form. `summarise` answers with the text for a value, and `brief` with a few words
    for it; either answers None where the guide's hook has nothing better to say than the value's own repr.
    """

    limit: int
    summarise: Callable[[object], str | None] = lambda value: None
    brief: Callable[[object], str | None] = lambda value: None


@dataclass(frozen=True)
class At:
    """Where on a page an output is shown: in which cell, and how the ids in its HTML must begin."""

    cell: Cell
    ids: str


class Watcher(Protocol):
    """What watches one run of a cell, statement by statement; `seconds` is the time that the watching took."""

    seconds: float

    def after(self, number: int, statement: ast.stmt) -> None:
        """Note what the cell's `number`-th statement, from 1, did."""

    def forms(self) -> tuple[Form, ...]:
        """What there is to show when the cell has ended; no form shows nothing."""


class Kind:
    """One kind of output. Derive from it, name it, and replace the methods that differ.

    `name` stands in records and in the names of files: small letters, digits and hyphens. `tag` is the cell tag that
    asks for this kind, if one does. `css` goes into each page that shows such an output. A form that does not fit into
    `Asked.limit` bytes is cut, and says how many bytes are missing.
    """

    name: str
    tag: str = ""
    css: str = ""

    # In a page's child.

    def begin(self) -> None:
        """Called before each statement of a cell: a library that the statement uses may want to be set up."""

    def watcher(self, namespace: Mapping[str, Any], asked: Asked) -> Watcher | None:
        """What watches a cell that has the kind's tag; None for a kind that watches nothing."""
        return None

    def of_value(self, value: object, asked: Asked) -> tuple[Form, ...] | None:
        """The forms of the value of a cell's last expression; None leaves the value to another kind.

        A kind with a tag is asked for the value of cells with that tag alone, before all other kinds; it may raise
        where the value is not what the tag promises, and the page then fails at that cell.
        """
        return None

    def left_open(self, asked: Asked) -> Iterable[tuple[Form, ...]]:
        """The forms of each thing that the cell left open at its end, such as a figure that nobody closed."""
        return ()

    # In the builder.

    def html(self, shown: Shown, at: At) -> str:
        """The output as HTML, everything in it escaped: a record is data, whoever wrote it."""
        raise NotImplementedError

    def code_html(self, code: str, shown: Shown, at: At) -> str:
        """The cell's highlighted code with what the output adds to it."""
        return code

    @property
    def marks_code(self) -> bool:
        """Whether `code_html` adds anything, so that each profile needs the code once more."""
        return type(self).code_html is not Kind.code_html

    # In the command.

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """The output as nbformat 4.5 has it, of the cell that is executed `number`-th; None leaves it out."""
        return None

    def compared(self, form: Form) -> str:
        """What of a form is compared with the form recorded before."""
        return form.text


def fitting(sizes: Sequence[int], room: int) -> int:
    """How many pieces of these sizes, in bytes, fit into `room` bytes, from the first on."""
    return bisect_right(list(accumulate(sizes)), room)


def cut_text(text: str, limit: int, mime: str = "text/plain", suffix: str = "txt") -> Form:
    """A form of at most `limit` bytes; what UTF-8 cannot hold is written with backslashes."""
    data = text.encode("utf-8", "backslashreplace")
    kept = data[:limit].decode("utf-8", "ignore").encode() if len(data) > limit else data
    return Form(mime, suffix, kept, len(data) - len(kept))
