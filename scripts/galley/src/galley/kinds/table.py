"""A table: the value of a cell's last expression as rows, for a cell tagged `table`.

In every process. What is recorded is a plain text (`galley.kinds.rows`), and the builder makes the HTML from it, so
that no record can bring HTML of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from galley.errors import AskedWronglyError
from galley.kinds.kind import Asked, At, Kind, fitting
from galley.kinds.markup import cut_note, escape
from galley.kinds.rows import ROWS, Rows, read, rows_of, written
from galley.kinds.text import notebook_lines, text_and_cut
from galley.record.compare import Compared
from galley.record.difference import ROWS as TOLD
from galley.record.difference import Change, Difference, said_of
from galley.record.model import Form, Shown
from galley.source.cells import Cell
from galley.words import counted

LONG, LABEL = 80, 40  # characters: a longer text is no numeral; a longer name is shortened on a card
VALUES = 20  # the most that a reader can choose from in one column
NUMBER = r"[-+−]?(?:\d++(?:,\d{3})*+(?:\.\d++)?+(?:[eE][-+]?\d++)?+|(?:inf|nan)(?!\w))"
# A number and its unit: `12,472,320`, `-0.3`, `1e-4`, `81.2 %`, `740 MiB`; and two with a dash between: `74.0%–80.9%`.
NUMERAL = re.compile(rf"(?P<number>{NUMBER})(?P<unit>[^\d\n]{{0,20}}+)")
RANGE = re.compile(rf"{NUMBER}[^\d–]{{0,20}}+–{NUMBER}[^\d–]{{0,20}}+")
WORD = re.compile(r"\w++")


class TableKind(Kind):
    """The table of a cell tagged `table`."""

    name = tag = "table"
    css = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    def of_value(self, value: object, asked: Asked) -> tuple[Form, ...] | None:
        """The rows as text; rows that do not fit are left out from the end. Raises for a value without rows."""
        lines = [line.encode("utf-8", "backslashreplace") for line in written(rows_of(value))]
        kept = min(fitting(list(map(len, lines)), asked.limit), 1 + ROWS)
        if not kept:
            raise ValueError("the names of the columns need more than output_limit: shorten them")
        return (Form("text/plain", "txt", b"".join(lines[:kept]), sum(map(len, lines[kept:]))),)

    def html(self, shown: Shown, at: At) -> str:
        """The table, within what scrolls where it is wide."""
        label = escape(at.cell.caption or "A table")
        table = read(shown.forms[0].text)
        chosen = " ".join(map(str, _chosen(table, at.cell)))
        choose = f' data-choose="{chosen}"' if chosen else ""  # the script looks for it
        region = f'<div class="galley-sheet" role="region" aria-label="{label}" tabindex="0"{choose}>'
        region += f"{table_html(table, at.cell)}</div>"
        return region + cut_note(shown.forms[0].cut, "recorded")

    def fault(self, shown: Shown, at: At) -> str:
        """Why the text is no table; raises AskedWronglyError where the cell's line asks for what the table has not."""
        try:
            table = read(shown.forms[0].text)
            table_html(table, at.cell)
            _chosen(table, at.cell)
        except ValueError as error:
            return str(error)
        return ""

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """A result, as text and as HTML; as text alone where somebody wrote a record that is no table."""
        texts = {"text/plain": text_and_cut(shown.forms[0])}
        with suppress(ValueError):
            texts["text/html"] = table_html(read(shown.forms[0].text)) + cut_note(shown.forms[0].cut, "recorded")
        data = {mime: notebook_lines(text) for mime, text in texts.items()}
        return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": number}

    def compared(self, form: Form) -> str:
        """The text with the name of its column before each cell, so that a column `seconds` has measurements."""
        try:
            table = read(form.text)
        except ValueError:
            return form.text
        names = ["_".join(WORD.findall(name)) for name in table.names]
        rows = [[f"{name}: {cell}" for name, cell in zip(names, row, strict=True)] for row in table.rows]
        return "".join(written(Rows(table.names, tuple(map(tuple, rows)))))

    def difference(self, was: Compared, now: Compared, tolerance: float) -> Difference:
        """Cell by cell, where the tables have the same columns and as many rows."""
        try:
            before, after = read(was.text), read(now.text)
        except ValueError:
            return super().difference(was, now, tolerance)
        if before.names != after.names or len(before.rows) != len(after.rows):
            return Difference(Change.TABLE, _other_shape(before, after))
        return _cells(before, after, tolerance)


def _other_shape(before: Rows, after: Rows) -> str:
    new = [name for name in after.names if name not in before.names]
    gone = [name for name in before.names if name not in after.names]
    said = [f"a column {name!r} more" for name in new] + [f"no column {name!r} any more" for name in gone]
    if len(before.rows) != len(after.rows):
        said.append(f"{len(after.rows)} rows, had {len(before.rows)}")
    return f"has {', '.join(said or ['its columns in another order'])}"


