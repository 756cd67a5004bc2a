"""One file for one kind of output: how it is captured, shown on a page, put into a notebook, and compared.

In every process: a page's child captures, the command compares and exports, the builder shows. A kind is an object of
a class derived from `Kind`; galley's own stand in `BUILT_IN`, and a guide or a distribution brings others as plug-ins.
Adding a kind is adding one file, and one row in the table or in the guide's settings.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

from galley.config import Project
from galley.errors import GalleyError
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


class Kinds:
    """The kinds that a project knows, by name, in the order in which they are asked for a value."""

    def __init__(self, brought: Iterable[object] = ()) -> None:
        self._known: dict[str, Kind] = {}
        for kind in (*built_in(), *(each for each in brought if isinstance(each, Kind))):
            if self._known.setdefault(kind.name, kind) is not kind:
                what = f"two kinds of output are called '{kind.name}'"
                raise GalleyError(what, mend=f"give the kind of {type(kind).__module__} another name")

    def __getitem__(self, name: str) -> Kind:
        try:
            return self._known[name]
        except KeyError:
            what = f"an output of the kind '{name}', which neither galley nor a plug-in knows"
            raise GalleyError(what, mend="name the plug-in that brings it under [tool.galley] plugins") from None

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._known.values())

    def begin(self) -> None:
        """Tell each kind that a statement is about to run."""
        for kind in self:
            kind.begin()

    def watchers(self, cell: Cell, namespace: Mapping[str, Any], asked: Asked) -> dict[str, Watcher]:
        """What watches a cell, by the name of the kind."""
        tagged = (kind for kind in self if kind.tag in cell.tags)
        return {kind.name: found for kind in tagged if (found := kind.watcher(namespace, asked))}

    def of_value(self, value: object, cell: Cell, asked: Asked) -> list[Shown]:
        """A value as the first kind has it that takes it: kinds that a tag asks for first."""
        asking = [kind for kind in self if kind.tag in cell.tags]
        for kind in (*asking, *(kind for kind in self if not kind.tag)):
            if (forms := kind.of_value(value, asked)) is not None:
                return [Shown(kind.name, forms)] if forms else []
        return []

    def left_open(self, asked: Asked) -> list[Shown]:
        """What the cell left open, of every kind."""
        return [Shown(kind.name, forms) for kind in self for forms in kind.left_open(asked) if forms]


def built_in() -> Sequence[Kind]:
    """galley's own kinds, in the order in which they are asked for a value: the text of a value comes last."""
    from galley.kinds.image import Image
    from galley.kinds.text import Error, Stderr, Stdout, Value
    from galley.kinds.trace import TraceKind

    return Stdout(), Stderr(), TraceKind(), Image(), Value(), Error()


def kinds_of(project: Project) -> Kinds:
    """The kinds that a project knows: galley's own and those of its plug-ins."""
    return Kinds()


def fitting(sizes: Sequence[int], room: int) -> int:
    """How many pieces of these sizes, in bytes, fit into `room` bytes, from the first on."""
    return bisect_right(list(accumulate(sizes)), room)


def cut_text(text: str, limit: int, mime: str = "text/plain", suffix: str = "txt") -> Form:
    """A form of at most `limit` bytes; what UTF-8 cannot hold is written with backslashes."""
    data = text.encode("utf-8", "backslashreplace")
    kept = data[:limit].decode("utf-8", "ignore").encode() if len(data) > limit else data
    return Form(mime, suffix, kept, len(data) - len(kept))
