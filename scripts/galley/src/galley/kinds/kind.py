"""The class that a kind of output derives from, what its methods are told, and two helpers for capturing.

In every process.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

from galley.kinds.markup import escape, plain
from galley.record.compare import Compared
from galley.record.difference import Change, Difference, of_text
from galley.record.model import Form, Shown
from galley.source.cells import Cell
from galley.source.digest import digest


@dataclass(frozen=True)
class Asked:
    """What a kind is told when it captures an output.

    `limit` is the most bytes that one form may have. `summarise` and `brief` call the guide's hooks of these names with
    a value; each returns a text, or None where the guide has no such hook or the value's own repr will do.
    """

    limit: int
    summarise: Callable[[object], str | None] = lambda value: None
    brief: Callable[[object], str | None] = lambda value: None


@dataclass(frozen=True)
class Formats:
    """How a page makes HTML of a text in another language; as it stands, the text is shown as it is.

    `code` takes a text and its language. `markdown` takes a text and how ids must begin; its answer has the names of
    what was left out, too. `math` takes LaTeX that is a formula and nothing else (`galley.kinds.latex`); its answer is
    empty where the site sets no mathematics.
    """

    code: Callable[[str, str], str] = lambda text, language: f"<pre><code>{escape(text)}</code></pre>"
    markdown: Callable[[str, str], tuple[str, list[str]]] = lambda text, ids: (f"<pre>{escape(text)}</pre>", [])
    math: Callable[[str], str] = lambda formula: ""


@dataclass(frozen=True)
class At:
    """Where on a page an output is shown: in which cell, how the ids in its HTML must begin, and the page's formats."""

    cell: Cell
    ids: str
    formats: Formats = Formats()


class Watcher(Protocol):
    """What watches one run of a cell, statement by statement; `seconds` is the time that the watching took."""

    seconds: float

    def after(self, number: int, statement: ast.stmt) -> None:
        """Note what a statement of the cell did; `number` counts the cell's statements from 1."""

    def forms(self) -> tuple[Form, ...]:
        """The forms of the output, when the cell has ended; without any there is no output."""


class Kind:
    """One kind of output. Derive from it, name it, and replace the methods that differ.

    `name` stands in records and in the names of files: at most 40 small letters, digits and hyphens. `tag` is the cell
    tag that asks for this kind; empty where the kind is asked for the value of every cell. `css` goes into each page
    that shows such an output, and into no other. A kind cuts a form that does not fit into `Asked.limit` bytes, and
    says in `Form.cut` how many bytes are missing. The outputs of a kind that is a `picture` are numbered on their page,
    and each must have an `alt` text.
    """

    name: str
    tag: str = ""
    css: str = ""
    picture: bool = False

    # In a page's child.

    def begin(self) -> None:
        """Called before each statement of a cell; a kind can set up a library here that the page has imported."""

    def watcher(self, namespace: Mapping[str, Any], asked: Asked) -> Watcher | None:
        """The watcher for a cell that has the kind's tag; `namespace` holds the page's names. None watches nothing."""
        return None

    def of_value(self, value: object, asked: Asked) -> tuple[Form, ...] | None:
        """The forms of the value of a cell's last expression, the plainest first.

        None leaves the value to the next kind; no forms at all show nothing. `value` is None where the cell does not
        end in an expression. A kind with a tag is asked only in cells with that tag, and before all other kinds. It may
        raise an exception where the value is not what the tag promises: then the page fails at that cell.
        """
        return None

    def left_open(self, asked: Asked) -> Iterable[tuple[Form, ...]]:
        """The forms of each thing that the cell left open at its end, such as a figure that nobody closed."""
        return ()

    # In the builder.

    def html(self, shown: Shown, at: At) -> str:
        """The output as HTML. Every text of the record must be escaped: anybody may have written the record."""
        raise NotImplementedError

    def code_html(self, code: str, shown: Shown, at: At) -> str:
        """The HTML of the cell's highlighted code, with whatever this output adds to the code."""
        return code

    def alt(self, shown: Shown, at: At) -> str:
        """What a picture shows, for a reader who does not see it; empty where nobody has said it.

        As it stands: the cell's option `alt`, or else its caption.
        """
        return str(at.cell.options["alt"]) or plain(at.cell.caption)

    @property
    def marks_code(self) -> bool:
        """Whether `code_html` adds anything to the code; then the page has the code once for each profile."""
        return type(self).code_html is not Kind.code_html

    # In the command.

    def fault(self, shown: Shown, at: At) -> str:
        """Why the page could not show an output that a record calls one of this kind; empty where it could.

        As it stands, the output is shown to find out. A kind that can show any bytes need not be asked.
        """
        try:
            self.code_html("", shown, at)
            self.html(shown, at)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """The output as an object of nbformat 4.5, None to leave it out; `number` is the cell's execution count."""
        return None

    def compared(self, form: Form) -> str:
        """The text that stands for a form when a new run is compared with the record.

        For a form that is no text this is its digest, since words cannot tell how two images or sounds differ.
        """
        return form.text if form.is_text else digest(form.data)

    def difference(self, was: Compared, now: Compared, tolerance: float) -> Difference:
        """How a form of a new run, `now`, differs from the recorded one, `was`; asked where their texts differ.

        `Compared.text` is the answer of `compared` without noise, `Compared.form` has the bytes. `tolerance` is by what
        part of its size a number may differ. As it stands, the texts are compared word by word and number by number.
        """
        if was.text == digest(was.form.data) and now.text == digest(now.form.data):
            return Difference(Change.BYTES, f"has other bytes ({now.form.mime})")
        return of_text(was.text, now.text, tolerance)


def fitting(sizes: Sequence[int], room: int) -> int:
    """How many pieces, from the first on, fit into `room` bytes; `sizes` are their sizes in bytes."""
    return bisect_right(list(accumulate(sizes)), room)


def cut_text(text: str, limit: int, mime: str = "text/plain", suffix: str = "txt") -> Form:
    """A text as a form of at most `limit` bytes; a character that UTF-8 cannot hold is written with a backslash."""
    data = text.encode("utf-8", "backslashreplace")
    kept = data[:limit].decode("utf-8", "ignore").encode() if len(data) > limit else data
    return Form(mime, suffix, kept, len(data) - len(kept))