def _cells(before: Rows, after: Rows, tolerance: float) -> Difference:
    """How two tables of the same columns differ, cell by cell; the cells are those of `TableKind.compared`."""
    found, close = [], True
    for was, now in zip(before.rows, after.rows, strict=True):
        for name, old, new in zip(before.names, was, now, strict=True):
            if old != new:
                a, b = (text.partition(": ")[2] for text in (old, new))
                numbers = _number(a), _number(b)
                by = said_of(str(numbers[0][0]), str(numbers[1][0])) if numbers[0] and numbers[1] else ""
                close &= bool(by) and float(by) <= tolerance and numbers[0][1] == numbers[1][1]  # type: ignore[index]
                found.append((now[0].partition(": ")[2], name, a, b, by))
    count = counted(len(found), "cell")
    head = ("row", "column", "was", "now", "by")
    if close:
        what = f"differs in the numbers of {count}, by less than {tolerance:g} of their size"
        return Difference(Change.WITHIN, what, head, tuple(found[:TOLD]))
    row, name, a, b, _ = found[0]
    what = f"differs in {count}, first in {name!r} of {row[:LABEL]!r}: {a[:LONG]!r} became {b[:LONG]!r}"
    return Difference(Change.TABLE, what, head, tuple(found[:TOLD]))


def table_html(table: Rows, cell: Cell | None = None) -> str:
    """The table as HTML, with what the line of its cell says is best marked."""
    columns = [[row[at] for row in table.rows] for at in range(len(table.names))]
    aligned = [_is_numeric(column) for column in columns]
    marked = _marked(table, columns, cell) if cell else {}
    head = "".join(_head(name, right) for name, right in zip(table.names, aligned, strict=True))
    labels = [escape(name[:LABEL] + "…" * (len(name) > LABEL)) for name in table.names]
    rows = (
        "".join(_cell(text, at, labels[at], aligned[at], number in marked.get(at, ())) for at, text in enumerate(row))
        for number, row in enumerate(table.rows)
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    caption = "<caption>bold: the best of its column</caption>" if marked else ""
    return f'<table class="galley-rows">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _head(name: str, right: bool) -> str:
    number = ' class="galley-number"' if right else ""
    return f'<th scope="col"{number}>{escape(name)}</th>' if name else f"<td{number}></td>"


def _cell(text: str, at: int, label: str, right: bool, best: bool) -> str:
    """One cell; a text in the first column is the head of its row."""
    shown = f"<strong>{escape(text)}</strong>" if best else escape(text)
    if at == 0 and not right:
        return f'<th scope="row">{shown}</th>'
    classes = ' class="galley-number"' if right else ' class="galley-lines"' if "\n" in text else ""
    return f'<td{classes} data-column="{label}">{shown}</td>'


def _is_numeric(column: Iterable[str]) -> bool:
    """Whether every cell of a column that is not empty is a number, with a unit or without, or a range."""
    filled = [text for text in column if text]
    return bool(filled) and all(
        len(text) <= LONG and (NUMERAL.fullmatch(text) or RANGE.fullmatch(text)) for text in filled
    )


def _marked(table: Rows, columns: Sequence[Sequence[str]], cell: Cell) -> dict[int, set[int]]:
    """The rows that are best, by the number of the column; raises AskedWronglyError where that cannot be told."""
    asked = cell.options["best"]
    places = _columns("best", [name for name, _ in asked], table, cell)
    return {
        at: _best(columns[at], low, f"the best of '{name}'", cell)
        for at, (name, low) in zip(places, asked, strict=True)
    }


def _chosen(table: Rows, cell: Cell) -> list[int]:
    """The numbers of the columns in which the reader chooses; raises AskedWronglyError where nothing can be chosen."""
    places = _columns("choose", cell.options["choose"], table, cell)
    if places and len(places) == len(table.names):
        raise AskedWronglyError(
            "choose names every column, so that nothing is left to see", cell.place, "leave one out"
        )
    for at in places:
        if len({row[at] for row in table.rows}) > VALUES:
            what = f"the column '{table.names[at]}' has more than {VALUES} values to choose from"
            raise AskedWronglyError(what, cell.place, "take it out of choose, or record fewer")
    return places


def _columns(option: str, named: Iterable[str], table: Rows, cell: Cell) -> list[int]:
    """The numbers of the columns that an option names; raises AskedWronglyError where the table has no such column."""
    for name in named:
        if name not in table.names:
            has = ", ".join(each for each in table.names if each)
            raise AskedWronglyError(
                f"{option} names '{name}', which is no column of the table", cell.place, f"it has: {has}"
            )
    return [table.names.index(name) for name in named]


def _best(column: Sequence[str], low: bool, what: str, cell: Cell) -> set[int]:
    """The numbers of the rows whose cell holds the highest or the lowest number of a column."""
    read = {number: found for number, text in enumerate(column) if (found := _number(text))}
    units = sorted({unit for _, unit in read.values()})
    if not read or len(units) > 1:
        why = f"its cells have several units: {', '.join(map(repr, units))}" if read else "no cell begins with a number"
        raise AskedWronglyError(
            f"{what} cannot be told: {why}", cell.place, "write them alike, or take the name out of best"
        )
    best = (min if low else max)(number for number, _ in read.values())
    return {row for row, (number, _) in read.items() if number == best}


def _number(text: str) -> tuple[float, str] | None:
    """A cell's number and its unit; None where it has none that can be compared."""
    found = NUMERAL.fullmatch(text) if len(text) <= LONG else None
    if found is None:
        return None
    number = float(found["number"].replace(",", "").replace("−", "-"))
    return None if math.isnan(number) else (number, found["unit"].strip())
