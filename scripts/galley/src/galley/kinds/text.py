"""The kinds of output that are text: what a cell printed, wrote to standard error, answered, and raised.

In every process. Standard output and standard error are captured at their file descriptors by the command, so that
these two kinds have nothing to capture here.
"""

from __future__ import annotations

from typing import Any

from galley.kinds.ansi import coloured
from galley.kinds.kind import Asked, At, Kind, cut_text
from galley.kinds.markup import cut_note
from galley.record.compare import Compared
from galley.record.difference import Change, Difference, of_lines
from galley.record.model import Form, Shown

COLUMNS = 100  # the most characters in a line of a text that is taken for a table
PHONE = 40  # characters in a line of a narrow screen
ROWS = 20  # lines that are shown without scrolling
TRACEBACK = "text/x-python-traceback"
LONG = 60  # characters of the name of a class


class Text(Kind):
    """An output that is one text; `label` is what stands above it."""

    label = ""
    columns = False  # whether the columns of a text may matter

    def html(self, shown: Shown, at: At) -> str:
        """The text as it is, escaped, in the colours that the cell gave it."""
        form = shown.forms[0]
        text = form.text.removesuffix("\n")
        columns = " galley-columns" if self.columns and _may_be_table(text) else ""
        label = f'<span class="galley-label">{self.label}</span>' if self.label else ""
        body = f"{label}<pre><code>{_reachable(text, columns)}</code></pre>{cut_note(form.cut, 'printed')}"
        return f'<div class="galley-text galley-{self.name}{columns}">{body}</div>'

    def fault(self, shown: Shown, at: At) -> str:
        """None: any bytes can be shown as text."""
        return ""

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """A stream."""
        return {"output_type": "stream", "name": self.name, "text": notebook_lines(text_and_cut(shown.forms[0]))}


class Stdout(Text):
    """What the cell printed."""

    name = "stdout"
    columns = True


class Stderr(Text):
    """What the cell wrote to standard error."""

    name, label = "stderr", "standard error"

    def difference(self, was: Compared, now: Compared, tolerance: float) -> Difference:
        """The lines that are new and those that are gone: each is a warning, or says as much."""
        return of_lines(was.text, now.text, tolerance)


class Value(Text):
    """The value of the cell's last expression, as the guide's hook `summarise` or the value's own repr says it."""

    name, label, columns = "value", "the value", True

    def of_value(self, value: object, asked: Asked) -> tuple[Form, ...] | None:
        """The text of any value; None is the value of a statement and shows nothing."""
        if value is None:
            return ()
        summary = asked.summarise(value)
        return (cut_text(repr(value) if summary is None else summary, asked.limit),)

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """A result."""
        data = {"text/plain": notebook_lines(text_and_cut(shown.forms[0]))}
        return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": number}


class Error(Text):
    """What a cell that must raise did raise: its class and message, and its traceback where the cell asks for it."""

    name, label = "error", "the error"

    def html(self, shown: Shown, at: At) -> str:
        """The traceback, which ends with the class and the message, or else these alone."""
        return super().html(Shown(shown.kind, shown.forms[-1:]), at)

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """An error; without frames where the record has its class and its message alone."""
        text, trace = (text_and_cut(each).rstrip("\n") for each in (shown.forms[0], shown.forms[-1]))
        name, _, said = text.partition(": ")
        return {"output_type": "error", "ename": name, "evalue": said, "traceback": [trace]}

    def difference(self, was: Compared, now: Compared, tolerance: float) -> Difference:
        """An error of another class is graver than one of another message."""
        if now.form.mime == TRACEBACK:
            return super().difference(was, now, tolerance)
        before, after = (each.text.partition(": ")[0].strip() for each in (was, now))
        if before != after:
            what = f"is of another class: {before[:LONG]!r} became {after[:LONG]!r}"
            rows = (("class", before, after), ("message", was.text.strip(), now.text.strip()))
            return Difference(Change.ERROR, what, ("", "was", "now"), rows)
        return super().difference(was, now, tolerance)


def _may_be_table(text: str) -> bool:
    """Whether the columns of a text may matter, on a narrow screen too: it has several lines, and none is long."""
    found = text.split("\n")
    return len(found) > 1 and max(map(len, found)) <= COLUMNS


def text_and_cut(form: Form) -> str:
    """The text of a form, with a last line that says how many bytes are missing, if any are."""
    return form.text + (f"\n… {form.cut:,} more bytes were printed and are cut here\n" if form.cut else "")


def notebook_lines(text: str) -> list[str]:
    """Text as nbformat keeps it: lines with their ends."""
    return text.splitlines(keepends=True)


def _reachable(text: str, columns: str) -> str:
    """The text as HTML. Where its block may scroll, what is in it takes the focus, so that the arrow keys scroll it.

    The block itself does not take the focus: Material's script takes that from a block that scrolls up and down alone.
    """
    longest = max(map(len, text.split("\n")))
    rows = sum(1 + len(line) // PHONE for line in text.split("\n"))
    scrolls = longest > PHONE if columns else rows > ROWS
    return f'<span tabindex="0">{coloured(text)}</span>' if scrolls else coloured(text)
